// Evaluators on constants, by their numbers.
#include "ir/text.h"
#include "passes/pipeline.h"
#include "unit/complete.h"

#include <bit>
#include <catch2/catch.hpp>

using namespace plena;

namespace {

/// The folded value of one expression over a few constants, as the text prints it; or the code of
/// the error.
std::string folded(const std::string& call, const std::string& type = "?") {
  const std::string text = R"(graph g
input x f32[2,3]
const a f32[2,3] = 1 2 3 4 5 6
const b f32[3] = 10 20 30
const s f32[] = 4
const i i64[3] = 5 -7 9
const j i64[3] = 2 2 -4
const axis0 i64[1] = 0
const axis1 i64[1] = 1
const ends i64[1] = -9223372036854775808
const minus i64[1] = -1
const first i64[1] = 5
const flat i64[2] = 3 -1
const wide i64[3] = 2 2 3
const pick i64[2] = 1 -1
const yes bool[3] = 1 0 1
const zero i64[] = 0
const seven i64[] = 7
const three i64[] = 3
const codes u8[2,3] = 1 2 3 4 5 6
const place i64[1,2] = 1 2
const update f32[1] = 99
)" + std::string("c ") + type +
                           " = " + call + " @c\noutput c\n";
  auto graph = ir::from_text(text);
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  const auto lowered = passes::run(*std::move(graph));
  if (!lowered) {
    tests::check_complete(lowered.diagnostics());
    return lowered.diagnostics().front().code;
  }
  const std::string printed = ir::to_text(lowered->graph);
  const auto at = printed.find("const c ");
  return at == std::string::npos ? printed
                                 : printed.substr(at + 8, printed.find('\n', at) - at - 8);
}

} // namespace

TEST_CASE("arithmetic on constants", "[unit][passes]") {
  CHECK(folded("onnx:Add(a, b)") == "f32[2,3] = 11 22 33 14 25 36");
  CHECK(folded("onnx:Sub(b, a)") == "f32[2,3] = 9 18 27 6 15 24");
  CHECK(folded("onnx:Div(a, s)") == "f32[2,3] = 0.25 0.5 0.75 1 1.25 1.5");
  CHECK(folded("onnx:Div(i, j)") == "i64[3] = 2 -3 -2");
  CHECK(folded("onnx:Mod(i, j)") == "i64[3] = 1 1 -3");
  CHECK(folded("onnx:Pow(a, s)") == "f32[2,3] = 1 16 81 256 625 1296");
  CHECK(folded("onnx:Max(i, j)") == "i64[3] = 5 2 9");
  CHECK(folded("onnx:Min(i, j, first)") == "i64[3] = 2 -7 -4");
  CHECK(folded("onnx:Sqrt(s)") == "f32[] = 2");
  CHECK(folded("onnx:Reciprocal(s)") == "f32[] = 0.25");
  CHECK(folded("onnx:Neg(i)") == "i64[3] = -5 7 -9");
  CHECK(folded("onnx:Abs(i)") == "i64[3] = 5 7 9");
  CHECK(folded("onnx:Add(a, i)") == "E_DTYPE");
  CHECK(folded("onnx:Add(a, yes)") == "E_DTYPE");
  CHECK(folded("onnx:Add(a, pick)") == "E_SHAPE");
  CHECK(folded("onnx:MatMul(a, b)") == "f32[2] = 140 320");
}

// The bits, not the digits: natively and as WebAssembly alike.
TEST_CASE("functions of constants are the same to the bit everywhere", "[unit][passes]") {
  const auto bits = [](const std::string& op, const std::string& values) {
    auto graph = ir::from_text(
      "graph g\nconst a f32[4] = " + values + "\nconst e f32[] = 2.5\nc ? = onnx:" + op +
      " @c\noutput c\n"
    );
    REQUIRE(graph);
    const auto lowered = passes::run(*std::move(graph));
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    std::vector<std::uint32_t> result;
    for (const float value :
         lowered->graph.tensor(lowered->graph.outputs.front()).constant->floats) {
      result.push_back(std::bit_cast<std::uint32_t>(value));
    }
    return result;
  };
  using Bits = std::vector<std::uint32_t>;
  const std::string values = "-0.7 0.3 1.9 1000";
  CHECK(bits("Cos(a)", values) == Bits{0x3F43CCB3, 0x3F7490EF, 0xBEA58635, 0x3F0FF813});
  CHECK(bits("Sin(a)", values) == Bits{0xBF24EB73, 0x3E974E6D, 0x3F7240B9, 0x3F53AE61});
  CHECK(bits("Exp(a)", values) == Bits{0x3EFE406E, 0x3FACC82D, 0x40D5F2D9, 0x7F800000});
  CHECK(bits("Erf(a)", values) == Bits{0xBF2D8461, 0x3EA841C5, 0x3F7E2783, 0x3F800000});
  CHECK(bits("Tanh(a)", values) == Bits{0xBF1AB7D9, 0x3E9526EE, 0x3F74CBFA, 0x3F800000});
  CHECK(bits("Sigmoid(a)", values) == Bits{0x3EA9E34B, 0x3F130EAA, 0x3F5EB136, 0x3F800000});
  CHECK(bits("Log(a)", values) == Bits{0x7FC00000, 0xBF9A1BC8, 0x3F245089, 0x40DD0C55});
  CHECK(bits("Pow(a, e)", values) == Bits{0x7FC00000, 0x3D49E997, 0x409F3BBB, 0x4BF1433C});
  CHECK(bits("Pow(e, a)", values) == Bits{0x3F06CC2C, 0x3FA87F36, 0x40B67D1C, 0x7F800000});
}

TEST_CASE("angles that cannot be reduced are refused", "[unit][passes]") {
  const auto code = [](const std::string& angle) {
    auto graph =
      ir::from_text("graph g\nconst a f32[1] = " + angle + "\nc ? = onnx:Sin(a) @c\noutput c\n");
    REQUIRE(graph);
    const auto lowered = passes::run(*std::move(graph));
    return lowered ? "" : lowered.diagnostics().front().code;
  };
  CHECK(code("1048576").empty());
  CHECK(code("1048577") == "E_RANGE");
}

TEST_CASE("comparisons on constants", "[unit][passes]") {
  CHECK(folded("onnx:Less(i, j)") == "bool[3] = 0 1 0");
  CHECK(folded("onnx:GreaterOrEqual(a, s)") == "bool[2,3] = 0 0 0 1 1 1");
  CHECK(folded("onnx:Equal(i, first)") == "bool[3] = 1 0 0");
  CHECK(folded("onnx:Not(yes)") == "bool[3] = 0 1 0");
  CHECK(folded("onnx:And(yes, yes)") == "bool[3] = 1 0 1");
  CHECK(folded("onnx:Where(yes, i, j)") == "i64[3] = 5 2 9");
  CHECK(folded("onnx:Where(yes, a, b)") == "f32[2,3] = 1 20 3 4 20 6");
}

TEST_CASE("inputs that must be there are", "[unit][passes]") {
  CHECK(folded("onnx:Add(a)") == "E_GRAPH");
  CHECK(folded("onnx:Add(_, a)") == "E_GRAPH");
  CHECK(folded("onnx:Where(yes, a)") == "E_GRAPH");
  CHECK(folded("onnx:Range(zero, seven)") == "E_GRAPH");
  CHECK(folded("onnx:Concat(a, _) {axis=0}") == "E_GRAPH");
  CHECK(folded("onnx:Max(a)") == "f32[2,3] = 1 2 3 4 5 6");
}

TEST_CASE("reductions of constants", "[unit][passes]") {
  CHECK(folded("onnx:ReduceSum(a, axis0) {keepdims=0}") == "f32[3] = 5 7 9");
  CHECK(folded("onnx:ReduceMean(a, axis1)") == "f32[2,1] = 2 5");
  CHECK(folded("onnx:ReduceMax(a)") == "f32[1,1] = 6");
  CHECK(folded("onnx:ReduceMin(i) {keepdims=0}") == "i64[] = -7");
  CHECK(folded("onnx:ReduceProd(i) {keepdims=0}") == "i64[] = -315");
}

TEST_CASE("values that move", "[unit][passes]") {
  CHECK(folded("onnx:Transpose(a)") == "f32[3,2] = 1 4 2 5 3 6");
  CHECK(folded("onnx:Reshape(a, flat)") == "f32[3,2] = 1 2 3 4 5 6");
  CHECK(folded("onnx:Slice(b, axis1, first)") == "f32[2] = 20 30");
  CHECK(folded("onnx:Slice(b, minus, ends, axis0, minus)") == "f32[3] = 30 20 10");
  CHECK(folded("onnx:Slice(a, axis1, first, minus)") == "f32[2,2] = 2 3 5 6");
  CHECK(folded("onnx:Gather(b, pick)") == "f32[2] = 20 30");
  CHECK(folded("onnx:Gather(a, pick) {axis=1}") == "f32[2,2] = 2 3 5 6");
  CHECK(folded("onnx:Gather(b, first)") == "E_RANGE");
  CHECK(folded("onnx:Concat(a, a) {axis=1}") == "f32[2,6] = 1 2 3 1 2 3 4 5 6 4 5 6");
  CHECK(folded("onnx:Expand(b, wide)") == "f32[2,2,3] = 10 20 30 10 20 30 10 20 30 10 20 30");
  CHECK(folded("onnx:Tile(b, three)") == "f32[9] = 10 20 30 10 20 30 10 20 30");
  CHECK(folded("onnx:Tile(a, three)") == "E_SHAPE");
  CHECK(folded("onnx:Tile(pick, axis0)") == "E_SHAPE");
  CHECK(folded("onnx:Range(zero, seven, three)") == "i64[3] = 0 3 6");
  CHECK(folded("onnx:Range(seven, zero, three)") == "E_SHAPE");
  CHECK(folded("onnx:Trilu(a) {upper=0}") == "f32[2,3] = 1 0 0 4 5 0");
  CHECK(folded("onnx:Trilu(a, three) {upper=1}") == "f32[2,3] = 0 0 0 0 0 0");
  CHECK(folded("onnx:Cast(i) {to=1}") == "f32[3] = 5 -7 9");
  CHECK(folded("onnx:Cast(a) {to=9}") == "bool[2,3] = 1 1 1 1 1 1");
  CHECK(folded("onnx:ConstantOfShape(pick) {value=2.5, value_dtype=\"f32\"}") == "E_SHAPE");
  CHECK(folded("onnx:ConstantOfShape(axis1)") == "f32[1] = 0");
  CHECK(folded("onnx:Unsqueeze(b, axis0)") == "f32[1,3] = 10 20 30");
  CHECK(folded("onnx:DequantizeLinear(codes, b) {axis=1}") == "f32[2,3] = 10 40 90 40 100 180");
  CHECK(folded("onnx:ScatterND(a, place, update)") == "f32[2,3] = 1 2 3 4 5 99");
}

TEST_CASE("shapes are values", "[unit][passes]") {
  CHECK(folded("onnx:Shape(x)") == "i64[2] = 2 3");
  CHECK(folded("onnx:Shape(x) {start=-1}") == "i64[1] = 3");
  CHECK(folded("onnx:Size(x)") == "i64[] = 6");
}

TEST_CASE("shapes that the file states are checked", "[unit][passes]") {
  CHECK(folded("onnx:Add(a, b)", "f32[3,2]") == "E_SHAPE");
  CHECK(folded("onnx:Add(a, b)", "i64[2,3]") == "E_DTYPE");
  CHECK(folded("onnx:Add(a, b)", "f32[2,3]") == "f32[2,3] = 11 22 33 14 25 36");
}

TEST_CASE("Split gives every part", "[unit][passes]") {
  auto graph = ir::from_text(R"(graph g
const a f32[2,4] = 1 2 3 4 5 6 7 8
p ?, q ?, r ? = onnx:Split(a) {axis=1} @s
output q
output r
)");
  REQUIRE(graph);
  const auto lowered = passes::run(*std::move(graph));
  REQUIRE_FALSE(lowered); // three even parts of four: 2, 2 and 0
  CHECK(lowered.diagnostics().front().code == "E_SHAPE");
  auto sized = ir::from_text(R"(graph g
const a f32[2,4] = 1 2 3 4 5 6 7 8
const sizes i64[3] = 1 1 2
p ?, q ?, r ? = onnx:Split(a, sizes) {axis=1} @s
output q
output r
)");
  REQUIRE(sized);
  const auto parts = passes::run(*std::move(sized));
  REQUIRE(parts);
  CHECK(parts->graph.tensor(parts->graph.outputs[0]).constant->floats == std::vector<float>{2, 6});
  CHECK(
    parts->graph.tensor(parts->graph.outputs[1]).constant->floats == std::vector<float>{3, 4, 7, 8}
  );
}
