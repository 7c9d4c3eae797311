#include "io/importer.h"
#include "ir/text.h"
#include "unit/complete.h"
#include "unit/onnx_builder.h"

#include <catch2/catch.hpp>

using namespace plena;
using tests::OnnxBuilder;

namespace {

OnnxBuilder small() {
  OnnxBuilder builder;
  builder.input("x", {1, 2})
    .floats("w", {2, 1}, {1.5f, -2.0f})
    .node("MatMul", {"x", "w"}, {"y"})
    .output("y", {1, 1});
  return builder;
}

Result<ir::Graph> import(const OnnxBuilder& builder, const io::ImportOptions& options = {}) {
  return io::import_model("test.onnx", builder.bytes(), options);
}

/// `CODE place` of the first diagnostic.
std::string complaint(const Result<ir::Graph>& graph) {
  if (graph) {
    return "";
  }
  tests::check_complete(graph.diagnostics());
  return graph.diagnostics().front().code + " " + graph.diagnostics().front().where;
}
std::string complaint(const OnnxBuilder& builder, const io::ImportOptions& options = {}) {
  return complaint(import(builder, options));
}
std::string complaint(const std::vector<std::uint8_t>& bytes) {
  return complaint(io::import_model("test.onnx", bytes));
}

/// Fails unless the model is refused with a complaint that starts so.
void refused(const OnnxBuilder& builder, const std::string& expected) {
  const std::string found = complaint(builder);
  INFO(found);
  CHECK(found.starts_with(expected));
}

/// A node with a subgraph.
std::string if_node() {
  std::string node;
  protozero::pbf_writer writer(node);
  writer.add_string(2, "z");
  writer.add_string(4, "If");
  protozero::pbf_writer attribute(writer, 5);
  attribute.add_string(1, "then_branch");
  attribute.add_message(6, std::string());
  return node;
}

/// A tensor whose values lie in weights.bin.
std::string external_tensor() {
  std::string external;
  protozero::pbf_writer tensor(external);
  tensor.add_int64(1, 2);
  tensor.add_int32(2, 1);
  tensor.add_string(8, "far");
  {
    protozero::pbf_writer entry(tensor, 13);
    entry.add_string(1, "location");
    entry.add_string(2, "weights.bin");
  }
  tensor.add_int32(14, 1);
  return external;
}

} // namespace

TEST_CASE("an ONNX file becomes a graph", "[unit][io]") {
  OnnxBuilder builder;
  builder.input("x", {1, 2})
    .floats("w", {2, 1}, {1.5f, -2.0f})
    .node("Softmax", {"t"}, {"y"}, {{"axis", std::int64_t{-1}}}, "late")
    .node("MatMul", {"x", "w"}, {"t"})
    .node(
      "Clip",
      {"t", "", "x"},
      {"z", ""},
      {{"f", 0.5f}, {"s", std::string("a")}, {"l", std::vector<std::int64_t>{1, -2}}},
      "",
      "com.microsoft"
    )
    .output("y", {1, 1})
    .output("z", {1, 1});
  const auto graph = import(builder);
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  CHECK(ir::to_text(*graph) == R"(graph graph
input x f32[1,2]
const w f32[2,1] = 1.5 -2
t ? = onnx:MatMul(x, w) @MatMul_1 from MatMul_1
y f32[1,1] = onnx:Softmax(t) {axis=-1} @late from late
z f32[1,1], _ = com.microsoft:Clip(t, _, x) {f=0.5, l=[1,-2], s="a"} @Clip_2 from Clip_2
output y
output z
)");
  CHECK(graph->nodes[0].position == 1);
}

TEST_CASE("element types of initialisers", "[unit][io]") {
  const auto values = [](int type, const std::string& raw) {
    OnnxBuilder builder = small();
    builder.tensor("c", {1}, type, raw);
    const auto graph = import(builder);
    REQUIRE(graph);
    for (const ir::Tensor& tensor : graph->tensors) {
      if (tensor.name == "c") {
        return *tensor.constant;
      }
    }
    return ir::Constant{};
  };
  CHECK(values(1, {"\0\0\x80\x3f", 4}).floats == std::vector<float>{1});
  CHECK(values(10, {"\0\x3c", 2}).floats == std::vector<float>{1});
  CHECK(values(16, {"\x80\x3f", 2}).floats == std::vector<float>{1});
  CHECK(values(11, {"\0\0\0\0\0\0\xf0\x3f", 8}).floats == std::vector<float>{1});
  CHECK(values(7, {"\xfe\xff\xff\xff\xff\xff\xff\xff", 8}).ints == std::vector<std::int64_t>{-2});
  CHECK(values(6, {"\xfe\xff\xff\xff", 4}).ints == std::vector<std::int64_t>{-2});
  CHECK(values(3, "\xfe").ints == std::vector<std::int64_t>{-2});
  CHECK(values(2, "\xfe").ints == std::vector<std::int64_t>{254});
  CHECK(values(9, "\x02").ints == std::vector<std::int64_t>{1});
}

TEST_CASE("operator sets 13 to 24 are read", "[unit][io]") {
  refused(small().opset(10), "E_OPSET byte 0");
  refused(small().opset(25), "E_OPSET byte 0");
  CHECK(complaint(small().opset(11)).empty());
  CHECK(complaint(small().opset(24)).empty());
}

TEST_CASE("types and shapes that are not read are refused by name", "[unit][io]") {
  refused(small().tensor("s", {1}, 8, ""), "E_DTYPE tensor \"s\"");
  refused(small().input("s", {1}, 8), "E_DTYPE graph input \"s\"");
  refused(small().input("s", {0}), "E_SHAPE graph input \"s\"");
  refused(small().input("s", {-1}), "E_DYNAMIC_SHAPE graph input \"s\"");
  refused(small().input("s", {1 << 30, 1 << 30}), "E_SHAPE graph input \"s\"");
}

TEST_CASE("graphs that do not hold together are refused", "[unit][io]") {
  refused(small().node("Relu", {"nothing"}, {"z"}), "E_GRAPH node 1");
  refused(small().node("Relu", {"x"}, {"y"}), "E_GRAPH node 1");
  refused(small().node("A", {"q"}, {"p"}).node("B", {"p"}, {"q"}), "E_GRAPH node 1");
  refused(small().output("nothing", {1}), "E_GRAPH graph output \"nothing\"");
}

TEST_CASE("subgraphs and external data are refused by name", "[unit][io]") {
  refused(small().node_message(if_node()), "E_UNSUPPORTED_OP node 1 \"\" (If) -> z");
  const auto external = import(small().initializer(external_tensor()));
  REQUIRE_FALSE(external);
  tests::check_complete(external.diagnostics());
  CHECK(external.diagnostics().front().code == "E_EXTERNAL_DATA");
  CHECK(external.diagnostics().front().message.find("weights.bin") != std::string::npos);
}

TEST_CASE("claims are checked before anything is allocated", "[unit][io]") {
  refused(small().tensor("big", {536870912}, 1, "abcd"), "E_SHAPE tensor \"big\"");
  refused(small().tensor("big", {1LL << 62, 4}, 1, "abcd"), "E_SHAPE");
  refused(small().tensor("neg", {-4}, 1, "abcd"), "E_SHAPE");
  refused(small().tensor("odd", {1}, 1, "abcde"), "E_SHAPE");
  // 2^32 elements of nothing: where a size has 32 bits, the product must not become 0.
  refused(small().tensor("wrap", {65536, 65536}, 2, ""), "E_SHAPE");
  refused(small().input("large", {65536, 65536}), "E_RESOURCE");
  io::ImportOptions options;
  options.max_nodes = 3;
  OnnxBuilder many = small();
  for (int i = 0; i < 3; ++i) {
    many.node("Relu", {"x"}, {"r" + std::to_string(i)});
  }
  CHECK(complaint(many, options).starts_with("E_RESOURCE byte"));
  options.max_onnx_bytes = 10;
  CHECK(complaint(many, options) == "E_RESOURCE byte 0");
}

TEST_CASE("inputs that say which positions count are bound", "[unit][io]") {
  OnnxBuilder builder;
  builder.input("input_ids", {2, 3}, 7)
    .input("attention_mask", {2, 3}, 7)
    .input("position_ids", {2, 3}, 7)
    .node("Add", {"attention_mask", "position_ids"}, {"y"})
    .output("y", {2, 3}, 7);
  const auto graph = import(builder);
  REQUIRE(graph);
  REQUIRE(graph->inputs.size() == 1);
  CHECK(graph->tensor(graph->inputs[0]).name == "input_ids");
  tests::check_complete(graph.diagnostics());
  REQUIRE(graph.diagnostics().size() == 2);
  CHECK(graph.diagnostics().front().code == "N_BOUND_INPUT");
  for (const ir::Tensor& tensor : graph->tensors) {
    if (tensor.name == "attention_mask") {
      CHECK(tensor.constant->ints == std::vector<std::int64_t>(6, 1));
    } else if (tensor.name == "position_ids") {
      CHECK(tensor.constant->ints == std::vector<std::int64_t>{0, 1, 2, 0, 1, 2});
    }
  }
  OnnxBuilder floats;
  floats.input("attention_mask", {2, 3}).node("Relu", {"attention_mask"}, {"y"}).output("y", {2, 3});
  const auto given = import(floats);
  REQUIRE(given);
  CHECK(given->inputs.size() == 1);
  OnnxBuilder cache;
  cache.input("past_key_values.0.key", {1, 2, 3, 4})
    .node("Relu", {"past_key_values.0.key"}, {"y"})
    .output("y", {1, 2, 3, 4});
  CHECK(complaint(cache).starts_with("E_KV_CACHE graph input"));
}

TEST_CASE("symbolic dimensions", "[unit][io]") {
  OnnxBuilder batch;
  batch.symbolic_input("x", "batch", 2).node("Relu", {"x"}, {"y"}).output("y", {1, 2});
  const auto bound = import(batch);
  REQUIRE(bound);
  CHECK(bound->tensor(bound->inputs[0]).shape == ir::Shape{1, 2});
  tests::check_complete(bound.diagnostics());
  CHECK(bound.diagnostics().front().code == "N_BOUND_DIM");
  OnnxBuilder open;
  open.symbolic_input("x", "length", 2).node("Relu", {"x"}, {"y"}).output("y", {1, 2});
  CHECK(complaint(open) == "E_DYNAMIC_SHAPE graph input \"x\"");
  io::ImportOptions options;
  options.dims["length"] = 7;
  const auto given = import(open, options);
  REQUIRE(given);
  CHECK(given->tensor(given->inputs[0]).shape == ir::Shape{7, 2});
}

TEST_CASE("files that are no models", "[unit][io]") {
  CHECK(complaint(std::vector<std::uint8_t>{}) == "E_PROTOBUF byte 0");
  CHECK(complaint(std::vector<std::uint8_t>(100, 0xFF)).starts_with("E_PROTOBUF"));
  CHECK(complaint(std::vector<std::uint8_t>{0x08, 0x08}) == "E_PROTOBUF byte 2");
  CHECK(complaint(std::vector<std::uint8_t>{0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F})
          .starts_with("E_PROTOBUF"));
  const auto unknown =
    io::import_model("picture.png", std::vector<std::uint8_t>{0x89, 'P', 'N', 'G'});
  REQUIRE_FALSE(unknown);
  tests::check_complete(unknown.diagnostics());
  CHECK(unknown.diagnostics().front().code == "E_FORMAT");
  CHECK(unknown.diagnostics().front().hint.find(".onnx") != std::string::npos);
  CHECK(io::recognise("model", small().bytes())->id == "onnx");
}

// 0x80000000 and more: negative where sizes have 32 bits.
TEST_CASE("lengths beyond the file are refused on every host", "[unit][io]") {
  const std::vector<std::uint8_t> lengths[] = {
    {0x80, 0x80, 0x80, 0x80, 0x08},
    {0xFF, 0xFF, 0xFF, 0xFF, 0x0F},
    {0x82, 0x80, 0x80, 0x80, 0x10},
    {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}};
  const std::vector<std::uint8_t> heads[] = {
    {0x3A},                         // the graph
    {0x12},                         // a text that is skipped
    {0x3A, 0x09, 0x12},             // the graph's name
    {0x3A, 0x0C, 0x2A, 0x0A, 0x0A}, // packed dimensions of an initialiser
  };
  for (const auto& head : heads) {
    for (const auto& length : lengths) {
      std::vector<std::uint8_t> bytes{0x08, 0x08};
      bytes.insert(bytes.end(), head.begin(), head.end());
      bytes.insert(bytes.end(), length.begin(), length.end());
      bytes.resize(bytes.size() + 8);
      CHECK(complaint(bytes).starts_with("E_PROTOBUF byte"));
    }
  }
}

TEST_CASE("every truncation of an ONNX file is an error or a smaller model", "[unit][io]") {
  const std::vector<std::uint8_t> whole = small().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK_FALSE(complaint(std::vector<std::uint8_t>(
                            whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)
                          ))
                  .empty());
  }
}
