#include "hf/recorded_checkpoint.h"

#include "io/weights.h"
#include "passes/pipeline.h"
#include "shared_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

namespace plena::tests {

namespace {

template <class T> std::vector<float> elements(std::span<const std::uint8_t> bytes) {
  std::vector<float> values;
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    values.push_back(static_cast<float>(value));
  }
  return values;
}

} // namespace

/// A file of version 1: 10 bytes with the length of the header, the header, the
/// elements.
std::vector<float> npy(const Folder& folder, const std::string& name) {
  const std::vector<std::uint8_t> bytes = read_bytes(folder / (name + ".npy"));
  INFO(folder.filename().string() << " " << name);
  REQUIRE(bytes.size() > 10);
  const std::size_t length = bytes[8] | static_cast<std::size_t>(bytes[9]) << 8;
  const std::string header(
    bytes.begin() + 10, bytes.begin() + 10 + static_cast<std::ptrdiff_t>(length)
  );
  const std::span<const std::uint8_t> data = std::span(bytes).subspan(10 + length);
  if (header.find("'<i8'") != std::string::npos) {
    return elements<std::int64_t>(data);
  }
  REQUIRE(header.find("'<f4'") != std::string::npos);
  return elements<float>(data);
}

std::vector<std::int64_t> ids_of(const Folder& folder, const std::string& name) {
  std::vector<std::int64_t> ids;
  for (const float id : npy(folder, name)) {
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

std::vector<io::ModelFile> files_of(const Folder& folder) {
  std::vector<io::ModelFile> files;
  for (const char* name : {"config.json", "model.safetensors"}) {
    files.push_back({name, std::make_shared<io::MemoryBytes>(read_bytes(folder / name))});
  }
  return files;
}

Loaded load(const Folder& folder, const frontend::Part& part) {
  Result<io::CheckpointModel> model = io::import_checkpoint(files_of(folder), part);
  INFO(folder.filename().string() << ": " << rendered(model.diagnostics()));
  REQUIRE(model.ok());
  Result<passes::Lowered> lowered = passes::run(std::move(model->graph));
  INFO(rendered(lowered.diagnostics()));
  REQUIRE(lowered.ok());
  Loaded loaded{std::move(lowered->graph), {}};
  for (std::size_t i = 0; i < loaded.graph.inputs.size(); ++i) {
    const ir::TensorId id = loaded.graph.inputs[i];
    const ir::Tensor& input = loaded.graph.tensor(id);
    if (input.name != frontend::pixel_input) {
      loaded.inputs[id] = io::input_values(loaded.graph, i).floats;
      continue;
    }
    std::vector<float> pixels = npy(folder, frontend::pixel_input);
    const auto count = static_cast<std::size_t>(*ir::element_count(input.shape));
    const std::size_t given = pixels.size();
    pixels.resize(count);
    for (std::size_t at = given; at < count; ++at) {
      pixels[at] = -pixels[at - given];
    }
    loaded.inputs[id] = std::move(pixels);
  }
  return loaded;
}

const config::Config& upstream() {
  static const config::Config config = [] {
    const config::Preset* preset = config::find_preset("upstream");
    return *config::load(preset->toml, preset->name);
  }();
  return config;
}

ir::TensorId output_called(const ir::Graph& graph, const std::string& name) {
  for (const ir::TensorId id : graph.outputs) {
    if (graph.tensor(id).name == name) {
      return id;
    }
  }
  FAIL("there is no output " << name);
  return {};
}

/// Largest difference, as a share of the largest expected value.
double distance(const std::vector<float>& values, const std::vector<float>& expected) {
  REQUIRE(values.size() == expected.size());
  double most = 0;
  double difference = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    most = std::max(most, std::fabs(static_cast<double>(expected[i])));
    difference = std::max(
      difference, std::fabs(static_cast<double>(values[i]) - static_cast<double>(expected[i]))
    );
  }
  return difference / most;
}

golden::Values exact(const Loaded& loaded) {
  Result<golden::Values> values = golden::evaluate(
    loaded.graph, ops::arithmetic_of(upstream(), ops::Precision::Fp32), loaded.inputs
  );
  REQUIRE(values.ok());
  return std::move(*values);
}

} // namespace plena::tests
