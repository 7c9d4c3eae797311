// rows: what is refused, and rows of two tensors. Random ones are among the properties.
#include "unit/codegen/harness.h"

using namespace plena;
using namespace plena::tests;

namespace {

std::string code_of(std::vector<std::int64_t> ids, std::int64_t other_cols) {
  Model m;
  const auto x = m.input({3, 20});
  const auto other = m.input({2, other_cols});
  m.output(m.node("rows", {x, other}, {{"ids", std::move(ids)}}));
  const Status inferred = ops::infer_shapes(m.graph);
  return inferred ? std::string() : inferred.diagnostics()[0].code;
}

} // namespace

TEST_CASE("rows: numbers and lengths that do not fit are refused") {
  CHECK(code_of({0, 4}, 20).empty());
  CHECK(code_of({0, 5}, 20) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of({-1}, 20) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of({}, 20) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of({0}, 19) == "E_SHAPE");
}

TEST_CASE("rows: rows of the second tensor follow those of the first") {
  Model m;
  const auto x = m.constant_of({3, 2}, {0, 1, 2, 3, 4, 5});
  const auto other = m.constant_of({2, 2}, {6, 7, 8, 9});
  m.output(m.node("rows", {x, other}, {{"ids", std::vector<std::int64_t>{4, 0, 2, 2, 3, 4}}}));
  const Run result = run(m, machine(16, 4));
  const std::vector<float> expected{8, 9, 0, 1, 4, 5, 4, 5, 6, 7, 8, 9};
  CHECK(result.golden.at(m.graph.outputs[0]) == expected);
  CHECK(result.machine.at(m.graph.outputs[0]) == expected);
}
