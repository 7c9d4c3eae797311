// rows: what is refused, and rows of two tensors. Random ones are among the properties.
#include "unit/codegen/harness.h"

using namespace plena;
using namespace plena::tests;

namespace {

std::string
code_of(std::vector<std::int64_t> ids, std::int64_t other_cols, std::int64_t across = 1) {
  Model m;
  const auto x = m.input({3, 20});
  const auto other = m.input({2, other_cols});
  m.output(m.node("rows", {x, other}, {{"ids", std::move(ids)}, {"across", across}}));
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
  CHECK(code_of({0, 1, 2, 3}, 20, 2).empty());
  CHECK(code_of({0, 1, 2}, 20, 2) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of({0, 1}, 20, 0) == "E_UNSUPPORTED_ATTR");
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

TEST_CASE("rows: several side by side, then a product with all of them") {
  for (const std::int64_t cols : {16, 5, 40}) { // rows of whole blocks, and of blocks that are not full
    Model m;
    std::vector<float> of; // numbers that every format has
    for (std::int64_t i = 0; i < 6 * cols; ++i) {
      of.push_back(static_cast<float>(i * 7 % 16));
    }
    const auto x = m.constant_of({6, cols}, of);
    const auto squares = m.node(
      "rows", {x}, {{"ids", std::vector<std::int64_t>{0, 3, 1, 4, 2, 5}}, {"across", std::int64_t{2}}}
    );
    m.output(squares);
    m.output(m.node("linear", {squares, m.constant({2 * cols, 7}, 0.2)}));
    const Run result = run(m, machine(16, 4));
    const std::vector<float>& rows = result.machine.at(squares);
    REQUIRE(rows.size() == static_cast<std::size_t>(6 * cols));
    for (std::int64_t r = 0; r < 3; ++r) {
      for (std::int64_t c = 0; c < 2 * cols; ++c) {
        const std::int64_t from = c < cols ? r : r + 3;
        CHECK(
          rows[static_cast<std::size_t>(r * 2 * cols + c)] ==
          of[static_cast<std::size_t>(from * cols + c % cols)]
        );
      }
    }
    CHECK(result.machine.at(m.graph.outputs[1]) == result.golden.at(m.graph.outputs[1]));
  }
}
