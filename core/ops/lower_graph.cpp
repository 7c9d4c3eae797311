#include "ops/lower_graph.h"

#include "base/check.h"
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>
#include <tuple>

namespace plena::ops {

namespace {

/// HBM offsets and Vector SRAM addresses are 32-bit registers.
constexpr std::uint64_t max_address = std::numeric_limits<std::uint32_t>::max();
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

} // namespace

class GraphLowering {
 public:
  GraphLowering(const ir::Graph& graph, const config::Config& config, const lower::Tiling& tiling)
      : graph_(graph),
        config_(config),
        tiling_(tiling),
        builder_(result_.program) {}

  Result<LoweredGraph> run();

  lower::Builder& builder() { return builder_; }
  const lower::Tiling& tiling() const { return tiling_; }

  VectorTensor place(ir::TensorId tensor, Role role);
  VectorTensor make(ir::TensorId tensor);
  void alias(ir::TensorId tensor, const VectorTensor& place) {
    places_[{tensor, false}] = place;
    result_.vectors.push_back({tensor, place});
  }
  WeightTensor weight(ir::TensorId tensor);
  VectorTensor lane_mask(std::uint64_t cols, float inside, float outside);
  void warn(Diagnostic warning) { result_.warnings.push_back(std::move(warning)); }

 private:
  VectorTensor load(ir::TensorId tensor, bool as_vector);
  void fetch_rows(const VectorTensor& to, const HbmTensor& from, bool contiguous);
  VectorTensor activation(std::string name, Extent extent, std::uint64_t slack_rows);
  StoredTensor stored_rows(std::uint64_t rows, std::uint64_t cols);
  lower::SymbolId hbm(std::string name, const StoredTensor& stored);
  void
  check_sizes(const StoredTensor& stored, std::uint64_t rows_per_transfer, const std::string& name);
  void too_large(const std::string& name, std::uint64_t needed, std::string_view unit);
  void note_padding();

  const ir::Graph& graph_;
  const config::Config& config_;
  const lower::Tiling& tiling_;
  LoweredGraph result_;
  lower::Builder builder_;
  Diagnostics errors_;
  /// By tensor and whether it is a single row without physical padding.
  std::map<std::pair<ir::TensorId, bool>, VectorTensor> places_;
  std::map<ir::TensorId, WeightTensor> weights_;
  std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>, VectorTensor> masks_;
};

Result<LoweredGraph> GraphLowering::run() {
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const ir::Node& node = graph_.nodes[i];
    const NodeView view{graph_, node};
    builder_.node(static_cast<std::uint32_t>(i));
    builder_.comment(fmt::format(
      "{} {} -> {} {}", node.op, node.name, view.output().name, to_string(view.output().shape)
    ));
    Lowering lowering(*this, view);
    op_of(node).lower(lowering);
  }
  builder_.node(lower::no_node);
  for (const ir::TensorId output : graph_.outputs) {
    place(output, Role::Activation);
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

void GraphLowering::check_sizes(
  const StoredTensor& stored, std::uint64_t rows_per_transfer, const std::string& name
) {
  if (stored.bytes() > max_address) {
    return too_large(name, stored.bytes(), "bytes of HBM");
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
  }
}

lower::SymbolId GraphLowering::hbm(std::string name, const StoredTensor& stored) {
  return builder_.symbol(std::move(name), lower::Memory::Hbm, stored.bytes());
}

StoredTensor GraphLowering::stored_rows(std::uint64_t rows, std::uint64_t cols) {
  return {rows, cols, config_.hbm_v_act_type};
}

VectorTensor GraphLowering::activation(std::string name, Extent extent, std::uint64_t slack_rows) {
  VectorTensor tensor;
  tensor.rows = extent.rows;
  tensor.cols = extent.cols;
  tensor.phys_rows = lower::round_up(extent.rows, tiling_.blen);
  tensor.blocks = tiling_.blocks(extent.cols);
  const std::uint64_t elements = (tensor.all_rows() + slack_rows) * tiling_.mlen;
  if (elements > max_address) {
    too_large(name, elements, "elements of the Vector SRAM");
  }
  tensor.symbol = builder_.symbol(std::move(name), lower::Memory::VectorSram, elements);
  return tensor;
}

VectorTensor GraphLowering::make(ir::TensorId id) {
  const ir::Tensor& tensor = graph_.tensor(id);
  const VectorTensor made = activation(tensor.name, extent_of(tensor.shape), 0);
  alias(id, made);
  return made;
}

VectorTensor GraphLowering::place(ir::TensorId tensor, Role role) {
  if (const auto found = places_.find({tensor, false}); found != places_.end()) {
    return found->second;
  }
  const bool as_vector = role == Role::Vector;
  if (const auto found = places_.find({tensor, as_vector}); found != places_.end()) {
    return found->second;
  }
  const VectorTensor loaded = load(tensor, as_vector);
  places_[{tensor, as_vector}] = loaded;
  result_.vectors.push_back({tensor, loaded});
  return loaded;
}

/// Brings a constant or graph input into the Vector SRAM. A vector is one dense row there;
/// transfers bring several of its blocks at once.
VectorTensor GraphLowering::load(ir::TensorId id, bool as_vector) {
  const ir::Tensor& tensor = graph_.tensor(id);
  const Extent extent = extent_of(tensor.shape);
  const std::uint64_t per_transfer = tiling_.prefetch_rows;
  VectorTensor to;
  StoredTensor stored;
  if (as_vector) {
    const std::uint64_t blocks = tiling_.blocks(extent.cols);
    const std::uint64_t fetched = lower::round_up(blocks, per_transfer);
    stored = stored_rows(1, fetched * tiling_.mlen);
    to = {{}, 1, extent.cols, 1, blocks};
    if (fetched * tiling_.mlen > max_address) {
      too_large(tensor.name, fetched * tiling_.mlen, "elements of the Vector SRAM");
    }
    to.symbol = builder_.symbol(tensor.name, lower::Memory::VectorSram, fetched * tiling_.mlen);
  } else {
    // The last transfer of a block may bring more rows than there are. They are zeros; the next
    // block's load overwrites them, after the last block there is room for them.
    const std::uint64_t phys_rows = lower::round_up(extent.rows, tiling_.blen);
    const std::uint64_t fetched = lower::round_up(phys_rows, per_transfer);
    to = activation(tensor.name, extent, fetched - phys_rows);
    stored = stored_rows(fetched, to.blocks * tiling_.mlen);
  }
  check_sizes(stored, per_transfer, tensor.name);
  HbmTensor from{hbm(tensor.name, stored), id, {}, extent, stored};
  builder_.comment(fmt::format("load {} {}", tensor.name, to_string(tensor.shape)));
  fetch_rows(to, from, as_vector);
  result_.hbm.push_back(std::move(from));
  return to;
}

void GraphLowering::fetch_rows(const VectorTensor& to, const HbmTensor& from, bool contiguous) {
  lower::Builder& b = builder_;
  const std::uint64_t rows = tiling_.prefetch_rows;
  const std::uint64_t lane_bytes = from.stored.element_bytes();
  const lower::Addr base = b.address_of(from.symbol);
  if (from.stored.format.mx) {
    b.C_SET_SCALE_REG(b.set(from.stored.scale_offset()));
  }
  const std::uint64_t row_bytes = contiguous ? tiling_.mlen * lane_bytes : from.stored.row_bytes();
  b.C_SET_STRIDE_REG(b.set(row_bytes));
  const lower::Gp offset = b.set(0);
  const lower::Gp destination = b.set(lower::Address{to.symbol});
  if (contiguous) {
    b.loop(lower::ceil_div(to.blocks, rows), [&] {
      b.H_PREFETCH_V(destination, offset, base, 1, 0);
      b.step(destination, rows * tiling_.mlen);
      b.step(offset, rows * row_bytes);
    });
    return;
  }
  b.loop(to.blocks, [&] {
    const lower::Gp from_row = b.copy(offset);
    const lower::Gp to_row = b.copy(destination);
    b.loop(lower::ceil_div(to.phys_rows, rows), [&] {
      b.H_PREFETCH_V(to_row, from_row, base, 1, 0);
      b.step(to_row, rows * tiling_.mlen);
      b.step(from_row, rows * row_bytes);
    });
    b.step(offset, tiling_.mlen * lane_bytes);
    b.step(destination, to.phys_rows * tiling_.mlen);
  });
}

WeightTensor GraphLowering::weight(ir::TensorId id) {
  if (const auto found = weights_.find(id); found != weights_.end()) {
    return found->second;
  }
  const ir::Tensor& tensor = graph_.tensor(id);
  const Extent extent = extent_of(tensor.shape);
  const std::uint64_t tiles = lower::round_up(tiling_.blocks(extent.rows), tiling_.prefetch_tiles);
  const StoredTensor stored{
    tiles * tiling_.mlen, tiling_.blocks(extent.cols) * tiling_.mlen, config_.hbm_m_weight_type};
  check_sizes(stored, tiling_.prefetch_tiles * tiling_.mlen, tensor.name);
  const WeightTensor weight{hbm(tensor.name, stored), stored};
  result_.hbm.push_back({weight.symbol, id, {}, extent, stored, true});
  weights_[id] = weight;
  return weight;
}

VectorTensor GraphLowering::lane_mask(std::uint64_t cols, float inside, float outside) {
  const std::uint64_t lanes = cols % tiling_.mlen;
  const std::tuple key{lanes, numerics::bits_of(inside), numerics::bits_of(outside)};
  if (const auto found = masks_.find(key); found != masks_.end()) {
    return found->second;
  }
  const std::string name = fmt::format("mask of {} lanes: {}, {}", lanes, inside, outside);
  const std::uint64_t fetched = tiling_.prefetch_rows * tiling_.mlen;
  VectorTensor mask{{}, 1, tiling_.mlen, 1, 1};
  mask.symbol = builder_.symbol(name, lower::Memory::VectorSram, fetched);
  HbmTensor from;
  from.stored = stored_rows(1, fetched);
  from.symbol = hbm(name, from.stored);
  from.extent = {1, tiling_.mlen};
  from.generated.assign(to_size(tiling_.mlen), outside);
  std::fill_n(from.generated.begin(), lanes, inside);
  builder_.comment("load " + name);
  fetch_rows(mask, from, true);
  result_.hbm.push_back(std::move(from));
  masks_[key] = mask;
  return mask;
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

Lowering::Lowering(GraphLowering& graph, NodeView view) : graph_(graph), view_(view) {}

lower::Builder& Lowering::builder() { return graph_.builder(); }
const lower::Tiling& Lowering::tiling() const { return graph_.tiling(); }

VectorTensor Lowering::input(std::size_t i) {
  return graph_.place(view_.node.inputs[i], op_of(view_.node).inputs[i].role);
}

VectorTensor Lowering::output() { return graph_.make(view_.node.outputs[0]); }

void Lowering::output_is(const VectorTensor& place) { graph_.alias(view_.node.outputs[0], place); }

WeightTensor Lowering::weight(std::size_t i) { return graph_.weight(view_.node.inputs[i]); }

lower::SymbolId Lowering::scratch(std::string name, std::uint64_t rows) {
  return builder().symbol(std::move(name), lower::Memory::VectorSram, rows * tiling().mlen);
}

VectorTensor Lowering::lane_mask(std::uint64_t cols, float inside, float outside) {
  return graph_.lane_mask(cols, inside, outside);
}

void Lowering::warn(Diagnostic warning) { graph_.warn(std::move(warning)); }

Result<LoweredGraph> lower_graph(const ir::Graph& graph, const config::Config& config) {
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
  return GraphLowering(graph, config, *tiling).run();
}

Arithmetic arithmetic_of(const config::Config& config, Precision precision) {
  return {precision, config.mlen, config.hbm_m_weight_type, config.hbm_v_act_type};
}

} // namespace plena::ops
