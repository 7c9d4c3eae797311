#include "ops/lower_graph.h"

#include "base/check.h"
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/plan.h"
#include "ops/registry.h"
#include "ops/unstored.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

namespace plena::ops {

namespace {

/// HBM offsets and Vector SRAM addresses are 32-bit registers.
constexpr std::uint64_t max_address = std::numeric_limits<std::uint32_t>::max();
/// Of values that a program's size does not bound.
constexpr std::uint64_t max_generated = std::uint64_t{1} << 28;
/// The machine reads the scales of a row from one block of this many bytes.
constexpr std::uint64_t scale_window_bytes = 64;

std::optional<Diagnostic>
check_format(const numerics::StorageFormat& format, std::string_view key, std::uint64_t mlen) {
  const auto refuse = [&](std::string message, std::string hint) {
    return Diagnostic{
      Severity::Error, "E_HARDWARE", std::move(message), std::move(hint), {}, {}, std::string(key)};
  };
  if (!can_store(format)) {
    return refuse(
      fmt::format("{} is a format that cannot be staged", key),
      "use MX with 8-bit elements and E8M0 scales, or plain bf16"
    );
  }
  if (!format.mx) {
    return std::nullopt;
  }
  const std::uint64_t scales = mlen / format.block;
  if (mlen % format.block != 0 || scales > scale_window_bytes || scale_window_bytes % scales != 0) {
    return refuse(
      fmt::format(
        "rows of {} elements with a scale for every {} cannot be loaded: {} needs a number of "
        "scales per row that divides {}",
        mlen,
        format.block,
        key,
        scale_window_bytes
      ),
      "choose MLEN as a power of two of at most 512 elements, or plain bf16"
    );
  }
  return std::nullopt;
}

/// Of keys and values, whether the program stores them or the host.
StoredFormat kept_format(const config::Config& config) {
  return stored_format(config).value_or(StoredFormat{config.hbm_m_weight_type, 0});
}

} // namespace

class GraphLowering {
 public:
  GraphLowering(
    const ir::Graph& graph,
    const config::Config& config,
    const lower::Tiling& tiling,
    const Plan& plan
  )
      : graph_(graph),
        config_(config),
        tiling_(tiling),
        plan_(plan),
        // Whole-tile products read and write MLEN rows.
        row_multiple_(
          std::find(plan.dense.begin(), plan.dense.end(), true) == plan.dense.end() ? tiling.blen
                                                                                    : tiling.mlen
        ),
        builder_(result_.program) {
    result_.lanes = tiling.mlen;
  }

  Result<LoweredGraph> run();

  lower::Builder& builder() { return builder_; }
  const lower::Tiling& tiling() const { return tiling_; }

  const Plan& plan() const { return plan_; }

  VectorTensor place(ir::TensorId tensor, Role role, std::uint64_t group);
  VectorTensor make(ir::TensorId tensor, std::uint64_t slack_tiles, std::uint64_t spare_rows);
  VectorTensor make_over(ir::TensorId tensor, ir::TensorId input, std::uint64_t group);
  void alias(ir::TensorId tensor, const VectorTensor& place) {
    places_[{tensor, false, place.group_cols}] = place;
    result_.vectors.push_back({tensor, place});
  }
  WeightTensor weight(
    ir::TensorId tensor, std::uint64_t row_group, std::uint64_t col_group, bool spare = false
  );
  bool is_tied(ir::TensorId tensor) const { return tie_of(tensor) == Tie::One; }
  WeightTensor tied(ir::TensorId tensor);
  void reads_rows(const WeightTensor& weight, std::uint64_t rows);
  void reads_rows(const VectorTensor& tensor, std::uint64_t rows);
  void fills_tiles(const WeightTensor& weight, std::uint64_t tiles);
  WeightTensor stored(ir::TensorId tensor, const NodeView& view);
  void store_result(ir::TensorId tensor, const VectorTensor& from, const NodeView& view);
  void append(
    ir::TensorId result,
    ir::TensorId cache,
    const VectorTensor& from,
    lower::SymbolId row,
    const NodeView& view
  );
  RowTensor rows(ir::TensorId tensor, std::uint64_t group);
  RowTensor generated_rows(const std::string& name, Extent extent, const MakeValues& make);
  lower::SymbolId entry_input(ir::TensorId tensor);
  lower::SymbolId make_entries(ir::TensorId tensor, ResultMemory memory);
  WeightTensor generated(const std::string& name, Extent extent, std::vector<float> values);
  VectorTensor lane_mask(std::uint64_t cols, float inside, float outside);
  StripTensor staged_strips(ir::TensorId tensor, const NodeView& view);
  const numerics::StorageFormat& activation_format() const { return config_.hbm_v_act_type; }
  DerivedRows derived(const VectorTensor& from, std::string name, std::uint64_t rows);
  lower::SymbolId fp_scratch(const std::string& name, std::uint64_t entries);
  VectorTensor scratch_tensor(std::string name, Extent extent, std::uint64_t slack_tiles) {
    return activation(std::move(name), extent, 0, slack_tiles, 0);
  }
  void warn(Diagnostic warning) { result_.warnings.push_back(std::move(warning)); }
  void fail(Diagnostic error) { errors_.push_back(std::move(error)); }

 private:
  /// How a table lies in HBM that is also the weights of a product, transposed.
  enum class Tie : std::uint8_t {
    None,  ///< there is no such product
    Apart, ///< twice, as the two have different formats or layouts
    One,
  };
  Tie tie_of(ir::TensorId tensor) const;
  HbmTensor& staged(const WeightTensor& weight);
  std::size_t readers(ir::TensorId tensor) const;
  VectorTensor load(ir::TensorId tensor, bool as_vector, std::uint64_t group);
  VectorTensor load_stored(ir::TensorId tensor, const WeightTensor& from);
  VectorTensor room_for_load(ir::TensorId tensor, std::uint64_t group);
  void load_rows(
    ir::TensorId tensor,
    const VectorTensor& to,
    lower::SymbolId symbol,
    const StoredTensor& from,
    std::uint64_t precision,
    bool contiguous
  );
  void fetch_rows(
    const VectorTensor& to,
    lower::SymbolId symbol,
    const StoredTensor& from,
    std::uint64_t precision,
    bool contiguous
  );
  WeightTensor store_matrix(
    ir::TensorId tensor, bool result, const VectorTensor& from, const NodeView& view
  );
  void store_rows(
    const VectorTensor& from,
    const WeightTensor& to,
    std::optional<lower::SymbolId> first_row = std::nullopt
  );
  StoredFormat format_of_computed(const std::string& name, const NodeView& view);
  void warn_of_kv_types();
  /// Of one H_STORE_V; a machine that stores none is refused where something is to be stored.
  std::uint64_t writeback_rows() const {
    return std::max<std::uint64_t>(config_.hbm_v_writeback_amount, 1);
  }
  VectorTensor activation(
    std::string name,
    Extent extent,
    std::uint64_t group,
    std::uint64_t slack_tiles,
    std::uint64_t slack_rows
  );
  WeightTensor
  staged_matrix(HbmTensor tensor, std::string name, Extent extent, std::uint64_t spare_rows = 0);
  StoredTensor stored_rows(std::uint64_t rows, std::uint64_t cols);
  lower::SymbolId hbm(std::string name, const StoredTensor& stored);
  /// Whether an address reaches all of it, scales included.
  bool
  check_sizes(const StoredTensor& stored, std::uint64_t rows_per_transfer, const std::string& name);
  void too_large(const std::string& name, std::uint64_t needed, std::string_view unit);
  void note_padding();

  const ir::Graph& graph_;
  const config::Config& config_;
  const lower::Tiling& tiling_;
  const Plan& plan_;
  std::uint64_t row_multiple_; ///< physical rows are a multiple of this
  LoweredGraph result_;
  lower::Builder builder_;
  Diagnostics errors_;
  /// By tensor, whether it is a single row without physical padding, and grouping.
  std::map<std::tuple<ir::TensorId, bool, std::uint64_t>, VectorTensor> places_;
  /// By tensor, grouping of rows and columns, and whether there are spare rows.
  std::map<std::tuple<ir::TensorId, std::uint64_t, std::uint64_t, bool>, WeightTensor> weights_;
  std::map<ir::TensorId, WeightTensor> stored_;
  std::map<ir::TensorId, WeightTensor> tied_;       ///< tables that are weights as well
  std::map<std::string, WeightTensor> generated_;   ///< by name
  std::map<std::string, RowTensor> generated_rows_; ///< by name
  std::map<ir::TensorId, lower::SymbolId> entry_inputs_;
  std::map<ir::TensorId, StripTensor> strips_;
  std::map<std::pair<ir::TensorId, std::uint64_t>, RowTensor> rows_; ///< by tensor and grouping
  std::map<std::string, lower::SymbolId> fp_scratch_;
  std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>, VectorTensor> masks_;
  /// By the place of what they are made from, its rows, rows with padding and blocks, and name: what
  /// is made from a part of a tensor is not what is made from all of it.
  using DerivedKey = std::tuple<
    lower::SymbolId,
    std::uint64_t,
    std::uint64_t,
    std::uint64_t,
    std::uint64_t,
    std::string>;
  std::map<DerivedKey, lower::SymbolId> derived_;
  bool warned_of_kv_types_ = false;
};

Result<LoweredGraph> GraphLowering::run() {
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const ir::Node& node = graph_.nodes[i];
    const NodeView view{graph_, node};
    builder_.node(static_cast<std::uint32_t>(i));
    builder_.comment(fmt::format(
      "{} {} -> {} {}", node.op, node.name, view.output().name, to_string(view.output().shape)
    ));
    Lowering lowering(*this, view, plan_.is_dense(i));
    op_of(node).lower(lowering);
  }
  builder_.node(lower::no_node);
  for (const ir::TensorId output : graph_.outputs) {
    if (origin_of(graph_, output) != Origin::Computed) {
      place(output, Role::Activation, plan_.group_cols(output));
    }
  }
  if (!errors_.empty()) {
    return errors_;
  }
  note_padding();
  return std::move(result_);
}

void GraphLowering::too_large(
  const std::string& name, std::uint64_t needed, std::string_view unit
) {
  errors_.push_back(
    {Severity::Error,
     "E_RESOURCE",
     fmt::format("{} needs {} {}, but one tensor can have {}", name, needed, unit, max_address),
     "addresses on this machine are 32 bits wide",
     {},
     {},
     name}
  );
}

bool GraphLowering::check_sizes(
  const StoredTensor& stored, std::uint64_t rows_per_transfer, const std::string& name
) {
  if (stored.bytes() > max_address) {
    too_large(name, stored.bytes(), "bytes of HBM");
    return false;
  }
  // The distance of a row's scales is a product in single precision.
  const std::uint64_t furthest = (rows_per_transfer - 1) * stored.scale_row_bytes();
  if (static_cast<std::uint64_t>(static_cast<float>(furthest)) != furthest || furthest >> 24 != 0) {
    errors_.push_back(
      {Severity::Error,
       "E_RESOURCE",
       fmt::format(
         "the scales of {} lie {} bytes apart within one transfer, 2^24 is the limit",
         name,
         furthest
       ),
       "the machine finds scales with single precision; use fewer columns",
       {},
       {},
       name}
    );
    return false;
  }
  return true;
}

lower::SymbolId GraphLowering::hbm(std::string name, const StoredTensor& stored) {
  return builder_.symbol(std::move(name), lower::Memory::Hbm, stored.bytes());
}

StoredTensor GraphLowering::stored_rows(std::uint64_t rows, std::uint64_t cols) {
  return {rows, cols, config_.hbm_v_act_type};
}

VectorTensor GraphLowering::activation(
  std::string name,
  Extent extent,
  std::uint64_t group,
  std::uint64_t slack_tiles,
  std::uint64_t slack_rows
) {
  VectorTensor tensor;
  tensor.rows = extent.rows;
  tensor.cols = extent.cols;
  tensor.phys_rows = lower::round_up(extent.rows, row_multiple_);
  tensor.blocks = grouped_size(extent.cols, group, tiling_.mlen) / tiling_.mlen;
  tensor.lanes = tiling_.mlen;
  tensor.offset = slack_tiles * tiling_.tile_elems();
  tensor.group_cols = group;
  const std::uint64_t elements =
    tensor.offset + (tensor.all_rows() + slack_rows) * tiling_.mlen;
  if (elements > max_address) {
    too_large(name, elements, "elements of the Vector SRAM");
  }
  tensor.symbol = builder_.symbol(std::move(name), lower::Memory::VectorSram, elements);
  return tensor;
}

VectorTensor
GraphLowering::make(ir::TensorId id, std::uint64_t slack_tiles, std::uint64_t spare_rows) {
  const ir::Tensor& tensor = graph_.tensor(id);
  const VectorTensor made =
    activation(tensor.name, extent_of(tensor.shape), plan_.group_cols(id), slack_tiles, spare_rows);
  alias(id, made);
  return made;
}

VectorTensor
GraphLowering::make_over(ir::TensorId id, ir::TensorId input, std::uint64_t group) {
  const auto found = places_.find({input, false, group});
  const bool fits = found != places_.end() && group == plan_.group_cols(id) &&
                    extent_of(graph_.tensor(id).shape) == extent_of(graph_.tensor(input).shape);
  if (!fits || origin_of(graph_, input) == Origin::Computed || readers(input) != 1) {
    return make(id, 0, 0);
  }
  const VectorTensor there = found->second;
  places_.erase(found);
  std::erase_if(result_.vectors, [&](const VectorPlace& place) { return place.tensor == input; });
  alias(id, there);
  return there;
}

/// Inputs of nodes and outputs of the graph that are this tensor.
std::size_t GraphLowering::readers(ir::TensorId tensor) const {
  const auto in = [&](const std::vector<ir::TensorId>& list) {
    return static_cast<std::size_t>(std::count(list.begin(), list.end(), tensor));
  };
  std::size_t count = in(graph_.outputs);
  for (const ir::Node& node : graph_.nodes) {
    count += in(node.inputs);
  }
  return count;
}

DerivedRows
GraphLowering::derived(const VectorTensor& from, std::string name, std::uint64_t rows) {
  const bool stays = std::any_of(places_.begin(), places_.end(), [&](const auto& entry) {
    return entry.second.symbol == from.symbol && entry.second.offset == from.offset;
  });
  const auto make = [&] {
    return builder_.symbol(name, lower::Memory::VectorSram, rows * tiling_.mlen);
  };
  if (!stays) {
    return {make(), false};
  }
  const DerivedKey key{from.symbol, from.offset, from.rows, from.phys_rows, from.blocks, name};
  const auto found = derived_.find(key);
  if (found != derived_.end()) {
    return {found->second, true};
  }
  return {derived_.emplace(key, make()).first->second, false};
}

lower::SymbolId GraphLowering::make_entries(ir::TensorId id, ResultMemory memory) {
  const ir::Tensor& tensor = graph_.tensor(id);
  const lower::SymbolId symbol = builder_.symbol(
    tensor.name,
    memory == ResultMemory::IntSram ? lower::Memory::IntSram : lower::Memory::FpSram,
    extent_of(tensor.shape).count()
  );
  result_.entries.push_back({id, symbol});
  return symbol;
}

VectorTensor GraphLowering::place(ir::TensorId tensor, Role role, std::uint64_t group) {
  if (const auto found = places_.find({tensor, false, group}); found != places_.end()) {
    return found->second;
  }
  const bool as_vector = role == Role::Vector;
  if (const auto found = places_.find({tensor, as_vector, group}); found != places_.end()) {
    return found->second;
  }
  if (const auto found = stored_.find(tensor); found != stored_.end()) {
    const VectorTensor loaded = load_stored(tensor, found->second);
    places_[{tensor, false, group}] = loaded;
    result_.vectors.push_back({tensor, loaded});
    return loaded;
  }
  const VectorTensor loaded = load(tensor, as_vector, group);
  places_[{tensor, as_vector, group}] = loaded;
  result_.vectors.push_back({tensor, loaded});
  return loaded;
}

/// Brings a constant or graph input into the Vector SRAM. A vector is one dense row there;
/// transfers bring several of its blocks at once.
VectorTensor GraphLowering::load(ir::TensorId id, bool as_vector, std::uint64_t group) {
  const ir::Tensor& tensor = graph_.tensor(id);
  const Extent extent = extent_of(tensor.shape);
  const std::uint64_t per_transfer = tiling_.prefetch_rows;
  if (origin_of(graph_, id) == Origin::Prestaged) {
    VectorTensor there = activation(tensor.name, extent, group, 0, 0);
    if (as_vector) {
      there.phys_rows = 1;
    }
    result_.prestaged.push_back({id, there});
    return there;
  }
  VectorTensor to;
  StoredTensor stored;
  if (as_vector) {
    const std::uint64_t blocks = grouped_size(extent.cols, group, tiling_.mlen) / tiling_.mlen;
    const std::uint64_t fetched = lower::round_up(blocks, per_transfer);
    stored = stored_rows(1, fetched * tiling_.mlen);
    to = {{}, 1, extent.cols, 1, blocks, tiling_.mlen, 0, group};
    if (fetched * tiling_.mlen > max_address) {
      too_large(tensor.name, fetched * tiling_.mlen, "elements of the Vector SRAM");
    }
    to.symbol = builder_.symbol(tensor.name, lower::Memory::VectorSram, fetched * tiling_.mlen);
  } else {
    to = room_for_load(id, group);
    stored = stored_rows(
      lower::round_up(extent.rows, per_transfer), to.blocks * tiling_.mlen
    );
  }
  check_sizes(stored, per_transfer, tensor.name);
  HbmTensor from{hbm(tensor.name, stored), id, {}, extent, stored};
  from.col_group = group;
  load_rows(id, to, from.symbol, from.stored, 0, as_vector);
  result_.hbm.push_back(std::move(from));
  return to;
}

/// Brings a result back that an operator has left in HBM.
VectorTensor GraphLowering::load_stored(ir::TensorId id, const WeightTensor& from) {
  const VectorTensor to = room_for_load(id, from.col_group);
  load_rows(id, to, from.symbol, from.stored, from.precision, false);
  return to;
}

/// The last transfer of a block may bring more rows than there are. The next block's load overwrites
/// them, after the last block there is room for them.
VectorTensor GraphLowering::room_for_load(ir::TensorId id, std::uint64_t group) {
  const Extent extent = extent_of(graph_.tensor(id).shape);
  const std::uint64_t fetched = lower::round_up(extent.rows, tiling_.prefetch_rows);
  const std::uint64_t phys_rows = lower::round_up(extent.rows, row_multiple_);
  return activation(
    graph_.tensor(id).name, extent, group, 0, fetched > phys_rows ? fetched - phys_rows : 0
  );
}

void GraphLowering::load_rows(
  ir::TensorId id,
  const VectorTensor& to,
  lower::SymbolId symbol,
  const StoredTensor& from,
  std::uint64_t precision,
  bool contiguous
) {
  const ir::Tensor& tensor = graph_.tensor(id);
  builder_.comment(fmt::format("load {} {}", tensor.name, to_string(tensor.shape)));
  fetch_rows(to, symbol, from, precision, contiguous);
}

void GraphLowering::fetch_rows(
  const VectorTensor& to,
  lower::SymbolId symbol,
  const StoredTensor& from,
  std::uint64_t precision,
  bool contiguous
) {
  lower::Builder& b = builder_;
  const std::uint64_t rows = tiling_.prefetch_rows;
  const std::uint64_t lane_bytes = from.element_bytes();
  const lower::Addr base = b.address_of(symbol);
  const std::uint64_t row_bytes = contiguous ? tiling_.mlen * lane_bytes : from.row_bytes();
  set_up_transfers(b, from, row_bytes);
  const lower::Gp offset = b.set(0);
  const lower::Gp destination = b.set(to.at());
  if (contiguous) {
    b.loop(lower::ceil_div(to.blocks, rows), [&] {
      b.H_PREFETCH_V(destination, offset, base, 1, precision);
      b.step(destination, rows * tiling_.mlen);
      b.step(offset, rows * row_bytes);
    });
    return;
  }
  const std::uint64_t transfers = lower::ceil_div(to.rows, rows);
  const bool runs_on = transfers * rows == to.phys_rows; // from one block into the next
  b.loop(to.blocks, [&] {
    const lower::Gp from_row = to.blocks == 1 ? offset : b.copy(offset);
    const lower::Gp to_row = runs_on ? destination : b.copy(destination);
    b.loop(transfers, [&] {
      b.H_PREFETCH_V(to_row, from_row, base, 1, precision);
      b.step(to_row, rows * tiling_.mlen);
      b.step(from_row, rows * row_bytes);
    });
    if (to.blocks > 1) {
      b.step(offset, tiling_.mlen * lane_bytes);
    }
    if (!runs_on) {
      b.step(destination, to.phys_rows * tiling_.mlen);
    }
  });
}

/// Writes rows to HBM, one column block after the other. Rows that fill up the last transfer are
/// cleared first, so that HBM holds zeros there. Where a block has no room for them, its last rows
/// are stored from rows of their own: behind them lies what must stay. `first_row` holds the number
/// of the first row there.
void GraphLowering::store_rows(
  const VectorTensor& from, const WeightTensor& to, std::optional<lower::SymbolId> first_row
) {
  lower::Builder& b = builder_;
  const std::uint64_t rows = writeback_rows();
  const std::uint64_t rest = from.rows % rows;
  const std::uint64_t padding = rest == 0 ? 0 : rows - rest;
  std::optional<lower::Address> last; // rows of their own
  if (from.rows + padding > from.phys_rows) {
    last = {b.symbol("last rows to store", lower::Memory::VectorSram, rows * tiling_.mlen), 0};
  }
  const std::uint64_t transfers = (from.rows + (last ? 0 : padding)) / rows;
  if (padding != 0) {
    const lower::Gp lanes = b.set(tiling_.mlen);
    for (std::uint64_t block = 0; block < (last ? 1 : from.blocks); ++block) {
      const lower::Gp row = b.set(last ? lower::Address{last->symbol, rest * tiling_.mlen}
                                       : from.at(block, from.rows));
      b.loop(padding, [&] {
        clear_row(b, row, lanes);
        b.step(row, tiling_.mlen);
      });
    }
  }
  const lower::Addr base = b.address_of(to.symbol);
  set_up_transfers(b, to.stored, to.stored.row_bytes());
  const lower::Gp offset = first_row ? b.gp() : b.set(0);
  if (first_row) {
    b.S_LD_INT(offset, lower::zero_gp, lower::Address{*first_row});
    b.S_MUL_INT(offset, offset, b.set(to.stored.row_bytes()));
  }
  const lower::Gp source = b.set(from.at());
  b.loop(from.blocks, [&] {
    const lower::Gp to_row = b.copy(offset);
    const lower::Gp from_row = b.copy(source);
    b.loop(transfers, [&] {
      b.H_STORE_V(from_row, to_row, base, 1, to.precision);
      b.step(from_row, rows * tiling_.mlen);
      b.step(to_row, rows * to.stored.row_bytes());
    });
    if (last) {
      const lower::Gp copy = b.set(*last);
      b.loop(rest, [&] {
        b.V_SHFT_V(copy, from_row, lower::zero_gp);
        b.step(copy, tiling_.mlen);
        b.step(from_row, tiling_.mlen);
      });
      b.H_STORE_V(b.set(*last), to_row, base, 1, to.precision);
    }
    b.step(offset, tiling_.mlen * to.stored.element_bytes());
    b.step(source, from.block_step());
  });
}

/// Room in HBM for a matrix of whole tiles; rows are also multiples of what one transfer moves.
WeightTensor GraphLowering::staged_matrix(
  HbmTensor tensor, std::string name, Extent extent, std::uint64_t spare_rows
) {
  const std::uint64_t rows = lower::round_up(
    grouped_size(extent.rows, tensor.row_group, tiling_.mlen) + spare_rows,
    tiling_.prefetch_tiles * tiling_.mlen
  );
  const std::uint64_t cols = grouped_size(extent.cols, tensor.col_group, tiling_.mlen);
  tensor.stored.rows = lower::round_up(rows, writeback_rows());
  tensor.stored.cols = cols;
  tensor.extent = extent;
  tensor.weight = true;
  check_sizes(tensor.stored, tiling_.prefetch_tiles * tiling_.mlen, name);
  tensor.symbol = hbm(std::move(name), tensor.stored);
  const WeightTensor weight{
    tensor.symbol, tensor.stored, extent, tensor.row_group, tensor.col_group};
  result_.hbm.push_back(std::move(tensor));
  return weight;
}

WeightTensor GraphLowering::weight(
  ir::TensorId id, std::uint64_t row_group, std::uint64_t col_group, bool spare
) {
  const std::tuple key{id, row_group, col_group, spare};
  if (const auto found = weights_.find(key); found != weights_.end()) {
    return found->second;
  }
  const StoredFormat format = spare ? kept_format(config_) : StoredFormat{config_.hbm_m_weight_type, 0};
  HbmTensor tensor;
  tensor.tensor = id;
  tensor.stored.format = format.format;
  tensor.row_group = row_group;
  tensor.col_group = col_group;
  WeightTensor weight = staged_matrix(
    std::move(tensor),
    graph_.tensor(id).name,
    extent_of(graph_.tensor(id).shape),
    spare ? tiling_.mlen : 0
  );
  weight.precision = format.precision;
  weights_[key] = weight;
  return weight;
}

GraphLowering::Tie GraphLowering::tie_of(ir::TensorId id) const {
  bool table = false;
  bool weight = false;
  bool alike = false;
  for (const ir::Node& node : graph_.nodes) {
    const NodeView view{graph_, node};
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != id) {
        continue;
      }
      table = table || op_of(node).inputs[i].role == Role::Table;
      if (has_transposed_weight(view, i)) {
        weight = true;
        // Rows of a table have no groups, its columns those of what is looked up.
        alike = alike || (column_group(view, plan_, i) == plan_.group_cols(id) &&
                          plan_.group_cols(node.outputs[0]) == 0);
      }
    }
  }
  if (!table || !weight) {
    return Tie::None;
  }
  return alike && config_.hbm_v_act_type == config_.hbm_m_weight_type ? Tie::One : Tie::Apart;
}

WeightTensor GraphLowering::tied(ir::TensorId id) {
  if (const auto found = tied_.find(id); found != tied_.end()) {
    return found->second;
  }
  HbmTensor tensor;
  tensor.tensor = id;
  tensor.stored.format = config_.hbm_m_weight_type;
  tensor.col_group = plan_.group_cols(id);
  // A transfer of rows that starts at the last one brings others, too.
  const ir::Tensor& table = graph_.tensor(id);
  const WeightTensor weight = staged_matrix(
    std::move(tensor), table.name, extent_of(table.shape), tiling_.prefetch_rows - 1
  );
  if (tiling_.prefetch_rows > tiling_.prefetch_tiles * tiling_.mlen) {
    check_sizes(weight.stored, tiling_.prefetch_rows, table.name);
  }
  return tied_[id] = weight;
}

WeightTensor
GraphLowering::generated(const std::string& name, Extent extent, std::vector<float> values) {
  if (const auto found = generated_.find(name); found != generated_.end()) {
    return found->second;
  }
  HbmTensor tensor;
  tensor.generated = std::move(values);
  tensor.stored.format = config_.hbm_m_weight_type;
  return generated_[name] = staged_matrix(std::move(tensor), name, extent);
}

WeightTensor GraphLowering::stored(ir::TensorId id, const NodeView& view) {
  const std::uint64_t group = plan_.group_cols(id);
  if (origin_of(graph_, id) == Origin::Host) {
    return weight(id, 0, group, true);
  }
  if (const auto found = stored_.find(id); found != stored_.end()) {
    return found->second;
  }
  return stored_[id] = store_matrix(id, false, place(id, Role::Activation, group), view);
}

void GraphLowering::store_result(
  ir::TensorId id, const VectorTensor& from, const NodeView& view
) {
  stored_[id] = store_matrix(id, true, from, view);
}

/// Settings name formats of keys and values that differ, so that neither is used.
void GraphLowering::warn_of_kv_types() {
  if (std::exchange(warned_of_kv_types_, true)) {
    return;
  }
  warn(
    {Severity::Warning,
     "W_KV_FORMAT",
     "keys and values have the format of activations and weights: those that the settings give "
     "them cannot be stored and read back",
     "give HBM_V_KV_TYPE and HBM_M_KV_TYPE the same format that can be staged",
     {},
     {},
     "HBM_V_KV_TYPE"}
  );
}

/// Also of what the machine cannot store: who reads it may count on its being there.
StoredFormat GraphLowering::format_of_computed(const std::string& name, const NodeView& view) {
  const std::optional<StoredFormat> format = stored_format(config_);
  if (format && format->precision == 0 &&
      (config_.hbm_v_kv_type != format->format || config_.hbm_m_kv_type != format->format)) {
    warn_of_kv_types();
  }
  if (!format || config_.hbm_v_writeback_amount == 0) {
    errors_.push_back(view.error(
      "E_HARDWARE",
      fmt::format("{} is computed and cannot be brought to the Matrix SRAM", name),
      "give HBM_V_ACT_TYPE and HBM_M_WEIGHT_TYPE, or HBM_V_KV_TYPE and HBM_M_KV_TYPE, the same "
      "format that can be staged, and HBM_V_Writeback_Amount at least 1"
    ));
  }
  return format.value_or(StoredFormat{config_.hbm_v_act_type, 0});
}

WeightTensor GraphLowering::store_matrix(
  ir::TensorId id, bool result, const VectorTensor& from, const NodeView& view
) {
  const std::string& name = graph_.tensor(id).name;
  const StoredFormat usable = format_of_computed(name, view);
  HbmTensor tensor;
  tensor.tensor = id;
  tensor.computed = true;
  tensor.result = result;
  tensor.stored.format = usable.format;
  tensor.col_group = from.group_cols;
  WeightTensor to = staged_matrix(
    std::move(tensor), result ? name : name + " in HBM", extent_of(graph_.tensor(id).shape), tiling_.mlen
  );
  to.precision = usable.precision;
  builder_.comment(fmt::format("store {} {}", name, to_string(graph_.tensor(id).shape)));
  store_rows(from, to);
  return to;
}

/// The last transfer may write rows behind the last one of the cache.
void GraphLowering::append(
  ir::TensorId result,
  ir::TensorId id,
  const VectorTensor& from,
  lower::SymbolId row,
  const NodeView& view
) {
  const ir::Tensor& cache = graph_.tensor(id);
  const StoredFormat format = format_of_computed(cache.name, view);
  HbmTensor tensor;
  tensor.tensor = id;
  tensor.stored.format = format.format;
  tensor.col_group = from.group_cols;
  WeightTensor to =
    staged_matrix(std::move(tensor), cache.name, extent_of(cache.shape), writeback_rows() - 1);
  to.precision = format.precision;
  builder_.comment(fmt::format("append to {} {}", cache.name, to_string(cache.shape)));
  store_rows(from, to, row);
  stored_[result] = to;
  result_.changes.push_back({result, to.symbol});
}

lower::SymbolId GraphLowering::entry_input(ir::TensorId id) {
  const auto found = entry_inputs_.find(id);
  if (found != entry_inputs_.end()) {
    return found->second;
  }
  const ir::Tensor& tensor = graph_.tensor(id);
  const lower::SymbolId symbol =
    builder_.symbol(tensor.name, lower::Memory::IntSram, extent_of(tensor.shape).count());
  result_.entry_inputs.push_back({id, symbol});
  return entry_inputs_[id] = symbol;
}

lower::SymbolId GraphLowering::fp_scratch(const std::string& name, std::uint64_t entries) {
  const auto found = fp_scratch_.find(name);
  if (found == fp_scratch_.end()) {
    return fp_scratch_[name] = builder_.table(name, std::vector<float>(to_size(entries)));
  }
  lower::Symbol& symbol = result_.program.symbols[lower::index(found->second)];
  symbol.size = std::max(symbol.size, entries);
  symbol.table.resize(to_size(symbol.size));
  return found->second;
}

HbmTensor& GraphLowering::staged(const WeightTensor& weight) {
  const auto tensor = std::find_if(result_.hbm.begin(), result_.hbm.end(), [&](const HbmTensor& t) {
    return t.symbol == weight.symbol;
  });
  PLENA_CHECK(tensor != result_.hbm.end());
  return *tensor;
}

void GraphLowering::reads_rows(const WeightTensor& weight, std::uint64_t rows) {
  HbmTensor& tensor = staged(weight);
  tensor.rows_read = std::max(tensor.rows_read, rows);
}

void GraphLowering::fills_tiles(const WeightTensor& weight, std::uint64_t tiles) {
  HbmTensor& tensor = staged(weight);
  tensor.tiles = std::max(tensor.tiles, tiles);
}

void GraphLowering::reads_rows(const VectorTensor& tensor, std::uint64_t rows) {
  std::uint64_t& size = result_.program.symbols[lower::index(tensor.symbol)].size;
  size = std::max(size, tensor.at(tensor.blocks - 1, rows).offset);
}

VectorTensor GraphLowering::lane_mask(std::uint64_t cols, float inside, float outside) {
  const std::uint64_t lanes = cols % tiling_.mlen;
  const std::tuple key{lanes, numerics::bits_of(inside), numerics::bits_of(outside)};
  if (const auto found = masks_.find(key); found != masks_.end()) {
    return found->second;
  }
  const std::string name = fmt::format("mask of {} lanes: {}, {}", lanes, inside, outside);
  const std::uint64_t fetched = tiling_.prefetch_rows * tiling_.mlen;
  VectorTensor mask{{}, 1, tiling_.mlen, 1, 1, tiling_.mlen};
  mask.symbol = builder_.symbol(name, lower::Memory::VectorSram, fetched);
  HbmTensor from;
  from.stored = stored_rows(1, fetched);
  from.symbol = hbm(name, from.stored);
  from.extent = {1, tiling_.mlen};
  from.generated.assign(to_size(tiling_.mlen), outside);
  std::fill_n(from.generated.begin(), lanes, inside);
  builder_.comment("load " + name);
  fetch_rows(mask, from.symbol, from.stored, 0, true);
  result_.hbm.push_back(std::move(from));
  masks_[key] = mask;
  return mask;
}

StripTensor GraphLowering::staged_strips(ir::TensorId id, const NodeView& view) {
  if (const auto found = strips_.find(id); found != strips_.end()) {
    return found->second;
  }
  const ir::Tensor& tensor = graph_.tensor(id);
  HbmTensor from;
  from.tensor = id;
  from.extent = extent_of(tensor.shape);
  from.strip_cols = tiling_.mlen;
  const std::uint64_t rows = tiling_.blocks(from.extent.cols) * from.extent.rows;
  // The last transfer of the last strip may bring more rows than there are.
  from.stored = stored_rows(rows + tiling_.prefetch_rows - 1, 2 * tiling_.mlen);
  if (from.stored.scale_row_bytes() > scale_window_bytes) {
    errors_.push_back(view.error(
      "E_HARDWARE",
      fmt::format(
        "{} is loaded from any column on, which needs at most {} scales in two rows of the machine, "
        "not {}",
        tensor.name,
        scale_window_bytes,
        from.stored.scale_row_bytes()
      ),
      "use a machine with a smaller MLEN, or HBM_V_ACT_TYPE plain bf16"
    ));
  }
  check_sizes(from.stored, tiling_.prefetch_rows, tensor.name);
  from.symbol = hbm(tensor.name, from.stored);
  const StripTensor strips{from.symbol, from.stored};
  result_.hbm.push_back(std::move(from));
  return strips_[id] = strips;
}

RowTensor GraphLowering::rows(ir::TensorId id, std::uint64_t group) {
  const Tie tie = tie_of(id);
  if (tie == Tie::One) {
    const WeightTensor weight = tied(id);
    return {weight.symbol, weight.stored};
  }
  if (const auto found = rows_.find({id, group}); found != rows_.end()) {
    return found->second;
  }
  const ir::Tensor& tensor = graph_.tensor(id);
  if (tie == Tie::Apart) {
    warn(
      {Severity::Warning,
       "W_TWO_COPIES",
       fmt::format("{} lies in HBM twice: its rows are looked up and it is a weight", tensor.name),
       "give HBM_V_ACT_TYPE and HBM_M_WEIGHT_TYPE the same format, and both uses columns of one layout",
       {},
       {},
       tensor.name}
    );
  }
  HbmTensor from;
  from.tensor = id;
  from.extent = extent_of(tensor.shape);
  from.col_group = group;
  // A transfer that starts at the last row brings others, too.
  from.stored = stored_rows(
    from.extent.rows + tiling_.prefetch_rows - 1, grouped_size(from.extent.cols, group, tiling_.mlen)
  );
  check_sizes(from.stored, tiling_.prefetch_rows, tensor.name);
  from.symbol = hbm(tensor.name, from.stored);
  const RowTensor rows{from.symbol, from.stored};
  result_.hbm.push_back(std::move(from));
  return rows_[{id, group}] = rows;
}

RowTensor
GraphLowering::generated_rows(const std::string& name, Extent extent, const MakeValues& make) {
  if (const auto found = generated_rows_.find(name); found != generated_rows_.end()) {
    return found->second;
  }
  HbmTensor from;
  from.extent = extent;
  from.stored = stored_rows(
    extent.rows + tiling_.prefetch_rows - 1, lower::round_up(extent.cols, tiling_.mlen)
  );
  if (extent.rows > max_generated / extent.cols) {
    errors_.push_back(
      {Severity::Error,
       "E_RESOURCE",
       fmt::format("{} are {} rows of {} values", name, extent.rows, extent.cols),
       fmt::format("at most {} values are made up for one table; have fewer rows", max_generated),
       {},
       {},
       name}
    );
  } else if (check_sizes(from.stored, tiling_.prefetch_rows, name)) {
    from.generated = make();
  }
  from.symbol = hbm(name, from.stored);
  const RowTensor rows{from.symbol, from.stored};
  result_.hbm.push_back(std::move(from));
  return generated_rows_[name] = rows;
}

void GraphLowering::note_padding() {
  constexpr std::size_t shown = 4;
  std::vector<std::string> examples;
  std::size_t count = 0;
  for (const VectorPlace& place : result_.vectors) {
    const VectorTensor& where = place.where;
    const std::uint64_t cols = where.blocks * tiling_.mlen;
    if (where.rows == where.phys_rows && where.cols == cols) {
      continue;
    }
    if (++count <= shown) {
      examples.push_back(fmt::format(
        "{} {} x {} to {} x {}",
        graph_.tensor(place.tensor).name,
        where.rows,
        where.cols,
        where.phys_rows,
        cols
      ));
    }
  }
  if (count == 0) {
    return;
  }
  warn(
    {Severity::Note,
     "W_PADDED",
     fmt::format(
       "{} tensors are padded: {}{}", count, fmt::join(examples, ", "), count > shown ? ", ..." : ""
     ),
     fmt::format(
       "rows are multiples of BLEN ({}), columns of MLEN ({}) on this machine",
       tiling_.blen,
       tiling_.mlen
     )}
  );
}

Lowering::Lowering(GraphLowering& graph, NodeView view, bool dense)
    : graph_(graph),
      view_(view),
      dense_(dense) {}

lower::Builder& Lowering::builder() { return graph_.builder(); }
const lower::Tiling& Lowering::tiling() const { return graph_.tiling(); }

VectorTensor Lowering::input(std::size_t i) {
  return graph_.place(
    view_.node.inputs[i], op_of(view_.node).inputs[i].role, column_group(view_, graph_.plan(), i)
  );
}

VectorTensor Lowering::input_row(std::size_t i) {
  return graph_.place(
    view_.node.inputs[i], Role::Vector, column_group(view_, graph_.plan(), i)
  );
}

lower::SymbolId Lowering::output_entries(std::size_t i) {
  return graph_.make_entries(view_.node.outputs[i], op_of(view_.node).outputs[i].memory);
}

VectorTensor
Lowering::output(std::size_t i, std::uint64_t slack_tiles, std::uint64_t spare_rows) {
  return graph_.make(view_.node.outputs[i], slack_tiles, spare_rows);
}

void Lowering::output_stored(std::size_t i, const VectorTensor& from) {
  graph_.store_result(view_.node.outputs[i], from, view_);
}

void Lowering::output_appended(
  std::size_t i, std::size_t cache, const VectorTensor& from, lower::SymbolId row
) {
  graph_.append(view_.node.outputs[i], view_.node.inputs[cache], from, row, view_);
}

VectorTensor Lowering::output_in_place() {
  return graph_.make_over(
    view_.node.outputs[0], view_.node.inputs[0], column_group(view_, graph_.plan(), 0)
  );
}

void Lowering::output_is(const VectorTensor& place, std::size_t i) {
  graph_.alias(view_.node.outputs[i], place);
}

WeightTensor Lowering::weight(std::size_t i, std::uint64_t row_group) {
  const ir::TensorId id = view_.node.inputs[i];
  const std::uint64_t group = column_group(view_, graph_.plan(), i);
  const bool as_table = has_transposed_weight(view_, i) && row_group == 0 &&
                        group == graph_.plan().group_cols(id) && graph_.is_tied(id);
  return as_table ? graph_.tied(id) : graph_.weight(id, row_group, group);
}

WeightTensor Lowering::stored(std::size_t i) { return graph_.stored(view_.node.inputs[i], view_); }

void Lowering::reads_rows(const WeightTensor& weight, std::uint64_t rows) {
  graph_.reads_rows(weight, rows);
}

void Lowering::fills_tiles(const WeightTensor& weight, std::uint64_t tiles) {
  graph_.fills_tiles(weight, tiles);
}

void Lowering::reads_rows(const VectorTensor& tensor, std::uint64_t rows) {
  graph_.reads_rows(tensor, rows);
}

WeightTensor
Lowering::generated_weight(const std::string& name, Extent extent, std::vector<float> values) {
  return graph_.generated(name, extent, std::move(values));
}

StripTensor Lowering::staged_strips(std::size_t i) {
  return graph_.staged_strips(view_.node.inputs[i], view_);
}

RowTensor Lowering::rows(std::size_t i) {
  return graph_.rows(view_.node.inputs[i], column_group(view_, graph_.plan(), i));
}

RowTensor
Lowering::generated_rows(const std::string& name, Extent extent, const MakeValues& make) {
  return graph_.generated_rows(name, extent, make);
}

lower::SymbolId Lowering::input_entries(std::size_t i) {
  return graph_.entry_input(view_.node.inputs[i]);
}

const std::vector<std::int64_t>& Lowering::numbers(std::size_t i) const {
  if (const auto& constant = view_.input(i)->constant) {
    return constant->ints;
  }
  const auto given = graph_.plan().numbers.find(view_.node.inputs[i]);
  PLENA_CHECK(given != graph_.plan().numbers.end());
  return given->second;
}

const numerics::StorageFormat& Lowering::activation_format() const {
  return graph_.activation_format();
}

VectorTensor
Lowering::scratch_tensor(std::string name, Extent extent, std::uint64_t slack_tiles) {
  return graph_.scratch_tensor(std::move(name), extent, slack_tiles);
}

lower::SymbolId Lowering::entries(
  std::string name, lower::Memory memory, std::uint64_t count, std::optional<float> value
) {
  return builder().symbol(std::move(name), memory, count, value);
}

DerivedRows
Lowering::derived(const VectorTensor& from, std::string name, std::uint64_t rows) {
  return graph_.derived(from, std::move(name), rows);
}

lower::SymbolId Lowering::scratch(std::string name, std::uint64_t rows) {
  return builder().symbol(std::move(name), lower::Memory::VectorSram, rows * tiling().mlen);
}

lower::SymbolId Lowering::fp_scratch(const std::string& name, std::uint64_t entries) {
  return graph_.fp_scratch(name, entries);
}

VectorTensor Lowering::lane_mask(std::uint64_t cols, float inside, float outside) {
  return graph_.lane_mask(cols, inside, outside);
}

void Lowering::warn(Diagnostic warning) { graph_.warn(std::move(warning)); }
void Lowering::fail(Diagnostic error) { graph_.fail(std::move(error)); }

Result<LoweredGraph>
lower_graph(const ir::Graph& graph, const config::Config& config, const Plan& plan) {
  Result<lower::Tiling> tiling = lower::tiling_for(config);
  Diagnostics errors = tiling ? Diagnostics{} : tiling.diagnostics();
  for (const auto& [format, key] :
       {std::pair{config.hbm_m_weight_type, "HBM_M_WEIGHT_TYPE"},
        std::pair{config.hbm_v_act_type, "HBM_V_ACT_TYPE"}}) {
    if (std::optional<Diagnostic> error = check_format(format, key, config.mlen)) {
      errors.push_back(*std::move(error));
    }
  }
  if (!errors.empty()) {
    return errors;
  }
  return GraphLowering(graph, config, *tiling, plan).run();
}

std::optional<StoredFormat> stored_format(const config::Config& config) {
  const auto usable = [&](const numerics::StorageFormat& to, const numerics::StorageFormat& from) {
    return to == from && !check_format(to, {}, config.mlen);
  };
  const bool as_others = usable(config.hbm_v_act_type, config.hbm_m_weight_type);
  // Where both are the same, programs have the selector that upstream's have.
  if (usable(config.hbm_v_kv_type, config.hbm_m_kv_type) &&
      !(as_others && config.hbm_v_act_type == config.hbm_v_kv_type)) {
    return StoredFormat{config.hbm_v_kv_type, 1};
  }
  return as_others ? std::optional(StoredFormat{config.hbm_v_act_type, 0}) : std::nullopt;
}

bool can_be_dense(const config::Config& config) {
  return config.hlen != 0 && std::uint64_t{config.hlen} * config.broadcast_amount == config.mlen;
}

Arithmetic arithmetic_of(const config::Config& config, Precision precision, Plan plan) {
  Arithmetic arithmetic{
    precision,
    config.mlen,
    config.blen,
    can_be_dense(config) ? config.broadcast_amount : 1,
    config.hbm_m_weight_type,
    config.hbm_v_act_type,
    kept_format(config).format,
    std::move(plan),
    std::max<std::uint64_t>(config.hbm_v_writeback_amount, 1)};
  if (precision == Precision::Fp32) {
    arithmetic.weight = arithmetic.activation = arithmetic.stored = unstored;
  }
  return arithmetic;
}

} // namespace plena::ops
