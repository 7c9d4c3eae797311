// safetensors files, good and hostile; configurations; checkpoints of several files, read in parts.
#include "io/checkpoint.h"
#include "io/import_checkpoint.h"
#include "io/json_families.h"
#include "io/weights.h"
#include "unit/io/checkpoint_files.h"

#include <catch2/catch.hpp>

using namespace plena;
using namespace plena::tests;

namespace {

std::string code_of(const std::vector<std::uint8_t>& bytes) {
  const Result<io::Safetensors> opened = io::Safetensors::open(file("m.safetensors", bytes));
  return opened ? std::string() : opened.diagnostics()[0].code;
}

std::string header_code(const std::string& header, std::size_t values = 16) {
  return code_of(safetensors(header, std::vector<std::uint8_t>(values, 0)));
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

Result<frontend::Architecture> config(const std::string& text) {
  return io::read_config(file("config.json", bytes_of(text)));
}

std::string config_error(const std::string& text) {
  const Result<frontend::Architecture> read = config(text);
  return read ? std::string() : read.diagnostics()[0].code + " " + read.diagnostics()[0].where;
}

const std::string dims =
  R"("hidden_size":8,"intermediate_size":12,"num_hidden_layers":3,"num_attention_heads":2,)"
  R"("num_key_value_heads":1,"vocab_size":10,"tie_word_embeddings":true)";

std::string llama(const std::string& more = {}) {
  return R"({"model_type":"llama",)" + dims + (more.empty() ? "" : "," + more) + "}";
}

struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// The tensors of `dims`, by layer; the embedding and the last norm come at -1.
std::vector<TensorSpec> tensors_of(int layer) {
  if (layer < 0) {
    return {{"model.embed_tokens.weight", {10, 8}}, {"model.norm.weight", {8}}};
  }
  const std::string at = "model.layers." + std::to_string(layer) + ".";
  return {
    {at + "input_layernorm.weight", {8}},
    {at + "self_attn.q_proj.weight", {8, 8}},
    {at + "self_attn.k_proj.weight", {4, 8}},
    {at + "self_attn.v_proj.weight", {4, 8}},
    {at + "self_attn.o_proj.weight", {8, 8}},
    {at + "post_attention_layernorm.weight", {8}},
    {at + "mlp.gate_proj.weight", {12, 8}},
    {at + "mlp.up_proj.weight", {12, 8}},
    {at + "mlp.down_proj.weight", {8, 12}}};
}

void add(TensorFile& to, int layer) {
  for (const TensorSpec& spec : tensors_of(layer)) {
    std::size_t count = 1;
    for (const std::int64_t size : spec.shape) {
      count *= static_cast<std::size_t>(size);
    }
    to.add(spec.name, spec.shape, io::ih4(spec.name, 1, 0.3, spec.shape.size() == 1 ? 1 : 0, count));
  }
}

std::vector<std::uint8_t> tensors(std::initializer_list<int> layers) {
  TensorFile result;
  for (const int layer : layers) {
    add(result, layer);
  }
  return result.bytes();
}

std::string error_of(const Result<io::CheckpointModel>& model) {
  return model ? std::string() : model.diagnostics()[0].code + " " + model.diagnostics()[0].file;
}

} // namespace

TEST_CASE("safetensors: values of every type that is read, whole and in part") {
  const std::string header =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
    R"("c":{"dtype":"BF16","shape":[],"data_offsets":[12,14]},)"
    R"("d":{"dtype":"I64","shape":[0],"data_offsets":[14,14]},)"
    R"("e":{"dtype":"I8","shape":[2],"data_offsets":[14,16]}})";
  const std::vector<std::uint8_t> values{0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0x3C, 0, 0xC0, 0x40, 0x40, 1, 2};
  const Result<io::Safetensors> opened = io::Safetensors::open(file("m", safetensors(header, values)));
  REQUIRE(opened.ok());
  CHECK(opened->entries().size() == 5);
  CHECK(*opened->read("a", 0, 2) == std::vector<float>{1, -2});
  CHECK(*opened->read("a", 1, 1) == std::vector<float>{-2});
  CHECK(*opened->read("b", 0, 2) == std::vector<float>{1, -2});
  CHECK(*opened->read("c", 0, 1) == std::vector<float>{3});
  const auto refused = opened->read("e", 0, 2);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.diagnostics()[0].code == "E_DTYPE");
  CHECK(refused.diagnostics()[0].where == "e");
}

TEST_CASE("safetensors: files that are none are refused") {
  CHECK(header_code("{" + entry("a", "[2,2]", "[0,16]") + "}").empty());
  CHECK(header_code("{" + entry("a", "[2,2]", "[0,17]") + "}") == "E_SAFETENSORS");
  CHECK(header_code("{" + entry("a", "[2,2]", "[4,20]") + "}") == "E_SAFETENSORS");
  CHECK(header_code("{" + entry("a", "[2,2]", "[16,0]") + "}") == "E_SAFETENSORS");
  CHECK(header_code("{" + entry("a", "[2,2]", "[0,12]") + "}") == "E_SAFETENSORS");
  CHECK(header_code("{" + entry("a", "[2,-2]", "[0,16]") + "}") == "E_SAFETENSORS");
  CHECK(header_code("{" + entry("a", "[4294967296,4294967296]", "[0,16]") + "}") == "E_SAFETENSORS");
  CHECK(header_code("{" + entry("a", "[4]", "[18446744073709551600,16]") + "}") == "E_SAFETENSORS");
  const std::string first = "{" + entry("a", "[2]", "[0,8]") + ",";
  CHECK(header_code(first + entry("b", "[2]", "[8,16]") + "}").empty());
  CHECK(header_code(first + entry("b", "[2]", "[4,12]") + "}") == "E_SAFETENSORS");
  CHECK(header_code(first + entry("a", "[2]", "[8,16]") + "}") == "E_JSON");
  CHECK(header_code("[]") == "E_SAFETENSORS");
  CHECK(header_code("{") == "E_JSON");
  CHECK(header_code(R"({"a":3})") == "E_SAFETENSORS");
  CHECK(code_of({1, 2, 3}) == "E_SAFETENSORS");
  // Headers that are said to be longer than the file, and than any header.
  std::vector<std::uint8_t> long_header = safetensors("{}", {});
  long_header[0] = 3;
  CHECK(code_of(long_header) == "E_SAFETENSORS");
  long_header[7] = 0xFF;
  CHECK(code_of(long_header) == "E_SAFETENSORS");
}

TEST_CASE("configurations: values, defaults and where they come from") {
  const Result<frontend::Architecture> plain = config(llama());
  REQUIRE(plain.ok());
  const frontend::TextModel& text = *plain->text;
  CHECK(text.stack.head_dim == 4);
  CHECK(text.stack.norm.eps == 1e-6);
  CHECK(text.stack.rotary->theta == 10000);
  CHECK(text.tied);
  CHECK(text.stack.windows.empty());

  CHECK(config(llama(R"("rope_theta":500,"head_dim":6)"))->text->stack.rotary->theta == 500);
  const auto nested =
    config(llama(R"("rope_parameters":{"rope_theta":700,"rope_type":"default"},"head_dim":null)"));
  CHECK(nested->text->stack.rotary->theta == 700);
  const auto scaled = config(llama(
    R"("rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,)"
    R"("original_max_position_embeddings":512})"
  ));
  REQUIRE(scaled.ok());
  CHECK(scaled->text->stack.rotary->scaling.kind == frontend::RopeScaling::Kind::Llama3);
  CHECK(scaled->text->stack.rotary->scaling.factor == 8);

  const std::string mistral = R"({"model_type":"mistral",)" + dims;
  CHECK(config(mistral + "}")->text->stack.windows == std::vector<std::int64_t>(3, 4096));
  CHECK(config(mistral + R"(,"sliding_window":null})")->text->stack.windows.empty());
  const std::string qwen = R"({"model_type":"qwen2",)" + dims + R"(,"sliding_window":7)";
  CHECK(config(qwen + "}")->text->stack.windows.empty());
  CHECK(
    config(qwen + R"(,"use_sliding_window":true,"max_window_layers":2})")->text->stack.windows ==
    std::vector<std::int64_t>{0, 0, 7}
  );
}

TEST_CASE("configurations: what is not built is refused by name") {
  CHECK(config_error(R"({"model_type":"bert"})") == "E_FAMILY /model_type");
  CHECK(config_error("{}") == "E_MISSING /model_type");
  CHECK(config_error("[]") == "E_TYPE ");
  CHECK(config_error("{") == "E_JSON ");
  CHECK(config_error(R"({"model_type":"llama"})") == "E_MISSING /hidden_size");
  CHECK(
    config_error(llama(R"("rope_scaling":{"rope_type":"spiral"})")) ==
    "E_UNSUPPORTED_ATTR /rope_scaling/rope_type"
  );
  CHECK(config_error(llama(R"("hidden_act":"relu6")")) == "E_UNSUPPORTED_ATTR /hidden_act");
  CHECK(
    config_error(llama(R"("quantization_config":{"bits":4})")) ==
    "E_UNSUPPORTED_ATTR /quantization_config"
  );
  CHECK(config_error(llama(R"("head_dim":3)")) == "E_RANGE /head_dim");
  CHECK(config_error(llama(R"("layer_types":["full_attention"])")) == "E_RANGE /layer_types");
  CHECK(
    config_error(R"({"model_type":"llama",)" + dims + R"(,"num_key_value_heads":0})") ==
    "E_JSON /num_key_value_heads"
  );
}

TEST_CASE("checkpoints: the tensors of a layer are read without the others") {
  const auto source = std::make_shared<CountedBytes>(tensors({-1, 0, 1, 2}));
  const std::vector<io::ModelFile> files{
    file("some/where/config.json", bytes_of(llama())), {"some/where/model.safetensors", source}};
  frontend::Part part;
  part.ids = {1, 2, 3};
  const auto whole = io::import_checkpoint(files, part);
  REQUIRE(whole.ok());
  CHECK(whole->graph.outputs.size() == 1);
  CHECK(whole->graph.tensor(whole->graph.outputs[0]).name == "logits");
  CHECK(whole.diagnostics().empty());
  const std::uint64_t all = source->count;
  source->count = 0;
  part.first_layer = 1;
  part.last_layer = 1;
  const auto one = io::import_checkpoint(files, part);
  REQUIRE(one.ok());
  CHECK(one->graph.tensor(one->graph.inputs[0]).shape == ir::Shape{3, 8});
  // The digest is of the values that were read: other parts have others.
  CHECK(one->digest != whole->digest);
  const std::uint64_t layer = 4 * (8 + 64 + 32 + 32 + 64 + 8 + 96 + 96 + 96);
  const std::uint64_t header = all - 3 * layer - 2 * 4 * 80 - 4 * 8; // tied: the table is read twice
  CHECK(source->count == header + layer);
  CHECK(io::import_checkpoint(files, part)->digest == one->digest);
  part.last_layer = 3;
  CHECK(io::import_checkpoint(files, part).diagnostics()[0].code == "E_RANGE");
}

TEST_CASE("checkpoints: several files, with an index and without") {
  const io::ModelFile text = file("config.json", bytes_of(llama()));
  const io::ModelFile first = file("m-1.safetensors", tensors({-1, 0}));
  const io::ModelFile second = file("m-2.safetensors", tensors({1, 2}));
  frontend::Part part;
  CHECK(io::import_checkpoint(std::vector{text, first, second}, part).ok());
  CHECK(error_of(io::import_checkpoint(std::vector{text, first}, part)) == "E_WEIGHTS ");
  const io::ModelFile again = file("m-3.safetensors", tensors({2}));
  CHECK(
    error_of(io::import_checkpoint(std::vector{text, first, second, again}, part)) ==
    "E_WEIGHTS m-3.safetensors"
  );
  CHECK(error_of(io::import_checkpoint(std::vector{text}, part)) == "E_FILE config.json");
  CHECK(error_of(io::import_checkpoint(std::vector{first}, part)) == "E_FILE m-1.safetensors");

  std::string map;
  for (const int layer : {-1, 0, 1, 2}) {
    for (const TensorSpec& spec : tensors_of(layer)) {
      map += (map.empty() ? "\"" : ",\"") + spec.name +
             (layer < 1 ? R"(":"m-1.safetensors")" : R"(":"m-2.safetensors")");
    }
  }
  const io::ModelFile index =
    file("model.safetensors.index.json", bytes_of(R"({"metadata":{},"weight_map":{)" + map + "}}"));
  CHECK(io::import_checkpoint(std::vector{text, index, first, second}, part).ok());
  CHECK(error_of(io::import_checkpoint(std::vector{text, index, first}, part)) == "E_FILE m-2.safetensors");
  part.last_layer = 0;
  CHECK(io::import_checkpoint(std::vector{text, index, first}, part).ok());
}

TEST_CASE("checkpoints: tensors that are missing, of another shape, or not used") {
  const io::ModelFile text = file("config.json", bytes_of(llama()));
  TensorFile more;
  for (const int layer : {-1, 0, 1, 2}) {
    add(more, layer);
  }
  more.add("model.layers.0.self_attn.q_norm.weight", {4}, {1, 1, 1, 1});
  frontend::Part part;
  const auto extra = io::import_checkpoint(std::vector{text, file("m.safetensors", more.bytes())}, part);
  REQUIRE(extra.ok());
  REQUIRE(extra.diagnostics().size() == 1);
  CHECK(extra.diagnostics()[0].code == "W_IGNORED");
  CHECK(extra.diagnostics()[0].message.find("q_norm") != std::string::npos);

  std::string other = llama();
  other.replace(other.find("\"intermediate_size\":12"), 22, "\"intermediate_size\":14");
  const auto wrong = io::import_checkpoint(
    std::vector{file("config.json", bytes_of(other)), file("m.safetensors", more.bytes())}, part
  );
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.diagnostics()[0].code == "E_SHAPE");
  CHECK(wrong.diagnostics()[0].where == "model.layers.0.mlp.gate_proj.weight");
}
