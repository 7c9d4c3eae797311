// What graphs the operators accept, and what they say about the others.
#include "ops/registry.h"
#include "unit/codegen/harness.h"

#include <set>

using namespace plena;
using namespace plena::tests;

namespace {

/// Codes of the diagnostics, in order.
std::vector<std::string> codes(Model& model) {
  const Status status = ops::infer_shapes(model.graph);
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : status.diagnostics()) {
    CHECK_FALSE(diagnostic.message.empty());
    result.push_back(diagnostic.code);
  }
  CHECK(status.ok() == result.empty());
  return result;
}

using Codes = std::vector<std::string>;

} // namespace

TEST_CASE("every row of the table is an operator") {
  std::set<std::string_view> names;
  for (const ops::Op& op : ops::all()) {
    CHECK(names.insert(op.name).second);
    CHECK(ops::find(op.name) == &op);
    CHECK_FALSE(op.summary.empty());
    CHECK(op.infer != nullptr);
    CHECK(op.reference != nullptr);
    CHECK(op.lower != nullptr);
    CHECK_FALSE(op.inputs.empty());
  }
  CHECK(ops::find("lineal") == nullptr);
}

TEST_CASE("shapes are inferred") {
  Model model;
  const auto x = model.input({2, 3, 8});
  const auto y = model.node("linear", {x, model.constant({8, 5})});
  const auto z = model.node("view", {y}, {{"shape", std::vector<std::int64_t>{-1, 5}}});
  const auto s = model.node("softmax", {z}, {{"axis", std::int64_t{1}}});
  model.output(s);
  CHECK(codes(model).empty());
  CHECK(model.graph.tensor(y).shape == ir::Shape{2, 3, 5});
  CHECK(model.graph.tensor(s).shape == ir::Shape{6, 5});
}

TEST_CASE("wrong operators, inputs and attributes are refused") {
  const auto refused = [](auto&& build) {
    Model model;
    model.output(build(model));
    return codes(model);
  };
  CHECK(refused([](Model& m) {
          return m.node("sofmax", {m.input({2, 3})});
        }) == Codes{"E_UNSUPPORTED_OP"});
  CHECK(refused([](Model& m) { return m.node("linear", {m.input({2, 3})}); }) == Codes{"E_GRAPH"});
  CHECK(refused([](Model& m) {
          const auto x = m.input({2, 3});
          return m.node("silu", {x, x});
        }) == Codes{"E_GRAPH"});
  CHECK(refused([](Model& m) { return m.node("silu", {ir::TensorId{77}}); }) == Codes{"E_GRAPH"});
  CHECK(refused([](Model& m) {
          return m.node("linear", {m.input({2, 3}), m.input({3, 3})});
        }) == Codes{"E_PATTERN"});
  CHECK(refused([](Model& m) {
          return m.node("linear", {m.input({2, 3}), m.constant({4, 3})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("linear", {m.input({2, 3}), m.constant({3, 3}), m.constant({4})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("linear", {m.input({2, 3}), m.constant({3, 3, 1})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("add", {m.input({2, 3}), m.input({3, 2})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("add_vec", {m.input({2, 3}), m.constant({2})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("scale", {m.input({2, 3}), m.constant({2})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("scale", {m.input({2, 3}), m.constant_of({}, {INFINITY})});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("softmax", {m.input({2, 3})}, {{"axis", std::int64_t{0}}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("softmax", {m.input({2, 3})}, {{"axes", std::int64_t{1}}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("gelu", {m.input({2, 3})}, {{"approximate", std::string("cubic")}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("gelu", {m.input({2, 3})}, {{"approximate", 1.0}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("rms_norm", {m.input({2, 3})}, {{"eps", 0.0}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("rms_norm", {m.input({2, 3})}, {{"eps", NAN}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("rms_norm", {m.input({2, 3})}, {{"by_blocks", std::int64_t{2}}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node("layer_norm", {m.input({2, 3})}, {{"by_blocks", std::int64_t{-1}}});
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  CHECK(refused([](Model& m) {
          return m.node(
            "conv2d",
            {m.input({1, 4, 4}), m.constant({2, 1, 2, 2})},
            {{"k_split", std::int64_t{-1}}}
          );
        }) == Codes{"E_UNSUPPORTED_ATTR"});
  using Attrs = std::map<std::string, ir::Attr>;
  for (const Attrs& attrs :
       {Attrs{}, Attrs{{"min", 1.0}, {"max", 0.5}}, Attrs{{"max", 1e39}}, Attrs{{"min", NAN}}}) {
    CHECK(refused([&](Model& m) {
            return m.node("clamp", {m.input({2, 3})}, attrs);
          }) == Codes{"E_UNSUPPORTED_ATTR"});
  }
  for (const Attrs& attrs :
       {Attrs{{"limit", 7.0}},
        Attrs{{"kind", std::string("clamped")}, {"limit", -1.0}},
        Attrs{{"kind", std::string("clamped")}, {"alpha", INFINITY}}}) {
    CHECK(refused([&](Model& m) {
            return m.node("gated", {m.input({2, 3}), m.input({2, 3})}, attrs);
          }) == Codes{"E_UNSUPPORTED_ATTR"});
  }
  for (const char* op : {"sub", "gated"}) {
    CHECK(refused([&](Model& m) {
            return m.node(op, {m.input({2, 3}), m.input({3, 2})});
          }) == Codes{"E_SHAPE"});
  }
  const auto rope = [&](ir::Shape x, ir::Shape cos, ir::Shape sin) {
    return refused([&](Model& m) {
      return m.node("rope", {m.input(x), m.constant(cos), m.constant(sin)});
    });
  };
  CHECK(rope({2, 8}, {2, 4}, {2, 4}).empty());
  CHECK(rope({2, 8}, {2, 4}, {2, 8}) == Codes{"E_SHAPE"});
  CHECK(rope({2, 8}, {3, 4}, {3, 4}) == Codes{"E_SHAPE"});
  CHECK(rope({2, 8}, {2, 6}, {2, 6}) == Codes{"E_SHAPE"});
  CHECK(rope({2, 9}, {2, 3}, {2, 3}) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          const auto table = m.constant({2, 4});
          return m.node("rope", {m.input({2, 8}), table, table, m.input({2, 4})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("layer_norm", {m.input({2, 3}), m.constant({2})});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("view", {m.input({2, 6})}, {{"shape", std::vector<std::int64_t>{3, 4}}});
        }) == Codes{"E_PATTERN"});
  CHECK(
    refused([](Model& m) {
      return m.node("view", {m.input({2, 6})}, {{"shape", std::vector<std::int64_t>{-1, -1, 6}}});
    }) == Codes{"E_SHAPE"}
  );
  CHECK(refused([](Model& m) {
          return m.node("view", {m.input({2, 6})}, {{"shape", std::vector<std::int64_t>{0, 6}}});
        }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) { return m.node("view", {m.input({2, 6})}); }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) { return m.node("silu", {m.input({2, 0})}); }) == Codes{"E_SHAPE"});
  CHECK(refused([](Model& m) {
          return m.node("silu", {m.constant_of({2, 3}, {1, 2})});
        }) == Codes{"E_SHAPE"});
}

TEST_CASE("an integer constant is no activation") {
  Model model;
  const auto c = model.constant_of({2}, {});
  model.graph.tensor(c).constant = ir::Constant{{}, {1, 2}};
  model.output(model.node("silu", {c}));
  CHECK(codes(model) == Codes{"E_DTYPE"});
}

TEST_CASE("graphs that are out of order or write twice are refused") {
  Model model;
  const auto x = model.input({2, 3});
  const auto a = model.node("silu", {x});
  model.output(model.node("silu", {a}));
  std::swap(model.graph.nodes[0], model.graph.nodes[1]);
  CHECK(codes(model)[0] == "E_GRAPH");

  Model twice;
  const auto y = twice.input({2, 3});
  const auto b = twice.node("silu", {y});
  twice.node("silu", {y});
  twice.graph.nodes[1].outputs = {b};
  twice.output(b);
  CHECK(codes(twice) == Codes{"E_GRAPH"});
}

TEST_CASE("one error does not hide the others, and none is reported twice") {
  Model model;
  const auto x = model.input({2, 3});
  const auto bad = model.node("linear", {x, model.constant({4, 3})});
  const auto after = model.node("silu", {bad});
  const auto other = model.node("gelu", {x}, {{"approximate", std::string("?")}});
  model.output(after);
  model.output(other);
  CHECK(codes(model) == Codes{"E_SHAPE", "E_UNSUPPORTED_ATTR"});
}

TEST_CASE("a declared shape that differs is refused") {
  Model model;
  const auto x = model.input({2, 3});
  const auto y = model.node("silu", {x});
  model.graph.tensor(y).shape = {3, 2};
  model.output(y);
  CHECK(codes(model) == Codes{"E_SHAPE"});
}
