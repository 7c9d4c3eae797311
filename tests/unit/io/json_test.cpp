#include "io/export_json.h"
#include "io/importer.h"
#include "io/weights.h"
#include "ir/text.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

using namespace plena;

namespace {

const std::string example = R"({"plena_model":1, "name":"linear_8x3", "family":"graph",
 "graph":{"inputs":[{"name":"x","shape":[4,8]}],
  "constants":{"w":{"shape":[8,3],"layout":"in_out","values":[[1,0,0],[0,1,0],[0,0,1],[1,1,1],[0.5,0,0],[0,0.5,0],[0,0,0.5],[-1,-1,-1]]},
               "b":{"shape":[3],"values":[0.25,-0.25,0]}},
  "nodes":[{"op":"linear","inputs":["x","w","b"],"outputs":["y"]}], "outputs":["y"]},
 "weights":{"source":"inline","tensors":{}},
 "input":{"kind":"tensor","tensor":{"name":"x","shape":[4,8],"generator":"ih4","seed":7,"std":1}}})";

Result<ir::Graph> import(const std::string& text) {
  return io::import_model(
    "test.plena.json", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}
  );
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// `CODE place` of the first diagnostic.
std::string complaint(const std::string& text) {
  const auto graph = import(text);
  if (graph) {
    return "";
  }
  tests::check_complete(graph.diagnostics());
  return graph.diagnostics().front().code + " " + graph.diagnostics().front().where;
}
std::string complaint_with(const std::string& from, const std::string& to) {
  return complaint(replaced(example, from, to));
}

} // namespace

TEST_CASE("a JSON model becomes a graph with its input described", "[unit][io]") {
  const auto graph = import(example);
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  CHECK(graph.diagnostics().empty());
  CHECK(ir::to_text(*graph) == R"(graph linear_8x3
input x f32[4,8]
const b f32[3] = 0.25 -0.25 0
const w f32[8,3] = 1 0 0 0 1 0 0 0 1 1 1 1 0.5 0 0 0 0.5 0 0 0 0.5 -1 -1 -1
y f32[4,3] = linear(x, w, b) @linear_0 from linear_0
output y
)");
  CHECK(io::input_values(*graph, 0).floats == io::ih4("x", 7, 1, 0, 32));
}

TEST_CASE("weights in the layout of checkpoints are transposed", "[unit][io]") {
  const std::string text = replaced(
    replaced(
      example,
      R"("shape":[8,3],"layout":"in_out","values":[[1,0,0],[0,1,0],[0,0,1],[1,1,1],[0.5,0,0],[0,0.5,0],[0,0,0.5],[-1,-1,-1]])",
      R"("shape":[3,8],"generator":"ih4","seed":5,"std":0.5)"
    ),
    "\"inline\"",
    "\"seed\""
  );
  const auto graph = import(text);
  REQUIRE(graph);
  const auto expected = io::ih4("w", 5, 0.5, 0, 24);
  for (const ir::Tensor& tensor : graph->tensors) {
    if (tensor.name == "w") {
      REQUIRE(tensor.shape == ir::Shape{8, 3});
      for (std::size_t i = 0; i < 24; ++i) {
        CHECK(tensor.constant->floats[i % 8 * 3 + i / 8] == expected[i]);
      }
    }
  }
}

TEST_CASE("weights of transposed products stay in the layout of checkpoints", "[unit][io]") {
  const auto with = [](const std::string& tensor, const std::string& more) {
    return replaced(
      replaced(
        replaced(
          example,
          R"("shape":[8,3],"layout":"in_out","values":[[1,0,0],[0,1,0],[0,0,1],[1,1,1],[0.5,0,0],[0,0.5,0],[0,0,0.5],[-1,-1,-1]])",
          tensor
        ),
        R"("outputs":["y"]}])",
        R"("outputs":["y"],"attrs":{"transposed":1}})" + more + "]"
      ),
      "\"inline\"",
      "\"seed\""
    );
  };
  const std::string own = R"("generator":"ih4","name":"w","seed":5,"std":0.5)";
  const std::vector<float> values = io::ih4("w", 5, 0.5, 0, 24);
  const auto weight = [](const ir::Graph& graph) { return graph.tensor(graph.nodes[0].inputs[1]); };
  const auto as_given = import(with(R"("shape":[3,8],)" + own, ""));
  REQUIRE(as_given);
  CHECK(weight(*as_given).shape == ir::Shape{3, 8});
  CHECK(weight(*as_given).constant->floats == values);
  const auto turned = import(with(R"("shape":[8,3],"layout":"in_out",)" + own, ""));
  REQUIRE(turned);
  CHECK(weight(*turned).shape == ir::Shape{3, 8});
  CHECK(weight(*turned).constant->floats[1] == values[3]);

  // A table, too.
  const std::string lookup = R"(,{"op":"embedding","inputs":["w"],"outputs":["e"],"attrs":{"ids":[2]}})";
  const auto tied = import(with(R"("shape":[3,8],)" + own, lookup));
  REQUIRE(tied);
  CHECK(weight(*tied).constant->floats == values);
  const auto again = import(io::export_json(*tied));
  REQUIRE(again);
  CHECK(ir::to_text(*again) == ir::to_text(*tied));
  CHECK(
    complaint(with(R"("shape":[8,3],"layout":"in_out",)" + own, lookup)) ==
    "E_GRAPH /graph/constants/w"
  );
  // A product that is not transposed would need it the other way round.
  const std::string plain = R"(,{"op":"linear","inputs":["y","w"],"outputs":["z"]})";
  CHECK(complaint(with(R"("shape":[3,8],)" + own, plain)) == "E_GRAPH /graph/constants/w");
}

TEST_CASE("constants without values follow the seeded rule", "[unit][io]") {
  const std::string text = replaced(
    replaced(
      replaced(example, R"("values":[0.25,-0.25,0])", R"("x-note":1)"),
      R"("shape":[8,3],"layout":"in_out","values":[[1,0,0],[0,1,0],[0,0,1],[1,1,1],[0.5,0,0],[0,0.5,0],[0,0,0.5],[-1,-1,-1]])",
      R"("shape":[3,8])"
    ),
    R"({"source":"inline","tensors":{}})",
    "{\"source\":\"seed\",\"generator\":\"ih4\",\"seed\":9,"
    "\"std\":{\"matrix\":\"1/sqrt(fan_in)\",\"bias\":0.1}}"
  );
  const auto graph = import(text);
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  for (const ir::Tensor& tensor : graph->tensors) {
    if (tensor.name == "b") {
      CHECK(tensor.constant->floats == io::ih4("b", 9, 0.1, 0, 3));
    } else if (tensor.name == "w") {
      CHECK(tensor.constant->floats[3] == io::ih4("w", 9, 1 / std::sqrt(8.0), 0, 24)[1]);
    }
  }
}

TEST_CASE("export and import are a round trip", "[unit][io]") {
  const auto graph = import(example);
  REQUIRE(graph);
  const std::string once = io::export_json(*graph);
  const auto again = import(once);
  INFO((again ? "" : render(again.diagnostics().front())));
  REQUIRE(again);
  CHECK(io::export_json(*again) == once);
  CHECK(ir::to_text(*again) == ir::to_text(*graph));
  CHECK(again->input_specs[0].seed == 7);

  // Long constants go through base64 without losing a bit.
  ir::Graph large = *graph;
  ir::Tensor& tensor = large.tensor(large.nodes[0].inputs[1]);
  large.tensor(large.inputs[0]).shape = {4, 80};
  tensor.shape = {80, 3};
  tensor.constant->floats = io::ih4("large", 1, 1, 0, 240);
  const auto back = import(io::export_json(large));
  REQUIRE(back);
  CHECK(back->tensor(back->nodes[0].inputs[1]).constant->floats == tensor.constant->floats);
}

TEST_CASE("broken JSON names its place", "[unit][io]") {
  const auto first = [](const std::string& text) {
    const auto graph = import(text);
    REQUIRE_FALSE(graph);
    tests::check_complete(graph.diagnostics());
    CHECK(graph.diagnostics().front().code == "E_JSON");
    return graph.diagnostics().front();
  };
  CHECK(first("{\n  \"a\": 1,\n  \"b\" 2\n}").span.line == 3);
  CHECK(first("").code == "E_JSON");
  CHECK(first("{\"a\":{\"b\":1,\"b\":2}}").where == "/a/b");
  CHECK(first("{\"a\":[0,{\"x/y\":1,\"x/y\":2}]}").where == "/a/1/x~1y");
  CHECK(first("{\"a\":" + std::string(100000, '[')).message.find("64") != std::string::npos);
  CHECK(first("{\"a\":\"\xff\"}").message.find("UTF-8") != std::string::npos);
  CHECK(first("{\"a\":1e999}").code == "E_JSON");
  CHECK(first(example.substr(0, example.size() - 1)).span.line == 7);
}

TEST_CASE("every mistake has its code and pointer", "[unit][io]") {
  CHECK(complaint_with("\"plena_model\":1", "\"plena_model\":2") == "E_VERSION /plena_model");
  CHECK(complaint_with("\"plena_model\":1, ", "") == "E_MISSING /plena_model");
  CHECK(complaint_with("\"family\":\"graph\"", "\"family\":\"qwen3_moe\"") == "E_FAMILY /family");
  CHECK(complaint_with("\"family\":\"graph\"", "\"family\":3") == "E_TYPE /family");
  CHECK(
    complaint_with("\"op\":\"linear\"", "\"op\":\"liner\"") == "E_UNSUPPORTED_OP /graph/nodes/0/op"
  );
  CHECK(
    complaint_with("\"op\":\"linear\"", "\"opp\":1,\"op\":\"linear\"") ==
    "E_UNKNOWN_KEY /graph/nodes/0/opp"
  );
  CHECK(complaint_with("\"op\":\"linear\",", "") == "E_MISSING /graph/nodes/0/op");
  CHECK(
    complaint_with("[\"x\",\"w\",\"b\"]", "[\"x\",\"q\",\"b\"]") ==
    "E_GRAPH /graph/nodes/0/inputs/1"
  );
  CHECK(complaint_with("[\"x\",\"w\",\"b\"]", "[\"x\",\"w\"]") == "E_GRAPH /graph/constants/b");
  CHECK(
    complaint_with("\"outputs\":[\"y\"]}]", "\"outputs\":[\"x\"]}]") ==
    "E_GRAPH /graph/nodes/0/outputs/0"
  );
  CHECK(
    complaint_with("\"outputs\":[\"y\"]}", "\"outputs\":[\"z\"]}") == "E_GRAPH /graph/outputs/0"
  );
  CHECK(complaint_with("[\"x\",\"w\",\"b\"]", "[\"y\",\"w\",\"b\"]") == "E_GRAPH /graph/nodes/0");
  CHECK(complaint_with("\"shape\":[3],", "\"shape\":[4],") == "E_SHAPE /graph/constants/b/values");
  CHECK(complaint_with("\"shape\":[3],", "\"shape\":[-3],") == "E_RANGE /graph/constants/b/shape");
  CHECK(
    complaint_with("\"shape\":[3],", "\"shape\":[1e3],") == "E_TYPE /graph/constants/b/shape/0"
  );
  CHECK(complaint_with("\"shape\":[3],", "") == "E_MISSING /graph/constants/b/values");
  CHECK(
    complaint_with("\"values\":[0.25,-0.25,0]", "\"values\":[0.25,-0.25,\"inf\"]") ==
    "E_WEIGHTS /graph/constants/b"
  );
  CHECK(
    complaint_with("\"values\":[0.25,-0.25,0]", "\"values\":[0.25,-0.25,\"big\"]") ==
    "E_TYPE /graph/constants/b/values/2"
  );
  CHECK(
    complaint_with("\"values\":[0.25,-0.25,0]", "\"values\":[0,0,0],\"fill\":1") ==
    "E_WEIGHTS /graph/constants/b"
  );
  CHECK(
    complaint_with("\"values\":[0.25,-0.25,0]", "\"base64\":\"AACAPwAAAEA=\"") ==
    "E_WEIGHTS /graph/constants/b/base64"
  );
  CHECK(
    complaint_with("\"values\":[0.25,-0.25,0]", "\"file\":\"a.bin\"") ==
    "E_EXTERNAL_DATA /graph/constants/b/file"
  );
  CHECK(complaint_with("\"values\":[0.25,-0.25,0]", "\"x-y\":0") == "E_WEIGHTS /graph/constants/b");
  CHECK(
    complaint_with(
      "\"shape\":[3],\"values\":[0.25,-0.25,0]", "\"shape\":[281474976710656],\"fill\":0"
    ) == "E_RESOURCE /graph/constants/b/shape"
  );
  CHECK(
    complaint_with("\"shape\":[3],\"values\":[0.25,-0.25,0]", "\"shape\":[2],\"values\":[1,2]") ==
    "E_SHAPE /graph/nodes/0"
  );
  CHECK(
    complaint_with("\"tensors\":{}", "\"tensors\":{\"q\":{}}") == "E_WEIGHTS /weights/tensors/q"
  );
  CHECK(complaint_with("\"kind\":\"tensor\"", "\"kind\":\"tokens\"") == "E_RANGE /input/kind");
  CHECK(
    complaint_with(
      "\"name\":\"x\",\"shape\":[4,8],\"gen", "\"name\":\"q\",\"shape\":[4,8],\"gen"
    ) == "E_GRAPH /input/tensor"
  );
  CHECK(
    complaint_with(
      "\"name\":\"x\",\"shape\":[4,8],\"gen", "\"name\":\"x\",\"shape\":[4,9],\"gen"
    ) == "E_SHAPE /input/tensor/shape"
  );
  CHECK(complaint("[]").starts_with("E_TYPE"));
}

TEST_CASE("mistakes are collected up to fifty", "[unit][io]") {
  const auto two = import(replaced(
    replaced(example, "\"op\":\"linear\"", "\"op\":\"foo\""),
    "\"source\":\"inline\"",
    "\"source\":\"what\""
  ));
  REQUIRE_FALSE(two);
  CHECK(two.diagnostics().size() == 2);
  std::string keys;
  for (int i = 0; i < 200; ++i) {
    keys += "\"k" + std::to_string(i) + "\":0,";
  }
  const auto many = import(replaced(example, "{\"op\"", "{" + keys + "\"op\""));
  REQUIRE_FALSE(many);
  CHECK(many.diagnostics().size() == 50);
}

TEST_CASE("parts that are not applied are said to be so", "[unit][io]") {
  const auto graph = import(replaced(
    example, "\"family\"", "\"expect\":{\"max_error\":4},\"colour\":1,\"x-any\":2,\"family\""
  ));
  REQUIRE(graph);
  REQUIRE(graph.diagnostics().size() == 2);
  tests::check_complete(graph.diagnostics());
  CHECK(graph.diagnostics()[0].where == "/colour");
  CHECK(graph.diagnostics()[1].where == "/expect");
  CHECK(graph.diagnostics()[1].severity == Severity::Warning);
}

TEST_CASE("a model says how it is compiled and where its inputs lie", "[unit][io]") {
  const auto with_run = [](const std::string& run) {
    return replaced(example, "\"family\"", "\"run\":" + run + ",\"family\"");
  };
  const auto graph = import(replaced(
    with_run(R"({"opt":"dense","unroll":true,"keep_stages":false,"precision":"hardware",
      "hardware":{"mlen":16,"mram_tiles":4},"references":["fp32","hardware"]})"),
    R"({"name":"x","shape":[4,8]})",
    R"({"name":"x","shape":[4,8],"memory":"vector_sram"})"
  ));
  INFO((graph ? "" : render(graph.diagnostics().front())));
  REQUIRE(graph);
  CHECK(graph.diagnostics().empty());
  CHECK(graph->input_specs[0].prestaged);
  CHECK(graph->input_specs[0].seed == 7);
  CHECK(graph->run.opt == "dense");
  CHECK(graph->run.unroll == "all");
  CHECK(graph->run.keep_stages == false);
  CHECK(graph->run.hardware == std::map<std::string, std::uint64_t>{{"mlen", 16}, {"mram_tiles", 4}});
  const std::string once = io::export_json(*graph);
  const auto again = import(once);
  REQUIRE(again);
  CHECK(io::export_json(*again) == once);
  CHECK(again->input_specs[0].prestaged);
  CHECK(again->run.hardware == graph->run.hardware);

  CHECK(complaint(with_run(R"({"seq_len":4})")) == "E_RUN /run/seq_len");
  CHECK(complaint(with_run(R"({"stage_checkpoints":true})")) == "E_RUN /run/stage_checkpoints");
  CHECK(complaint(with_run(R"({"colour":4})")) == "E_UNKNOWN_KEY /run/colour");
  CHECK(complaint(with_run(R"({"precision":"fp32"})")) == "E_RANGE /run/precision");
  CHECK(complaint(with_run(R"({"references":["fp64"]})")) == "E_RANGE /run/references/0");
  CHECK(complaint(with_run(R"({"hardware":{"mlen":-16}})")) == "E_TYPE /run/hardware/mlen");
  CHECK(complaint(with_run(R"({"keep_stages":1})")) == "E_TYPE /run/keep_stages");
  CHECK(
    complaint_with(
      R"({"name":"x","shape":[4,8]})", R"({"name":"x","shape":[4,8],"memory":"disk"})"
    ) == "E_RANGE /graph/inputs/0/memory"
  );
}

TEST_CASE("attributes may be lists of numbers", "[unit][io]") {
  const auto attrs = [](const std::string& list) {
    return replaced(
      example,
      R"({"op":"linear","inputs":["x","w","b"],"outputs":["y"]})",
      R"({"op":"linear","inputs":["x","w","b"],"outputs":["z"]},
         {"op":"softmax","inputs":["z"],"outputs":["y"],"attrs":{"axis":)" +
        list + "}}"
    );
  };
  CHECK(complaint(attrs("-1")).empty());
  CHECK(complaint(attrs("[\"a\"]")) == "E_TYPE /graph/nodes/1/attrs/axis");
  // A list is read; that this operator takes a number there is the operator's to say.
  CHECK(complaint(attrs("[1,2]")).starts_with("E_UNSUPPORTED_ATTR"));
}

TEST_CASE("random damage to a JSON model is survived", "[unit][io]") {
  std::uint64_t state = 1;
  std::size_t accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = example;
    for (std::uint64_t change = 0; change <= io::ih4_word(state, 0) % 3; ++change) {
      const std::uint64_t word = io::ih4_word(state += 7, 1);
      const auto at = static_cast<std::size_t>(word % text.size());
      switch (word >> 60 & 3) {
      case 0:
        text[at] =
          static_cast<char>("[]{}\",:019eE-+.txy"[static_cast<std::size_t>(word >> 40 & 15)]);
        break;
      case 1:
        text.erase(at, static_cast<std::size_t>(word >> 40 & 7));
        break;
      case 2:
        text.insert(
          at,
          text.substr(
            static_cast<std::size_t>(word >> 20 & 255), static_cast<std::size_t>(word >> 40 & 15)
          )
        );
        break;
      default:
        text[at] = static_cast<char>(word >> 32);
      }
    }
    const auto graph = import(text);
    accepted += graph.ok() ? 1u : 0u;
    if (!graph) {
      tests::check_complete(graph.diagnostics());
    }
  }
  CHECK(accepted < 3000);
}

TEST_CASE("dimensions of tensors that cannot be are refused at their place", "[unit][io]") {
  // 32 kernels of 65536 channels, 65536 x 65536 pixels each.
  CHECK(
    complaint(R"({"plena_model":1,"family":"siglip_vision",
      "dims":{"hidden_size":32,"intermediate_size":64,"num_layers":1,"num_attention_heads":2,
              "patch_size":65536,"num_channels":65536,"image_size":65536,"layer_norm_eps":1e-6},
      "weights":{"source":"seed"},
      "input":{"kind":"pixels","tensor":{"name":"V_PIXELS","shape":[1,1,8,8],"generator":"ih4"}}})"
    ) == "E_RESOURCE /dims"
  );
}
