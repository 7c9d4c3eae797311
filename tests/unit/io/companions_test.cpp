// Values that lie in files beside a model: JSON documents of both kinds, and ONNX.
#include "base/sha256.h"
#include "folders.h"
#include "io/export_json.h"
#include "io/importer.h"
#include "io/weights.h"
#include "unit/complete.h"
#include "unit/io/checkpoint_files.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <protozero/pbf_writer.hpp>

using namespace plena;
using namespace plena::tests;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Files = std::map<std::string, std::shared_ptr<CountedBytes>, std::less<>>;

Bytes f32_bytes(const std::vector<float>& values) {
  Bytes bytes(4 * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Files given(const std::string& name, Bytes bytes) {
  return {{name, std::make_shared<CountedBytes>(std::move(bytes))}};
}

struct Imported {
  Result<ir::Graph> graph;
  bool used;
  std::string digest;
};

Imported import(std::string_view name, const Bytes& bytes, const Files& files) {
  io::Companions companions([&](std::string_view wanted) -> std::optional<io::ModelFile> {
    const auto found = files.find(wanted);
    return found == files.end() ? std::nullopt
                                : std::optional(io::ModelFile{found->first, found->second});
  });
  io::ImportOptions options;
  options.companions = &companions;
  Result<ir::Graph> graph = io::import_model(name, bytes, options);
  return {std::move(graph), companions.used(), companions.digest("own")};
}

/// y = x w, the specification of w as given.
std::string graph_with(const std::string& w) {
  return R"({"plena_model":1,"family":"graph","graph":{"inputs":[{"name":"x","shape":[4,2]}],"constants":{"w":)" +
         w +
         R"(},"nodes":[{"op":"linear","inputs":["x","w"],"outputs":["y"]}],"outputs":["y"]},)"
         R"("weights":{"source":"external"},"input":{"kind":"tensor","tensor":{"name":"x","shape":[4,2],"generator":"ih4"}}})";
}

/// `CODE place`, or nothing.
std::string complaint(const Imported& imported) {
  if (imported.graph) {
    return "";
  }
  check_complete(imported.graph.diagnostics());
  const Diagnostic& first = imported.graph.diagnostics().front();
  return first.code + " " + first.where;
}

std::string graph_complaint(const std::string& w, const Files& files) {
  return complaint(import("m.json", bytes_of(graph_with(w)), files));
}

const std::vector<float>& weights_of(const ir::Graph& graph) {
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.name == "w") {
      return tensor.constant->floats;
    }
  }
  FAIL("there is no w");
  return graph.tensors.front().constant->floats;
}

const std::vector<float> six{1, 2, 3, 4, 5, 6};
const std::string place = "/graph/constants/w";

} // namespace

TEST_CASE("companions: constants are bytes of a file", "[unit][io]") {
  const std::string spec = R"({"shape":[2,3],"layout":"in_out","file":"w.bin")";
  const Imported whole = import("m.json", bytes_of(graph_with(spec + "}")), given("w.bin", f32_bytes(six)));
  INFO(complaint(whole));
  REQUIRE(whole.graph);
  CHECK(weights_of(*whole.graph) == six);
  CHECK(whole.used);
  // Other bytes make another model, of the same document.
  const Imported other = import(
    "m.json", bytes_of(graph_with(spec + "}")), given("w.bin", f32_bytes({1, 2, 3, 4, 5, 7}))
  );
  REQUIRE(other.graph);
  CHECK(other.digest != whole.digest);

  Bytes longer = f32_bytes({9, 9});
  const Bytes wanted = f32_bytes(six);
  longer.insert(longer.end(), wanted.begin(), wanted.end());
  longer.push_back(0);
  const std::string at_eight = spec + R"(,"offset":8,"length":24,"sha256":")" + sha256_hex(wanted) + "\"}";
  const Imported part = import("m.json", bytes_of(graph_with(at_eight)), given("w.bin", longer));
  INFO(complaint(part));
  REQUIRE(part.graph);
  CHECK(weights_of(*part.graph) == six);

  Bytes halves;
  for (const unsigned bits : {0x3F80u, 0x4000u, 0x4040u, 0x4080u, 0x40A0u, 0x40C0u}) {
    halves.push_back(static_cast<std::uint8_t>(bits & 0xFFu));
    halves.push_back(static_cast<std::uint8_t>(bits >> 8));
  }
  const Imported narrow = import(
    "m.json",
    bytes_of(graph_with(R"({"shape":[2,3],"layout":"in_out","dtype":"bf16","file":"w.bin"})")),
    given("w.bin", halves)
  );
  INFO(complaint(narrow));
  REQUIRE(narrow.graph);
  CHECK(weights_of(*narrow.graph) == six);
}

TEST_CASE("companions: constants are tensors of a .safetensors file", "[unit][io]") {
  TensorFile tensors;
  tensors.add("other", {2}, {8, 9});
  tensors.add("a.weight", {3, 2}, six);
  const Files files = given("m.safetensors", tensors.bytes());
  // As checkpoints store them, outputs before inputs.
  const Imported by_key =
    import("m.json", bytes_of(graph_with(R"({"file":"m.safetensors","key":"a.weight"})")), files);
  INFO(complaint(by_key));
  REQUIRE(by_key.graph);
  CHECK(weights_of(*by_key.graph) == std::vector<float>{1, 3, 5, 2, 4, 6});

  CHECK(graph_complaint(R"({"file":"m.safetensors","key":"b"})", files) == "E_WEIGHTS " + place + "/key");
  CHECK(
    graph_complaint(R"({"file":"m.safetensors","key":"a.weight","shape":[2,3]})", files) ==
    "E_SHAPE " + place + "/shape"
  );
  CHECK(
    graph_complaint(R"({"file":"m.safetensors","key":"a.weight","dtype":"f16"})", files) ==
    "E_DTYPE " + place + "/key"
  );
  CHECK(
    graph_complaint(R"({"file":"m.safetensors","key":"a.weight","offset":8})", files) == "E_WEIGHTS " + place
  );
  CHECK(
    graph_complaint(R"({"file":"m.safetensors","key":"a.weight"})", given("m.safetensors", {1, 2})) ==
    "E_SAFETENSORS " + place + "/file"
  );
}

TEST_CASE("companions: what cannot be read is refused at its place", "[unit][io]") {
  const Files files = given("w.bin", f32_bytes(six));
  const auto with = [&](const std::string& more) {
    return graph_complaint(R"({"shape":[2,3],)" + more + "}", files);
  };
  CHECK(with(R"("file":"v.bin")") == "E_EXTERNAL_DATA " + place + "/file");
  for (const char* name : {"../w.bin", "a/w.bin", "a\\\\w.bin", "C:w.bin", "..", ".", "", "w.bin\\u0000"}) {
    INFO(name);
    CHECK(with(R"("file":")" + std::string(name) + "\"") == "E_EXTERNAL_DATA " + place + "/file");
  }
  CHECK(with(R"("file":"w.bin","offset":4)") == "E_EXTERNAL_DATA " + place + "/file");
  CHECK(with(R"("file":"w.bin","offset":18446744073709551615)") == "E_EXTERNAL_DATA " + place + "/file");
  CHECK(with(R"("file":"w.bin","offset":-1)") == "E_TYPE " + place + "/offset");
  CHECK(with(R"("file":"w.bin","length":20)") == "E_WEIGHTS " + place + "/length");
  CHECK(with(R"("file":"w.bin","sha256":"00")") == "E_WEIGHTS " + place + "/file");
  CHECK(with(R"("file":"w.bin","fill":1)") == "E_WEIGHTS " + place);
  CHECK(graph_complaint(R"({"shape":[2,2],"file":"w.bin"})", files) == "E_WEIGHTS " + place + "/file");
  CHECK(graph_complaint(R"({"file":"w.bin"})", files) == "E_MISSING " + place + "/shape");
  // A document of which nobody knows where it lies.
  const std::string alone = graph_with(R"({"shape":[2,3],"file":"w.bin"})");
  const auto refused = io::import_model("m.json", bytes_of(alone));
  REQUIRE_FALSE(refused);
  CHECK(refused.diagnostics().front().code == "E_EXTERNAL_DATA");
}

TEST_CASE("companions: of a model by its dimensions, only what the part needs is read", "[unit][io]") {
  constexpr const char* dims = R"({"plena_model":1,"family":"llama","dims":{"hidden_size":8,"intermediate_size":8,
    "num_layers":2,"num_attention_heads":2},"weights":{"source":"seed","tensors":{
    "model.layers.0.mlp.down_proj.weight":{"shape":[8,8],"file":"a.bin"},
    "model.layers.1.mlp.down_proj.weight":{"shape":[8,8],"file":"b.bin"}}},
    "input":{"kind":"embeddings","tensor":{"shape":[4,8],"generator":"ih4"}},"run":{"layers":1}})";
  std::vector<float> down(64);
  for (std::size_t i = 0; i < down.size(); ++i) {
    down[i] = static_cast<float>(i);
  }
  const Files files = given("a.bin", f32_bytes(down));
  const Imported first = import("m.json", bytes_of(dims), files);
  INFO(complaint(first));
  REQUIRE(first.graph);
  const auto tensor = std::find_if(
    first.graph->tensors.begin(),
    first.graph->tensors.end(),
    [](const ir::Tensor& one) { return one.name == "layer0.down.weight"; }
  );
  REQUIRE(tensor != first.graph->tensors.end());
  CHECK(tensor->constant->floats[1] == 8.0f); // (in, out)

  std::string both = dims;
  both.replace(both.find("\"layers\":1"), 10, "\"layers\":2");
  CHECK(
    complaint(import("m.json", bytes_of(both), files)) ==
    "E_EXTERNAL_DATA /weights/tensors/model.layers.1.mlp.down_proj.weight/file"
  );
  CHECK(
    complaint(import("m.json", bytes_of(dims), given("a.bin", Bytes(255)))) ==
    "E_WEIGHTS /weights/tensors/model.layers.0.mlp.down_proj.weight/file"
  );
}

TEST_CASE("companions: a document with constants beside it is read back", "[unit][io]") {
  const std::string spec = R"({"shape":[2,60],"layout":"in_out","generator":"ih4"})";
  std::string text = graph_with(spec);
  const auto graph = io::import_model("m.json", bytes_of(text));
  REQUIRE(graph);
  const io::ExportedModel made = io::export_json_beside(*graph, "weights.bin");
  CHECK(made.bytes.size() == 480);
  CHECK(made.json.find("base64") == std::string::npos);
  const Imported back = import("m.json", bytes_of(made.json), given("weights.bin", made.bytes));
  INFO(complaint(back));
  REQUIRE(back.graph);
  CHECK(io::export_json(*back.graph) == io::export_json(*graph));
  Bytes damaged = made.bytes;
  damaged[100] ^= 1;
  CHECK(complaint(import("m.json", bytes_of(made.json), given("weights.bin", damaged))).starts_with("E_WEIGHTS"));
}

namespace {

/// An ONNX file: y = x w, w beside it.
Bytes onnx_with(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string file;
  protozero::pbf_writer model(file);
  model.add_int64(1, 8);
  {
    protozero::pbf_writer graph(model, 7);
    {
      protozero::pbf_writer node(graph, 1);
      node.add_string(1, "x");
      node.add_string(1, "w");
      node.add_string(2, "y");
      node.add_string(4, "MatMul");
    }
    graph.add_string(2, "g");
    {
      protozero::pbf_writer tensor(graph, 5);
      tensor.add_int64(1, 2);
      tensor.add_int64(1, 3);
      tensor.add_int32(2, 1);
      tensor.add_string(8, "w");
      for (const auto& [key, value] : entries) {
        protozero::pbf_writer entry(tensor, 13);
        entry.add_string(1, key);
        entry.add_string(2, value);
      }
      tensor.add_int32(14, 1);
    }
    const auto value = [&](std::uint32_t field, const char* name, std::int64_t cols) {
      protozero::pbf_writer info(graph, field);
      info.add_string(1, name);
      protozero::pbf_writer type(info, 2);
      protozero::pbf_writer tensor(type, 1);
      tensor.add_int32(1, 1);
      protozero::pbf_writer shape(tensor, 2);
      for (const std::int64_t size : {std::int64_t{4}, cols}) {
        protozero::pbf_writer dim(shape, 1);
        dim.add_int64(1, size);
      }
    };
    value(11, "x", 2);
    value(12, "y", 3);
  }
  protozero::pbf_writer opset(model, 8);
  opset.add_int64(2, 17);
  opset.commit();
  return {file.begin(), file.end()};
}

} // namespace

TEST_CASE("companions: initialisers of an ONNX file lie beside it", "[unit][io]") {
  Bytes data = f32_bytes({7, 7});
  const Bytes wanted = f32_bytes(six);
  data.insert(data.end(), wanted.begin(), wanted.end());
  const Files files = given("m.onnx.data", data);
  const auto with = [&](const std::string& location, const std::string& offset, const std::string& length) {
    return import(
      "m.onnx", onnx_with({{"location", location}, {"offset", offset}, {"length", length}}), files
    );
  };
  const Imported read = with("m.onnx.data", "8", "24");
  INFO(complaint(read));
  REQUIRE(read.graph);
  CHECK(weights_of(*read.graph) == six);
  CHECK(with("./m.onnx.data", "8", "24").graph.ok());
  const Imported whole = import("m.onnx", onnx_with({{"location", "w"}}), given("w", wanted));
  INFO(complaint(whole));
  REQUIRE(whole.graph);
  CHECK(weights_of(*whole.graph) == six);

  for (const auto& [location, offset, length] : std::initializer_list<std::array<const char*, 3>>{
         {"other", "8", "24"},
         {"../m.onnx.data", "8", "24"},
         {"m.onnx.data", "12", "24"},
         {"m.onnx.data", "8", "20"},
         {"m.onnx.data", "eight", "24"},
         {"m.onnx.data", "-8", "24"},
         {"m.onnx.data", "99999999999999999999", "24"}}) {
    INFO(location << " " << offset << " " << length);
    CHECK(complaint(with(location, offset, length)).starts_with("E_EXTERNAL_DATA tensor \"w\""));
  }
}

TEST_CASE("companions: bytes far behind the end are told as they were asked for", "[unit][io]") {
  const Imported far = import(
    "m.json",
    bytes_of(graph_with(R"({"shape":[2,3],"file":"w.bin","offset":18446744073709551615})")),
    given("w.bin", f32_bytes(six))
  );
  REQUIRE_FALSE(far.graph);
  CHECK(
    far.graph.diagnostics().front().message ==
    "24 bytes from byte 18446744073709551615 on are wanted, the file has 24"
  );
}

TEST_CASE("companions: a file is not read over and over", "[unit][io]") {
  const auto times = [](std::size_t size) {
    const auto bytes = std::make_shared<CountedBytes>(Bytes(size, 0));
    io::Companions companions([&](std::string_view) {
      return std::optional(io::ModelFile{"w.bin", bytes});
    });
    std::size_t count = 0;
    for (;;) {
      const auto read = companions.read("w.bin", 0, std::nullopt);
      if (!read) {
        check_complete(read.diagnostics());
        CHECK(read.diagnostics().front().code == "E_RESOURCE");
        return count;
      }
      ++count;
    }
  };
  CHECK(times(std::size_t{1} << 20) == 64);
}

TEST_CASE(
  "companions: of a large table the rows that are looked up are taken, not all for each",
  "[unit][io]"
) {
  constexpr std::size_t vocabulary = 270'000;
  constexpr std::size_t rows = 4'000;
  constexpr std::size_t hidden = 64;
  std::string ids;
  for (std::size_t i = 0; i < rows; ++i) {
    ids += (i == 0 ? "" : ",") + std::to_string(vocabulary - rows + i);
  }
  const auto text = [&](const std::string& tensors) {
    return R"({"plena_model":1,"family":"llama","dims":{"hidden_size":64,"intermediate_size":64,"num_layers":1,
      "num_attention_heads":4,"vocab_size":270000},"weights":{"source":"seed","tensors":{)" +
           tensors + R"(}},"input":{"kind":"tokens","ids":[)" + ids +
           R"(]},"run":{"seq_len":4000}})";
  };
  const auto table = [](const Imported& imported) {
    INFO(complaint(imported));
    REQUIRE(imported.graph);
    const auto& tensors = imported.graph->tensors;
    const auto found = std::find_if(tensors.begin(), tensors.end(), [](const ir::Tensor& one) {
      return one.name == "embedding.table";
    });
    REQUIRE(found != tensors.end());
    REQUIRE(found->shape == ir::Shape{rows, hidden});
    return found->constant->floats;
  };
  // Copies of all values for each row take minutes.
  const std::clock_t start = std::clock();
  const std::vector<float> seeded = table(import("m.json", bytes_of(text("")), {}));
  const std::vector<float> all =
    io::ih4("model.embed_tokens.weight", 42, 1, 0, vocabulary * hidden);
  CHECK(
    std::equal(seeded.begin(), seeded.end(), all.end() - static_cast<std::ptrdiff_t>(rows * hidden))
  );
  const std::string spec = R"("model.embed_tokens.weight":{"shape":[270000,64],"file":"t.bin"})";
  CHECK(table(import("m.json", bytes_of(text(spec)), given("t.bin", f32_bytes(all)))) == seeded);
  CHECK((std::clock() - start) / CLOCKS_PER_SEC < 30);
}
