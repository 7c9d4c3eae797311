#include "codegen/compile.h"

#include "base/size.h"
#include "codegen/instructions.h"
#include "lower/verify.h"
#include "numerics/bits.h"
#include "ops/lower_graph.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>

namespace plena::codegen {

namespace {

constexpr std::uint64_t hbm_granule_bytes = 64;

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

Diagnostics
check_inputs(const ops::LoweredGraph& lowered, const ir::Graph& graph, const Values& inputs) {
  Diagnostics errors;
  for (const ops::HbmTensor& tensor : lowered.hbm) {
    const std::vector<float>* values = values_of(tensor, graph, inputs);
    if (values != nullptr && values->size() == tensor.extent.count()) {
      continue;
    }
    const ir::Tensor& input = graph.tensor(tensor.tensor);
    errors.push_back(
      {Severity::Error,
       "E_INPUT",
       values == nullptr
         ? fmt::format("input {} {} has no values", input.name, ops::to_string(input.shape))
         : fmt::format(
             "input {} {} has {} values", input.name, ops::to_string(input.shape), values->size()
           ),
       fmt::format("give {} values, row-major", tensor.extent.count()),
       {},
       {},
       input.name}
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
  out.hbm.assign(to_size(layout.use.hbm_bytes), 0);
  for (const ops::HbmTensor& tensor : lowered.hbm) {
    ops::store(
      *values_of(tensor, graph, inputs),
      tensor.extent.rows,
      tensor.extent.cols,
      tensor.stored,
      std::span(out.hbm).subspan(to_size(layout.addresses[lower::index(tensor.symbol)]))
    );
  }
  out.hbm_bytes = lower::round_up(std::max<std::uint64_t>(out.hbm.size(), 1), hbm_granule_bytes);
}

void write_constants(Compiled& out, const Layout& layout) {
  for (const float value : layout.fp_entries) {
    const std::uint16_t half = numerics::f32_to_half(value);
    out.fp_sram.push_back(static_cast<std::uint8_t>(half & 0xFF));
    out.fp_sram.push_back(static_cast<std::uint8_t>(half >> 8));
  }
}

} // namespace

Result<Compiled> compile(
  const ir::Graph& graph, const config::Config& config, const Values& inputs, const Options& options
) {
  Result<ops::LoweredGraph> lowered = ops::lower_graph(graph, config);
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
  if (Diagnostics errors = check_inputs(*lowered, graph, inputs); !errors.empty()) {
    return errors;
  }
  Result<Layout> layout = place(*lowered, graph, config, options.keep_stages);
  if (!layout) {
    return layout.diagnostics();
  }
  const Result<Listing> listing = legalise_loops(
    resolve(lowered->program, *layout), {config.max_loop_instructions, options.max_words}
  );
  if (!listing) {
    return listing.diagnostics();
  }
  Result<Emitted> emitted = emit(*listing);
  if (!emitted) {
    return emitted.diagnostics();
  }
  Compiled out;
  out.program = std::move(emitted->program);
  out.comments = std::move(emitted->comments);
  out.node_of_word = std::move(emitted->node_of_word);
  write_hbm(out, *lowered, *layout, graph, inputs);
  write_constants(out, *layout);
  out.placements = std::move(layout->placements);
  out.use = layout->use;
  out.executed = listing->executed;
  out.loops = listing->loops;
  out.warnings = std::move(lowered->warnings);
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
