// store: results in HBM, and operators that take them from there.
#include "unit/codegen/harness.h"

#include <algorithm>

using namespace plena;
using namespace plena::tests;

TEST_CASE("store: the result lies in HBM, in the precision that it has there") {
  Model m;
  const auto x = m.node("silu", {m.input({6, 20})});
  const auto y = m.node("store", {x});
  m.output(y);
  const Run result = run(m, machine(16, 4));
  CHECK(codegen::find_vector(result.compiled, y) == nullptr);
  const auto& places = result.compiled.placements;
  const auto place = std::find_if(places.begin(), places.end(), [&](const auto& candidate) {
    return candidate.tensor == y;
  });
  REQUIRE(place != places.end());
  CHECK(place->memory == lower::Memory::Hbm);
  CHECK(codegen::is_result(*place));
  CHECK(result.machine.at(y) != result.machine.at(x));
}

TEST_CASE("store: what has been stored can be loaded again") {
  Model m;
  const auto y = m.node("store", {m.node("silu", {m.input({6, 20})})});
  const auto z = m.node("silu", {y});
  m.output(y);
  m.output(z);
  run(m, machine(16, 4));
}

TEST_CASE("store: an input passes through the Vector SRAM") {
  Model m;
  m.output(m.node("store", {m.input({5, 33})}));
  run(m, machine(16, 4));
}

TEST_CASE("store: attention takes keys and values from where they are stored") {
  Model m;
  const auto q = m.input({12, 16});
  const auto k = m.node("store", {m.node("scale", {m.input({12, 16}), m.constant_of({}, {0.5f})})});
  const auto v = m.node("store", {m.node("silu", {m.input({12, 16})})});
  m.output(k);
  m.output(v);
  m.output(m.node("attention", {q, k, v}, {{"heads", std::int64_t{1}}}));
  const Run result = run(m, machine(16, 4));
  std::size_t copies = 0;
  for (const auto& place : result.compiled.placements) {
    copies += place.memory == lower::Memory::Hbm && place.computed ? 1 : 0;
  }
  CHECK(copies == 2);
}

// ---- formats of their own

namespace {

constexpr numerics::StorageFormat plain_bf16{};
constexpr numerics::StorageFormat mx_e5m2{numerics::e5m2, true, 8, numerics::e8m0};

config::Config with_kv(const numerics::StorageFormat& m, const numerics::StorageFormat& v) {
  config::Config config = machine(16, 4);
  config.hbm_m_kv_type = m;
  config.hbm_v_kv_type = v;
  return config;
}

/// Attention to keys that are computed and values that the host brings, behind a product.
Model keys_and_values() {
  Model m;
  const auto x = m.node("linear", {m.input({12, 16}), m.constant({16, 16})});
  const auto v = m.input({12, 16});
  m.output(m.node("attention", {x, m.node("silu", {x}), v}, {{"heads", std::int64_t{1}}}));
  return m;
}

/// Formats of the matrices for the Matrix SRAM: of the weights, the keys, and the values.
std::vector<numerics::StorageFormat> formats_of(const codegen::Compiled& compiled, const Model& m) {
  std::vector<numerics::StorageFormat> formats;
  for (const ir::TensorId id :
       {m.graph.nodes[0].inputs[1], m.graph.nodes[2].inputs[1], m.graph.nodes[2].inputs[2]}) {
    for (const codegen::Placement& place : compiled.placements) {
      if (place.tensor == id && place.memory == lower::Memory::Hbm) {
        formats.push_back(place.format);
      }
    }
  }
  return formats;
}

std::size_t warnings_of_kv(const codegen::Compiled& compiled) {
  return static_cast<std::size_t>(std::count_if(
    compiled.warnings.begin(),
    compiled.warnings.end(),
    [](const Diagnostic& one) { return one.code == "W_KV_FORMAT"; }
  ));
}

} // namespace

TEST_CASE("store: keys and values have a format of their own, and weights keep theirs") {
  const numerics::StorageFormat others = machine(16, 4).hbm_m_weight_type;
  for (const numerics::StorageFormat& kv : {plain_bf16, mx_e5m2, others}) {
    Model m = keys_and_values();
    const Run result = run(m, with_kv(kv, kv));
    CHECK(formats_of(result.compiled, m) == std::vector{others, kv, kv});
    CHECK(warnings_of_kv(result.compiled) == 0);
  }
  // What is stored can be loaded again, and appended to.
  Model m;
  const auto x = m.node("store", {m.node("silu", {m.input({6, 20})})});
  m.output(m.node("silu", {x}));
  const auto cache = m.input({12, 20});
  m.output(m.node("append", {cache, m.input({2, 20}), m.integers({3})}));
  const Run wide = run(m, with_kv(plain_bf16, plain_bf16));
  CHECK(wide.machine.at(x) == wide.machine.at(m.graph.nodes[0].outputs[0]));
}

TEST_CASE("store: formats of keys and values that differ from one another are not used, with a word") {
  const numerics::StorageFormat others = machine(16, 4).hbm_m_weight_type;
  Model m = keys_and_values();
  const Run result = run(m, with_kv(plain_bf16, mx_e5m2));
  CHECK(formats_of(result.compiled, m) == std::vector{others, others, others});
  CHECK(warnings_of_kv(result.compiled) == 1);
}
