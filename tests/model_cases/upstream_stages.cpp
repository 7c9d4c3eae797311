#include "model_cases/upstream_stages.h"

#include "base/size.h"
#include "numerics/bits.h"
#include "ops/arith.h"
#include "ops/attention.h"
#include "ops/load.h"
#include "ops/lower_graph.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>

namespace plena::tests {

namespace {

namespace hw = ops::hw;

ops::Arithmetic machine_of(const LoadedModel& model, const ops::Plan& plan) {
  return ops::arithmetic_of(model.config, ops::Precision::Hardware, plan);
}

/// A constant on its way through binary16.
float constant(double value) {
  return hw::round(numerics::half_to_f32(numerics::f32_to_half(static_cast<float>(value))));
}

/// Sums of squares are rounded once per MLEN columns.
std::vector<float>
norm_by_chunks(std::span<const float> x, const ops::Extent& extent, std::uint64_t mlen, double eps) {
  const std::size_t cols = to_size(extent.cols);
  const std::size_t lanes = to_size(mlen);
  std::vector<float> y(x.size());
  for (std::size_t row = 0; row < x.size(); row += cols) {
    float sum = 0.0f;
    for (std::size_t begin = 0; begin < cols; begin += lanes) {
      float chunk = 0.0f;
      for (std::size_t c = begin; c < std::min(cols, begin + lanes); ++c) {
        chunk += hw::mul(x[row + c], x[row + c]);
      }
      sum = hw::round(sum + chunk);
    }
    const float mean = hw::mul(sum, constant(1.0 / static_cast<double>(cols)));
    const float inverse = hw::reci(hw::sqrt(hw::add(mean, constant(eps))));
    for (std::size_t c = 0; c < cols; ++c) {
      y[row + c] = hw::mul(x[row + c], inverse);
    }
  }
  return y;
}

/// One rounding, at the end.
std::vector<float> exact_norm(std::span<const float> x, const ops::Extent& extent, double eps) {
  const std::size_t cols = to_size(extent.cols);
  std::vector<float> y(x.size());
  for (std::size_t row = 0; row < x.size(); row += cols) {
    double sum = 0;
    for (std::size_t c = 0; c < cols; ++c) {
      sum += static_cast<double>(x[row + c]) * static_cast<double>(x[row + c]);
    }
    const double inverse = 1.0 / std::sqrt(sum / static_cast<double>(cols) + eps);
    for (std::size_t c = 0; c < cols; ++c) {
      y[row + c] = hw::round(static_cast<float>(static_cast<double>(x[row + c]) * inverse));
    }
  }
  return y;
}

/// o = b(b(softmax(b(b(q k^T) scale))) v): the softmax has no roundings of its own.
std::vector<float> attention(
  const LoadedModel& model,
  const ops::Arithmetic& machine,
  ir::NodeId id,
  const golden::Values& values
) {
  const ops::NodeView view{model.graph, model.graph.node(id)};
  const ops::AttentionShape shape = ops::attention_shape(view);
  const auto operand = [&](std::size_t i) -> const std::vector<float>& {
    return values.at(view.node.inputs[i]);
  };
  const auto stored = [&](std::size_t i) {
    return ops::loaded(operand(i), shape.width, ops::Role::Stored, ops::Origin::Computed, machine);
  };
  const std::vector<float>& q = operand(ops::Queries);
  const std::vector<float> k = stored(ops::Keys);
  const std::vector<float> v = stored(ops::Values);
  const float scale = constant(shape.scale);
  std::vector<float> y(q.size());
  for (std::uint64_t row = 0; row < shape.batch * shape.queries; ++row) {
    const std::uint64_t first = row / shape.queries * shape.keys;
    for (std::uint64_t h = 0; h < shape.heads; ++h) {
      const auto at_q = [&](std::uint64_t c) {
        return static_cast<std::size_t>((row * shape.heads + h) * shape.width + c);
      };
      const auto at_kv = [&](std::uint64_t key, std::uint64_t c) {
        return static_cast<std::size_t>(
          ((first + key) * shape.kv_heads + h / shape.ratio()) * shape.width + c
        );
      };
      std::vector<float> weights;
      float largest = -INFINITY;
      for (std::uint64_t key = 0; key < shape.keys; ++key) {
        float score = 0.0f;
        for (std::uint64_t c = 0; c < shape.width; ++c) {
          score += q[at_q(c)] * k[at_kv(key, c)];
        }
        weights.push_back(
          shape.sees(row % shape.queries, key) ? hw::mul(hw::round(score), scale) : -INFINITY
        );
        largest = std::max(largest, weights.back());
      }
      float sum = 0.0f;
      for (float& weight : weights) {
        weight = std::exp(weight - largest);
        sum += weight;
      }
      for (std::uint64_t c = 0; c < shape.width; ++c) {
        float total = 0.0f;
        for (std::uint64_t key = 0; key < shape.keys; ++key) {
          total += hw::round(weights[static_cast<std::size_t>(key)] / sum) * v[at_kv(key, c)];
        }
        y[at_q(c)] = hw::round(total);
      }
    }
  }
  return y;
}

std::vector<float> norm_input(
  const LoadedModel& model,
  const ir::Node& node,
  const golden::Values& values,
  const ops::Arithmetic& machine
) {
  return ops::loaded(
    values.at(node.inputs[0]),
    ops::extent_of(model.graph.tensor(node.inputs[0]).shape).cols,
    ops::Role::Activation,
    ops::origin_of(model.graph, node.inputs[0]),
    machine
  );
}

} // namespace

std::vector<Stage> stages_of(const ir::Graph& graph) {
  constexpr std::pair<const char*, const char*> names[]{
    {"attn_norm", "attention_norm"},
    {"q_full", "q"},
    {"k_proj", "k"},
    {"v_proj", "v"},
    {"k_rope", "k_turned"},
    {"o_full", "attention"},
    {"o_proj", "o"},
    {"attn_residual", "attention_residual"},
    {"ffn_norm", "ffn_norm"},
    {"ffn_out", "down"},
    {"ffn_residual", "ffn_residual"}};
  const auto find = [&](const std::string& label) -> std::optional<ir::NodeId> {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      if (graph.nodes[i].name == label) {
        return ir::NodeId{static_cast<std::uint32_t>(i)};
      }
    }
    return std::nullopt;
  };
  std::vector<Stage> stages;
  std::int64_t layer = 0;
  for (; find(fmt::format("layer{}.attention_norm", layer)); ++layer) {
    for (const auto& [name, own] : names) {
      const auto node = find(fmt::format("layer{}.{}", layer, own));
      INFO(own);
      REQUIRE(node);
      stages.push_back({name, layer, *node});
    }
  }
  REQUIRE(layer != 0);
  REQUIRE(graph.nodes.back().op == "rms_norm");
  stages.push_back(
    {"final_norm", layer - 1, ir::NodeId{static_cast<std::uint32_t>(graph.nodes.size() - 1)}}
  );
  return stages;
}

golden::Values scheduled(const LoadedModel& model, const ops::Plan& plan) {
  const ops::Arithmetic machine = machine_of(model, plan);
  golden::Values values = model.inputs;
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const ir::NodeId id{static_cast<std::uint32_t>(i)};
    const ir::Node& node = model.graph.nodes[i];
    std::vector<float> result;
    if (node.op == "rms_norm") {
      REQUIRE(node.inputs.size() == 1);
      result = norm_by_chunks(
        norm_input(model, node, values, machine),
        ops::extent_of(model.graph.tensor(node.inputs[0]).shape),
        machine.lanes,
        ops::NodeView{model.graph, node}.real("eps")
      );
    } else if (node.op == "attention") {
      result = attention(model, machine, id, values);
    } else {
      result = golden::evaluate_node(model.graph, id, machine, values).at(0);
    }
    values[node.outputs[0]] = std::move(result);
  }
  return values;
}

std::vector<float> refed(
  const LoadedModel& model, const ops::Plan& plan, const Stage& stage, const golden::Values& values
) {
  const ops::Arithmetic machine = machine_of(model, plan);
  const ir::Graph& graph = model.graph;
  const ir::Node& node = graph.node(stage.node);
  if (node.op == "attention") {
    return {};
  }
  if (node.op == "rms_norm") {
    return exact_norm(
      norm_input(model, node, values, machine),
      ops::extent_of(graph.tensor(node.inputs[0]).shape),
      ops::NodeView{graph, node}.real("eps")
    );
  }
  // Of these, upstream computes again what lies between the stages, too.
  golden::Values known = values;
  const auto producers = ir::producers(graph);
  const auto again = [&](ir::TensorId id) {
    const ir::NodeId producer = producers.at(ir::index(id)).value();
    known[id] = golden::evaluate_node(graph, producer, machine, known).at(0);
  };
  if (stage.name == "k_rope") {
    again(node.inputs[0]);
  } else if (stage.name == "ffn_out") {
    const ir::Node& gated = graph.node(producers.at(ir::index(node.inputs[0])).value());
    REQUIRE(gated.op == "gated");
    again(gated.inputs[0]);
    again(gated.inputs[1]);
    const std::vector<float>& gate = known.at(gated.inputs[0]);
    const std::vector<float>& up = known.at(gated.inputs[1]);
    std::vector<float> product(gate.size());
    for (std::size_t i = 0; i < product.size(); ++i) {
      product[i] = hw::round(gate[i] / (1.0f + std::exp(-gate[i])) * up[i]);
    }
    known[node.inputs[0]] = std::move(product);
  }
  return golden::evaluate_node(graph, stage.node, machine, known).at(0);
}

} // namespace plena::tests
