#include "codegen/compile.h"

#include "base/size.h"
#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "cost/price.h"
#include "lower/verify.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "ops/lower_graph.h"
#include "ops/registry.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>

namespace plena::codegen {

namespace {

constexpr std::uint64_t hbm_granule_bytes = 64;
constexpr std::uint64_t entry_bytes = 4; // of the INT SRAM

/// Values that a staged tensor holds; nothing when the caller has not given them.
const std::vector<float>*
values_of(const ops::HbmTensor& tensor, const ir::Graph& graph, const Values& inputs) {
  if (tensor.tensor == ir::no_tensor) {
    return &tensor.generated;
  }
  if (const auto& constant = graph.tensor(tensor.tensor).constant) {
    return &constant->floats;
  }
  const auto found = inputs.find(tensor.tensor);
  return found == inputs.end() ? nullptr : &found->second;
}

Diagnostic wrong_count(const ir::Tensor& input, const std::vector<float>* values) {
  const std::string what =
    values == nullptr ? "no values" : fmt::format("{} values", values->size());
  return {
    Severity::Error,
    "E_INPUT",
    fmt::format("input {} {} has {}", input.name, ops::to_string(input.shape), what),
    fmt::format("give {} values, row-major", ops::extent_of(input.shape).count()),
    {},
    {},
    input.name};
}

using Numbers = std::map<ir::TensorId, std::vector<std::int64_t>>;

/// The inputs of the graph that shape the program, and those that lie in the INT SRAM.
Result<Numbers> numbers_of(const ir::Graph& graph, const Values& inputs) {
  Numbers numbers;
  Diagnostics errors;
  for (const ir::Node& node : graph.nodes) {
    const ops::Op& op = ops::op_of(node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ir::TensorId id = node.inputs[i];
      const bool integers =
        op.inputs[i].role == ops::Role::Numbers || op.inputs[i].role == ops::Role::Entries;
      if (id == ir::no_tensor || !integers || graph.tensor(id).constant || numbers.contains(id)) {
        continue;
      }
      const ir::Tensor& input = graph.tensor(id);
      const auto found = inputs.find(id);
      const auto* values = found == inputs.end() ? nullptr : &found->second;
      std::vector<std::int64_t>& given = numbers[id];
      if (values == nullptr || values->size() != ops::extent_of(input.shape).count()) {
        errors.push_back(wrong_count(input, values));
        continue;
      }
      for (const float value : *values) {
        if (!(value >= -0x1p62f && value <= 0x1p62f) || std::trunc(value) != value) {
          errors.push_back(
            {Severity::Error,
             "E_INPUT",
             fmt::format("input {} has {}, which is no integer", input.name, value),
             "give integers",
             {},
             {},
             input.name}
          );
          break;
        }
        given.push_back(static_cast<std::int64_t>(value));
      }
    }
  }
  if (!errors.empty()) {
    return errors;
  }
  return numbers;
}

Diagnostics
check_inputs(const ops::LoweredGraph& lowered, const ir::Graph& graph, const Values& inputs) {
  Diagnostics errors;
  const auto check =
    [&](const std::vector<float>* values, const ops::Extent& extent, ir::TensorId id) {
      if (values != nullptr && values->size() == extent.count()) {
        return;
      }
      errors.push_back(wrong_count(graph.tensor(id), values));
    };
  for (const ops::HbmTensor& tensor : lowered.hbm) {
    if (!tensor.computed) {
      check(values_of(tensor, graph, inputs), tensor.extent, tensor.tensor);
    }
  }
  for (const ops::VectorPlace& place : lowered.prestaged) {
    const auto found = inputs.find(place.tensor);
    check(
      found == inputs.end() ? nullptr : &found->second,
      {place.where.rows, place.where.cols},
      place.tensor
    );
  }
  return errors;
}

void write_hbm(
  Compiled& out,
  const ops::LoweredGraph& lowered,
  const Layout& layout,
  const ir::Graph& graph,
  const Values& inputs
) {
  out.hbm.assign(to_size(layout.image_bytes), 0);
  const std::uint64_t lanes = lowered.lanes;
  for (const ops::HbmTensor& tensor : lowered.hbm) {
    if (tensor.computed) {
      continue;
    }
    const std::vector<float>& given = *values_of(tensor, graph, inputs);
    const ops::Extent& extent = tensor.extent;
    const auto write = [&](std::span<const float> values, std::uint64_t rows, std::uint64_t cols) {
      ops::store(
        values,
        rows,
        cols,
        tensor.stored,
        std::span(out.hbm).subspan(to_size(layout.addresses[lower::index(tensor.symbol)]))
      );
    };
    if (tensor.strip_cols != 0) {
      const std::uint64_t rows = lower::ceil_div(extent.cols, tensor.strip_cols) * extent.rows;
      write(
        ops::strips(given, extent.rows, extent.cols, tensor.strip_cols), rows, tensor.stored.cols
      );
    } else if (tensor.row_group != 0 || tensor.col_group != 0) {
      write(
        ops::spread(given, extent.rows, extent.cols, tensor.row_group, tensor.col_group, lanes),
        tensor.row_group == 0 ? extent.rows
                              : ops::grouped_size(extent.rows, tensor.row_group, lanes),
        ops::grouped_size(extent.cols, tensor.col_group, lanes)
      );
    } else {
      write(given, extent.rows, extent.cols);
    }
  }
  out.hbm_bytes =
    lower::round_up(std::max<std::uint64_t>(layout.use.hbm_bytes, 1), hbm_granule_bytes);
}

void write_vectors(
  Compiled& out, const ops::LoweredGraph& lowered, const Layout& layout, const Values& inputs
) {
  for (const ops::VectorPlace& place : lowered.prestaged) {
    const ops::VectorTensor& to = place.where;
    const std::vector<float>& values = inputs.at(place.tensor);
    const std::uint64_t base = layout.addresses[lower::index(to.symbol)] + to.offset;
    const std::uint64_t end = base + to.all_rows() * to.lanes;
    constexpr std::uint64_t element_bytes = 2; // bf16
    if (out.vector_sram.size() < end * element_bytes) {
      out.vector_sram.resize(to_size(end * element_bytes), 0);
    }
    for (std::uint64_t r = 0; r < to.rows; ++r) {
      for (std::uint64_t c = 0; c < to.cols; ++c) {
        const std::uint64_t col = ops::grouped_index(c, to.group_cols, to.lanes);
        const std::uint64_t at =
          base + (col / to.lanes * to.phys_rows + r) * to.lanes + col % to.lanes;
        const std::uint32_t bits =
          numerics::bits_of(numerics::round_to_bf16(values[to_size(r * to.cols + c)])) >> 16;
        out.vector_sram[to_size(at * element_bytes)] = static_cast<std::uint8_t>(bits & 0xFF);
        out.vector_sram[to_size(at * element_bytes + 1)] = static_cast<std::uint8_t>(bits >> 8);
      }
    }
  }
}

void write_constants(Compiled& out, const Layout& layout) {
  for (const float value : layout.fp_entries) {
    const std::uint16_t half = numerics::f32_to_half(value);
    out.fp_sram.push_back(static_cast<std::uint8_t>(half & 0xFF));
    out.fp_sram.push_back(static_cast<std::uint8_t>(half >> 8));
  }
}

void write_entries(
  Compiled& out, const ops::LoweredGraph& lowered, const Layout& layout, const Numbers& numbers
) {
  for (const ops::EntryPlace& place : lowered.entry_inputs) {
    std::uint64_t at = layout.addresses[lower::index(place.symbol)] * entry_bytes;
    const std::vector<std::int64_t>& values = numbers.at(place.tensor);
    out.int_sram.resize(
      std::max(out.int_sram.size(), to_size(at + values.size() * entry_bytes)), 0
    );
    for (const std::int64_t value : values) {
      for (std::uint64_t byte = 0; byte < entry_bytes; ++byte) {
        out.int_sram[to_size(at++)] =
          static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * byte));
      }
    }
  }
}

/// What stands against dense products on the machine.
Status check_dense(const config::Config& config) {
  if (!ops::can_be_dense(config)) {
    return Diagnostic{
      Severity::Error,
      "E_HARDWARE",
      fmt::format(
        "BROADCAST_AMOUNT * HLEN is {} and MLEN {}: whole-tile products need them equal",
        std::uint64_t{config.broadcast_amount} * config.hlen,
        config.mlen
      ),
      "set HLEN and BROADCAST_AMOUNT so that their product is MLEN, or compile with portable "
      "products",
      {},
      {},
      "BROADCAST_AMOUNT"};
  }
  const std::uint64_t tiles = std::uint64_t{config.broadcast_amount} * config.m_prefetch_tiles();
  if (config.matrix_tiles() < tiles) {
    return Diagnostic{
      Severity::Error,
      "E_HARDWARE",
      fmt::format(
        "whole-tile products need {} tiles, the Matrix SRAM holds {}", tiles, config.matrix_tiles()
      ),
      "raise MATRIX_SRAM_SIZE, or compile with portable products",
      {},
      {},
      "MATRIX_SRAM_SIZE"};
  }
  return Done{};
}

/// A program with everything that its images are made from.
struct Draft {
  ops::Plan plan;
  ops::LoweredGraph lowered;
  Layout layout;
  Emitted emitted;
  Counts counts;
  std::vector<Dump> dumps;
};

/// Makes programs of one graph that differ in their products.
class Drafter {
 public:
  Drafter(
    const ir::Graph& graph,
    const config::Config& config,
    const Values& inputs,
    const Options& options,
    std::vector<std::uint64_t> groups,
    Numbers numbers
  )
      : graph_(graph),
        config_(config),
        inputs_(inputs),
        options_(options),
        groups_(std::move(groups)),
        numbers_(std::move(numbers)),
        products_(ops::all_dense(graph)) {}

  /// `dense` by node.
  Result<Draft> draft(const std::vector<bool>& dense) const {
    ops::Plan plan;
    plan.groups = groups_;
    plan.dense = dense;
    plan.numbers = numbers_;
    Result<ops::LoweredGraph> lowered = ops::lower_graph(graph_, config_, plan);
    if (!lowered) {
      return lowered.diagnostics();
    }
    if (const std::vector<std::string> faults = lower::verify(lowered->program); !faults.empty()) {
      return Diagnostic{
        Severity::Error,
        "E_INTERNAL",
        fmt::format("the tile program is not legal: {}", fmt::join(faults, "; ")),
        "this is a fault of the compiler; please report it with the model"};
    }
    if (Diagnostics errors = check_inputs(*lowered, graph_, inputs_); !errors.empty()) {
      return errors;
    }
    Result<Layout> layout = place(*lowered, graph_, config_, options_.keep_stages);
    if (!layout) {
      return layout.diagnostics();
    }
    PassSettings settings{config_.max_loop_instructions, options_.max_words, options_.unroll};
    for (const ir::Node& node : graph_.nodes) {
      settings.attention.push_back(node.op == "attention");
    }
    std::vector<Dump> dumps;
    const Result<Listing> listing = run_passes(
      resolve(lowered->program, *layout), settings, options_.keep_dumps ? &dumps : nullptr
    );
    if (!listing) {
      return listing.diagnostics();
    }
    Result<Emitted> emitted = emit(*listing);
    if (!emitted) {
      return emitted.diagnostics();
    }
    return Draft{
      std::move(plan),
      std::move(*lowered),
      std::move(*layout),
      std::move(*emitted),
      count(*listing),
      std::move(dumps)};
  }

  std::vector<bool> no_node() const { return std::vector<bool>(products_.size(), false); }
  /// Those with products.
  const std::vector<bool>& every_node() const { return products_; }

  std::uint64_t cycles(const Draft& draft) const {
    return cost::price(draft.emitted.program, config_, profile()).cycles;
  }

  ProfileCycles both_profiles(const Draft& draft) const {
    const auto under = [&](config::CostProfile which) {
      return cost::price(draft.emitted.program, config_, which).cycles;
    };
    return {under(config::CostProfile::emulator), under(config::CostProfile::analytic)};
  }

  /// The nodes that cost less with dense products.
  std::vector<bool> cheaper_dense(const Draft& portable, const Draft& dense) const {
    const auto by_node = [&](const Draft& draft) {
      return cost::price_by_part(
        draft.emitted.program, draft.emitted.node_of_word, products_.size(), config_, profile()
      );
    };
    const std::vector<cost::Price> with_portable = by_node(portable);
    const std::vector<cost::Price> with_dense = by_node(dense);
    std::vector<bool> chosen;
    for (std::size_t i = 0; i < products_.size(); ++i) {
      chosen.push_back(products_[i] && with_dense[i].cycles < with_portable[i].cycles);
    }
    return chosen;
  }

  config::CostProfile profile() const {
    return options_.cost_profile.value_or(config_.timing.cost_profile);
  }

 private:
  const ir::Graph& graph_;
  const config::Config& config_;
  const Values& inputs_;
  const Options& options_;
  const std::vector<std::uint64_t> groups_;
  const Numbers numbers_;
  const std::vector<bool> products_;
};

struct Chosen {
  Draft draft;
  std::optional<ProductPrices> prices{};
};

/// The program that the strategy asks for, and what the others would cost.
Result<Chosen>
choose(const Drafter& drafter, const config::Config& config, ops::Strategy strategy) {
  // Without products there is one program, whatever is asked for and on every machine.
  const bool has_products = drafter.every_node() != drafter.no_node();
  if (strategy == ops::Strategy::Portable || !has_products) {
    Result<Draft> draft = drafter.draft(drafter.no_node());
    if (!draft) {
      return draft.diagnostics();
    }
    Chosen chosen{std::move(*draft)};
    if (strategy != ops::Strategy::Portable) {
      const ProfileCycles cycles = drafter.both_profiles(chosen.draft);
      chosen.prices = ProductPrices{
        .profile = drafter.profile(), .chosen = cycles, .portable = cycles, .dense = cycles};
    }
    return chosen;
  }
  const Status possible = check_dense(config);
  if (strategy == ops::Strategy::Dense && !possible) {
    return possible.diagnostics();
  }
  Result<Draft> dense =
    possible ? drafter.draft(drafter.every_node()) : Result<Draft>(possible.diagnostics());
  if (strategy == ops::Strategy::Dense && !dense) {
    return dense.diagnostics();
  }
  Result<Draft> portable = drafter.draft(drafter.no_node());
  if (!portable && !dense) {
    return portable.diagnostics();
  }
  ProductPrices prices{.profile = drafter.profile(), .chosen = {}};
  if (portable) {
    prices.portable = drafter.both_profiles(*portable);
  }
  if (dense) {
    prices.dense = drafter.both_profiles(*dense);
  }
  const auto finish = [&](Draft& draft) {
    prices.chosen = drafter.both_profiles(draft);
    for (std::uint32_t node = 0; node < drafter.every_node().size(); ++node) {
      if (drafter.every_node()[node]) {
        prices.product_nodes.push_back(node);
      }
      if (draft.plan.is_dense(node)) {
        prices.dense_nodes.push_back(node);
      }
    }
    return Chosen{std::move(draft), std::move(prices)};
  };
  if (strategy == ops::Strategy::Dense || !portable) {
    return finish(*dense);
  }
  if (!dense) {
    return finish(*portable);
  }
  const std::vector<bool> wanted = drafter.cheaper_dense(*portable, *dense);
  Draft* best = &*portable;
  std::uint64_t least = drafter.cycles(*portable);
  const auto consider = [&](Draft& other) {
    if (const std::uint64_t cycles = drafter.cycles(other); cycles < least) {
      best = &other;
      least = cycles;
    }
  };
  // Where both alike have a program, one with some of each may still find a memory too small.
  std::optional<Result<Draft>> mixed;
  if (wanted != drafter.no_node() && wanted != drafter.every_node()) {
    mixed = drafter.draft(wanted);
    if (*mixed) {
      consider(**mixed);
    }
  }
  consider(*dense);
  return finish(*best);
}

} // namespace

Result<Compiled> compile(
  const ir::Graph& graph, const config::Config& config, const Values& inputs, const Options& options
) {
  Result<std::vector<std::uint64_t>> groups =
    ops::plan_groups(graph, ops::arithmetic_of(config, ops::Precision::Hardware));
  if (!groups) {
    return groups.diagnostics();
  }
  Result<Numbers> numbers = numbers_of(graph, inputs);
  if (!numbers) {
    return numbers.diagnostics();
  }
  const Drafter drafter(graph, config, inputs, options, std::move(*groups), *std::move(numbers));
  Result<Chosen> chosen = choose(drafter, config, options.strategy);
  if (!chosen) {
    return chosen.diagnostics();
  }
  Draft& draft = chosen->draft;
  Compiled out;
  out.program = std::move(draft.emitted.program);
  out.comments = std::move(draft.emitted.comments);
  out.node_of_word = std::move(draft.emitted.node_of_word);
  write_hbm(out, draft.lowered, draft.layout, graph, inputs);
  write_vectors(out, draft.lowered, draft.layout, inputs);
  write_constants(out, draft.layout);
  write_entries(out, draft.lowered, draft.layout, draft.plan.numbers);
  out.placements = std::move(draft.layout.placements);
  out.plan = std::move(draft.plan);
  out.prices = std::move(chosen->prices);
  out.use = draft.layout.use;
  out.executed = draft.counts.executed;
  out.loops = draft.counts.loops;
  out.dumps = std::move(draft.dumps);
  out.warnings = std::move(draft.lowered.warnings);
  return out;
}

const Placement* find_vector(const Compiled& compiled, ir::TensorId tensor) {
  const auto found = std::find_if(
    compiled.placements.begin(),
    compiled.placements.end(),
    [&](const Placement& place) {
      return place.tensor == tensor && place.memory == lower::Memory::VectorSram;
    }
  );
  return found == compiled.placements.end() ? nullptr : &*found;
}

} // namespace plena::codegen
