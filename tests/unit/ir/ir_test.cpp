#include "ir/graph.h"
#include "ir/text.h"
#include "ir/verify.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace plena;
using namespace plena::ir;

namespace {

const std::string example = R"(graph main
input x f32[2,4]
const w f32[4,2] = 1 2 3 0.1 -inf nan 1e-08 8
const "odd \"name" i64[2] = -1 9223372036854775807
y f32[2,2], z ? = linear(x, w, _) {alpha=1.0, axes=[0,-1], eps=1e-05, mode="tanh", n=3, r=f[1.0,2.5]} @fc1 from a "b c"
q f32[2,2] = silu(y) @act
r f32[2,2] = onnx:Foo(q, "odd \"name", z) @last
output r
)";

Graph parsed(const std::string& text) {
  auto graph = from_text(text);
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  return *graph;
}

/// The first message of `verify`, empty when the graph is legal.
std::string complaint(const Graph& graph, Level level = Level::Imported) {
  const Status status = verify(graph, level);
  return status ? "" : status.diagnostics().front().message;
}

} // namespace

TEST_CASE("graph text goes there and back", "[unit][ir]") {
  const Graph graph = parsed(example);
  CHECK(to_text(graph) == example);
  CHECK(graph.tensors.size() == 7);
  const Node& node = graph.nodes.front();
  CHECK(std::get<double>(node.attrs.at("eps")) == 1e-05);
  CHECK(std::get<std::int64_t>(node.attrs.at("n")) == 3);
  CHECK(std::get<std::vector<double>>(node.attrs.at("r")) == std::vector<double>{1.0, 2.5});
  CHECK(node.origin == std::vector<std::string>{"a", "b c"});
  CHECK(node.inputs[2] == no_tensor);
  CHECK_FALSE(graph.tensor(node.outputs[1]).known);
  CHECK(to_text(graph, {.max_values = 2}).find("= 1 2 ...") != std::string::npos);
}

TEST_CASE("graph text names the place of an error", "[unit][ir]") {
  const auto column_of = [](const std::string& text) {
    const auto graph = from_text(text);
    REQUIRE_FALSE(graph);
    CHECK(graph.diagnostics().front().code == "E_GRAPH_TEXT");
    return std::pair(
      graph.diagnostics().front().span.line, graph.diagnostics().front().span.column
    );
  };
  CHECK(column_of("nonsense").first == 1);
  CHECK(column_of("graph g\ninput x q32[1]\n").first == 2);
  CHECK(column_of("graph g\nconst x f32[1] = 1z\n") == std::pair(2u, 18u));
  CHECK(column_of("graph g\ny f32[1] = f(x @n\n").first == 2);
  CHECK(column_of("graph \"g\n").first == 1);
  CHECK(column_of("graph g\nconst w f32[9] = 1 ...\n").first == 2);
  for (std::size_t cut = 0; cut < example.size(); ++cut) {
    (void)from_text(example.substr(0, cut)); // must end, and without a crash
  }
}

TEST_CASE("verify finds every broken rule", "[unit][ir]") {
  const Graph good = parsed(example);
  CHECK(complaint(good).empty());

  Graph graph = good;
  std::swap(graph.nodes[1], graph.nodes[2]);
  CHECK(complaint(graph) == "nothing before this node produces \"q\"");

  graph = good;
  graph.nodes[2].inputs[0] = static_cast<TensorId>(99);
  CHECK(complaint(graph) == "an input refers to no tensor");

  graph = good;
  graph.nodes[2].outputs = graph.nodes[1].outputs;
  CHECK(complaint(graph) == "tensor \"q\" has two producers");

  graph = good;
  graph.tensors[0].name = "w";
  CHECK(complaint(graph) == "two tensors have the same name");

  graph = good;
  graph.nodes[1].name = "fc1";
  CHECK(complaint(graph) == "two nodes have the same name");

  graph = good;
  graph.tensors[1].constant->floats.pop_back();
  CHECK(complaint(graph).find("holds 7 values") != std::string::npos);

  graph = good;
  graph.tensors[0].shape = {-1};
  CHECK(complaint(graph) == "shape [-1] is impossible");

  graph = good;
  graph.outputs.push_back(graph.add_tensor({.name = "lonely"}));
  CHECK(complaint(graph) == "nothing produces the graph output \"lonely\"");

  graph = good;
  graph.nodes[1].outputs.clear();
  CHECK_FALSE(complaint(graph).empty());

  graph = good;
  graph.input_specs.resize(2);
  CHECK_FALSE(complaint(graph).empty());

  const Status canonical = verify(good, Level::Canonical);
  REQUIRE_FALSE(canonical);
  REQUIRE(canonical.diagnostics().size() == 2);
  CHECK(canonical.diagnostics()[0].where == "node \"last\" (Foo) -> r");
  CHECK(canonical.diagnostics()[1].where == "tensor \"z\"");
}

TEST_CASE("verify stops at fifty errors", "[unit][ir]") {
  Graph graph;
  for (int i = 0; i < 200; ++i) {
    graph.add_tensor({.name = ""});
  }
  const Status status = verify(graph, Level::Imported);
  REQUIRE_FALSE(status);
  CHECK(status.diagnostics().size() == 50);
}

TEST_CASE("sorting puts producers first and reports cycles", "[unit][ir]") {
  Graph graph = parsed(example);
  std::swap(graph.nodes[0], graph.nodes[2]);
  CHECK(sort_nodes(graph).empty());
  CHECK(to_text(graph) == example);

  graph.nodes[0].inputs[0] = graph.nodes[1].outputs[0];
  const auto cycle = sort_nodes(graph);
  REQUIRE(cycle.size() == 3);
  CHECK(index(cycle[0]) == 0);
}

TEST_CASE("dead nodes and tensors go", "[unit][ir]") {
  Graph graph = parsed(R"(graph g
input x f32[2]
input unused f32[2]
const c f32[1] = 1
a f32[2], b f32[2] = onnx:Two(x) @two
d f32[2] = onnx:Dead(b, c) @dead
output a
)");
  CHECK(use_counts(graph)[index(graph.inputs[0])] == 1);
  CHECK(remove_dead(graph));
  CHECK(to_text(graph) == R"(graph g
input x f32[2]
input unused f32[2]
a f32[2] = onnx:Two(x) @two
output a
)");
  CHECK_FALSE(remove_dead(graph));
}

TEST_CASE("element counts do not overflow", "[unit][ir]") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 3}) == 6);
  CHECK(element_count({max_elements}) == max_elements);
  CHECK_FALSE(element_count({max_elements, 2}));
  CHECK_FALSE(element_count({std::numeric_limits<std::int64_t>::max(), 3}));
  CHECK_FALSE(element_count({-1, 0}));
  CHECK(element_count({5, 0, 3}) == 0);
  CHECK_FALSE(element_count({std::numeric_limits<std::int64_t>::max(), 5, 0}));
  for (const DTypeInfo& row : dtypes) {
    CHECK(parse_dtype(row.name) == row.dtype);
  }
  CHECK_FALSE(parse_dtype("f8"));
}
