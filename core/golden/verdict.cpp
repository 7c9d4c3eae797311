#include "golden/verdict.h"

#include "base/size.h"
#include "numerics/bits.h"
#include "ops/registry.h"

#include <algorithm>
#include <cmath>

namespace plena::golden {

namespace {

/// Distance of neighbouring bf16 numbers at this magnitude.
double bf16_step(double magnitude) {
  constexpr int mantissa_bits = 7;
  constexpr double smallest_normal = 0x1p-126;
  return std::ldexp(1.0, std::ilogb(std::max(magnitude, smallest_normal)) - mantissa_bits);
}

double allowed(const ops::Bound& bound, double row_max) {
  switch (bound.kind) {
  case ops::Bound::Kind::Exact:
    return 0;
  case ops::Bound::Kind::StepsOfRowMax:
    return bound.amount * bf16_step(row_max);
  case ops::Bound::Kind::ShareOfRowMax:
    return bound.amount * row_max;
  }
  return 0;
}

/// Index of the first element outside, or the size.
std::size_t outside_of_row(
  const ops::Bound& bound, std::span<const float> golden, std::span<const float> machine
) {
  double row_max = 0;
  for (const float value : golden) {
    if (numerics::is_finite(value)) {
      row_max = std::max(row_max, std::fabs(static_cast<double>(value)));
    }
  }
  const double limit = allowed(bound, row_max);
  for (std::size_t i = 0; i < golden.size(); ++i) {
    const bool same =
      golden[i] == machine[i] || (numerics::is_nan(golden[i]) && numerics::is_nan(machine[i]));
    if (same) {
      continue;
    }
    const double distance =
      std::fabs(static_cast<double>(golden[i]) - static_cast<double>(machine[i]));
    if (!(distance <= limit)) { // also when not a number
      return i;
    }
  }
  return golden.size();
}

bool equal(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return numerics::bits_of(x) == numerics::bits_of(y);
  });
}

/// Inputs and constants come through unchanged.
ops::Bound bound_of(const ir::Graph& graph, ir::TensorId tensor) {
  for (const ir::Node& node : graph.nodes) {
    if (std::find(node.outputs.begin(), node.outputs.end(), tensor) != node.outputs.end()) {
      return ops::op_of(node).bound;
    }
  }
  return {};
}

class Judge {
 public:
  Judge(
    const ir::Graph& graph,
    const ops::Arithmetic& hardware,
    const Values& fp32,
    const Values& golden,
    const Values& machine,
    const Values& outputs
  )
      : graph_(graph),
        hardware_(hardware),
        fp32_(fp32),
        golden_(golden),
        machine_(machine),
        outputs_(outputs) {}

  Verdict run() {
    bool all_read = true;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      all_read = stages(ir::NodeId{static_cast<std::uint32_t>(i)}) && all_read;
    }
    const bool stages_pass = !verdict_.first_bad_stage.has_value();
    verdict_.pass = stages_pass;
    for (const ir::TensorId tensor : graph_.outputs) {
      output(tensor, all_read && stages_pass);
    }
    return std::move(verdict_);
  }

 private:
  std::uint64_t cols_of(ir::TensorId tensor) const {
    return ops::extent_of(graph_.tensor(tensor).shape).cols;
  }

  /// What the machine's own inputs of a node were; the inputs of the graph as they must have been
  /// loaded, since a program that never loads them computes consistently with nothing. Nothing when
  /// they are the golden's, or not all known.
  std::optional<Values> own_inputs(const ir::Node& node) const {
    bool differ = false;
    for (const ir::TensorId id : node.inputs) {
      if (!is_computed(id)) {
        continue;
      }
      const auto machine = machine_.find(id);
      if (machine == machine_.end()) {
        return std::nullopt;
      }
      differ = differ || !equal(machine->second, golden_.at(id));
    }
    if (!differ) {
      return std::nullopt;
    }
    Values values;
    for (const ir::TensorId id : node.inputs) {
      if (id != ir::no_tensor && !graph_.tensor(id).constant) {
        values[id] = is_computed(id) ? machine_.at(id) : golden_.at(id);
      }
    }
    return values;
  }

  bool is_computed(ir::TensorId id) const {
    const std::vector<ir::TensorId>& given = graph_.inputs;
    return id != ir::no_tensor && !graph_.tensor(id).constant &&
           std::find(given.begin(), given.end(), id) == given.end();
  }

  /// False when not all results of the node could be read.
  bool stages(ir::NodeId id) {
    const ir::Node& node = graph_.node(id);
    const auto read = [&](ir::TensorId tensor) { return machine_.count(tensor) != 0; };
    if (std::none_of(node.outputs.begin(), node.outputs.end(), read)) {
      return node.outputs.empty();
    }
    ops::Results local;
    if (const std::optional<Values> inputs = own_inputs(node)) {
      local = evaluate_node(graph_, id, hardware_, *inputs);
    }
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      if (read(node.outputs[k])) {
        stage(id, node.outputs[k], local.empty() ? golden_.at(node.outputs[k]) : local[k]);
      }
    }
    return std::all_of(node.outputs.begin(), node.outputs.end(), read);
  }

  void stage(ir::NodeId id, ir::TensorId tensor, std::span<const float> local) {
    StageVerdict stage{id, tensor, ops::op_of(graph_.node(id)).bound};
    const std::span<const float> machine = machine_.at(tensor);
    const std::span<const float> golden = golden_.at(tensor);
    const std::uint64_t cols = cols_of(tensor);
    stage.chained_pass = within(stage.bound, golden, machine, cols);
    stage.golden_vs_machine = numerics::compare(machine, golden, cols);
    if (local.data() == golden.data()) {
      stage.local_pass = stage.chained_pass;
      stage.local_vs_machine = stage.golden_vs_machine;
    } else {
      stage.local_pass = within(stage.bound, local, machine, cols);
      stage.local_vs_machine = numerics::compare(machine, local, cols);
    }
    stage.pass = stage.chained_pass || stage.local_pass;
    if (!stage.pass) {
      stage.first_bad = first_outside(stage.bound, local, machine, cols);
      if (!verdict_.first_bad_stage) {
        verdict_.first_bad_stage = id;
      }
    }
    verdict_.stages.push_back(std::move(stage));
  }

  void output(ir::TensorId tensor, bool every_stage_passes) {
    OutputVerdict output{tensor, bound_of(graph_, tensor)};
    const std::span<const float> fp32 = fp32_.at(tensor);
    const std::span<const float> golden = golden_.at(tensor);
    output.fp32_vs_golden = numerics::compare(golden, fp32, cols_of(tensor));
    const auto machine = outputs_.find(tensor);
    if (machine != outputs_.end()) {
      output.golden_vs_machine = numerics::compare(machine->second, golden, cols_of(tensor));
      output.fp32_vs_machine = numerics::compare(machine->second, fp32, cols_of(tensor));
      const auto left = machine_.find(tensor);
      const bool kept = left == machine_.end() || equal(left->second, machine->second);
      output.pass = (every_stage_passes && kept) ||
                    within(output.bound, golden, machine->second, cols_of(tensor));
      if (!output.pass) {
        output.first_bad = first_outside(output.bound, golden, machine->second, cols_of(tensor));
      }
    }
    verdict_.pass = verdict_.pass && output.pass;
    verdict_.outputs.push_back(output);
  }

  const ir::Graph& graph_;
  const ops::Arithmetic& hardware_;
  const Values& fp32_;
  const Values& golden_;
  const Values& machine_;
  const Values& outputs_;
  Verdict verdict_;
};

} // namespace

std::optional<Offence> first_outside(
  const ops::Bound& bound,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
) {
  const std::size_t width = to_size(cols);
  for (std::size_t begin = 0; begin < golden.size(); begin += width) {
    const std::span<const float> wanted = golden.subspan(begin, width);
    const std::size_t at = outside_of_row(bound, wanted, machine.subspan(begin, width));
    if (at < width) {
      return Offence{begin + at, golden[begin + at], machine[begin + at]};
    }
  }
  return std::nullopt;
}

bool within(
  const ops::Bound& bound,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
) {
  return golden.size() == machine.size() && cols != 0 &&
         !first_outside(bound, golden, machine, cols);
}

Verdict judge(
  const ir::Graph& graph,
  const ops::Arithmetic& hardware,
  const Values& fp32,
  const Values& golden,
  const Values& stages,
  const Values& outputs
) {
  return Judge(graph, hardware, fp32, golden, stages, outputs).run();
}

} // namespace plena::golden
