#include "io/importer.h"
#include "ir/text.h"
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

std::string complaint(const OnnxBuilder& builder, const io::ImportOptions& options = {}) {
  const auto graph = import(builder, options);
  return graph ? "" : graph.diagnostics().front().code + " " + graph.diagnostics().front().where;
}

std::string complaint(const std::vector<std::uint8_t>& bytes) {
  const auto graph = io::import_model("test.onnx", bytes);
  return graph ? "" : graph.diagnostics().front().code + " " + graph.diagnostics().front().where;
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

TEST_CASE("what is not read is refused by name", "[unit][io]") {
  CHECK(complaint(OnnxBuilder(small()).opset(12)) == "E_OPSET byte 0");
  CHECK(complaint(OnnxBuilder(small()).opset(13)).empty());
  CHECK(complaint(OnnxBuilder(small()).opset(24)).empty());
  CHECK(complaint(OnnxBuilder(small()).opset(25)) == "E_OPSET byte 0");
  CHECK(complaint(OnnxBuilder(small()).tensor("s", {1}, 8, "")).starts_with("E_DTYPE tensor \"s\"")
  );
  CHECK(complaint(OnnxBuilder(small()).input("s", {1}, 8)) == "E_DTYPE graph input \"s\"");
  CHECK(complaint(OnnxBuilder(small()).input("s", {0})) == "E_SHAPE graph input \"s\"");
  CHECK(complaint(OnnxBuilder(small()).input("s", {-1})) == "E_DYNAMIC_SHAPE graph input \"s\"");
  CHECK(
    complaint(OnnxBuilder(small()).input("s", {1 << 30, 1 << 30})) == "E_SHAPE graph input \"s\""
  );
  CHECK(
    complaint(OnnxBuilder(small()).node("Relu", {"nothing"}, {"z"})).starts_with("E_GRAPH node 1")
  );
  CHECK(complaint(OnnxBuilder(small()).node("Relu", {"x"}, {"y"})).starts_with("E_GRAPH node 1"));
  CHECK(complaint(OnnxBuilder(small()).node("A", {"q"}, {"p"}).node("B", {"p"}, {"q"}))
          .starts_with("E_GRAPH node 1"));
  CHECK(
    complaint(OnnxBuilder(small()).output("nothing", {1})) == "E_GRAPH graph output \"nothing\""
  );

  std::string node;
  protozero::pbf_writer writer(node);
  writer.add_string(2, "z");
  writer.add_string(4, "If");
  {
    protozero::pbf_writer attribute(writer, 5);
    attribute.add_string(1, "then_branch");
    attribute.add_message(6, std::string());
  }
  CHECK(
    complaint(OnnxBuilder(small()).node_message(node)) == "E_UNSUPPORTED_OP node 1 \"\" (If) -> z"
  );

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
  const auto refused = import(OnnxBuilder(small()).initializer(external));
  REQUIRE_FALSE(refused);
  CHECK(refused.diagnostics().front().code == "E_EXTERNAL_DATA");
  CHECK(refused.diagnostics().front().message.find("weights.bin") != std::string::npos);
  CHECK_FALSE(refused.diagnostics().front().hint.empty());
}

TEST_CASE("claims are checked before anything is allocated", "[unit][io]") {
  CHECK(complaint(OnnxBuilder(small()).tensor("big", {536870912}, 1, "abcd"))
          .starts_with("E_SHAPE tensor \"big\""));
  CHECK(
    complaint(OnnxBuilder(small()).tensor("big", {1LL << 62, 4}, 1, "abcd")).starts_with("E_SHAPE")
  );
  CHECK(complaint(OnnxBuilder(small()).tensor("neg", {-4}, 1, "abcd")).starts_with("E_SHAPE"));
  CHECK(complaint(OnnxBuilder(small()).tensor("odd", {1}, 1, "abcde")).starts_with("E_SHAPE"));
  // 2^32 elements of nothing: where a size has 32 bits, the product must not become 0.
  CHECK(complaint(OnnxBuilder(small()).tensor("wrap", {65536, 65536}, 2, "")).starts_with("E_SHAPE")
  );
  CHECK(complaint(OnnxBuilder(small()).input("large", {65536, 65536})).starts_with("E_RESOURCE"));
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

TEST_CASE("symbolic dimensions", "[unit][io]") {
  OnnxBuilder batch;
  batch.symbolic_input("x", "batch", 2).node("Relu", {"x"}, {"y"}).output("y", {1, 2});
  const auto bound = import(batch);
  REQUIRE(bound);
  CHECK(bound->tensor(bound->inputs[0]).shape == ir::Shape{1, 2});
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
  CHECK(unknown.diagnostics().front().code == "E_FORMAT");
  CHECK(unknown.diagnostics().front().hint.find(".onnx") != std::string::npos);
  CHECK(io::recognise("model", small().bytes())->id == "onnx");
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
