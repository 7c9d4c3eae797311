#include "model_cases/onnx_cases.h"

#include "io/importer.h"
#include "io/weights.h"
#include "passes/pipeline.h"
#include "shared_data.h"
#include "unit/codegen/harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>

namespace plena::tests {

namespace {

using Json = nlohmann::json;

template <class T> std::vector<float> read_values(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::vector<float> values;
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    values.push_back(static_cast<float>(value));
  }
  return values;
}

Result<ir::Graph> import(const std::filesystem::path& path) {
  Result<ir::Graph> imported = io::import_model(path.filename().string(), read_bytes(path));
  if (!imported) {
    return imported.diagnostics();
  }
  Result<passes::Lowered> lowered = passes::run(std::move(*imported));
  if (!lowered) {
    return lowered.diagnostics();
  }
  return std::move(lowered->graph);
}

ir::Graph accepted(const std::filesystem::path& path) {
  Result<ir::Graph> graph = import(path);
  INFO(path.filename().string() << ": " << rendered(graph.diagnostics()));
  REQUIRE(graph.ok());
  REQUIRE(graph->outputs.size() == 1);
  return std::move(*graph);
}

void collect(const Json& json, std::vector<float>& values) {
  if (json.is_array()) {
    for (const Json& one : json) {
      collect(one, values);
    }
  } else {
    values.push_back(json.get<float>());
  }
}

/// Values as the manifest describes them: numbers, or the seeded generator.
std::vector<float> described(const Json& input, std::size_t count) {
  std::vector<float> values;
  if (input.is_object() && input.contains("generator")) {
    return io::ih4(
      input.at("name").get<std::string>(), input.at("seed"), input.at("std"), 0, count
    );
  }
  collect(input.is_object() ? input.at("values") : input, values);
  return values;
}

std::string operators_of(const ir::Graph& graph) {
  std::map<std::string, int> counts;
  for (const ir::Node& node : graph.nodes) {
    ++counts[node.op];
  }
  std::vector<std::string> parts;
  for (const auto& [op, count] : counts) {
    parts.push_back(count == 1 ? op : fmt::format("{} {}", count, op));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// The furthest that an element is off, as a share of the largest expected one.
double furthest(const std::vector<float>& actual, const std::vector<float>& expected) {
  REQUIRE(actual.size() == expected.size());
  double off = 0;
  double largest = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    REQUIRE(std::isfinite(actual[i]));
    off =
      std::max(off, std::fabs(static_cast<double>(actual[i]) - static_cast<double>(expected[i])));
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
  }
  return off / largest;
}

AcceptedFile check(
  AcceptedFile file,
  const ir::Graph& graph,
  const codegen::Values& inputs,
  const std::vector<float>& expected
) {
  INFO(file.name);
  file.operators = operators_of(graph);
  const ir::TensorId output = graph.outputs[0];
  for (const std::string& name : file.presets) {
    const config::Preset* preset = config::find_preset(name);
    REQUIRE(preset != nullptr);
    const Result<config::Config> config = config::load(preset->toml, preset->name);
    REQUIRE(config.ok());
    if (file.fp32_distance == 0) {
      const auto fp32 =
        golden::evaluate(graph, ops::arithmetic_of(*config, ops::Precision::Fp32), inputs);
      REQUIRE(fp32.ok());
      file.fp32_distance = furthest(fp32->at(output), expected);
    }
    const Run result = run(graph, inputs, *config);
    file.differing += result.verdict.outputs.at(0).golden_vs_machine.differing;
    file.price =
      std::max(file.price, numerics::compare(result.machine.at(output), expected).rel_rms);
  }
  return file;
}

void run_manifest(OnnxCases& cases) {
  const std::filesystem::path folder = shared_dir() / "models" / "onnx";
  const Json manifest = Json::parse(read_text(folder / "manifest.json"));
  for (const Json& entry : manifest) {
    const std::string file = entry.at("file");
    if (entry.value("expect", "") == "error") {
      const std::string note = entry.at("note");
      const std::size_t begin = note.find("E_");
      REQUIRE(begin != std::string::npos);
      RefusedFile refused{file, note.substr(begin, note.find(' ', begin) - begin), {}, {}};
      if (const Result<ir::Graph> graph = import(folder / file); !graph.ok()) {
        refused.code = graph.diagnostics().front().code;
        refused.where = graph.diagnostics().front().where;
      }
      cases.refused.push_back(std::move(refused));
      continue;
    }
    const ir::Graph graph = accepted(folder / file);
    codegen::Values inputs;
    for (const ir::TensorId id : graph.inputs) {
      const ir::Tensor& tensor = graph.tensor(id);
      inputs[id] = described(
        entry.at("inputs").at(tensor.name),
        static_cast<std::size_t>(*ir::element_count(tensor.shape))
      );
    }
    const Json& opset = entry.at("opset");
    std::string expected = entry.at("expected");
    expected.resize(expected.rfind(".gz"));
    cases.accepted.push_back(check(
      {.name = file,
       .opset = opset.is_object() ? opset.at("") : opset,
       .operators = {},
       .presets = {"m64b4"}},
      graph,
      inputs,
      read_values<float>(folder / expected)
    ));
  }
}

void run_exports(OnnxCases& cases) {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(shared_dir() / "onnx")) {
    folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const std::filesystem::path& folder : folders) {
    const ir::Graph graph = accepted(folder / "model.onnx");
    REQUIRE(graph.inputs.size() == 1);
    const ir::TensorId input = graph.inputs[0];
    const bool numbers = !ir::is_float(graph.tensor(input).dtype);
    const std::filesystem::path values = folder / "input.bin";
    cases.accepted.push_back(check(
      {.name = folder.filename().string(),
       .opset = 0,
       .operators = {},
       .presets = {"m64b4", "m16b4"}},
      graph,
      {{input, numbers ? read_values<std::int64_t>(values) : read_values<float>(values)}},
      read_values<float>(folder / "output.f32.bin")
    ));
  }
}

} // namespace

OnnxCases run_onnx_cases() {
  OnnxCases cases;
  run_manifest(cases);
  run_exports(cases);
  return cases;
}

std::string onnx_table(const OnnxCases& cases) {
  std::string text = fmt::format(
    "# ONNX files\n\n"
    "All {} files that are to be taken and all {} that are to be refused.\n\n"
    "## Taken\n\n"
    "Distance: the furthest element of our exact result from ONNX Runtime's, over its largest. "
    "Differing: elements in "
    "which the machine's result is not that of the reference with its roundings. Price: relative "
    "RMS of the machine's "
    "result against ONNX Runtime's.\n\n"
    "| file | opset | operators | machines | distance | differing | price "
    "|\n|---|--:|---|---|--:|--:|--:|\n",
    cases.accepted.size(),
    cases.refused.size()
  );
  for (const AcceptedFile& file : cases.accepted) {
    text += fmt::format(
      "| {} | {} | {} | {} | {:.1e} | {} | {:.4f} |\n",
      file.name,
      file.opset == 0 ? "" : std::to_string(file.opset),
      file.operators,
      fmt::join(file.presets, ", "),
      file.fp32_distance,
      file.differing,
      file.price
    );
  }
  text += "\n## Refused\n\n| file | code that is expected | code | place |\n|---|---|---|---|\n";
  for (const RefusedFile& file : cases.refused) {
    text += fmt::format("| {} | {} | {} | {} |\n", file.name, file.expected, file.code, file.where);
  }
  return text;
}

} // namespace plena::tests
