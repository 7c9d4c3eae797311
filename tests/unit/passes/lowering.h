// ONNX files made in memory through importer and passes: what comes of them, and what it computes.
#pragma once

#include "golden/reference.h"
#include "io/importer.h"
#include "ops/unstored.h"
#include "passes/pipeline.h"
#include "unit/complete.h"
#include "unit/onnx_builder.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace plena::tests {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

inline Result<passes::Lowered> lowered_of(const OnnxBuilder& builder) {
  auto graph = io::import_model("test.onnx", builder.bytes());
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  return passes::run(*std::move(graph), {.file = "test.onnx"});
}

inline std::string ops_of(const ir::Graph& graph) {
  std::string text;
  for (const ir::Node& node : graph.nodes) {
    text += (text.empty() ? "" : " ") + node.op;
  }
  return text;
}

inline std::string refusal(const OnnxBuilder& builder) {
  const auto lowered = lowered_of(builder);
  if (lowered) {
    return "accepted as " + ops_of(lowered->graph);
  }
  check_complete(lowered.diagnostics());
  const Diagnostic& first = lowered.diagnostics().front();
  return first.code + ": " + first.message + " at " + first.where;
}

/// Numbers that are all different and of both signs.
inline Floats numbers(std::size_t count, std::size_t seed) {
  Floats values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>((i * 7 + seed * 5) % 23) / 11.0f - 1.0f);
  }
  return values;
}

/// The first output for these inputs, by name.
inline Floats computed(const ir::Graph& graph, const std::map<std::string, Floats>& inputs) {
  golden::Values values;
  for (const ir::TensorId id : graph.inputs) {
    values[id] = inputs.at(graph.tensor(id).name);
  }
  // No number format anywhere.
  const ops::Arithmetic exact{
    .precision = ops::Precision::Fp32,
    .weight = ops::unstored,
    .activation = ops::unstored,
    .stored = ops::unstored};
  const auto results = golden::evaluate(graph, exact, values);
  REQUIRE(results);
  return results->at(graph.outputs.front());
}

inline void check_near(const Floats& actual, const Floats& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (!(std::fabs(actual[i] - expected[i]) < 1e-5f)) {
      FAIL_CHECK("number " << i << " is " << actual[i] << ", not " << expected[i]);
      return;
    }
  }
}

} // namespace plena::tests
