// embedding: what it refuses, and rows that follow each other in one transfer.
#include "isa/codec.h"
#include "unit/codegen/harness.h"

#include <algorithm>

using namespace plena;
using namespace plena::tests;

namespace {

using Ids = std::vector<std::int64_t>;

Model lookup(ir::Shape table, Ids ids) {
  Model m;
  m.output(m.node("embedding", {m.constant(std::move(table))}, {{"ids", std::move(ids)}}));
  return m;
}

std::string code_of(Model m) {
  const Status status = ops::infer_shapes(m.graph);
  return status ? "" : status.diagnostics()[0].code;
}

std::size_t transfers(const codegen::Compiled& compiled) {
  const auto& words = compiled.program.words;
  return static_cast<std::size_t>(std::count_if(words.begin(), words.end(), [](std::uint32_t word) {
    return isa::decode_word(word).instr.op == isa::Opcode::H_PREFETCH_V;
  }));
}

} // namespace

TEST_CASE("embedding: tables and numbers that do not fit are refused") {
  CHECK(code_of(lookup({5, 16}, {0, 4})).empty());
  CHECK(code_of(lookup({5, 16}, {0, 5})) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of(lookup({5, 16}, {-1})) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of(lookup({5, 16}, {})) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of(lookup({5, 2, 16}, {0})) == "E_SHAPE");

  Model computed;
  const auto x = computed.node("silu", {computed.input({3, 8})});
  computed.output(computed.node("embedding", {x}, {{"ids", Ids{1}}}));
  CHECK(code_of(std::move(computed)) == "E_PATTERN");
}

TEST_CASE("embedding: neighbours of the table come together") {
  const config::Config config = machine(16, 4);
  Model together = lookup({20, 16}, {7, 8, 9, 10, 3, 4, 19});
  CHECK(transfers(run(together, config).compiled) == 3);
  Model apart = lookup({20, 16}, {7, 9, 8, 8});
  CHECK(transfers(run(apart, config).compiled) == 4);
}

TEST_CASE("embedding: a table that is an input") {
  Model m;
  const auto table = m.input({9, 40});
  m.output(m.node("embedding", {table}, {{"ids", Ids{8, 0, 3, 3, 1}}}));
  run(m, machine(16, 4));
}

TEST_CASE("embedding: numbers that are an input shape the program") {
  const auto lookup_of = [](ir::Shape shape, ir::DType dtype) {
    Model m;
    const auto ids = m.input(std::move(shape));
    m.graph.tensor(ids).dtype = dtype;
    m.output(m.node("embedding", {m.constant({9, 40}), ids}));
    return m;
  };
  Model m = lookup_of({1, 5}, ir::DType::I64);
  m.inputs[m.graph.inputs[0]] = {8, 0, 3, 3, 1};
  const Run result = run(m, machine(16, 4));
  CHECK(m.graph.tensor(m.graph.outputs[0]).shape == ir::Shape{1, 5, 40});
  const std::vector<float>& rows = result.golden.at(m.graph.outputs[0]);
  CHECK(std::equal(rows.begin() + 80, rows.begin() + 120, rows.begin() + 120));

  CHECK(code_of(lookup_of({1, 5}, ir::DType::F32)) == "E_DTYPE");
  Model both = lookup_of({1, 5}, ir::DType::I64);
  both.graph.nodes[0].attrs["ids"] = Ids{1};
  CHECK(code_of(std::move(both)) == "E_UNSUPPORTED_ATTR");
  for (const std::vector<float>& bad : {std::vector<float>{0, 1, 9, 0, 0}, {0, 1, 0.5f, 0, 0}, {0}}) {
    m.inputs[m.graph.inputs[0]] = bad;
    const auto refused = codegen::compile(m.graph, machine(16, 4), m.inputs, {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.diagnostics().front().code == "E_INPUT");
    CHECK_FALSE(refused.diagnostics().front().hint.empty());
  }
}
