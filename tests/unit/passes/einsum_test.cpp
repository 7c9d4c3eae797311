// Einsum as exporters of transformers write it: it computes what the equation says, and becomes the
// operators that products in other spellings become.
#include "lowering.h"

using namespace plena;
using namespace plena::tests;

namespace {

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

/// x + einsum(constants): every form of equation can be had where nothing of it is computed.
void check_constants(
  const std::string& equation, const std::vector<Tensor>& operands, const Tensor& expected
) {
  INFO(equation);
  const Ints shape = expected.shape.empty() ? Ints{1} : expected.shape;
  OnnxBuilder b;
  OnnxBuilder::Names names;
  b.input("x", shape);
  for (const Tensor& one : operands) {
    names.push_back("c" + std::to_string(names.size()));
    b.floats(names.back(), one.shape, one.values);
  }
  b.node("Einsum", names, {"c"}, {{"equation", equation}})
    .node("Add", {"x", "c"}, {"y"})
    .output("y", shape);
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph).find("linear") == std::string::npos);
  check_near(computed(lowered->graph, {{"x", Floats(expected.values.size())}}), expected.values);
}

} // namespace

TEST_CASE("Einsum with weights is a product", "[unit][passes][einsum]") {
  const Form forms[] = {
    {"ij", "jk", "ik", {5, 4}, {4, 3}, "linear"},
    {"ij", "kj", "ik", {5, 4}, {3, 4}, "linear"},
    {"bij", "jk", "bik", {2, 5, 4}, {4, 3}, "linear"},
    {"bsd", "ed", "bse", {2, 5, 4}, {3, 4}, "linear"},
    {"j", "jk", "k", {4}, {4, 3}, "linear"},
    {"j", "j", "", {4}, {4}, "linear view"},
    // Rows of heads that nothing has made are summed head by head, whatever the order of the axes.
    {"bshd", "hde", "bse", {1, 5, 2, 4}, {2, 4, 3}, "rows linear rows linear add view"},
    {"bshd", "ehd", "bse", {1, 5, 2, 4}, {3, 2, 4}, "rows linear rows linear add view"},
    {"shd", "dhe", "se", {5, 2, 4}, {4, 2, 3}, "rows linear rows linear add view"},
    // Axes of the result in another order, which is another view of the same numbers.
    {"bij", "jk", "ibk", {1, 5, 4}, {4, 3}, "view linear"},
    // Capitals are other letters.
    {"iI", "Ik", "ik", {5, 4}, {4, 3}, "linear"},
  };
  for (const Form& form : forms) {
    for (const bool swapped : {false, true}) {
      check_weights(form, swapped);
    }
  }
}

TEST_CASE("Einsum to heads and back to rows", "[unit][passes][einsum]") {
  const Tensor x = made({1, 5, 4}, 1);
  const Tensor back = made({2, 3, 6}, 3);
  for (const auto& [letters, shape] :
       {std::pair<std::string, Ints>{"dhe", {4, 2, 3}}, {"ehd", {3, 2, 4}}}) {
    INFO(letters);
    const Tensor w = made(shape, 2);
    OnnxBuilder b;
    b.input("x", x.shape)
      .floats("w", w.shape, w.values)
      .floats("back", back.shape, back.values)
      .node("Einsum", {"x", "w"}, {"heads"}, {{"equation", "bsd," + letters + "->bshe"}})
      .node("Einsum", {"heads", "back"}, {"y"}, {{"equation", std::string("bshe,hef->bsf")}})
      .output("y", {1, 5, 6});
    const auto lowered = lowered_of(b);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(ops_of(lowered->graph) == "linear view linear");
    const Tensor heads = einsum("bsd", letters, "bshe", x, w);
    check_near(
      computed(lowered->graph, {{"x", x.values}}),
      einsum("bshe", "hef", "bsf", heads, back).values
    );
  }
}

TEST_CASE("Einsum without a sum is element-wise", "[unit][passes][einsum]") {
  check_weights({"bij", "j", "bij", {2, 5, 4}, {4}, "mul_vec"}, false);
  check_weights({"bij", "j", "bij", {2, 5, 4}, {4}, "mul_vec"}, true);
  check_weights({"ij", "ji", "ij", {5, 4}, {4, 5}, "mul"}, false);
  check_weights({"ij", "", "ij", {5, 4}, {}, "scale"}, false);
}

TEST_CASE("Einsum of two constants is constant, whatever its equation", "[unit][passes][einsum]") {
  // The equation, and the same with a letter for each axis.
  struct Equation {
    std::string text;
    std::string a, b, result;
    Ints x, y;
  };
  const Equation equations[] = {
    {"i,j->ij", "i", "j", "ij", {5}, {4}}, // as angles of a rotation are made
    {"i,j->ji", "i", "j", "ji", {5}, {4}},
    {"ij,j->ji", "ij", "j", "ji", {5, 4}, {4}},
    {"ijk,kj->i", "ijk", "kj", "i", {5, 4, 3}, {3, 4}},
    {"ij,jk->ki", "ij", "jk", "ki", {5, 4}, {4, 3}},
    {"ji,kj->ik", "ji", "kj", "ik", {4, 5}, {3, 4}},
    {"bij,bjk->bik", "bij", "bjk", "bik", {2, 5, 4}, {2, 4, 3}},
    {"bij,bjk->kbi", "bij", "bjk", "kbi", {2, 5, 4}, {2, 4, 3}},
    {"bqhd,bkhd->bhqk", "bqhd", "bkhd", "bhqk", {2, 5, 3, 4}, {2, 6, 3, 4}},
    {"bshd,hde->ebs", "bshd", "hde", "ebs", {2, 5, 2, 4}, {2, 4, 3}},
    // Without a result: the letters that stand once, by the alphabet, capitals first.
    {"ij,jk", "ij", "jk", "ik", {5, 4}, {4, 3}},
    {"kj,ji", "kj", "ji", "ik", {5, 4}, {4, 3}},
    {"aj,jB", "aj", "jB", "Ba", {5, 4}, {4, 3}},
    // Dots are axes of their own, counted from the last, and stretched.
    {"...ij,...jk->...ik", "bij", "bjk", "bik", {2, 5, 4}, {2, 4, 3}},
    {"...ij,...jk->...ik", "zij", "bjk", "bik", {1, 5, 4}, {2, 4, 3}},
    {"...ij,...jk->...ik", "abij", "bjk", "abik", {3, 2, 5, 4}, {2, 4, 3}},
    {"...ij,...jk->...ik", "ij", "jk", "ik", {5, 4}, {4, 3}},
    {"kj...,ji...", "kjb", "jib", "bik", {5, 4, 2}, {4, 3, 2}},
    {"i...j,j...k->ik...", "ibj", "jbk", "ikb", {5, 2, 4}, {4, 2, 3}},
    {"i...,...->...i", "ib", "b", "bi", {5, 4}, {4}},
  };
  for (const Equation& one : equations) {
    const Tensor x = made(one.x, 1);
    const Tensor y = made(one.y, 2);
    check_constants(one.text, {x, y}, einsum(one.a, one.b, one.result, x, y));
  }
}

TEST_CASE("Einsum of one operand moves its axes", "[unit][passes][einsum]") {
  struct Equation {
    std::string text;
    std::string from, to;
    Ints shape;
  };
  const Equation equations[] = {
    {"ij->ij", "ij", "ij", {5, 4}},
    {"ij->ji", "ij", "ji", {5, 4}},
    {"bij->jbi", "bij", "jbi", {2, 5, 4}},
    {"...ij->...ji", "abij", "abji", {2, 3, 5, 4}},
    {"i...->...i", "iab", "abi", {2, 5, 4}},
    {"ba", "ba", "ab", {5, 4}},
  };
  const Tensor one{{}, {1}};
  for (const auto& [text, from, to, shape] : equations) {
    const Tensor x = made(shape, 1);
    check_constants(text, {x}, einsum(from, "", to, x, one));
  }
  // What is computed, where it is another view of the same rows.
  OnnxBuilder b;
  const Tensor x = made({1, 5, 4}, 1);
  b.input("x", x.shape)
    .node("Einsum", {"x"}, {"moved"}, {{"equation", std::string("bij->ibj")}})
    .node("Add", {"moved", "moved"}, {"y"})
    .output("y", {5, 1, 4});
  const auto lowered = lowered_of(b);
  INFO((lowered ? "" : render(lowered.diagnostics().front())));
  REQUIRE(lowered);
  CHECK(ops_of(lowered->graph) == "view add");
  Floats twice = x.values;
  for (float& value : twice) {
    value *= 2;
  }
  check_near(computed(lowered->graph, {{"x", x.values}}), twice);
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
  starts(
    simple("ij,jk->i", {{4, 3}, {3, 4}}, {4}),
    "E_UNSUPPORTED_ATTR: its equation \"ij,jk->i\" sums over an axis that one operand alone has"
  );
  starts(
    simple("ij,jk->ikk", {{4, 3}, {3, 4}}, {4, 4, 4}),
    "E_UNSUPPORTED_ATTR: its equation \"ij,jk->ikk\" has an axis in its result that"
  );
  starts(
    simple("ij,jk->i?", {{4, 3}, {3, 4}}, {4, 4}),
    "E_UNSUPPORTED_ATTR: its equation \"ij,jk->i?\" has a result that is no list of letters"
  );
  starts(
    simple("...i...->i...", {{4, 3}}, {4, 3}),
    "E_UNSUPPORTED_ATTR: its equation \"...i...->i...\" has an operand that is no list of letters"
  );
  starts(simple("...i,...i->...", {{2, 4}, {3, 4}}, {2}), "E_SHAPE: its equation");
  starts(simple("", {{4, 3}}, {}), "E_SHAPE: its equation");
  OnnxBuilder integers;
  integers.input("x", {4, 3}, 7)
    .ints("w", {3, 1}, {1, 2, 3})
    .node("Einsum", {"x", "w"}, {"y"}, {{"equation", std::string("ij,jk->ik")}}, "sum")
    .output("y", {4, 1}, 7);
  starts(integers, "E_DTYPE: its operands are integers");
  OnnxBuilder absent;
  absent.input("x", {4, 3})
    .node("Einsum", {"x", ""}, {"y"}, {{"equation", std::string("ij,jk->ik")}}, "sum")
    .output("y", {4, 1});
  starts(absent, "E_");
  // What is computed cannot be moved about but in attention.
  starts(simple("ij->ji", {{4, 3}}, {3, 4}), "E_");
  // Products of two computed tensors exist in attention alone, however they are spelled.
  starts(simple("ij,jk->ik", {{4, 3}, {3, 4}}, {4, 4}), "E_PATTERN: both factors are computed");
  starts(
    simple("bij,bjk->bik", {{2, 4, 3}, {2, 3, 4}}, {2, 4, 4}),
    "E_PATTERN: both factors are computed"
  );
}
