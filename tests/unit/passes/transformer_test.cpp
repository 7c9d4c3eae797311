// Attention, rotation, embeddings and convolutions in the spellings that exporters and ONNX Runtime
// use: what they become, and that it computes what the file says. Near misses are refused.
#include "lowering.h"

#include <functional>

using namespace plena;
using namespace plena::tests;
using Attrs = std::vector<OnnxBuilder::Attr>;

namespace {

constexpr std::int64_t positions = 6;
constexpr std::int64_t lanes = 4; // of a head

const ir::Node& the(const ir::Graph& graph, const std::string& op) {
  const auto found =
    std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const ir::Node& node) {
      return node.op == op;
    });
  INFO(op << " in " << ops_of(graph));
  REQUIRE(found != graph.nodes.end());
  return *found;
}

template <class T> T attr(const ir::Node& node, const std::string& name) {
  return std::get<T>(node.attrs.at(name));
}

// ---- attention

struct Case {
  std::int64_t heads = 2;
  std::int64_t kv_heads = 2;
  float scale = 0.5f;
  /// Whether query q sees key k.
  std::function<bool(std::int64_t, std::int64_t)> sees = [](auto, auto) { return true; };
};

/// Plain attention over q [positions, heads * lanes] and k, v [positions, kv_heads * lanes].
Floats attention(const Case& c, const Floats& q, const Floats& k, const Floats& v) {
  Floats result(q.size());
  const std::int64_t share = c.heads / c.kv_heads;
  for (std::int64_t h = 0; h < c.heads; ++h) {
    const auto at = [&](
                      std::int64_t row, std::int64_t heads, std::int64_t head, std::int64_t lane
                    ) { return static_cast<std::size_t>((row * heads + head) * lanes + lane); };
    for (std::int64_t i = 0; i < positions; ++i) {
      std::vector<double> weights;
      double total = 0;
      for (std::int64_t j = 0; j < positions; ++j) {
        double score = 0;
        for (std::int64_t l = 0; l < lanes; ++l) {
          score += static_cast<double>(q[at(i, c.heads, h, l)]) *
                   static_cast<double>(k[at(j, c.kv_heads, h / share, l)]);
        }
        weights.push_back(c.sees(i, j) ? std::exp(score * static_cast<double>(c.scale)) : 0.0);
        total += weights.back();
      }
      for (std::int64_t l = 0; l < lanes; ++l) {
        double sum = 0;
        for (std::int64_t j = 0; j < positions; ++j) {
          sum += weights[static_cast<std::size_t>(j)] / total *
                 static_cast<double>(v[at(j, c.kv_heads, h / share, l)]);
        }
        result[at(i, c.heads, h, l)] = static_cast<float>(sum);
      }
    }
  }
  return result;
}

/// x [1, positions, heads * lanes] as [1, heads, positions, lanes], named `to`.
void split_heads(OnnxBuilder& b, const std::string& x, std::int64_t heads, const std::string& to) {
  b.ints(to + "_shape", {4}, {1, positions, heads, lanes})
    .node("Reshape", {x, to + "_shape"}, {to + "_split"})
    .node("Transpose", {to + "_split"}, {to}, {{"perm", Ints{0, 2, 1, 3}}});
}

/// The heads of keys or values, each repeated; `x` stays as it is when every query head has its
/// own.
std::string repeat_heads(OnnxBuilder& b, const std::string& x, const Case& c) {
  if (c.heads == c.kv_heads) {
    return x;
  }
  b.ints(x + "_axis", {1}, {2})
    .ints(x + "_wide", {5}, {1, c.kv_heads, c.heads / c.kv_heads, positions, lanes})
    .ints(x + "_flat", {4}, {1, c.heads, positions, lanes})
    .node("Unsqueeze", {x, x + "_axis"}, {x + "_5"})
    .node("Expand", {x + "_5", x + "_wide"}, {x + "_e"})
    .node("Reshape", {x + "_e", x + "_flat"}, {x + "_r"});
  return x + "_r";
}

Floats mask_of(const Case& c, float hidden = -INFINITY) {
  Floats mask;
  for (std::int64_t i = 0; i < positions; ++i) {
    for (std::int64_t j = 0; j < positions; ++j) {
      mask.push_back(c.sees(i, j) ? 0.0f : hidden);
    }
  }
  return mask;
}

/// Inputs q, k, v as heads qh, kh, vh.
OnnxBuilder start(const Case& c) {
  OnnxBuilder b;
  b.input("q", {1, positions, c.heads * lanes})
    .input("k", {1, positions, c.kv_heads * lanes})
    .input("v", {1, positions, c.kv_heads * lanes});
  split_heads(b, "q", c.heads, "qh");
  split_heads(b, "k", c.kv_heads, "kh");
  split_heads(b, "v", c.kv_heads, "vh");
  return b;
}

/// Merges the heads of `x` to the output y.
void finish(OnnxBuilder& b, const Case& c, const std::string& x) {
  b.node("Transpose", {x}, {"merged_rows"}, {{"perm", Ints{0, 2, 1, 3}}})
    .ints("merged_shape", {3}, {1, positions, c.heads * lanes})
    .node("Reshape", {"merged_rows", "merged_shape"}, {"y"})
    .output("y", {1, positions, c.heads * lanes});
}

void check_attention(const OnnxBuilder& b, const Case& c, const std::string& mask) {
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  const ir::Graph& graph = lowered->graph;
  CHECK(ops_of(graph) == "attention view");
  const ir::Node& node = the(graph, "attention");
  CHECK(attr<std::int64_t>(node, "heads") == c.heads);
  CHECK(attr<std::int64_t>(node, "kv_heads") == c.kv_heads);
  CHECK(attr<double>(node, "scale") == Approx(static_cast<double>(c.scale)));
  CHECK(attr<std::string>(node, "mask") == mask);
  const auto wide = static_cast<std::size_t>(positions * lanes);
  const Floats q = numbers(wide * static_cast<std::size_t>(c.heads), 1);
  const Floats k = numbers(wide * static_cast<std::size_t>(c.kv_heads), 2);
  const Floats v = numbers(wide * static_cast<std::size_t>(c.kv_heads), 3);
  check_near(computed(graph, {{"q", q}, {"k", k}, {"v", v}}), attention(c, q, k, v));
}

bool causal(std::int64_t i, std::int64_t j) { return j <= i; }

/// Scores to probabilities to y, with what may lie between.
OnnxBuilder eager(const Case& c, const Floats& mask, bool guard) {
  OnnxBuilder b = start(c);
  const std::string k = repeat_heads(b, "kh", c);
  const std::string v = repeat_heads(b, "vh", c);
  b.node("Transpose", {k}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .floats("scale", {}, {c.scale})
    .node("Mul", {"s", "scale"}, {"scaled"});
  std::string scores = "scaled";
  if (!mask.empty()) {
    b.floats("mask", {1, 1, positions, positions}, mask)
      .node("Add", {"scaled", "mask"}, {"masked"});
    scores = "masked";
  }
  b.node("Softmax", {scores}, {"p"}, {{"axis", std::int64_t{-1}}});
  std::string p = "p";
  if (guard) {
    b.floats("zero", {}, {0})
      .node("IsNaN", {"p"}, {"bad"})
      .node("Where", {"bad", "zero", "p"}, {"safe"});
    p = "safe";
  }
  b.node("MatMul", {p, v}, {"o"});
  finish(b, c, "o");
  return b;
}

} // namespace

TEST_CASE("attention in parts, with every mask", "[unit][passes][attention]") {
  const auto sliding = [](std::int64_t i, std::int64_t j) { return j <= i && i - j < 3; };
  for (const std::int64_t kv_heads : {std::int64_t{4}, std::int64_t{2}, std::int64_t{1}}) {
    for (const bool guard : {false, true}) {
      const Case all{4, kv_heads, 0.5f};
      check_attention(eager(all, {}, guard), all, "none");
      check_attention(eager(all, mask_of(all), guard), all, "none");
      const Case past{4, kv_heads, 0.25f, causal};
      check_attention(eager(past, mask_of(past), guard), past, "causal");
      check_attention(eager(past, mask_of(past, -3.4e38f), guard), past, "causal");
      const Case near{4, kv_heads, 0.25f, sliding};
      check_attention(eager(near, mask_of(near, -1e9f), guard), near, "sliding");
    }
  }
}

TEST_CASE("attention as scaled_dot_product_attention is exported", "[unit][passes][attention]") {
  const Case c{4, 2, 0.25f, causal};
  OnnxBuilder b = start(c);
  const std::string k = repeat_heads(b, "kh", c);
  const std::string v = repeat_heads(b, "vh", c);
  b.ints("three", {3}, {c.heads, positions, lanes})
    .ints("four", {4}, {1, c.heads, lanes, positions})
    .node("Reshape", {k, "three"}, {"k3"})
    .node("Transpose", {"k3"}, {"kt3"}, {{"perm", Ints{0, 2, 1}}})
    .node("Reshape", {"kt3", "four"}, {"kt"})
    .floats("root", {1}, {0.5f})
    .node("Mul", {"qh", "root"}, {"qs"})
    .node("Mul", {"kt", "root"}, {"ks"})
    .node("MatMul", {"qs", "ks"}, {"s"})
    .floats("mask", {positions, positions}, mask_of(c))
    .node("Add", {"s", "mask"}, {"masked"})
    .node("Softmax", {"masked"}, {"p"}, {{"axis", std::int64_t{-1}}})
    .node("MatMul", {"p", v}, {"o"});
  finish(b, c, "o");
  check_attention(b, c, "causal");
}

TEST_CASE("keys transposed at once, division, and Where as mask", "[unit][passes][attention]") {
  const Case c{2, 2, 0.5f, causal};
  OnnxBuilder b;
  b.input("q", {1, positions, 2 * lanes})
    .input("k", {1, positions, 2 * lanes})
    .input("v", {1, positions, 2 * lanes});
  split_heads(b, "q", 2, "qh");
  split_heads(b, "v", 2, "vh");
  std::string truth;
  for (const float value : mask_of(c)) {
    truth += value == 0.0f ? '\1' : '\0';
  }
  b.ints("shape", {4}, {1, positions, 2, lanes})
    .node("Reshape", {"k", "shape"}, {"kr"})
    .node("Transpose", {"kr"}, {"kt"}, {{"perm", Ints{0, 2, 3, 1}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .floats("two", {}, {2})
    .node("Div", {"s", "two"}, {"scaled"})
    .tensor("sees", {1, 1, positions, positions}, 9, truth)
    .floats("never", {}, {-1e30f})
    .node("Where", {"sees", "scaled", "never"}, {"masked"})
    .node("Softmax", {"masked"}, {"p"}, {{"axis", std::int64_t{3}}})
    .node("MatMul", {"p", "vh"}, {"o"});
  finish(b, c, "o");
  check_attention(b, c, "causal");
}

TEST_CASE("attention over a common product takes its columns apart", "[unit][passes][attention]") {
  // [positions, 3, heads, lanes] or [positions, heads, 3, lanes].
  for (const bool by_head : {false, true}) {
    const std::int64_t heads = 2;
    const std::int64_t width = heads * lanes;
    OnnxBuilder b;
    b.input("x", {1, positions, width})
      .floats("w", {width, 3 * width}, numbers(static_cast<std::size_t>(3 * width * width), 4))
      .floats("bias", {3 * width}, numbers(static_cast<std::size_t>(3 * width), 5))
      .node("MatMul", {"x", "w"}, {"product"})
      .node("Add", {"product", "bias"}, {"qkv"})
      .ints(
        "shape",
        {5},
        by_head ? Ints{1, positions, heads, 3, lanes} : Ints{1, positions, 3, heads, lanes}
      )
      .node("Reshape", {"qkv", "shape"}, {"split"});
    const char* names[] = {"qh", "kh", "vh"};
    for (std::int64_t i = 0; i < 3; ++i) {
      const std::string n = std::to_string(i);
      b.ints("number" + n, {}, {i})
        .node(
          "Gather", {"split", "number" + n}, {"part" + n}, {{"axis", std::int64_t{by_head ? 3 : 2}}}
        )
        .node("Transpose", {"part" + n}, {names[i]}, {{"perm", Ints{0, 2, 1, 3}}});
    }
    b.node("Transpose", {"kh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
      .node("MatMul", {"qh", "kt"}, {"s"})
      .node("Softmax", {"s"}, {"p"}, {{"axis", std::int64_t{-1}}})
      .node("MatMul", {"p", "vh"}, {"o"});
    const Case c{heads, heads, 1.0f};
    finish(b, c, "o");
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(ops_of(lowered->graph) == "linear linear linear attention view");
    // The same by hand.
    const Floats x = numbers(static_cast<std::size_t>(positions * width), 6);
    const Floats w = numbers(static_cast<std::size_t>(3 * width * width), 4);
    const Floats bias = numbers(static_cast<std::size_t>(3 * width), 5);
    Floats parts[3];
    for (std::int64_t i = 0; i < 3; ++i) {
      for (std::int64_t r = 0; r < positions; ++r) {
        for (std::int64_t m = 0; m < width; ++m) {
          const std::int64_t column =
            by_head ? (m / lanes * 3 + i) * lanes + m % lanes : i * width + m;
          double sum = static_cast<double>(bias[static_cast<std::size_t>(column)]);
          for (std::int64_t d = 0; d < width; ++d) {
            sum += static_cast<double>(x[static_cast<std::size_t>(r * width + d)]) *
                   static_cast<double>(w[static_cast<std::size_t>(d * 3 * width + column)]);
          }
          parts[i].push_back(static_cast<float>(sum));
        }
      }
    }
    check_near(computed(lowered->graph, {{"x", x}}), attention(c, parts[0], parts[1], parts[2]));
  }
}

TEST_CASE("several sequences are several sequences", "[unit][passes][attention]") {
  OnnxBuilder b;
  for (const char* name : {"q", "k", "v"}) {
    b.input(name, {3, positions, 2 * lanes});
    b.ints(std::string(name) + "_shape", {4}, {3, positions, 2, lanes})
      .node("Reshape", {name, std::string(name) + "_shape"}, {std::string(name) + "_split"})
      .node(
        "Transpose",
        {std::string(name) + "_split"},
        {std::string(name) + "h"},
        {{"perm", Ints{0, 2, 1, 3}}}
      );
  }
  b.node("Transpose", {"kh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .node("Softmax", {"s"}, {"p"}, {{"axis", std::int64_t{-1}}})
    .node("MatMul", {"p", "vh"}, {"o"})
    .node("Transpose", {"o"}, {"rows"}, {{"perm", Ints{0, 2, 1, 3}}})
    .ints("flat", {3}, {3, positions, 2 * lanes})
    .node("Reshape", {"rows", "flat"}, {"y"})
    .output("y", {3, positions, 2 * lanes});
  const auto lowered = lowered_of(b);
  REQUIRE(lowered);
  CHECK(attr<std::int64_t>(the(lowered->graph, "attention"), "batch") == 3);
  const auto one = static_cast<std::size_t>(positions * 2 * lanes);
  const Floats q = numbers(3 * one, 1);
  const Floats k = numbers(3 * one, 2);
  const Floats v = numbers(3 * one, 3);
  Floats expected;
  const auto part = [&](const Floats& all, std::size_t i) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * one);
    return Floats(begin, begin + static_cast<std::ptrdiff_t>(one));
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const Floats y = attention({2, 2, 1.0f}, part(q, i), part(k, i), part(v, i));
    expected.insert(expected.end(), y.begin(), y.end());
  }
  check_near(computed(lowered->graph, {{"q", q}, {"k", k}, {"v", v}}), expected);
}

TEST_CASE("sinks are a column before the softmax", "[unit][passes][attention]") {
  const Case c{2, 2, 0.5f, causal};
  OnnxBuilder b = start(c);
  Floats sinks;
  for (const float value : {0.5f, -1.0f}) {
    sinks.insert(sinks.end(), static_cast<std::size_t>(positions), value);
  }
  b.node("Transpose", {"kh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .floats("scale", {}, {0.5f})
    .node("Mul", {"s", "scale"}, {"scaled"})
    .floats("mask", {1, 1, positions, positions}, mask_of(c, -3.4e38f))
    .node("Add", {"scaled", "mask"}, {"masked"})
    .floats("sinks", {1, 2, positions, 1}, sinks)
    .node("Concat", {"masked", "sinks"}, {"with"}, {{"axis", std::int64_t{-1}}})
    .ints("axis", {1}, {-1})
    .ints("zero", {1}, {0})
    .ints("end", {1}, {-1})
    .node("ReduceMax", {"with", "axis"}, {"largest"}, {{"keepdims", std::int64_t{1}}})
    .node("Sub", {"with", "largest"}, {"less"})
    .node("Softmax", {"less"}, {"p1"}, {{"axis", std::int64_t{-1}}})
    .node("Slice", {"p1", "zero", "end", "axis"}, {"p"})
    .node("MatMul", {"p", "vh"}, {"o"});
  finish(b, c, "o");
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  const ir::Node& node = the(lowered->graph, "attention");
  REQUIRE(node.inputs.size() == 4);
  CHECK(lowered->graph.tensor(node.inputs[3]).constant->floats == Floats{0.5f, -1.0f});
}

TEST_CASE("near misses of attention are refused with the reason", "[unit][passes][attention]") {
  const Case c{2, 2, 0.5f, causal};
  Floats odd = mask_of(c);
  odd[1] = 0; // the first query sees one key of the future
  CHECK(
    refusal(eager(c, odd, false)).find("neither causal nor a sliding window") != std::string::npos
  );
  Floats bias = mask_of(c);
  bias[0] = -0.5f; // a bias by distance
  CHECK(refusal(eager(c, bias, false)).find("neither hides nor shows") != std::string::npos);

  // Values of other rows than the keys.
  OnnxBuilder b = start(c);
  b.node("Transpose", {"kh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .node("Tanh", {"s"}, {"capped"})
    .node("Softmax", {"capped"}, {"p"}, {{"axis", std::int64_t{-1}}})
    .node("MatMul", {"p", "vh"}, {"o"});
  finish(b, c, "o");
  const std::string capped = refusal(b);
  CHECK(capped.starts_with("E_"));

  // Softmax over the wrong axis is no attention.
  OnnxBuilder wrong = start(c);
  wrong.node("Transpose", {"kh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .node("Softmax", {"s"}, {"p"}, {{"axis", std::int64_t{2}}})
    .node("MatMul", {"p", "vh"}, {"o"});
  finish(wrong, c, "o");
  CHECK(refusal(wrong).starts_with("E_"));
}

TEST_CASE("a mask that is an input of its own is refused by name", "[unit][passes][attention]") {
  const Case c{2, 2, 0.5f};
  OnnxBuilder b = start(c);
  b.input("m", {1, 1, positions, positions})
    .node("Transpose", {"kh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {"qh", "kt"}, {"s"})
    .node("Add", {"s", "m"}, {"masked"})
    .node("Softmax", {"masked"}, {"p"}, {{"axis", std::int64_t{-1}}})
    .node("MatMul", {"p", "vh"}, {"o"});
  finish(b, c, "o");
  CHECK(refusal(b).starts_with("E_PATTERN"));
}

// ---- attention as one operator

TEST_CASE("attention operators", "[unit][passes][attention]") {
  const auto inputs = [](const Case& c) {
    OnnxBuilder b;
    b.input("q", {1, positions, c.heads * lanes})
      .input("k", {1, positions, c.kv_heads * lanes})
      .input("v", {1, positions, c.kv_heads * lanes})
      .output("y", {1, positions, c.heads * lanes});
    return b;
  };
  const std::string contrib = "com.microsoft";
  SECTION("MultiHeadAttention") {
    for (const bool past : {false, true}) {
      Case c{2, 2, 0.5f};
      if (past) {
        c.sees = causal;
      }
      OnnxBuilder b = inputs(c);
      b.node(
        "MultiHeadAttention",
        {"q", "k", "v"},
        {"y"},
        {{"num_heads", std::int64_t{2}}, {"unidirectional", std::int64_t{past}}},
        "",
        contrib
      );
      check_attention(b, c, past ? "causal" : "none");
    }
  }
  SECTION("GroupQueryAttention") {
    const Case c{4, 2, 0.5f, causal};
    OnnxBuilder b = inputs(c);
    b.tensor("lengths", {1}, 6, std::string("\5\0\0\0", 4))
      .tensor("total", {1}, 6, std::string("\6\0\0\0", 4))
      .node(
        "GroupQueryAttention",
        {"q", "k", "v", "", "", "lengths", "total"},
        {"y", "present_k", "present_v"},
        {{"num_heads", std::int64_t{4}}, {"kv_num_heads", std::int64_t{2}}},
        "",
        contrib
      );
    check_attention(b, c, "causal");
  }
  SECTION("GroupQueryAttention, sliding") {
    const Case c{4, 2, 0.25f, [](std::int64_t i, std::int64_t j) { return j <= i && i - j < 2; }};
    OnnxBuilder b = inputs(c);
    b.tensor("lengths", {1}, 6, std::string("\5\0\0\0", 4))
      .tensor("total", {1}, 6, std::string("\6\0\0\0", 4))
      .node(
        "GroupQueryAttention",
        {"q", "k", "v", "", "", "lengths", "total"},
        {"y"},
        {{"num_heads", std::int64_t{4}},
         {"kv_num_heads", std::int64_t{2}},
         {"local_window_size", std::int64_t{2}},
         {"scale", 0.25f}},
        "",
        contrib
      );
    check_attention(b, c, "sliding");
  }
  SECTION("Attention of opset 23") {
    const Case c{4, 2, 0.5f, causal};
    OnnxBuilder b = inputs(c);
    b.opset(23).node(
      "Attention",
      {"q", "k", "v"},
      {"y"},
      {{"q_num_heads", std::int64_t{4}},
       {"kv_num_heads", std::int64_t{2}},
       {"is_causal", std::int64_t{1}}}
    );
    check_attention(b, c, "causal");
  }
  SECTION("Attention of opset 23 with a mask") {
    const Case c{2, 2, 0.5f, causal};
    OnnxBuilder b = inputs(c);
    b.opset(23)
      .floats("mask", {positions, positions}, mask_of(c))
      .node(
        "Attention",
        {"q", "k", "v", "mask"},
        {"y"},
        {{"q_num_heads", std::int64_t{2}}, {"kv_num_heads", std::int64_t{2}}}
      );
    check_attention(b, c, "causal");
  }
  SECTION("refusals") {
    const Case c{2, 2};
    OnnxBuilder soft = inputs(c);
    soft.opset(23).node(
      "Attention",
      {"q", "k", "v"},
      {"y"},
      {{"q_num_heads", std::int64_t{2}}, {"kv_num_heads", std::int64_t{2}}, {"softcap", 30.0f}}
    );
    CHECK(refusal(soft).starts_with("E_UNSUPPORTED_ATTR"));
    OnnxBuilder open = inputs(c);
    open.input("n", {1}, 6)
      .node(
        "GroupQueryAttention",
        {"q", "k", "v", "", "", "n", "n"},
        {"y"},
        {{"num_heads", std::int64_t{2}}, {"kv_num_heads", std::int64_t{2}}},
        "",
        contrib
      );
    CHECK(refusal(open).find("lengths of its sequences are computed") != std::string::npos);
  }
}

TEST_CASE("projections and biases come in front of attention", "[unit][passes][attention]") {
  OnnxBuilder b;
  const std::int64_t width = 2 * lanes;
  b.input("x", {1, positions, width})
    .floats("w", {width, 3 * width}, numbers(static_cast<std::size_t>(3 * width * width), 4))
    .floats("bias", {3 * width}, numbers(static_cast<std::size_t>(3 * width), 5))
    .node(
      "Attention",
      {"x", "w", "bias"},
      {"y"},
      {{"num_heads", std::int64_t{2}}, {"unidirectional", std::int64_t{1}}},
      "",
      "com.microsoft"
    )
    .output("y", {1, positions, width});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "linear linear linear attention view");
  CHECK(attr<std::string>(the(lowered->graph, "attention"), "mask") == "causal");
}

// ---- rotation

namespace {

enum class Spelling { Halves, Neighbours, Complex, Stacked };

struct Rotation {
  Spelling spelling = Spelling::Halves;
  std::int64_t rotated = lanes; ///< lanes of a head, the first ones
  bool first_head_only = false;
};

double angle(std::int64_t position, std::int64_t pair, std::int64_t pairs) {
  return static_cast<double>(position) *
         std::pow(100.0, -static_cast<double>(pair) / static_cast<double>(pairs));
}

/// Tables [positions, rotated] with an angle for every lane, or [positions, rotated / 2].
Floats table(const Rotation& r, bool sine, bool half) {
  Floats values;
  const std::int64_t pairs = r.rotated / 2;
  for (std::int64_t s = 0; s < positions; ++s) {
    for (std::int64_t i = 0; i < (half ? pairs : r.rotated); ++i) {
      const std::int64_t pair = half ? i : r.spelling == Spelling::Neighbours ? i / 2 : i % pairs;
      const double a = angle(s, pair, pairs);
      values.push_back(static_cast<float>(sine ? std::sin(a) : std::cos(a)));
    }
  }
  return values;
}

Floats rotated(const Rotation& r, const Floats& x, std::int64_t heads) {
  Floats y = x;
  const bool neighbours = r.spelling == Spelling::Neighbours || r.spelling == Spelling::Stacked;
  const std::int64_t pairs = r.rotated / 2;
  for (std::int64_t s = 0; s < positions; ++s) {
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t i = 0; i < pairs; ++i) {
        const std::int64_t head = (s * heads + h) * lanes;
        const auto low = static_cast<std::size_t>(head + (neighbours ? 2 * i : i));
        const auto high = static_cast<std::size_t>(head + (neighbours ? 2 * i + 1 : i + pairs));
        const double c = std::cos(angle(s, i, pairs));
        const double n = std::sin(angle(s, i, pairs));
        y[low] =
          static_cast<float>(static_cast<double>(x[low]) * c - static_cast<double>(x[high]) * n);
        y[high] =
          static_cast<float>(static_cast<double>(x[high]) * c + static_cast<double>(x[low]) * n);
      }
    }
  }
  return y;
}

/// Rows of `x` along the last axis from `first` on, `step` apart.
void slice(
  OnnxBuilder& b,
  const std::string& x,
  std::int64_t first,
  std::int64_t end,
  std::int64_t step,
  const std::string& to
) {
  b.ints(to + "_b", {1}, {first})
    .ints(to + "_e", {1}, {end})
    .ints(to + "_a", {1}, {3})
    .ints(to + "_s", {1}, {step})
    .node("Slice", {x, to + "_b", to + "_e", to + "_a", to + "_s"}, {to});
}

/// The rotation of heads `x` [1, heads, positions, lanes]; gives the name of the result.
std::string rotate(OnnxBuilder& b, const Rotation& r, std::int64_t heads, const std::string& x) {
  const Ints wide{positions, r.rotated};
  const Ints narrow{positions, r.rotated / 2};
  std::string from = x;
  if (r.rotated != lanes) {
    slice(b, x, 0, r.rotated, 1, "turning");
    slice(b, x, r.rotated, lanes, 1, "staying");
    from = "turning";
  }
  if (r.spelling == Spelling::Halves) {
    Floats cos = table(r, false, false);
    Floats sin = table(r, true, false);
    Ints shape = wide;
    if (r.first_head_only) {
      cos.resize(2 * cos.size(), 1.0f);
      sin.resize(2 * sin.size(), 0.0f);
      shape.insert(shape.begin(), 2);
    }
    b.floats("cos", shape, cos).floats("sin", shape, sin);
    slice(b, from, 0, r.rotated / 2, 1, "low");
    slice(b, from, r.rotated / 2, r.rotated, 1, "high");
    b.node("Neg", {"high"}, {"minus"})
      .node("Concat", {"minus", "low"}, {"turned"}, {{"axis", std::int64_t{-1}}})
      .node("Mul", {from, "cos"}, {"a"})
      .node("Mul", {"turned", "sin"}, {"b"})
      .node("Add", {"a", "b"}, {"rotated"});
  } else if (r.spelling == Spelling::Complex) {
    b.floats("cos", narrow, table(r, false, true)).floats("sin", narrow, table(r, true, true));
    slice(b, from, 0, r.rotated / 2, 1, "low");
    slice(b, from, r.rotated / 2, r.rotated, 1, "high");
    b.node("Mul", {"low", "cos"}, {"lc"})
      .node("Mul", {"sin", "high"}, {"hs"})
      .node("Sub", {"lc", "hs"}, {"real"})
      .node("Mul", {"high", "cos"}, {"hc"})
      .node("Mul", {"low", "sin"}, {"ls"})
      .node("Add", {"ls", "hc"}, {"imaginary"})
      .node("Concat", {"real", "imaginary"}, {"rotated"}, {{"axis", std::int64_t{-1}}});
  } else {
    const bool stacked = r.spelling == Spelling::Stacked;
    b.floats("cos", stacked ? narrow : wide, table(r, false, stacked))
      .floats("sin", stacked ? narrow : wide, table(r, true, stacked))
      .ints("last", {1}, {-1})
      .ints("flat", {4}, {1, heads, positions, r.rotated});
    slice(b, from, 0, r.rotated, 2, "even");
    slice(b, from, 1, r.rotated, 2, "odd");
    if (stacked) {
      b.node("Mul", {"even", "cos"}, {"ec"})
        .node("Mul", {"odd", "sin"}, {"os"})
        .node("Sub", {"ec", "os"}, {"first"})
        .node("Mul", {"odd", "cos"}, {"oc"})
        .node("Mul", {"even", "sin"}, {"es"})
        .node("Add", {"oc", "es"}, {"second"});
    } else {
      b.node("Neg", {"odd"}, {"first"}).node("Identity", {"even"}, {"second"});
    }
    b.node("Unsqueeze", {"first", "last"}, {"first1"})
      .node("Unsqueeze", {"second", "last"}, {"second1"})
      .node("Concat", {"first1", "second1"}, {"stack"}, {{"axis", std::int64_t{-1}}})
      .node("Reshape", {"stack", "flat"}, {stacked ? "rotated" : "turned"});
    if (!stacked) {
      b.node("Mul", {from, "cos"}, {"a"})
        .node("Mul", {"turned", "sin"}, {"b"})
        .node("Add", {"a", "b"}, {"rotated"});
    }
  }
  if (r.rotated == lanes) {
    return "rotated";
  }
  b.node("Concat", {"rotated", "staying"}, {"all"}, {{"axis", std::int64_t{-1}}});
  return "all";
}

/// y = q k^T of rotated queries and plain keys, so that what reads the rotation is attention.
OnnxBuilder rotation_model(const Rotation& r, bool behind_linear) {
  const Case c{2, 2, 1.0f};
  const std::int64_t width = 2 * lanes;
  OnnxBuilder b;
  b.input("x", {1, positions, width}).input("v", {1, positions, width});
  std::string q = "x";
  if (behind_linear) {
    Floats identity(static_cast<std::size_t>(width * width));
    for (std::int64_t i = 0; i < width; ++i) {
      identity[static_cast<std::size_t>(i * width + i)] = 1;
    }
    b.floats("w", {width, width}, identity).node("MatMul", {"x", "w"}, {"product"});
    q = "product";
  }
  split_heads(b, q, 2, "qh");
  split_heads(b, "v", 2, "vh");
  const std::string turned = rotate(b, r, 2, "qh");
  // Queries and keys are both the rotated ones.
  b.node("Transpose", {turned}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
    .node("MatMul", {turned, "kt"}, {"s"})
    .node("Softmax", {"s"}, {"p"}, {{"axis", std::int64_t{-1}}})
    .node("MatMul", {"p", "vh"}, {"o"});
  finish(b, c, "o");
  return b;
}

} // namespace

TEST_CASE("rotations of every spelling", "[unit][passes][rope]") {
  for (const Spelling spelling :
       {Spelling::Halves, Spelling::Complex, Spelling::Neighbours, Spelling::Stacked}) {
    for (const std::int64_t count : {lanes, lanes / 2}) {
      const Rotation r{spelling, count};
      INFO("spelling " << static_cast<int>(spelling) << ", rotated " << count);
      const auto lowered = lowered_of(rotation_model(r, true));
      INFO((
        lowered ? ""
                : render(lowered.diagnostics().front()) + " " + lowered.diagnostics().front().where
      ));
      REQUIRE(lowered);
      CHECK(ops_of(lowered->graph) == "linear rope attention view");
      const Floats x = numbers(static_cast<std::size_t>(positions * 2 * lanes), 7);
      const Floats v = numbers(static_cast<std::size_t>(positions * 2 * lanes), 8);
      const Floats q = rotated(r, x, 2);
      check_near(computed(lowered->graph, {{"x", x}, {"v", v}}), attention({2, 2, 1.0f}, q, q, v));
    }
  }
}

TEST_CASE("halves need no linear before them, neighbours do", "[unit][passes][rope]") {
  const auto halves = lowered_of(rotation_model({Spelling::Halves, lanes}, false));
  REQUIRE(halves);
  CHECK(ops_of(halves->graph) == "rope attention view");
  CHECK(refusal(rotation_model({Spelling::Neighbours, lanes}, false)).starts_with("E_PATTERN"));
}

TEST_CASE("heads that turn by different angles are refused", "[unit][passes][rope]") {
  const auto lowered = lowered_of(rotation_model({Spelling::Halves, lanes, true}, true));
  REQUIRE_FALSE(lowered);
  tests::check_complete(lowered.diagnostics());
  const Diagnostics& all = lowered.diagnostics();
  CHECK(std::any_of(all.begin(), all.end(), [](const Diagnostic& one) {
    return one.code == "E_PATTERN" && one.message.find("different angles") != std::string::npos;
  }));
}

TEST_CASE("rotation operators", "[unit][passes][rope]") {
  for (const bool neighbours : {false, true}) {
    for (const bool standard : {false, true}) {
      for (const std::int64_t count : {lanes, lanes / 2}) {
        const Rotation r{neighbours ? Spelling::Stacked : Spelling::Halves, count};
        const std::int64_t width = 2 * lanes;
        Floats identity(static_cast<std::size_t>(width * width));
        for (std::int64_t i = 0; i < width; ++i) {
          identity[static_cast<std::size_t>(i * width + i)] = 1;
        }
        OnnxBuilder b;
        b.opset(23)
          .input("x", {1, positions, width})
          .input("v", {1, positions, width})
          .floats("w", {width, width}, identity)
          .node("MatMul", {"x", "w"}, {"product"})
          .ints("places", {1, positions}, {0, 1, 2, 3, 4, 5})
          .floats("cos", {positions, count / 2}, table(r, false, true))
          .floats("sin", {positions, count / 2}, table(r, true, true))
          .node(
            "RotaryEmbedding",
            standard ? OnnxBuilder::Names{"product", "cos", "sin", "places"}
                     : OnnxBuilder::Names{"product", "places", "cos", "sin"},
            {"turned"},
            {{"num_heads", std::int64_t{2}},
             {"interleaved", std::int64_t{neighbours}},
             {"rotary_embedding_dim", count == lanes ? std::int64_t{0} : count}},
            "",
            standard ? "" : "com.microsoft"
          )
          .node(
            "MultiHeadAttention",
            {"turned", "turned", "v"},
            {"y"},
            {{"num_heads", std::int64_t{2}}, {"scale", 1.0f}},
            "",
            "com.microsoft"
          )
          .output("y", {1, positions, width});
        INFO("neighbours " << neighbours << ", standard " << standard << ", rotated " << count);
        const auto lowered = lowered_of(b);
        INFO((lowered ? "" : render(lowered.diagnostics().front())));
        REQUIRE(lowered);
        const Floats x = numbers(static_cast<std::size_t>(positions * width), 7);
        const Floats v = numbers(static_cast<std::size_t>(positions * width), 8);
        const Floats q = rotated(r, x, 2);
        check_near(
          computed(lowered->graph, {{"x", x}, {"v", v}}), attention({2, 2, 1.0f}, q, q, v)
        );
      }
    }
  }
}

TEST_CASE("a rotation with positions of an input is refused", "[unit][passes][rope]") {
  OnnxBuilder b;
  const Rotation r;
  b.input("x", {1, positions, 2 * lanes})
    .input("places", {1, positions}, 7)
    .floats("cos", {positions, lanes / 2}, table(r, false, true))
    .floats("sin", {positions, lanes / 2}, table(r, true, true))
    .node(
      "RotaryEmbedding",
      {"x", "places", "cos", "sin"},
      {"y"},
      {{"num_heads", std::int64_t{2}}},
      "turn",
      "com.microsoft"
    )
    .output("y", {1, positions, 2 * lanes});
  CHECK(refusal(b).starts_with("E_PATTERN: its positions are computed"));
}

// ---- embeddings, images, moves

TEST_CASE("embeddings take their numbers from an input", "[unit][passes][embedding]") {
  OnnxBuilder b;
  b.input("ids", {1, 3}, 7)
    .ints("flat", {1}, {-1})
    .floats("table", {4, 2}, {0, 1, 10, 11, 20, 21, 30, 31})
    .node("Reshape", {"ids", "flat"}, {"ids1"})
    .node("Gather", {"table", "ids1"}, {"rows"}, {{"axis", std::int64_t{0}}})
    .node("Add", {"rows", "rows"}, {"y"})
    .output("y", {3, 2});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "embedding view add");
  CHECK(computed(lowered->graph, {{"ids", {3, 0, 1}}}) == Floats{60, 62, 0, 2, 20, 22});

  OnnxBuilder columns;
  columns.input("ids", {2}, 7)
    .floats("table", {2, 4}, numbers(8, 1))
    .node("Gather", {"table", "ids"}, {"y"}, {{"axis", std::int64_t{1}}})
    .output("y", {2, 2});
  CHECK(refusal(columns).starts_with("E_UNSUPPORTED_ATTR: it gathers along axis 1"));
}

TEST_CASE("patches of an image become rows", "[unit][passes][conv]") {
  const auto model = [](const Attrs& attrs, std::int64_t images = 1) {
    OnnxBuilder b;
    b.input("image", {images, 2, 4, 4})
      .floats("kernels", {3, 2, 2, 2}, numbers(24, 1))
      .floats("bias", {3}, {1, 2, 3})
      .node("Conv", {"image", "kernels", "bias"}, {"maps"}, attrs, "conv")
      .ints("flat", {3}, {images, 3, -1})
      .node("Reshape", {"maps", "flat"}, {"channels"})
      .node("Transpose", {"channels"}, {"y"}, {{"perm", Ints{0, 2, 1}}})
      .output("y", {images, 4, 3});
    return b;
  };
  const auto lowered = lowered_of(model({{"strides", Ints{2, 2}}}));
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "conv2d view");
  const Floats image = numbers(32, 2);
  const Floats kernels = numbers(24, 1);
  Floats expected;
  for (std::size_t p = 0; p < 4; ++p) {
    for (std::size_t o = 0; o < 3; ++o) {
      float sum = static_cast<float>(o + 1);
      for (std::size_t i = 0; i < 8; ++i) {
        const std::size_t row = p / 2 * 2 + i / 2 % 2;
        const std::size_t column = p % 2 * 2 + i % 2;
        sum += image[i / 4 * 16 + row * 4 + column] * kernels[o * 8 + i];
      }
      expected.push_back(sum);
    }
  }
  check_near(computed(lowered->graph, {{"image", image}}), expected);
  // Two images: the rows of one after those of the other.
  const auto both = lowered_of(model({{"strides", Ints{2, 2}}}, 2));
  INFO((both ? "" : render(both.diagnostics().front())));
  REQUIRE(both);
  CHECK(ops_of(both->graph) == "conv2d view");
  const Floats other = numbers(32, 5);
  Floats images = other;
  images.insert(images.end(), image.begin(), image.end());
  const Floats result = computed(both->graph, {{"image", images}});
  check_near(Floats(result.end() - 12, result.end()), expected);
  check_near(
    Floats(result.begin(), result.begin() + 12), computed(lowered->graph, {{"image", other}})
  );
  CHECK(refusal(model({{"strides", Ints{2, 2}}, {"pads", Ints{0, 0, 1, 1}}})).starts_with("E_"));
  CHECK(refusal(model({{"strides", Ints{2, 2}}, {"dilations", Ints{2, 2}}})).starts_with("E_"));
}

TEST_CASE("a gate and its operand in one product", "[unit][passes][layout]") {
  OnnxBuilder b;
  b.input("x", {2, 4})
    .floats("w", {4, 6}, numbers(24, 1))
    .node("MatMul", {"x", "w"}, {"both"})
    .node("Split", {"both"}, {"gate", "up"}, {{"axis", std::int64_t{-1}}})
    .node("Sigmoid", {"gate"}, {"s"})
    .node("Mul", {"gate", "s"}, {"silu"})
    .node("Mul", {"silu", "up"}, {"y"})
    .output("y", {2, 3});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "linear view linear view silu mul");
}

TEST_CASE("norms of heads become norms of rows by heads", "[unit][passes][norm]") {
  // The norm before or behind the transposition.
  for (const bool behind : {false, true}) {
    const Case c{2, 2, 1.0f};
    OnnxBuilder b;
    b.opset(23)
      .input("x", {1, positions, 2 * lanes})
      .input("v", {1, positions, 2 * lanes})
      .floats("gain", {lanes}, {1, 2, 3, 4})
      .ints("shape", {4}, {1, positions, 2, lanes})
      .node("Reshape", {"x", "shape"}, {"split"});
    if (behind) {
      b.node(
         "Transpose", {"split"}, {"turned"}, {{"perm", Ints{0, 2, 1, 3}}}
      ).node("RMSNormalization", {"turned", "gain"}, {"qh"}, {{"epsilon", 0.001f}});
    } else {
      b.node(
         "RMSNormalization", {"split", "gain"}, {"normed"}, {{"epsilon", 0.001f}}
      ).node("Transpose", {"normed"}, {"qh"}, {{"perm", Ints{0, 2, 1, 3}}});
    }
    split_heads(b, "v", 2, "vh");
    b.node("Transpose", {"qh"}, {"kt"}, {{"perm", Ints{0, 1, 3, 2}}})
      .node("MatMul", {"qh", "kt"}, {"s"})
      .node("Softmax", {"s"}, {"p"}, {{"axis", std::int64_t{-1}}})
      .node("MatMul", {"p", "vh"}, {"o"});
    finish(b, c, "o");
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(ops_of(lowered->graph) == "rms_norm attention view");
    CHECK(attr<std::int64_t>(the(lowered->graph, "rms_norm"), "heads") == 2);
    const Floats x = numbers(static_cast<std::size_t>(positions * 2 * lanes), 7);
    const Floats v = numbers(static_cast<std::size_t>(positions * 2 * lanes), 8);
    Floats q = x;
    for (std::size_t head = 0; head < q.size(); head += static_cast<std::size_t>(lanes)) {
      double sum = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        sum += static_cast<double>(x[head + i]) * static_cast<double>(x[head + i]);
      }
      for (std::size_t i = 0; i < 4; ++i) {
        q[head + i] *= static_cast<float>(static_cast<double>(i + 1) / std::sqrt(sum / 4 + 0.001));
      }
    }
    check_near(computed(lowered->graph, {{"x", x}, {"v", v}}), attention(c, q, q, v));
  }
}

TEST_CASE("rows that are picked, put side by side or behind others", "[unit][passes][rows]") {
  const Floats x = numbers(16 * 2, 3);
  SECTION("the last token") {
    OnnxBuilder b;
    b.input("x", {1, 16, 2})
      .ints("last", {}, {-1})
      .floats("w", {2, 3}, numbers(6, 1))
      .node("Gather", {"x", "last"}, {"token"}, {{"axis", std::int64_t{1}}})
      .node("MatMul", {"token", "w"}, {"y"})
      .output("y", {1, 3});
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(ops_of(lowered->graph) == "rows view linear");
    CHECK(attr<Ints>(the(lowered->graph, "rows"), "ids") == Ints{15});
  }
  SECTION("pixel shuffle") {
    // [1, 4 * 4, 2] to [1, 2 * 2, 8]: four neighbours of an image side by side.
    OnnxBuilder b;
    b.input("x", {1, 16, 2})
      .ints("s1", {4}, {1, 4, 2, 4})
      .ints("s2", {4}, {1, 2, 2, 8})
      .ints("s3", {3}, {1, 4, 8})
      .floats("w", {8, 3}, numbers(24, 1))
      .floats("bias", {3}, {1, 2, 3})
      .node("Reshape", {"x", "s1"}, {"a"})
      .node("Transpose", {"a"}, {"b"}, {{"perm", Ints{0, 2, 1, 3}}})
      .node("Reshape", {"b", "s2"}, {"c"})
      .node("Transpose", {"c"}, {"d"}, {{"perm", Ints{0, 2, 1, 3}}})
      .node("Reshape", {"d", "s3"}, {"e"})
      .node("MatMul", {"e", "w"}, {"p"})
      .node("Add", {"p", "bias"}, {"y"})
      .output("y", {1, 4, 3});
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    const Floats w = numbers(24, 1);
    Floats expected;
    for (std::size_t token = 0; token < 4; ++token) {
      for (std::size_t o = 0; o < 3; ++o) {
        float sum = static_cast<float>(o + 1);
        for (std::size_t i = 0; i < 8; ++i) {
          const std::size_t row = (token / 2 * 2 + i / 4) * 4 + token % 2 * 2 + i / 2 % 2;
          sum += x[row * 2 + i % 2] * w[i * 3 + o];
        }
        expected.push_back(sum);
      }
    }
    check_near(computed(lowered->graph, {{"x", x}}), expected);
  }
  SECTION("a token before the others") {
    OnnxBuilder b;
    b.input("x", {1, 16, 2})
      .floats("token", {1, 1, 2}, {5, 6})
      .node("Concat", {"token", "x"}, {"y"}, {{"axis", std::int64_t{1}}})
      .output("y", {1, 17, 2});
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(ops_of(lowered->graph) == "rows view");
    Floats expected{5, 6};
    expected.insert(expected.end(), x.begin(), x.end());
    CHECK(computed(lowered->graph, {{"x", x}}) == expected);
  }
  SECTION("columns side by side are none of these") {
    OnnxBuilder b;
    b.input("x", {1, 16, 2})
      .input("z", {1, 16, 2})
      .node("Concat", {"z", "x"}, {"y"}, {{"axis", std::int64_t{2}}}, "cat")
      .output("y", {1, 16, 4});
    CHECK(refusal(b).find("\"cat\"") != std::string::npos);
  }
}

TEST_CASE("predicted tokens are an output", "[unit][passes][argmax]") {
  const auto model = [](const Attrs& attrs, bool read) {
    OnnxBuilder b;
    b.input("x", {2, 4}).node("ArgMax", {"x"}, {"y"}, attrs, "best");
    if (read) {
      b.node("Cast", {"y"}, {"z"}, {{"to", std::int64_t{1}}}).output("z", {2});
    } else {
      b.output("y", {2}, 7);
    }
    return b;
  };
  const Attrs last{{"axis", std::int64_t{-1}}, {"keepdims", std::int64_t{0}}};
  const auto lowered = lowered_of(model(last, false));
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "argmax");
  CHECK(computed(lowered->graph, {{"x", {0, 3, 1, 2, 9, 0, 0, 9}}}) == Floats{1, 0});
  CHECK(refusal(model({{"keepdims", std::int64_t{0}}}, false)).starts_with("E_"));
  CHECK(refusal(model(last, true)).find("\"best\"") != std::string::npos);
}

TEST_CASE("norms with a sum before them", "[unit][passes][fused]") {
  OnnxBuilder b;
  b.input("x", {2, 4})
    .input("z", {2, 4})
    .floats("gain", {4}, {1, 2, 3, 4})
    .node(
      "SkipSimplifiedLayerNormalization",
      {"x", "z", "gain"},
      {"n", "", "", "sum"},
      {{"epsilon", 0.001f}},
      "",
      "com.microsoft"
    )
    .node("Add", {"n", "sum"}, {"y"})
    .output("y", {2, 4});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "add rms_norm add");

  OnnxBuilder statistic;
  statistic.input("x", {2, 4})
    .input("z", {2, 4})
    .floats("gain", {4}, {1, 2, 3, 4})
    .node("SkipLayerNormalization", {"x", "z", "gain"}, {"n", "mean"}, {}, "norm", "com.microsoft")
    .node("Add", {"n", "mean"}, {"y"})
    .output("y", {2, 4});
  CHECK(refusal(statistic).find("its output 1 (a statistic) is used") != std::string::npos);
}

TEST_CASE("GELUs with a bias and products with a transposed factor", "[unit][passes][fused]") {
  OnnxBuilder b;
  b.input("x", {2, 4})
    .floats("w", {3, 4}, numbers(12, 1))
    .floats("bias", {3}, {1, 2, 3})
    .node(
      "FusedMatMul",
      {"x", "w"},
      {"p"},
      {{"transB", std::int64_t{1}}, {"alpha", 0.5f}},
      "",
      "com.microsoft"
    )
    .node("BiasGelu", {"p", "bias"}, {"g"}, {}, "", "com.microsoft")
    .node("FastGelu", {"g", "bias"}, {"y"}, {}, "", "com.microsoft")
    .output("y", {2, 3});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "linear gelu add_vec gelu");
  CHECK(attr<std::string>(lowered->graph.nodes[1], "approximate") == "none");
  CHECK(attr<std::string>(lowered->graph.nodes[3], "approximate") == "tanh");
}
