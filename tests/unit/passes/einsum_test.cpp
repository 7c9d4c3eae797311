// Einsum as exporters of transformers write it: it computes what the equation says, and becomes the
// operators that products in other spellings become.
#include "golden/reference.h"
#include "io/importer.h"
#include "ops/unstored.h"
#include "passes/pipeline.h"
#include "unit/complete.h"
#include "unit/onnx_builder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

using namespace plena;
using tests::OnnxBuilder;
using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

namespace {

Result<passes::Lowered> lowered_of(const OnnxBuilder& builder) {
  auto graph = io::import_model("test.onnx", builder.bytes());
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  return passes::run(*std::move(graph), {.file = "test.onnx"});
}

std::string ops_of(const ir::Graph& graph) {
  std::string text;
  for (const ir::Node& node : graph.nodes) {
    text += (text.empty() ? "" : " ") + node.op;
  }
  return text;
}

std::string refusal(const OnnxBuilder& builder) {
  const auto lowered = lowered_of(builder);
  if (lowered) {
    return "accepted as " + ops_of(lowered->graph);
  }
  tests::check_complete(lowered.diagnostics());
  return lowered.diagnostics().front().code + ": " + lowered.diagnostics().front().message;
}

Floats numbers(std::size_t count, std::size_t seed) {
  Floats values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>((i * 7 + seed * 5) % 23) / 11.0f - 1.0f);
  }
  return values;
}

struct Tensor {
  Ints shape;
  Floats values;
};

Tensor made(Ints shape, std::size_t seed) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) {
    count *= static_cast<std::size_t>(size);
  }
  return {std::move(shape), numbers(count, seed)};
}

/// By the definition: for all values of all letters.
Tensor einsum(
  const std::string& a,
  const std::string& b,
  const std::string& result,
  const Tensor& x,
  const Tensor& y
) {
  std::map<char, std::int64_t> sizes;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sizes[a[i]] = x.shape[i];
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    sizes[b[i]] = y.shape[i];
  }
  Tensor made;
  std::size_t count = 1;
  for (const char letter : result) {
    made.shape.push_back(sizes[letter]);
    count *= static_cast<std::size_t>(sizes[letter]);
  }
  std::vector<double> sums(count);
  std::map<char, std::int64_t> at;
  const auto index = [&](const std::string& letters) {
    std::int64_t found = 0;
    for (const char letter : letters) {
      found = found * sizes[letter] + at[letter];
    }
    return static_cast<std::size_t>(found);
  };
  for (auto& [letter, size] : sizes) {
    at[letter] = 0;
  }
  for (bool more = true; more;) {
    sums[index(result)] +=
      static_cast<double>(x.values[index(a)]) * static_cast<double>(y.values[index(b)]);
    more = false;
    for (auto& [letter, number] : at) {
      if (++number < sizes[letter]) {
        more = true;
        break;
      }
      number = 0;
    }
  }
  for (const double sum : sums) {
    made.values.push_back(static_cast<float>(sum));
  }
  return made;
}

Floats computed(const ir::Graph& graph, const std::map<std::string, Floats>& inputs) {
  golden::Values values;
  for (const ir::TensorId id : graph.inputs) {
    values[id] = inputs.at(graph.tensor(id).name);
  }
  const ops::Arithmetic exact{
    .precision = ops::Precision::Fp32,
    .weight = ops::unstored,
    .activation = ops::unstored,
    .stored = ops::unstored};
  const auto results = golden::evaluate(graph, exact, values);
  REQUIRE(results);
  return results->at(graph.outputs.front());
}

void check_near(const Floats& actual, const Floats& expected) {
  REQUIRE(actual.size() == expected.size());
  float worst = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    worst = std::max(worst, std::fabs(actual[i] - expected[i]));
  }
  CHECK(worst < 1e-5f);
}

struct Form {
  std::string a, b, result;
  Ints x, y;
  std::string ops;
};

/// y = einsum(x, weights), with weights first when `swapped`.
void check_weights(const Form& form, bool swapped) {
  const std::string equation =
    (swapped ? form.b + "," + form.a : form.a + ", " + form.b) + " -> " + form.result;
  INFO(equation);
  const Tensor x = made(form.x, 1);
  const Tensor w = made(form.y, 2);
  const Tensor expected = einsum(form.a, form.b, form.result, x, w);
  OnnxBuilder b;
  b.input("x", form.x)
    .floats("w", form.y, w.values)
    .node(
      "Einsum",
      swapped ? OnnxBuilder::Names{"w", "x"} : OnnxBuilder::Names{"x", "w"},
      {"y"},
      {{"equation", equation}}
    )
    .output("y", expected.shape);
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == form.ops);
  CHECK(lowered->graph.tensor(lowered->graph.outputs.front()).shape == expected.shape);
  check_near(computed(lowered->graph, {{"x", x.values}}), expected.values);
}

OnnxBuilder
simple(const std::string& equation, const std::vector<Ints>& shapes, const Ints& result) {
  OnnxBuilder b;
  OnnxBuilder::Names names;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    names.push_back("x" + std::to_string(i));
    b.input(names.back(), shapes[i]);
  }
  b.node("Einsum", names, {"y"}, {{"equation", equation}}, "sum").output("y", result);
  return b;
}

} // namespace

TEST_CASE("Einsum with weights is a product", "[unit][passes][einsum]") {
  const Form forms[] = {
    {"ij", "jk", "ik", {5, 4}, {4, 3}, "linear"},
    {"ij", "kj", "ik", {5, 4}, {3, 4}, "linear"},
    {"bij", "jk", "bik", {2, 5, 4}, {4, 3}, "linear"},
    {"bsd", "ed", "bse", {2, 5, 4}, {3, 4}, "linear"},
    // The weights of heads, from and to rows of all heads.
    {"bshd", "hde", "bse", {1, 5, 2, 4}, {2, 4, 3}, "linear"},
    {"j", "jk", "k", {4}, {4, 3}, "linear"},
  };
  for (const Form& form : forms) {
    for (const bool swapped : {false, true}) {
      if (form.a != "bshd") {
        check_weights(form, swapped);
      }
    }
  }
}

TEST_CASE("Einsum without a sum is element-wise", "[unit][passes][einsum]") {
  check_weights({"bij", "j", "bij", {2, 5, 4}, {4}, "mul_vec"}, false);
  check_weights({"bij", "j", "bij", {2, 5, 4}, {4}, "mul_vec"}, true);
  check_weights({"ij", "ji", "ij", {5, 4}, {4, 5}, "mul"}, false);
}

TEST_CASE("Einsum of constants is constant", "[unit][passes][einsum]") {
  // As angles of a rotation are made.
  const Tensor expected = einsum("i", "j", "ij", made({5}, 1), made({4}, 2));
  OnnxBuilder b;
  b.input("x", {5, 4})
    .floats("t", {5}, numbers(5, 1))
    .floats("f", {4}, numbers(4, 2))
    .node("Einsum", {"t", "f"}, {"angles"}, {{"equation", std::string("i,j->ij")}})
    .node("Add", {"x", "angles"}, {"y"})
    .output("y", {5, 4});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "add");
  check_near(computed(lowered->graph, {{"x", Floats(20)}}), expected.values);
}

TEST_CASE("Einsum of one operand moves its axes", "[unit][passes][einsum]") {
  OnnxBuilder b;
  b.input("x", {1, 5, 4})
    .node("Einsum", {"x"}, {"moved"}, {{"equation", std::string("bij->ibj")}})
    .node("Add", {"moved", "moved"}, {"y"})
    .output("y", {5, 1, 4});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "view add");
}

TEST_CASE("attention by Einsum", "[unit][passes][einsum]") {
  constexpr std::int64_t rows = 6;
  constexpr std::int64_t heads = 2;
  constexpr std::int64_t lanes = 4;
  constexpr std::int64_t width = heads * lanes;
  struct Spelling {
    const char* scores;
    const char* values;
    bool keys_first; // operands of the scores
    bool matrices;   // a matrix per head, else rows of heads
  };
  const Spelling spellings[] = {
    {"bhqd,bhkd->bhqk", "bhqk,bhkd->bhqd", false, true},
    {"...qd,...kd->...qk", "...qk,...kd->...qd", false, true},
    {"bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd", false, false},
    {"aecd,abcd->acbe", "acbe,aecd->abcd", true, false},
  };
  const Tensor w[] = {
    made({width, heads, lanes}, 1), made({width, heads, lanes}, 2), made({width, heads, lanes}, 3)};
  const Tensor bias = made({heads, lanes}, 4);
  const Tensor out = made({heads, lanes, width}, 5);
  const Tensor x = made({1, rows, width}, 6);
  // The result, by the definition.
  Tensor parts[3];
  for (std::size_t i = 0; i < 3; ++i) {
    parts[i] = einsum("abc", "cde", "abde", x, w[i]);
  }
  for (std::size_t i = 0; i < parts[0].values.size(); ++i) {
    parts[0].values[i] += bias.values[i % bias.values.size()];
  }
  Tensor scores = einsum("bqhd", "bkhd", "bhqk", parts[0], parts[1]);
  for (std::size_t begin = 0; begin < scores.values.size(); begin += rows) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + rows; ++i) {
      scores.values[i] = std::exp(0.5f * scores.values[i]);
      sum += static_cast<double>(scores.values[i]);
    }
    for (std::size_t i = begin; i < begin + rows; ++i) {
      scores.values[i] = static_cast<float>(static_cast<double>(scores.values[i]) / sum);
    }
  }
  const Tensor expected =
    einsum("abcd", "cde", "abe", einsum("bhqk", "bkhd", "bqhd", scores, parts[2]), out);
  for (const Spelling& one : spellings) {
    INFO(one.scores);
    OnnxBuilder b;
    b.input("x", x.shape).floats("bias", bias.shape, bias.values).floats("half", {}, {0.5f});
    const char* names[] = {"q", "k", "v"};
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string name = names[i];
      b.floats("w" + name, w[i].shape, w[i].values)
        .node(
          "Einsum", {"x", "w" + name}, {name + "0"}, {{"equation", std::string("abc,cde->abde")}}
        );
      std::string made = name + "0";
      if (i == 0) {
        b.node("Add", {made, "bias"}, {name + "1"});
        made = name + "1";
      }
      b.node(
        one.matrices ? "Transpose" : "Identity",
        {made},
        {name},
        one.matrices ? std::vector<OnnxBuilder::Attr>{{"perm", Ints{0, 2, 1, 3}}}
                     : std::vector<OnnxBuilder::Attr>{}
      );
    }
    b.node(
       "Einsum",
       one.keys_first ? OnnxBuilder::Names{"k", "q"} : OnnxBuilder::Names{"q", "k"},
       {"scores"},
       {{"equation", std::string(one.scores)}}
    )
      .node("Mul", {"scores", "half"}, {"scaled"})
      .node("Softmax", {"scaled"}, {"p"}, {{"axis", std::int64_t{-1}}})
      .node("Einsum", {"p", "v"}, {"mixed"}, {{"equation", std::string(one.values)}})
      .node(
        one.matrices ? "Transpose" : "Identity",
        {"mixed"},
        {"rows"},
        one.matrices ? std::vector<OnnxBuilder::Attr>{{"perm", Ints{0, 2, 1, 3}}}
                     : std::vector<OnnxBuilder::Attr>{}
      )
      .floats("wo", out.shape, out.values)
      .node("Einsum", {"rows", "wo"}, {"y"}, {{"equation", std::string("abcd,cde->abe")}})
      .output("y", {1, rows, width});
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(ops_of(lowered->graph) == "linear linear linear attention view linear");
    check_near(computed(lowered->graph, {{"x", x.values}}), expected.values);
  }
}

TEST_CASE("Einsum that is no product of this machine is refused", "[unit][passes][einsum]") {
  const auto starts = [](const OnnxBuilder& builder, const std::string& expected) {
    const std::string found = refusal(builder);
    INFO(found);
    CHECK(found.starts_with(expected));
  };
  starts(
    simple("ii->i", {{4, 4}}, {4}), "E_UNSUPPORTED_ATTR: its equation \"ii->i\" takes a diagonal"
  );
  starts(
    simple("ij->i", {{4, 4}}, {4}),
    "E_UNSUPPORTED_ATTR: its equation \"ij->i\" sums over an axis that one operand alone has"
  );
  starts(
    simple("ij,jk,kl->il", {{4, 4}, {4, 4}, {4, 4}}, {4, 4}),
    "E_UNSUPPORTED_ATTR: its equation \"ij,jk,kl->il\" has more than two operands"
  );
  starts(simple("ij,jk->ik", {{4, 3}, {4, 3}}, {4, 3}), "E_SHAPE: its equation");
  starts(simple("ij,jk->ik", {{4, 3, 1}, {3, 4}}, {4, 4}), "E_SHAPE: its equation");
  starts(simple("ij,jk->iz", {{4, 3}, {3, 4}}, {4, 4}), "E_UNSUPPORTED_ATTR: its equation");
  starts(simple("i1,1k->ik", {{4, 3}, {3, 4}}, {4, 4}), "E_UNSUPPORTED_ATTR: its equation");
  starts(simple("ij->ij", {{4, 3}, {3, 4}}, {4, 3}), "E_UNSUPPORTED_ATTR: its equation");
  // Products of two computed tensors exist in attention alone, however they are spelled.
  starts(simple("ij,jk->ik", {{4, 3}, {3, 4}}, {4, 4}), "E_PATTERN: both factors are computed");
  starts(
    simple("bij,bjk->bik", {{2, 4, 3}, {2, 3, 4}}, {2, 4, 4}),
    "E_PATTERN: both factors are computed"
  );
}
