#include "recipe/judge.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::recipe {

namespace {

using Json = nlohmann::ordered_json;

constexpr int schema = 1;
constexpr std::size_t kept_digits = 16;

struct StageInfo {
  std::string_view name;
  std::string_view title;
  std::string Digests::*digest;
  std::string_view meaning; ///< of being the first to differ
};
constexpr StageInfo stage_infos[] = {
  {"words", "machine words", &Digests::words, "the program is another one"},
  {"state", "final state", &Digests::state, "the same program leaves other memories"},
  {"cycles",
   "cycles",
   &Digests::cycles,
   "program and memories are the same, its time is another one"}};

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

template <class T> Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

} // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
  case Outcome::Reproduced:
    return "reproduced";
  case Outcome::Differs:
    return "differs";
  case Outcome::Unchecked:
    return "unchecked";
  case Outcome::CannotRun:
    return "cannot_run";
  }
  return {};
}

Digests shortened(Digests digests) {
  for (const StageInfo& info : stage_infos) {
    std::string& digest = digests.*info.digest;
    digest.resize(std::min(digest.size(), kept_digits));
  }
  return digests;
}

void judge_text(Judgement& judgement, const Text& text, const std::string& found) {
  if (text == Text{}) {
    return;
  }
  judgement.stages.push_back(
    {"text", "text", text.digest, found.substr(0, std::min(found.size(), kept_digits))}
  );
  const StageCheck& stage = judgement.stages.back();
  if (!stage.same() && !judgement.first) {
    judgement.first = judgement.stages.size() - 1;
    judgement.outcome = Outcome::Differs;
    judgement.text = fmt::format(
      "differs, first in the text: its tokens, their logits or their cycles are others (expected {}, "
      "found {})",
      stage.expected,
      stage.found
    );
  } else if (!stage.expected.empty() && judgement.outcome == Outcome::Reproduced) {
    judgement.text += ", text";
  } else if (!stage.expected.empty() && judgement.outcome == Outcome::Unchecked) {
    judgement.outcome = Outcome::Reproduced;
    judgement.text = "reproduced: text";
  }
}

Judgement judge(const Digests& expected, const Digests& found) {
  const Digests short_found = shortened(found);
  Judgement judgement{
    .outcome = expected.any() ? Outcome::Reproduced : Outcome::Unchecked, .stages = {}, .text = {}};
  std::string met;
  for (const StageInfo& info : stage_infos) {
    judgement.stages.push_back(
      {info.name, info.title, expected.*info.digest, short_found.*info.digest}
    );
    const StageCheck& stage = judgement.stages.back();
    if (!stage.same() && !judgement.first) {
      judgement.first = judgement.stages.size() - 1;
      judgement.outcome = Outcome::Differs;
      judgement.text = fmt::format(
        "differs, first in the {}: {} (expected {}, found {})",
        info.title,
        info.meaning,
        stage.expected,
        stage.found.empty() ? "none" : stage.found
      );
    } else if (!stage.expected.empty()) {
      met += fmt::format("{}{}", met.empty() ? "" : ", ", info.title);
    }
  }
  if (judgement.outcome == Outcome::Reproduced) {
    judgement.text = fmt::format("reproduced: {}", met);
  } else if (judgement.outcome == Outcome::Unchecked) {
    judgement.text = "nothing to check: the link does not say what must come of it";
  }
  return judgement;
}

Judgement cannot_run(const Diagnostics& problems) {
  const auto error = std::find_if(problems.begin(), problems.end(), [](const Diagnostic& one) {
    return one.severity == Severity::Error;
  });
  return {
    .outcome = Outcome::CannotRun,
    .stages = {},
    .text =
      "cannot be run here" + (error == problems.end() ? std::string() : ": " + error->message)};
}

std::string judgement_json(
  const Judgement& judgement,
  const Recipe& recipe,
  std::string_view here,
  const Diagnostics& diagnostics
) {
  // Member by member: lists of lists make several times as much code.
  Json document;
  document["schema"] = schema;
  document["outcome"] = to_string(judgement.outcome);
  Json& stages = document["stages"] = Json::array();
  for (const StageCheck& stage : judgement.stages) {
    Json& one = stages.emplace_back();
    one["name"] = stage.name;
    one["title"] = stage.title;
    one["expected"] = text_or_null(stage.expected);
    one["found"] = text_or_null(stage.found);
    one["same"] = stage.same();
  }
  document["first"] =
    judgement.first ? Json(judgement.stages[*judgement.first].name) : Json(nullptr);
  document["text"] = judgement.text;
  document["release"]["made"] = recipe.release;
  document["release"]["here"] = here;
  Json& notes = document["diagnostics"] = Json::array();
  for (const Diagnostic& diagnostic : diagnostics) {
    Json& one = notes.emplace_back();
    one["code"] = diagnostic.code;
    one["severity"] = to_string(diagnostic.severity);
    one["where"] = diagnostic.where;
    one["message"] = diagnostic.message;
    one["remedy"] = diagnostic.hint;
  }
  return dump(document, 2) + "\n";
}

std::string link_json(const Recipe& recipe, const std::string& link, std::size_t characters) {
  const Json document = {
    {"schema", schema},
    {"link", text_or_null(link)},
    {"characters", characters},
    {"recipe", Json::parse(write(recipe))}};
  return dump(document, 2) + "\n";
}

std::string options_json(const Recipe& recipe) {
  Json options = Json::object();
  for (const auto& [name, value] : recipe.options) {
    options[name] = std::visit([](const auto& one) { return Json(one); }, value);
  }
  return dump(options, -1);
}

std::string
info_json(const Recipe& recipe, std::string_view settings_name, std::string_view settings_toml) {
  const Model& model = recipe.model;
  const std::string_view kind = !model.json.empty()      ? "inline"
                                : !model.gallery.empty() ? "gallery"
                                : !model.address.empty() ? "address"
                                : !model.file.empty()    ? "file"
                                                         : "none";
  Json document;
  document["json"] = write(recipe);
  document["release"] = recipe.release;
  Json& its_model = document["model"];
  its_model["kind"] = kind;
  its_model["name"] = !model.gallery.empty()   ? model.gallery
                      : !model.address.empty() ? model.address
                                               : model.file;
  its_model["bytes"] = model.bytes;
  its_model["sha256"] = model.sha256;
  its_model["json"] = model.json;
  document["settings"]["name"] = settings_name;
  document["settings"]["toml"] = settings_toml;
  document["options"] = options_json(recipe);
  Json& inputs = document["inputs"] = Json::array();
  for (const Input& input : recipe.inputs) {
    Json& one = inputs.emplace_back();
    one["name"] = input.name;
    one["bytes"] = input.bytes;
    one["sha256"] = input.sha256;
    one["values"] = text_or_null(input.values);
  }
  Json& part = document["part"] = nullptr;
  if (recipe.part != Part{}) {
    part["firstLayer"] = or_null(recipe.part.first);
    part["lastLayer"] = or_null(recipe.part.last);
    part["rows"] = or_null(recipe.part.rows);
    part["ids"] = recipe.part.ids;
    part["batch"] = or_null(recipe.part.batch);
  }
  Json& dims = document["dims"] = Json::object();
  for (const auto& [name, value] : recipe.dims) {
    dims[name] = std::visit([](const auto& one) { return Json(one); }, value);
  }
  document["edits"] = recipe.edits.size();
  document["stop"] = or_null(recipe.stop);
  document["checked"] = recipe.digests.any();
  document["baseline"] = recipe.baseline.has_value();
  Json& text = document["text"] = nullptr;
  if (recipe.text != Text{}) {
    text["ids"] = recipe.text.ids;
    text["count"] = recipe.text.count;
    text["temperature"] = recipe.text.temperature;
    text["seed"] = recipe.text.seed;
    text["context"] = recipe.text.context;
    text["digest"] = text_or_null(recipe.text.digest);
  }
  Json& view = document["view"];
  view["tab"] = text_or_null(recipe.view.tab);
  view["pc"] = or_null(recipe.view.pc);
  view["node"] = or_null(recipe.view.node);
  view["cycle"] = or_null(recipe.view.cycle);
  view["prediction"] = text_or_null(prediction_json(recipe.view.prediction));
  return dump(document, -1);
}

} // namespace plena::recipe
