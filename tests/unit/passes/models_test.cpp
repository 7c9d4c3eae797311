// Recorded exports of PyTorch and hand-made operator files: which graphs come out, and which node
// is named when none does.
#include "io/importer.h"
#include "passes/pipeline.h"
#include "shared_data.h"
#include "unit/complete.h"
#include "unit/onnx_builder.h"

#include <catch2/catch.hpp>
#include <map>

using namespace plena;
using tests::OnnxBuilder;

namespace {

Result<passes::Lowered>
lower(const std::filesystem::path& path, const io::ImportOptions& options = {}) {
  const auto bytes = tests::read_bytes(path);
  auto graph = io::import_model(path.filename().string(), bytes, options);
  if (!graph) {
    return graph.diagnostics();
  }
  return passes::run(*std::move(graph), {.file = path.filename().string()});
}

/// `op(inputs)` of every node: `c` for a constant of the given shape, `.` for a computed tensor.
std::string outline(const ir::Graph& graph) {
  std::string text;
  for (const ir::Node& node : graph.nodes) {
    text += text.empty() ? "" : " ";
    text += node.op + "(";
    for (const ir::TensorId input : node.inputs) {
      text += input == ir::no_tensor                     ? "_"
              : graph.tensor(input).constant.has_value() ? ir::to_string(graph.tensor(input).shape)
                                                         : ".";
    }
    text += ")";
  }
  return text;
}

struct Accepted {
  const char* file;
  const char* outline;
};

struct Refused {
  const char* file;
  const char* code;
  const char* where; ///< the beginning of the first diagnostic's place
};

} // namespace

TEST_CASE("operator files become canonical graphs", "[unit][passes]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const Accepted cases[] = {
    {"models/onnx/op_matmul.onnx", "linear(.[64,128])"},
    {"models/onnx/op_matmul_add.onnx", "linear(.[64,128][128])"},
    {"models/onnx/op_gemm_transb_bias.onnx", "linear(.[64,128][128])"},
    {"models/onnx/op_gemm_alpha_half.onnx", "linear(.[64,128])"},
    {"models/onnx/op_rmsnorm_decomposed_div.onnx", "rms_norm(.[64])"},
    {"models/onnx/op_rmsnorm_decomposed_mulxx_recip.onnx", "rms_norm(.[64])"},
    {"models/onnx/op_rmsnorm_23.onnx", "rms_norm(.[64])"},
    {"models/onnx/op_simplified_layernorm.onnx", "rms_norm(.[64])"},
    {"models/onnx/op_layernorm.onnx", "layer_norm(.[64][64])"},
    {"models/onnx/op_layernorm_decomposed.onnx", "layer_norm(.[64][64])"},
    {"models/onnx/op_softmax.onnx", "softmax(.)"},
    {"models/onnx/op_scaled_softmax.onnx", "softmax(.)"},
    {"models/onnx/op_gelu_erf.onnx", "gelu(.)"},
    {"models/onnx/op_gelu_20_tanh.onnx", "gelu(.)"},
    {"models/onnx/op_quickgelu.onnx", "gelu(.)"},
    {"models/onnx/op_silu.onnx", "silu(.)"},
    {"models/onnx/op_swiglu_ffn.onnx",
     "linear(.[64,128]) silu(.) linear(.[64,128]) mul(..) linear(.[128,64])"},
    {"models/onnx/op_cast_identity_chain.onnx", "view(.) linear(.[64,128])"},
    {"models/onnx/op_conv_patch.onnx", "conv2d(.[64,3,8,8][64]) view(.)"},
    {"models/onnx/op_gather_embedding.onnx", "embedding([96,64].)"},
    {"models/onnx/op_rope_contrib.onnx", "rope(.[32,32][32,32]) view(.)"},
    {"models/onnx/op_mha_contrib.onnx",
     "add_vec(.[64]) add_vec(.[64]) add_vec(.[64]) attention(...) view(.)"},
    {"onnx/mlp_legacy/model.onnx",
     "linear(.[64,128][128]) gelu(.) linear(.[128,64][64]) layer_norm(.[64][64]) "
     "linear(.[64,10][10]) softmax(.)"},
    {"onnx/swiglu_dynamo/model.onnx",
     "rms_norm(.[64]) linear(.[64,192]) silu(.) linear(.[64,192]) mul(..) linear(.[192,64]) "
     "add(..)"},
  };
  for (const Accepted& expected : cases) {
    INFO(expected.file);
    const auto lowered = lower(tests::shared_dir() / expected.file);
    INFO((lowered ? "" : render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    CHECK(outline(lowered->graph) == expected.outline);
  }
}

TEST_CASE("every export of one model becomes the same operators", "[unit][passes]") {
  if (!tests::has_shared_data()) {
    return;
  }
  using Counts = std::map<std::string, int>;
  const auto counts = [](const std::string& file) {
    const auto lowered = lower(tests::shared_dir() / file);
    INFO(file << (lowered ? "" : ": " + render(lowered.diagnostics().front())));
    REQUIRE(lowered);
    Counts result;
    for (const ir::Node& node : lowered->graph.nodes) {
      ++result[node.op];
    }
    result.erase("view");
    return result;
  };
  const auto llama = [](int layers) {
    return Counts{
      {"embedding", 1},
      {"rms_norm", 2 * layers + 1},
      {"linear", 7 * layers + 1},
      {"rope", 2 * layers},
      {"attention", layers},
      {"silu", layers},
      {"mul", layers},
      {"add", 2 * layers}};
  };
  for (const char* name :
       {"eager_ts17",
        "eager_dynamo18",
        "eager_dynamo23",
        "sdpa_ts17",
        "sdpa_dynamo18",
        "fused_contrib",
        "fused_opset24"}) {
    CHECK(counts("models/onnx/llama_" + std::string(name) + ".onnx") == llama(2));
  }
  CHECK(counts("onnx/llama_2l/model.onnx") == llama(2));
  CHECK(counts("onnx/llama_hd64_eager/model.onnx") == llama(1));
  CHECK(
    counts("onnx/gpt2_2l/model.onnx") ==
    Counts{
      {"embedding", 1},
      {"layer_norm", 5},
      {"linear", 13},
      {"attention", 2},
      {"gelu", 2},
      {"add", 5}}
  );
  CHECK(
    counts("onnx/siglip_vision/model.onnx") ==
    Counts{
      {"conv2d", 1}, {"layer_norm", 5}, {"linear", 12}, {"attention", 2}, {"gelu", 2}, {"add", 5}}
  );
  for (const char* name : {"models/onnx/vision_ts17.onnx", "models/onnx/vision_dynamo18.onnx"}) {
    CHECK(
      counts(name) ==
      Counts{
        {"conv2d", 1},
        {"layer_norm", 3},
        {"linear", 10},
        {"attention", 1},
        {"gelu", 1},
        {"rows", 4},
        {"add", 6}}
    );
  }
}

TEST_CASE("attributes survive the import", "[unit][passes]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto attr = [](const char* file, const char* key) {
    const auto lowered = lower(tests::shared_dir() / "models/onnx" / file);
    REQUIRE(lowered);
    return lowered->graph.nodes.back().attrs.at(key);
  };
  CHECK(attr("op_scaled_softmax.onnx", "scale") == ir::Attr(0.125));
  CHECK(attr("op_softmax.onnx", "scale") == ir::Attr(1.0));
  CHECK(attr("op_gelu_erf.onnx", "approximate") == ir::Attr("none"));
  CHECK(attr("op_gelu_20_tanh.onnx", "approximate") == ir::Attr("tanh"));
  CHECK(attr("op_quickgelu.onnx", "approximate") == ir::Attr("sigmoid1702"));
  CHECK(std::get<double>(attr("op_layernorm.onnx", "eps")) == static_cast<double>(1e-6f));
  CHECK(std::get<double>(attr("op_rmsnorm_23.onnx", "eps")) == static_cast<double>(1e-5f));
}

TEST_CASE("origins name the nodes of the file", "[unit][passes]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto lowered = lower(tests::shared_dir() / "onnx/swiglu_dynamo/model.onnx");
  REQUIRE(lowered);
  CHECK(
    lowered->graph.nodes[0].origin ==
    std::vector<std::string>{
      "node_Pow_2",
      "node_ReduceMean_6",
      "node_Add_8",
      "node_Sqrt_9",
      "node_Reciprocal_10",
      "node_Mul_11",
      "node_Mul_12"}
  );
  CHECK(
    lowered->graph.nodes[2].origin == std::vector<std::string>{"node_Sigmoid_14", "node_Mul_15"}
  );
  CHECK(lowered->graph.tensor(lowered->graph.inputs[0]).name == "x");
  CHECK(lowered->graph.tensor(lowered->graph.outputs[0]).name == "y");
}

// The machine computes the tanh form; what stands in for another form is said once.
TEST_CASE("only the erf form of GELU carries a warning", "[unit][passes]") {
  struct Row {
    const char* name;
    std::string bytes;
    bool warns;
  };
  const auto onnx =
    [](const char* domain, const char* op, const std::vector<OnnxBuilder::Attr>& attrs) {
      OnnxBuilder builder;
      builder.input("x", {2, 4}).node(op, {"x"}, {"y"}, attrs, "", domain);
      const auto bytes = builder.output("y", {2, 4}).bytes();
      return std::string(bytes.begin(), bytes.end());
    };
  const auto json = [](const std::string& attrs) {
    return R"({"plena_model":1,"family":"graph","graph":{"inputs":[{"name":"x","shape":[2,4]}],
      "nodes":[{"op":"gelu","inputs":["x"],"outputs":["y"],"attrs":{)" +
           attrs + R"(}}],"outputs":["y"]},"input":{"kind":"tensor","tensor":{"name":"x"}}})";
  };
  const Row rows[] = {
    {"erf.onnx", onnx("", "Gelu", {}), true},
    {"none.onnx", onnx("", "Gelu", {{"approximate", std::string("none")}}), true},
    {"tanh.onnx", onnx("", "Gelu", {{"approximate", std::string("tanh")}}), false},
    {"fast.onnx", onnx("com.microsoft", "FastGelu", {}), false},
    {"quick.onnx", onnx("com.microsoft", "QuickGelu", {}), false},
    {"erf.plena.json", json(""), true},
    {"none.plena.json", json(R"("approximate":"none")"), true},
    {"tanh.plena.json", json(R"("approximate":"tanh")"), false},
    {"quick.plena.json", json(R"("approximate":"sigmoid1702")"), false},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const std::vector<std::uint8_t> bytes(row.bytes.begin(), row.bytes.end());
    auto graph = io::import_model(row.name, bytes);
    REQUIRE(graph);
    CHECK(graph.diagnostics().empty());
    const auto lowered = passes::run(*std::move(graph), {.file = row.name});
    REQUIRE(lowered);
    REQUIRE(lowered.diagnostics().size() == (row.warns ? 1 : 0));
    if (row.warns) {
      tests::check_complete(lowered.diagnostics());
      CHECK(lowered.diagnostics().front().code == "W_APPROX");
    }
  }
}

TEST_CASE("what is not supported is refused by its first node", "[unit][passes]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const Refused cases[] = {
    {"models/onnx/op_bad_unsupported_op.onnx", "E_UNSUPPORTED_OP", "node 0 \"Tan_0\" (Tan) -> y"},
    {"models/onnx/op_bad_activation_matmul.onnx", "E_PATTERN", "node 0 \"MatMul_0\""},
    {"models/onnx/op_bad_softmax_axis0.onnx", "E_UNSUPPORTED_ATTR", "node 0 \"Softmax_0\""},
    {"models/onnx/op_bad_dynamic_shape.onnx", "E_DYNAMIC_SHAPE", "graph input \"x\""},
    {"models/onnx/op_bad_gqa_past.onnx", "E_KV_CACHE", "node 0 \"GroupQueryAttention_0\""},
    {"models/onnx/op_bad_grouped_conv.onnx", "E_UNSUPPORTED_ATTR", "node 0 \"Conv_0\""},
    {"models/onnx/bad_truncated.onnx", "E_PROTOBUF", "byte "},
    {"models/onnx/bad_not_onnx.onnx", "E_PROTOBUF", "byte "},
  };
  for (const Refused& expected : cases) {
    INFO(expected.file);
    const auto lowered = lower(tests::shared_dir() / expected.file);
    REQUIRE_FALSE(lowered);
    const Diagnostic& first = lowered.diagnostics().front();
    INFO(render(first) << " at " << first.where);
    CHECK(first.code == expected.code);
    CHECK(first.where.starts_with(expected.where));
    CHECK_FALSE(first.file.empty());
    tests::check_complete(lowered.diagnostics());
    CHECK(lowered.diagnostics().size() <= 50);
  }
}

TEST_CASE("an open dimension can be bound", "[unit][passes]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto path = tests::shared_dir() / "models/onnx/op_bad_dynamic_shape.onnx";
  io::ImportOptions options;
  options.dims["N"] = 32;
  const auto lowered = lower(path, options);
  REQUIRE(lowered);
  CHECK(lowered->graph.tensor(lowered->graph.outputs[0]).shape == ir::Shape{32, 128});
  CHECK(lower(path).diagnostics().front().message.find("`N`") != std::string::npos);
  options.dims["N"] = 0;
  CHECK_FALSE(lower(path, options));
}
