// Every spelling that a pattern accepts, and near misses that it must not accept.
#include "ir/text.h"
#include "passes/pipeline.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>

using namespace plena;

namespace {

Result<passes::Lowered> lowered(const std::string& text, bool dumps = false) {
  auto graph = ir::from_text(text);
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  for (std::size_t i = 0; i < graph->nodes.size(); ++i) {
    graph->nodes[i].position = static_cast<std::int64_t>(i);
  }
  return passes::run(*std::move(graph), {.file = "test", .keep_dumps = dumps});
}

/// The canonical graph as text, without its first line.
std::string after(const std::string& text) {
  const auto result = lowered(text);
  if (!result) {
    tests::check_complete(result.diagnostics());
    return result.diagnostics().front().code + " " + result.diagnostics().front().where;
  }
  const std::string printed = ir::to_text(result->graph);
  return printed.substr(printed.find('\n') + 1);
}

const std::string norm_head = R"(graph g
input x f32[2,4]
const two f32[] = 2
const one f32[1] = 1
const half f32[] = 0.5
const minus_half f32[] = -0.5
const eps f32[] = 0.001
const gain f32[4] = 1 2 3 4
const shift f32[4] = 4 3 2 1
const axes i64[1] = -1
)";

std::string rms(const std::string& square, const std::string& end) {
  return norm_head + square +
         "m ? = onnx:ReduceMean(s, axes) {keepdims=1} @mean\na ? = onnx:Add(m, eps) @add\n" + end +
         "output y\n";
}

} // namespace

TEST_CASE("every spelling of RMS norm", "[unit][passes]") {
  const std::string squares[] = {"s ? = onnx:Pow(x, two) @sq\n", "s ? = onnx:Mul(x, x) @sq\n"};
  const std::string ends[] = {
    "r ? = onnx:Sqrt(a) @r\ny ? = onnx:Div(x, r) @last\n",
    "q ? = onnx:Sqrt(a) @q\nr ? = onnx:Reciprocal(q) @r\ny ? = onnx:Mul(x, r) @last\n",
    "q ? = onnx:Sqrt(a) @q\nr ? = onnx:Reciprocal(q) @r\ny ? = onnx:Mul(r, x) @last\n",
    "q ? = onnx:Sqrt(a) @q\nr ? = onnx:Div(one, q) @r\ny ? = onnx:Mul(x, r) @last\n",
    "r ? = onnx:Pow(a, minus_half) @r\ny ? = onnx:Mul(x, r) @last\n",
    "q ? = onnx:Pow(a, half) @q\ny ? = onnx:Div(x, q) @last\n",
  };
  for (const std::string& square : squares) {
    for (const std::string& end : ends) {
      const auto result = lowered(rms(square, end));
      INFO(square << end);
      REQUIRE(result);
      REQUIRE(result->graph.nodes.size() == 1);
      const ir::Node& node = result->graph.nodes.front();
      CHECK(node.op == "rms_norm");
      CHECK(std::get<double>(node.attrs.at("eps")) == static_cast<double>(0.001f));
      CHECK(node.name == "last");
    }
  }
}

TEST_CASE("the gain of RMS norm joins it from either side", "[unit][passes]") {
  for (const char* product : {"onnx:Mul(n, gain)", "onnx:Mul(gain, n)"}) {
    const std::string end =
      std::string("r ? = onnx:Sqrt(a) @r\nn ? = onnx:Div(x, r) @n\ny ? = ") + product + " @last\n";
    CHECK(after(rms("s ? = onnx:Pow(x, two) @sq\n", end)) == R"(input x f32[2,4]
const gain f32[4] = 1 2 3 4
y f32[2,4] = rms_norm(x, gain) {eps=0.0010000000474974513} @last
output y
)");
  }
}

TEST_CASE("near misses of RMS norm stay refused", "[unit][passes]") {
  // The numerator is not what was squared.
  CHECK(after(rms(
                "o ? = onnx:Mul(x, gain) @o\ns ? = onnx:Mul(o, o) @sq\n",
                "r ? = onnx:Sqrt(a) @r\ny ? = onnx:Div(x, r) @last\n"
              ))
          .starts_with("E_PATTERN"));
  // Another power.
  CHECK(
    after(
      rms("s ? = onnx:Pow(x, half) @sq\n", "r ? = onnx:Sqrt(a) @r\ny ? = onnx:Div(x, r) @last\n")
    )
      .starts_with("E_PATTERN node 0 \"sq\"")
  );
}

TEST_CASE("layer norm in parts", "[unit][passes]") {
  for (const char* square : {"onnx:Pow(d, two)", "onnx:Mul(d, d)"}) {
    const std::string text =
      norm_head + "mu ? = onnx:ReduceMean(x) {axes=[-1], keepdims=1} @mu\n" +
      "d ? = onnx:Sub(x, mu) @d\ns ? = " + square + " @sq\n" +
      "m ? = onnx:ReduceMean(s, axes) @m\na ? = onnx:Add(m, eps) @a\n" +
      "q ? = onnx:Sqrt(a) @q\nn ? = onnx:Div(d, q) @n\n" +
      "t ? = onnx:Mul(n, gain) @t\ny ? = onnx:Add(shift, t) @last\noutput y\n";
    CHECK(after(text) == R"(input x f32[2,4]
const gain f32[4] = 1 2 3 4
const shift f32[4] = 4 3 2 1
y f32[2,4] = layer_norm(x, gain, shift) {eps=0.0010000000474974513} @last
output y
)");
  }
}

TEST_CASE("a norm that others read keeps its gain apart", "[unit][passes]") {
  const std::string text = norm_head +
                           "n ? = onnx:RMSNormalization(x, shift) {epsilon=0.0625} @n\n" +
                           "y ? = onnx:Mul(n, gain) @y\nz ? = onnx:Add(n, y) @z\noutput z\n";
  CHECK(after(text) == R"(input x f32[2,4]
const gain f32[4] = 1 2 3 4
const shift f32[4] = 4 3 2 1
n f32[2,4] = rms_norm(x, shift) {eps=0.0625} @n
y f32[2,4] = mul_vec(n, gain) @y
z f32[2,4] = add(n, y) @z
output z
)");
}

namespace {
const std::string gelu_head = R"(graph g
input x f32[2,4]
const root f32[] = 1.4142135
const root_half f32[] = 0.70710677
const one f32[] = 1
const half f32[] = 0.5
const k f32[] = 0.7978846
const c f32[] = 0.044715
const three f32[] = 3
const quick f32[] = 1.702
)";
} // namespace

TEST_CASE("every spelling of GELU", "[unit][passes]") {
  struct Case {
    const char* nodes;
    const char* form;
  };
  const std::string tanh_end =
    "b ? = onnx:Add(x, w) @b\ni ? = onnx:Mul(k, b) @i\nt ? = onnx:Tanh(i) @t\n"
    "f ? = onnx:Add(one, t) @f\n";
  const std::string products[] = {
    "h ? = onnx:Mul(x, f) @h\ny ? = onnx:Mul(h, half) @y\n",
    "h ? = onnx:Mul(half, x) @h\ny ? = onnx:Mul(h, f) @y\n",
    "h ? = onnx:Mul(half, f) @h\ny ? = onnx:Mul(x, h) @y\n",
    "h ? = onnx:Mul(f, x) @h\ntwo f32[] = onnx:Add(one, one) @two\ny ? = onnx:Div(h, two) @y\n",
  };
  const std::string gates[] = {
    "a ? = onnx:Div(x, root) @a\ne ? = onnx:Erf(a) @e\nf ? = onnx:Add(e, one) @f\n",
    "a ? = onnx:Mul(root_half, x) @a\ne ? = onnx:Erf(a) @e\nf ? = onnx:Add(one, e) @f\n",
    "p ? = onnx:Pow(x, three) @p\nw ? = onnx:Mul(p, c) @w\n" + tanh_end,
    "p ? = onnx:Mul(x, x) @p\nu ? = onnx:Mul(x, p) @u\nw ? = onnx:Mul(c, u) @w\n" + tanh_end,
    "p ? = onnx:Mul(c, x) @p\nu ? = onnx:Mul(p, x) @u\nw ? = onnx:Mul(u, x) @w\n" + tanh_end,
  };
  for (std::size_t gate = 0; gate < std::size(gates); ++gate) {
    for (const std::string& product : products) {
      INFO(gates[gate] << product);
      const auto result = lowered(gelu_head + gates[gate] + product + "output y\n");
      REQUIRE(result);
      REQUIRE(result->graph.nodes.size() == 1);
      CHECK(result->graph.nodes[0].op == "gelu");
      CHECK(result->graph.nodes[0].attrs.at("approximate") == ir::Attr(gate < 2 ? "none" : "tanh"));
    }
  }
  const auto quick = lowered(
    gelu_head +
    "a ? = onnx:Mul(x, quick) @a\ns ? = onnx:Sigmoid(a) @s\ny ? = onnx:Mul(s, x) @y\noutput y\n"
  );
  REQUIRE(quick);
  CHECK(quick->graph.nodes[0].attrs.at("approximate") == ir::Attr("sigmoid1702"));
}

TEST_CASE("near misses of GELU and SiLU stay refused", "[unit][passes]") {
  // The factor 0.5 is missing.
  CHECK(
    after(
      gelu_head + "a ? = onnx:Div(x, root) @a\ne ? = onnx:Erf(a) @e\nf ? = onnx:Add(e, one) @f\n" +
      "y ? = onnx:Mul(x, f) @y\noutput y\n"
    ) == "E_PATTERN node 1 \"e\" (Erf) -> e"
  );
  // A quotient, not a product.
  CHECK(after(gelu_head + "s ? = onnx:Sigmoid(x) @s\ny ? = onnx:Div(x, s) @y\noutput y\n")
          .starts_with("E_PATTERN node 0 \"s\" (Sigmoid)"));
  // The gate of another tensor.
  CHECK(
    after(
      gelu_head +
      "z ? = onnx:Mul(x, half) @z\ns ? = onnx:Sigmoid(z) @s\ny ? = onnx:Mul(x, s) @y\noutput y\n"
    )
      .starts_with("E_PATTERN node 1 \"s\" (Sigmoid)")
  );
}

TEST_CASE("SiLU in either order and as an operator", "[unit][passes]") {
  for (const char* nodes :
       {"s ? = onnx:Sigmoid(x) @s\ny ? = onnx:Mul(x, s) @y\n",
        "s ? = onnx:Sigmoid(x) @s\ny ? = onnx:Mul(s, x) @y\n",
        "y ? = onnx:Swish(x) @y\n",
        "y ? = com.microsoft:QuickGelu(x) {alpha=1.0} @y\n"}) {
    const auto result = lowered(gelu_head + nodes + "output y\n");
    REQUIRE(result);
    CHECK(result->graph.nodes.size() == 1);
    CHECK(result->graph.nodes[0].op == "silu");
  }
  CHECK(after(gelu_head + "y ? = onnx:Swish(x) {alpha=2.0} @y\noutput y\n")
          .starts_with("E_UNSUPPORTED_ATTR"));
}

TEST_CASE("Gemm folds its factors and its transposition", "[unit][passes]") {
  CHECK(after(R"(graph g
input x f32[2,3]
const w f32[2,3] = 1 2 3 4 5 6
const b f32[1,2] = 10 20
y ? = onnx:Gemm(x, w, b) {alpha=2.0, beta=0.5, transB=1} @fc
output y
)") == R"(input x f32[2,3]
const b_bias f32[2] = 5 10
const w_t f32[3,2] = 2 8 4 10 6 12
y f32[2,2] = linear(x, w_t, b_bias) @fc
output y
)");
  CHECK(after(R"(graph g
input x f32[3,2]
const w f32[3,2] = 1 2 3 4 5 6
y ? = onnx:Gemm(x, w) {transA=1} @fc
output y
)")
          .starts_with("E_UNSUPPORTED_ATTR"));
}

TEST_CASE("a bias joins its product, transposed weights are folded", "[unit][passes]") {
  CHECK(after(R"(graph g
input x f32[1,2,3]
const w f32[2,3] = 1 2 3 4 5 6
const b f32[1,1,2] = 7 8
t ? = onnx:Transpose(w) {perm=[1,0]} @t
p ? = onnx:MatMul(x, t) @p
y ? = onnx:Add(b, p) @y
output y
)") == R"(input x f32[1,2,3]
const t f32[3,2] = 1 4 2 5 3 6
const b_row f32[2] = 7 8
y f32[1,2,2] = linear(x, t, b_row) @y
output y
)");
}

TEST_CASE("weights that are a table, transposed, are the table", "[unit][passes]") {
  const std::string table = "graph g\nconst t f32[3,2] = 1 2 3 4 5 6\n";
  const std::string head = "e f32[1,2] = embedding(t) {ids=[1]} @e\n";
  // However the file says it; the bias may come to a product that is tied already.
  for (const std::string product :
       {"p ? = onnx:Gemm(e, t) {transB=1} @p\n",
        "p f32[1,3] = linear(e, t) {transposed=1} @p\n",
        "w ? = onnx:Transpose(t) {perm=[1,0]} @w\np ? = onnx:MatMul(e, w) @p\n"}) {
    INFO(product);
    CHECK(
      after(
        table + "const b f32[3] = 7 8 9\n" + head + product + "y ? = onnx:Add(p, b) @y\noutput y\n"
      ) == R"(const t f32[3,2] = 1 2 3 4 5 6
const b f32[3] = 7 8 9
e f32[1,2] = embedding(t) {ids=[1]} @e
y f32[1,3] = linear(e, t, b) {transposed=1} @y
output y
)"
    );
  }
  // Other values, another shape, a factor.
  for (const std::string product :
       {"const w f32[2,3] = 1 3 5 2 4 7\np ? = onnx:MatMul(e, w) @p\n",
        "const w f32[2,2] = 1 3 2 4\np ? = onnx:MatMul(e, w) @p\n",
        "p ? = onnx:Gemm(e, t) {alpha=2.0, transB=1} @p\n"}) {
    INFO(product);
    CHECK(after(table + head + product + "output p\n").find("transposed") == std::string::npos);
  }
}

TEST_CASE("elementwise operators by the kind of their operands", "[unit][passes]") {
  const std::string head = R"(graph g
input x f32[2,2]
input z f32[2,2]
input row f32[1,2]
const v f32[2] = 1 2
const n f32[] = 4
const full f32[1,2,2] = 1 2 3 4
)";
  const auto op_of = [&](const std::string& call) {
    const auto result = lowered(head + "y ? = " + call + " @y\noutput y\n");
    return result ? result->graph.nodes.back().op : result.diagnostics().front().code;
  };
  CHECK(op_of("onnx:Add(x, z)") == "add");
  CHECK(op_of("onnx:Mul(x, z)") == "mul");
  CHECK(op_of("onnx:Add(v, x)") == "add_vec");
  CHECK(op_of("onnx:Sub(x, v)") == "add_vec");
  CHECK(op_of("onnx:Mul(x, v)") == "mul_vec");
  CHECK(op_of("onnx:Div(x, v)") == "mul_vec");
  CHECK(op_of("onnx:Add(x, n)") == "add_vec");
  CHECK(op_of("onnx:Mul(n, x)") == "scale");
  CHECK(op_of("onnx:Div(x, n)") == "scale");
  CHECK(op_of("onnx:Neg(x)") == "scale");
  CHECK(op_of("onnx:Sub(x, z)") == "E_PATTERN");
  CHECK(op_of("onnx:Div(n, x)") == "E_PATTERN");
  CHECK(op_of("onnx:Add(x, row)") == "E_PATTERN");
  CHECK(op_of("onnx:Add(x, full)") == "E_PATTERN");

  const auto difference = lowered(head + "y ? = onnx:Sub(x, v) @y\noutput y\n");
  REQUIRE(difference);
  CHECK(difference->graph.tensors.back().constant->floats == std::vector<float>{-1, -2});
  const auto quotient = lowered(head + "y ? = onnx:Div(x, n) @y\noutput y\n");
  REQUIRE(quotient);
  CHECK(quotient->graph.tensors.back().constant->floats == std::vector<float>{0.25});
}

TEST_CASE("softmax takes factors before it and only the last axis", "[unit][passes]") {
  CHECK(after(R"(graph g
input x f32[2,3]
const a f32[] = 0.5
const b f32[] = 4
p ? = onnx:Mul(x, a) @p
q ? = onnx:Div(p, b) @q
y ? = onnx:Softmax(q) {axis=1} @y
output y
)") == R"(input x f32[2,3]
y f32[2,3] = softmax(x) {scale=0.125} @y
output y
)");
  CHECK(after("graph g\ninput x f32[2,3]\ny ? = onnx:Softmax(x) {axis=0} @y\noutput y\n")
          .starts_with("E_UNSUPPORTED_ATTR"));
}

TEST_CASE("identities vanish and reshapes become one view", "[unit][passes]") {
  CHECK(after(R"(graph g
input x f32[1,2,3]
const s i64[2] = 2 -1
const t i64[3] = 2 1 3
a ? = onnx:Identity(x) @a
b f16[1,2,3] = onnx:Cast(a) {to=10} @b
c ? = onnx:Dropout(b) @c
d ? = onnx:Reshape(c, s) @d
e ? = onnx:Reshape(d, t) @e
f ? = onnx:Swish(e) @f
y ? = onnx:Identity(f) @g
output y
)") == R"(input x f32[1,2,3]
e f16[2,1,3] = view(x) @e
y f16[2,1,3] = silu(e) @f
output y
)");
  const auto code = [](const std::string& nodes) {
    const auto result =
      lowered("graph g\ninput x f32[1,2,4]\nconst s i64[2] = 4 2\n" + nodes + "output y\n");
    return result ? result->graph.nodes.back().op : result.diagnostics().front().code;
  };
  CHECK(code("y ? = onnx:Reshape(x, s) @y\n") == "E_PATTERN");
  CHECK(code("y ? = onnx:Transpose(x) {perm=[0,2,1]} @y\n") == "E_PATTERN");
  CHECK(code("y ? = onnx:Transpose(x) {perm=[1,0,2]} @y\n") == "view");
  CHECK(code("y ? = onnx:Squeeze(x) @y\n") == "view");
  CHECK(code("y ? = onnx:Flatten(x) {axis=2} @y\n") == "view");
}

TEST_CASE("errors come in the order of the file", "[unit][passes]") {
  const auto result = lowered(R"(graph g
input x f32[2,2]
a ? = onnx:Tan(x) @first
b ? = onnx:Swish(a) @follows
c ? = onnx:Softmax(x) {axis=0} @second
d ? = onnx:Foo(b, c) @third
output d
)");
  REQUIRE_FALSE(result);
  REQUIRE(result.diagnostics().size() == 3);
  CHECK(result.diagnostics()[0].where == "node 0 \"first\" (Tan) -> a");
  CHECK(result.diagnostics()[1].code == "E_UNSUPPORTED_ATTR");
  CHECK(result.diagnostics()[2].where == "node 3 \"third\" (Foo) -> d");
  CHECK(result.diagnostics()[0].file == "test");
  CHECK(result.diagnostics()[0].hint.find("MatMul") != std::string::npos);
}

TEST_CASE("dumps follow the passes that changed something", "[unit][passes]") {
  const auto result = lowered(
    "graph g\ninput x f32[2]\ns ? = onnx:Sigmoid(x) @s\ny ? = onnx:Mul(x, s) @y\noutput y\n", true
  );
  REQUIRE(result);
  std::string names;
  for (const passes::Dump& dump : result->dumps) {
    names += std::string(dump.pass) + " ";
  }
  CHECK(names == "import fold_constants form_silu drop_dead ");
  CHECK(result->dumps.back().text == "graph g\ninput x f32[2]\ny f32[2] = silu(x) @y\noutput y\n");
}
