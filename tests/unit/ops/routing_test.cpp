// top_k and moe: what they refuse, results in the scalar memories, ties, rows that are copied.
#include "ops/routing.h"

#include "unit/codegen/harness.h"

#include <cmath>
#include <limits>

using namespace plena;
using namespace plena::tests;

namespace {

struct Chosen {
  Model model;
  ir::TensorId weights;
  ir::TensorId ids;
};

Chosen choice(ir::Shape logits, std::int64_t k) {
  Chosen chosen;
  Model& m = chosen.model;
  chosen.weights = m.node("top_k", {m.input(std::move(logits), 2)}, {{"k", k}});
  ir::Tensor tensor;
  tensor.name = "ids";
  chosen.ids = m.graph.add_tensor(std::move(tensor));
  m.graph.nodes.back().outputs.push_back(chosen.ids);
  m.output(chosen.weights);
  m.output(chosen.ids);
  return chosen;
}

std::string code_of(Model m) {
  const Status status = ops::infer_shapes(m.graph);
  return status ? "" : status.diagnostics()[0].code;
}

Model routed(std::int64_t experts, std::int64_t k, ir::Shape down) {
  Model m;
  const auto x = m.input({3, 24});
  m.output(m.node(
    "moe",
    {x,
     m.constant({experts, 24}),
     m.constant({experts, 24, 20}),
     m.constant({experts, 24, 20}),
     m.constant(std::move(down))},
    {{"k", k}}
  ));
  return m;
}

} // namespace

TEST_CASE("top_k: what the machine cannot choose is refused") {
  CHECK(code_of(choice({3, 32}, 4).model).empty());
  CHECK(code_of(choice({3, 4}, 4).model).empty());
  CHECK(code_of(choice({3, 128}, 8).model).empty());
  CHECK(code_of(choice({3, 3}, 4).model) == "E_HARDWARE");
  CHECK(code_of(choice({3, 33}, 4).model) == "E_HARDWARE");
  CHECK(code_of(choice({3, 129}, 8).model) == "E_HARDWARE");
  CHECK(code_of(choice({3, 32}, 5).model) == "E_HARDWARE");
}

TEST_CASE("top_k: numbers of columns, ties to the smaller") {
  Chosen chosen = choice({2, 6}, 4);
  chosen.model.inputs.begin()->second = {1, 3, 3, 2, 3, 0, -4, -5, -6, -7, -8, -9};
  const Run result = run(chosen.model, machine(16, 4));
  CHECK((result.machine.at(chosen.ids) == std::vector<float>{1, 2, 4, 3, 0, 1, 2, 3}));
}

TEST_CASE("top_k: infinities and what is no number") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ops::TopK four{0, 32, 4};
  const ops::Choice choice = ops::choose(std::vector<float>{nan, -inf, 0.0f, -0.0f, 1.0f}, four, true);
  CHECK((choice.ids == std::vector<std::size_t>{4, 2, 3, 0}));
  CHECK(choice.weights[3] == 0.0f);
}

TEST_CASE("top_k: results lie in the scalar memories and no operator takes them") {
  Chosen chosen = choice({2, 40}, 8);
  const Run result = run(chosen.model, machine(16, 4));
  for (const auto& [id, memory] :
       {std::pair{chosen.weights, lower::Memory::FpSram}, std::pair{chosen.ids, lower::Memory::IntSram}}) {
    bool found = false;
    for (const auto& place : result.compiled.placements) {
      found = found || (place.tensor == id && place.memory == memory && codegen::is_result(place));
    }
    CHECK(found);
  }
  chosen.model.output(chosen.model.node("silu", {chosen.weights}));
  CHECK(code_of(std::move(chosen.model)) == "E_PATTERN");
}

TEST_CASE("top_k: more results than the memories have entries") {
  Chosen chosen = choice({140, 9}, 8);
  REQUIRE(ops::infer_shapes(chosen.model.graph).ok());
  const auto compiled = codegen::compile(chosen.model.graph, machine(16, 4), chosen.model.inputs);
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.diagnostics()[0].code == "E_RESOURCE");
}

TEST_CASE("moe: weights and numbers of experts that do not fit are refused") {
  CHECK(code_of(routed(6, 4, {6, 20, 24})).empty());
  CHECK(code_of(routed(6, 4, {6, 24, 20})) == "E_SHAPE");
  CHECK(code_of(routed(6, 4, {5, 20, 24})) == "E_SHAPE");
  CHECK(code_of(routed(6, 8, {6, 20, 24})) == "E_HARDWARE");
  CHECK(code_of(routed(129, 8, {129, 20, 24})) == "E_HARDWARE");
  CHECK(code_of(routed(20, 9, {20, 20, 24})) == "E_HARDWARE");
  CHECK(code_of(routed(20, 0, {20, 20, 24})) == "E_HARDWARE");
}

TEST_CASE("moe: the exact reference is the weighted sum of the experts") {
  Model m = routed(5, 4, {5, 20, 24});
  // The last expert never, the others all alike: a quarter of each.
  std::vector<float>& router = m.graph.tensors[1].constant->floats;
  std::fill(router.begin(), router.end(), 0.0f);
  m.graph.nodes[0].inputs.push_back(m.constant_of({5}, {1, 1, 1, 1, -50}));
  REQUIRE(ops::infer_shapes(m.graph).ok());
  const auto values =
    golden::evaluate(m.graph, ops::arithmetic_of(machine(16, 4), ops::Precision::Fp32), m.inputs);
  REQUIRE(values.ok());
  const std::vector<float>& x = m.inputs.begin()->second;
  const auto weight = [&](std::size_t tensor, std::size_t e, std::size_t r, std::size_t c, std::size_t cols) {
    const std::size_t rows = tensor == 4 ? 20 : 24;
    return static_cast<double>(m.graph.tensors[tensor].constant->floats[(e * rows + r) * cols + c]);
  };
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t c = 0; c < 24; ++c) {
      double sum = 0;
      for (std::size_t e = 0; e < 4; ++e) {
        for (std::size_t h = 0; h < 20; ++h) {
          double gate = 0;
          double up = 0;
          for (std::size_t i = 0; i < 24; ++i) {
            gate += static_cast<double>(x[t * 24 + i]) * weight(2, e, i, h, 20);
            up += static_cast<double>(x[t * 24 + i]) * weight(3, e, i, h, 20);
          }
          sum += 0.25 * gate / (1 + std::exp(-gate)) * up * weight(4, e, h, c, 24);
        }
      }
      const float y = values->at(m.graph.outputs[0])[t * 24 + c];
      CHECK(static_cast<double>(y) == Approx(sum).epsilon(1e-4).margin(1e-3));
    }
  }
}

namespace {

/// Compiles, runs and judges argmax of rows that are all negative but for where the largest lies.
void check_argmax(
  std::int64_t cols, const std::vector<std::int64_t>& largest, const config::Config& config
) {
  Model m;
  const auto rows = static_cast<std::int64_t>(largest.size());
  const auto x = m.input({rows, cols}, 0.3, -4);
  for (std::size_t r = 0; r < largest.size(); ++r) {
    const auto row =
      m.inputs[x].begin() + static_cast<std::ptrdiff_t>(r) * static_cast<std::ptrdiff_t>(cols);
    row[static_cast<std::ptrdiff_t>(largest[r])] = -0.25f;
    row[static_cast<std::ptrdiff_t>(cols - 1)] = -0.25f; // a tie, if not the same
  }
  const auto ids = m.node("argmax", {x});
  m.output(ids);
  const Run result = run(m, config);
  INFO(cols << " columns");
  CHECK((result.machine.at(ids) == std::vector<float>(largest.begin(), largest.end())));
}

} // namespace

TEST_CASE("argmax: the first of the largest, in one block, one round and two") {
  check_argmax(5, {0, 3, 4}, machine(16, 4));
  check_argmax(16, {15, 7}, machine(16, 4));
  check_argmax(70, {69, 0, 16, 31, 65}, machine(16, 4));
  check_argmax(300, {299, 256, 63}, machine(64, 4));
  check_argmax(128, {127, 5}, machine(128, 4));
  check_argmax(128, {100, 5}, machine(256, 64));
  // 157 blocks: a chunk of 128 and one of 29, twice, so that what the first row leaves is seen.
  check_argmax(2500, {2100, 3, 2047, 2048, 2499}, machine(16, 4));
}

TEST_CASE("argmax: rows that are too long for the machine are refused") {
  Model m;
  m.output(m.node("argmax", {m.input({1, 300})}));
  REQUIRE(ops::infer_shapes(m.graph).ok());
  const auto compiled = codegen::compile(m.graph, machine(256, 64), m.inputs);
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.diagnostics()[0].code == "E_HARDWARE");
}
