#include "bench/model_bench.h"

#include "bench/cases.h"
#include "bench/memory.h"
#include "codegen/compile.h"
#include "driver/session.h"
#include "driver/tools.h"
#include "io/importer.h"
#include "io/weights.h"
#include "ops/load.h"
#include "ops/lower_graph.h"
#include "passes/pipeline.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

namespace plena::bench {

namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

io::Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::optional<ir::Graph> import(const std::string& text) {
  Result<ir::Graph> imported = io::import_model("model.json", bytes_of(text));
  if (!imported) {
    return std::nullopt;
  }
  Result<passes::Lowered> lowered = passes::run(std::move(*imported));
  return lowered ? std::optional(std::move(lowered->graph)) : std::nullopt;
}

/// The machine that the file asks for.
std::optional<config::Config> machine_for(const ir::Graph& graph) {
  const config::Preset* preset = config::find_preset(driver::default_settings);
  const auto settings = config::load(preset->toml, preset->name);
  auto machine = config::with_numbers(*settings, graph.run.hardware);
  return machine ? std::optional(*machine) : std::nullopt;
}

bool compile(const ir::Graph& graph) {
  const std::optional<config::Config> machine = machine_for(graph);
  codegen::Values inputs;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    inputs[graph.inputs[i]] = io::input_values(graph, i).floats;
  }
  return machine && codegen::compile(graph, *machine, inputs).ok();
}

/// Weights that are matrices.
std::vector<const ir::Tensor*> matrices(const ir::Graph& graph) {
  std::vector<const ir::Tensor*> found;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.constant && tensor.shape.size() == 2) {
      found.push_back(&tensor);
    }
  }
  return found;
}

void stage(const std::vector<const ir::Tensor*>& weights, const numerics::StorageFormat& format) {
  for (const ir::Tensor* weight : weights) {
    const ops::Extent extent = ops::extent_of(weight->shape);
    ops::StoredTensor stored;
    stored.rows = extent.rows;
    stored.cols = extent.cols;
    stored.format = format;
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(stored.bytes()));
    ops::store(weight->constant->floats, extent.rows, extent.cols, stored, bytes);
  }
}

std::uint64_t round_to_bytes(const std::vector<const ir::Tensor*>& weights) {
  std::uint64_t sum = 0;
  for (const ir::Tensor* weight : weights) {
    for (const float value : weight->constant->floats) {
      const float size = std::min(std::fabs(value) * 64.0f, 127.0f);
      sum += static_cast<std::uint8_t>(static_cast<int>(size + 0.5f));
    }
  }
  return sum;
}

/// Runs to the end.
bool run(driver::Session& session, const std::string& text) {
  const Result<driver::Preset> preset = driver::preset(driver::default_settings);
  if (!preset || !session.set_settings(driver::default_settings, preset->toml) ||
      !session.load_model("model.json", bytes_of(text)) || !session.compile("{}") ||
      !session.reset()) {
    return false;
  }
  using Reason = driver::RunStatus::Reason;
  const auto goes_on = [&] {
    const Reason reason = session.status().reason;
    return reason == Reason::Ready || reason == Reason::Slice;
  };
  while (goes_on()) {
    if (!session.run(std::uint64_t{1} << 24)) {
      return false;
    }
  }
  return session.status().reason == Reason::Done;
}

bool verify(const std::string& text) {
  driver::Session session;
  return run(session, text) && session.verify().ok() && session.verdict().pass;
}

#ifndef __EMSCRIPTEN__
std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? "" : text.replace(at, what.size(), by);
}
#endif

} // namespace

std::vector<ModelRow> model_rows(const std::filesystem::path& models, int repetitions) {
  const std::string text = read_text(models / "clm60m.json");
  const std::optional<ir::Graph> graph = import(text);
  if (!graph || !verify(text)) {
    return {};
  }
  const std::vector<const ir::Tensor*> weights = matrices(*graph);
  std::uint64_t count = 0;
  for (const ir::Tensor* weight : weights) {
    count += weight->constant->floats.size();
  }
  const std::optional<config::Config> machine = machine_for(*graph);
  if (!machine) {
    return {};
  }
  const numerics::StorageFormat format = ops::arithmetic_of(*machine, ops::Precision::Hardware).weight;
  std::uint64_t sum = 0;
  bool good = true;
  const std::vector<Seconds> seconds = measure_in_turn(
    repetitions,
    {[&] { sum += round_to_bytes(weights); },
     [&] { good = compile(*import(text)) && good; },
     [&] { stage(weights, format); },
     [&] { good = verify(text) && good; }}
  );
  if (!good || sum == 0) {
    return {};
  }
  const double baseline = seconds[0].median;
  std::vector<ModelRow> rows;
  const auto add = [&](const char* name, const Seconds& taken) {
    rows.push_back({name, taken.median, taken.spread, count, baseline, taken.median / baseline, 0});
  };
  add("CLM-60M layer, import, compile, stage", seconds[1]);
  add("CLM-60M layer, stage", seconds[2]);
  add("CLM-60M layer, file to verdict", seconds[3]);
#ifndef __EMSCRIPTEN__
  std::string deep = read_text(models / "smollm2_135m.json");
  deep = replaced(deep, "\"num_layers\": 1", "\"num_layers\": 30");
  deep = replaced(deep, "\"blen\": 4", "\"blen\": 16");
  constexpr std::uint64_t layers = 30;
  constexpr std::uint64_t weights_of_layer = 3'538'944;
  forget_peak_memory();
  const double compiled = seconds_of([&] {
    const std::optional<ir::Graph> whole = import(deep);
    good = whole && compile(*whole);
  });
  const std::uint64_t peak = peak_memory();
  const double ran = seconds_of([&] {
    driver::Session session;
    good = good && run(session, deep);
  });
  if (!good) {
    return {};
  }
  const double as_many =
    baseline * static_cast<double>(layers * weights_of_layer) / static_cast<double>(count);
  const std::uint64_t all = layers * weights_of_layer;
  rows.push_back(
    {"SmolLM2-135M, 30 layers, import, compile, stage",
     compiled,
     0,
     all,
     as_many,
     compiled / as_many,
     peak}
  );
  rows.push_back(
    {"SmolLM2-135M, 30 layers, file to end of run",
     ran,
     0,
     all,
     as_many,
     ran / as_many,
     peak_memory()}
  );
#endif
  return rows;
}

} // namespace plena::bench
