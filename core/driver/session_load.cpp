// Models that are several files.
#include "driver/model_sources.h"
#include "driver/nonfinite.h"
#include "driver/npy.h"
#include "driver/session_state.h"
#include "driver/tools.h"
#include "io/export_json.h"
#include "io/import_checkpoint.h"
#include "passes/pipeline.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace plena::driver {

namespace {

/// Ids are numbers of rows: beyond, f32 does not tell them apart.
constexpr float max_id = 0x1p24f;

Diagnostic bad_ids(std::string message) {
  return {
    .code = "E_TENSOR_TEXT",
    .message = std::move(message),
    .hint = "ids are whole numbers from 0, separated by white space or commas, or a .npy file of them",
    .where = "input_ids"};
}

} // namespace

Result<std::vector<std::int64_t>>
read_ids(std::span<const std::uint8_t> bytes, std::int64_t* texts) {
  std::vector<float> values;
  std::int64_t found = 1;
  if (is_npy(bytes)) {
    Result<NamedTensor> read = read_npy(bytes, "input_ids");
    if (!read) {
      return std::move(read).diagnostics();
    }
    values = std::move(read->values);
    for (std::size_t i = 0; i + 1 < read->shape.size(); ++i) {
      found *= read->shape[i];
    }
  } else {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    constexpr std::string_view between = " \t\r\n,";
    for (;;) {
      text.remove_prefix(std::min(text.find_first_not_of(between), text.size()));
      if (text.empty()) {
        break;
      }
      const std::string_view token = text.substr(0, text.find_first_of(between));
      float id = 0;
      for (const char digit : token) {
        if (digit < '0' || digit > '9' || id > max_id) {
          return bad_ids(fmt::format("'{}' is no id", token.substr(0, 20)));
        }
        id = 10 * id + static_cast<float>(digit - '0');
      }
      values.push_back(id);
      text.remove_prefix(token.size());
    }
  }
  std::vector<std::int64_t> ids;
  for (const float value : values) {
    if (!(value >= 0 && value <= max_id) || std::trunc(value) != value) {
      return bad_ids(fmt::format("{} is no id", value));
    }
    ids.push_back(static_cast<std::int64_t>(value));
  }
  if (ids.empty()) {
    return bad_ids("there are no ids");
  }
  if (texts != nullptr) {
    *texts = found;
  }
  return ids;
}

void Session::choose_part(ModelPart part) { state_->part = std::move(part); }

frontend::Part Session::State::built_part() const {
  frontend::Part built;
  built.first_layer = part.first_layer.value_or(0);
  built.last_layer = part.last_layer;
  built.rows = part.rows;
  built.ids = part.ids;
  built.batch = part.batch.value_or(1);
  return built;
}

Result<std::string>
Session::State::take_graph(ir::Graph imported, report::ModelFacts facts, Diagnostics notes) {
  Nonfinite nonfinite;
  nonfinite.look_at_file(imported);
  Result<passes::Lowered> lowered = passes::run(std::move(imported), {.file = facts.name});
  if (!lowered) {
    return std::move(lowered).diagnostics();
  }
  nonfinite.look_at_graph(lowered->graph);
  for (const Diagnostics& more : {lowered.diagnostics(), nonfinite.warnings()}) {
    notes.insert(notes.end(), more.begin(), more.end());
  }
  model = std::move(facts);
  graph = std::move(lowered->graph);
  model_notes = notes;
  inputs.clear();
  input_files.clear();
  model_bytes = 0;
  expected.clear();
  compiled.reset();
  return {report::model_info(model, *graph), std::move(notes)};
}

Result<std::string> Session::load_files(std::string_view name, std::span<const ModelFile> files) {
  const std::vector<io::ModelFile> sources = sources_of(files);
  if (!io::is_checkpoint(sources)) {
    const Result<OneModel> model = one_model(name, sources);
    return model ? state_->load_one(model->name, model->bytes, finder(model->beside, {}))
                 : Result<std::string>(model.diagnostics());
  }
  const StepTimer timer(*state_, "import");
  Result<io::CheckpointModel> model = io::import_checkpoint(sources, state_->built_part());
  if (!model) {
    return std::move(model).diagnostics();
  }
  Diagnostics notes = model.diagnostics();
  return state_->take_graph(
    std::move(model->graph),
    {std::string(name), "checkpoint", model->digest, part_of(model->built)},
    std::move(notes)
  );
}

Result<std::string> Session::model_json() const {
  if (!state_->graph) {
    return missing("E_NO_MODEL", "there is no model to write", "load a model first");
  }
  return io::export_json(*state_->graph);
}

Result<Session::ModelDocument> Session::model_document(const std::string& beside) const {
  if (!state_->graph) {
    return missing("E_NO_MODEL", "there is no model to write", "load a model first");
  }
  if (!io::is_plain_name(beside)) {
    return missing(
      "E_EXTERNAL_DATA",
      fmt::format("\"{}\" is no plain name of a file", beside),
      "values lie in a file beside the model's: name it without directories"
    );
  }
  io::ExportedModel made = io::export_json_beside(*state_->graph, beside);
  return ModelDocument{std::move(made.json), std::move(made.bytes)};
}

} // namespace plena::driver
