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
