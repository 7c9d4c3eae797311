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

bool row_within(
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
      return false;
    }
  }
  return true;
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
    const Values& machine
  )
      : graph_(graph),
        hardware_(hardware),
        fp32_(fp32),
        golden_(golden),
        machine_(machine) {}

  Verdict run() {
    bool all_read = true;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const std::vector<ir::TensorId>& outputs = graph_.nodes[i].outputs;
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        if (machine_.count(outputs[k]) == 0) {
          all_read = false;
        } else {
          stage(ir::NodeId{static_cast<std::uint32_t>(i)}, k);
        }
      }
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

  bool inputs_read(const ir::Node& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
      return id == ir::no_tensor || graph_.tensor(id).constant || machine_.count(id) != 0;
    });
  }

  /// What a stage is judged by: the machine's own results, but the inputs of the graph as they must
  /// have been loaded. A program that never loads them computes consistently with nothing.
  const Values& given() {
    if (given_.empty()) {
      given_ = machine_;
      for (const ir::TensorId id : graph_.inputs) {
        if (const auto input = golden_.find(id); input != golden_.end()) {
          given_[id] = input->second;
        }
      }
    }
    return given_;
  }

  void stage(ir::NodeId id, std::size_t result) {
    const ir::Node& node = graph_.node(id);
    StageVerdict stage{id, node.outputs[result], ops::op_of(node).bound, false, false, {}};
    const std::span<const float> machine = machine_.at(stage.tensor);
    std::span<const float> golden = golden_.at(stage.tensor);
    stage.pass = within(stage.bound, golden, machine, cols_of(stage.tensor));
    std::vector<float> recomputed;
    if (!stage.pass && inputs_read(node)) {
      stage.from_machine_inputs = true;
      recomputed = std::move(evaluate_node(graph_, id, hardware_, given())[result]);
      golden = recomputed;
      stage.pass = within(stage.bound, golden, machine, cols_of(stage.tensor));
    }
    stage.golden_vs_machine = numerics::compare(machine, golden);
    if (!stage.pass && !verdict_.first_bad_stage) {
      verdict_.first_bad_stage = id;
    }
    verdict_.stages.push_back(stage);
  }

  void output(ir::TensorId tensor, bool every_stage_passes) {
    OutputVerdict output{tensor, bound_of(graph_, tensor), false, {}, {}, {}};
    const std::span<const float> fp32 = fp32_.at(tensor);
    const std::span<const float> golden = golden_.at(tensor);
    output.fp32_vs_golden = numerics::compare(golden, fp32);
    const auto machine = machine_.find(tensor);
    if (machine != machine_.end()) {
      output.golden_vs_machine = numerics::compare(machine->second, golden);
      output.fp32_vs_machine = numerics::compare(machine->second, fp32);
      output.pass =
        every_stage_passes || within(output.bound, golden, machine->second, cols_of(tensor));
    }
    verdict_.pass = verdict_.pass && output.pass;
    verdict_.outputs.push_back(output);
  }

  const ir::Graph& graph_;
  const ops::Arithmetic& hardware_;
  const Values& fp32_;
  const Values& golden_;
  const Values& machine_;
  Values given_;
  Verdict verdict_;
};

} // namespace

bool within(
  const ops::Bound& bound,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
) {
  if (golden.size() != machine.size() || cols == 0) {
    return false;
  }
  for (std::size_t begin = 0; begin < golden.size(); begin += cols) {
    if (!row_within(
          bound, golden.subspan(begin, to_size(cols)), machine.subspan(begin, to_size(cols))
        )) {
      return false;
    }
  }
  return true;
}

Verdict judge(
  const ir::Graph& graph,
  const ops::Arithmetic& hardware,
  const Values& fp32,
  const Values& golden,
  const Values& machine
) {
  return Judge(graph, hardware, fp32, golden, machine).run();
}

} // namespace plena::golden
