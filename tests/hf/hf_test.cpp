// Recorded checkpoints: exact results against those of the models' own library, and the machine's
// against the references.
#include "driver/generation.h"
#include "driver/session.h"
#include "driver/tools.h"
#include "io/import_checkpoint.h"
#include "io/weights.h"
#include "passes/pipeline.h"
#include "shared_data.h"
#include "unit/codegen/harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>

using namespace plena;
using namespace plena::tests;

namespace {

struct Case {
  std::string name;
  std::string output; ///< of the graph, as the recorded file names it
  bool text = true;   ///< starts with ids
  bool image = false; ///< starts with pixels
};

const Case cases[] = {
  {"llama", "logits"},
  {"qwen2", "logits"},
  {"mistral", "logits"},
  {"gpt2", "logits"},
  {"mixtral", "logits"},
  {"gpt_oss", "logits"},
  {"siglip", "last_hidden_state", false, true},
  {"smolvlm", "logits", true, true}};

std::filesystem::path folder(const Case& one) { return shared_dir() / "hf" / one.name; }

template <class T> std::vector<float> elements(std::span<const std::uint8_t> bytes) {
  std::vector<float> values;
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    values.push_back(static_cast<float>(value));
  }
  return values;
}

/// Values of a .npy file, version 1: 10 bytes with the length of the header, the header, the elements.
std::vector<float> npy(const Case& one, const std::string& name) {
  const std::vector<std::uint8_t> bytes = read_bytes(folder(one) / (name + ".npy"));
  INFO(one.name << " " << name);
  REQUIRE(bytes.size() > 10);
  const std::size_t length = bytes[8] | static_cast<std::size_t>(bytes[9]) << 8;
  const std::string header(bytes.begin() + 10, bytes.begin() + 10 + static_cast<std::ptrdiff_t>(length));
  const std::span<const std::uint8_t> data = std::span(bytes).subspan(10 + length);
  if (header.find("'<i8'") != std::string::npos) {
    return elements<std::int64_t>(data);
  }
  REQUIRE(header.find("'<f4'") != std::string::npos);
  return elements<float>(data);
}

std::vector<std::int64_t> ids_of(const Case& one, const std::string& name) {
  std::vector<std::int64_t> ids;
  for (const float id : npy(one, name)) {
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

std::vector<io::ModelFile> files_of(const Case& one) {
  std::vector<io::ModelFile> files;
  for (const char* name : {"config.json", "model.safetensors"}) {
    files.push_back({name, std::make_shared<io::MemoryBytes>(read_bytes(folder(one) / name))});
  }
  return files;
}

struct Loaded {
  ir::Graph graph;
  codegen::Values inputs;
};

Loaded load(const Case& one, const frontend::Part& part) {
  Result<io::CheckpointModel> model = io::import_checkpoint(files_of(one), part);
  INFO(one.name << ": " << rendered(model.diagnostics()));
  REQUIRE(model.ok());
  Result<passes::Lowered> lowered = passes::run(std::move(model->graph));
  INFO(rendered(lowered.diagnostics()));
  REQUIRE(lowered.ok());
  Loaded loaded{std::move(lowered->graph), {}};
  for (std::size_t i = 0; i < loaded.graph.inputs.size(); ++i) {
    const ir::TensorId id = loaded.graph.inputs[i];
    loaded.inputs[id] = loaded.graph.tensor(id).name == frontend::pixel_input
                          ? npy(one, frontend::pixel_input)
                          : io::input_values(loaded.graph, i).floats;
  }
  return loaded;
}

frontend::Part whole(const Case& one) {
  frontend::Part part;
  if (one.text) {
    part.ids = ids_of(one, "input_ids");
  }
  return part;
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

/// The column of the largest value in the last row.
std::int64_t last_choice(const ir::Graph& graph, const std::vector<float>& logits) {
  const auto cols = static_cast<std::ptrdiff_t>(graph.tensor(graph.outputs.back()).shape.back());
  return std::max_element(logits.end() - cols, logits.end()) - (logits.end() - cols);
}

} // namespace

TEST_CASE("checkpoints: exact results are those of the models' own library", "[exact]") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& one : cases) {
    INFO(one.name);
    const Loaded loaded = load(one, whole(one));
    const golden::Values values = exact(loaded);
    const double logits = distance(
      values.at(output_called(loaded.graph, one.output)), npy(one, "expected_" + one.output)
    );
    INFO("relative distance " << logits);
    CHECK(logits < 1e-4);
    if (one.text && one.image) {
      CHECK(
        distance(
          values.at(output_called(loaded.graph, frontend::image_output)),
          npy(one, "expected_image_hidden_states")
        ) < 1e-4
      );
    }
  }
}

TEST_CASE("checkpoints: greedy continuations are those of the models' own library", "[greedy]") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& one : cases) {
    if (one.image) {
      continue;
    }
    const std::vector<std::int64_t> expected = ids_of(one, "expected_greedy_ids");
    constexpr std::ptrdiff_t given = 8;
    frontend::Part part;
    part.ids.assign(expected.begin(), expected.begin() + given);
    while (part.ids.size() < expected.size()) {
      const Loaded loaded = load(one, part);
      const golden::Values values = exact(loaded);
      part.ids.push_back(last_choice(loaded.graph, values.at(loaded.graph.outputs.back())));
    }
    INFO(one.name);
    CHECK(part.ids == expected);
  }
}

TEST_CASE("checkpoints: the machine's results are within the bounds of the references", "[machine]") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& one : cases) {
    INFO(one.name);
    const Loaded loaded = load(one, whole(one));
    const Run result = run(loaded.graph, loaded.inputs, upstream());
    for (const golden::OutputVerdict& output : result.verdict.outputs) {
      INFO(
        loaded.graph.tensor(output.tensor).name << ": price of the formats "
                                                << output.fp32_vs_machine.rel_rms
      );
      CHECK(output.pass);
      CHECK(output.fp32_vs_machine.nonfinite_actual == 0);
      CHECK(output.fp32_vs_machine.rel_rms < 0.5);
    }
  }
}

TEST_CASE("checkpoints: greedy continuations by the machine, beside the recorded ones", "[.machine-greedy]") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& one : cases) {
    if (one.image) {
      continue;
    }
    const std::vector<std::int64_t> expected = ids_of(one, "expected_greedy_ids");
    frontend::Part part;
    part.ids.assign(expected.begin(), expected.begin() + 8);
    std::string line;
    while (part.ids.size() < expected.size()) {
      const Loaded loaded = load(one, part);
      const Run result = run(loaded.graph, loaded.inputs, upstream());
      part.ids.push_back(last_choice(loaded.graph, result.machine.at(loaded.graph.outputs.back())));
      line += " " + std::to_string(part.ids.back()) + "/" + std::to_string(expected[part.ids.size() - 1]);
    }
    WARN(one.name << ", machine/recorded:" << line);
  }
}

namespace {

Result<driver::Generation> generation(const Case& one, driver::GenerationOptions options) {
  driver::Session session;
  std::vector<driver::ModelFile> files;
  for (const io::ModelFile& file : files_of(one)) {
    files.push_back(
      {file.name, file.bytes->size(), [file](std::uint64_t offset, std::span<std::uint8_t> bytes) {
         return file.bytes->read(offset, bytes);
       }}
    );
  }
  return session.generation(one.name, files, std::move(options));
}

} // namespace

TEST_CASE("checkpoints: texts token by token are those of the models' own library", "[generation]") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& one : cases) {
    if (one.image) {
      continue;
    }
    INFO(one.name);
    const std::vector<std::int64_t> expected = ids_of(one, "expected_greedy_ids");
    constexpr std::size_t given = 8;
    Result<driver::Generation> text = generation(
      one, {.capacity = static_cast<std::int64_t>(expected.size()), .cycles = false, .references = true}
    );
    INFO(rendered(text.diagnostics()));
    REQUIRE(text.ok());
    driver::Sampler sampler(0, 0);
    std::vector<std::int64_t> ids(expected.begin(), expected.begin() + given);
    std::vector<std::int64_t> next = ids;
    while (ids.size() < expected.size()) {
      const Result<std::vector<driver::GenerationRun>> runs = text->feed(next);
      INFO(rendered(runs.diagnostics()));
      REQUIRE(runs.ok());
      for (const driver::GenerationRun& run : *runs) {
        INFO("position " << run.position);
        CHECK(run.check->differing == 0);
      }
      // The whole text at once.
      frontend::Part part;
      part.ids = ids;
      const Loaded whole = load(one, part);
      const golden::Values values = exact(whole);
      const std::vector<float>& all = values.at(whole.graph.outputs.back());
      const std::span<const float> last = text->logits(driver::Source::Fp32);
      CHECK(
        distance(
          {last.begin(), last.end()},
          {all.end() - static_cast<std::ptrdiff_t>(last.size()), all.end()}
        ) < 1e-5
      );
      next = {sampler.choose(last)};
      ids.push_back(next.front());
    }
    CHECK(ids == expected);
  }
}

TEST_CASE("checkpoints: models that cannot go on with a text are refused with a remedy", "[generation]") {
  if (!has_shared_data()) {
    return;
  }
  const auto refused = [](const std::string& name, std::int64_t capacity) {
    for (const Case& one : cases) {
      if (one.name == name) {
        const Result<driver::Generation> text = generation(one, {.capacity = capacity});
        REQUIRE_FALSE(text.ok());
        INFO(rendered(text.diagnostics()));
        CHECK(text.diagnostics().front().code == "E_KV_CACHE");
        CHECK_FALSE(text.diagnostics().front().hint.empty());
      }
    }
  };
  refused("siglip", 16);
  refused("gpt2", 65); // it has learned 64 positions
}
