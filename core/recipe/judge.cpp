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
  Json stages = Json::array();
  for (const StageCheck& stage : judgement.stages) {
    stages.push_back(
      {{"name", stage.name},
       {"title", stage.title},
       {"expected", text_or_null(stage.expected)},
       {"found", text_or_null(stage.found)},
       {"same", stage.same()}}
    );
  }
  Json notes = Json::array();
  for (const Diagnostic& one : diagnostics) {
    notes.push_back(
      {{"code", one.code},
       {"severity", to_string(one.severity)},
       {"where", one.where},
       {"message", one.message},
       {"remedy", one.hint}}
    );
  }
  const Json document = {
    {"schema", schema},
    {"outcome", to_string(judgement.outcome)},
    {"stages", stages},
    {"first", judgement.first ? Json(judgement.stages[*judgement.first].name) : Json(nullptr)},
    {"text", judgement.text},
    {"release", {{"made", recipe.release}, {"here", here}}},
    {"diagnostics", notes}};
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
  Json inputs = Json::array();
  for (const Input& input : recipe.inputs) {
    inputs.push_back({{"name", input.name}, {"bytes", input.bytes}, {"sha256", input.sha256}});
  }
  const Json document = {
    {"json", write(recipe)},
    {"release", recipe.release},
    {"model",
     {{"kind", kind},
      {"name",
       !model.gallery.empty()   ? model.gallery
       : !model.address.empty() ? model.address
                                : model.file},
      {"bytes", model.bytes},
      {"sha256", model.sha256},
      {"json", model.json}}},
    {"settings", {{"name", settings_name}, {"toml", settings_toml}}},
    {"options", options_json(recipe)},
    {"inputs", inputs},
    {"edits", recipe.edits.size()},
    {"stop", or_null(recipe.stop)},
    {"checked", recipe.digests.any()},
    {"baseline", recipe.baseline.has_value()},
    {"view",
     {{"tab", text_or_null(recipe.view.tab)},
      {"pc", or_null(recipe.view.pc)},
      {"node", or_null(recipe.view.node)},
      {"cycle", or_null(recipe.view.cycle)}}}};
  return dump(document, -1);
}

Result<Wish> parse_wish(std::string_view json) {
  const auto given = nlohmann::json::parse(json, nullptr, false);
  const auto refused = [](std::string where) {
    return Diagnostic{
      .code = "E_ARGUMENT",
      .message = "this says nothing about a recipe",
      .hint = "an object with `gallery`, `address` or `json`, and `view`",
      .where = std::move(where)};
  };
  if (!given.is_object()) {
    return refused("");
  }
  Wish wish;
  for (const auto& [key, value] : given.items()) {
    std::string* text = key == "gallery"   ? &wish.gallery
                        : key == "address" ? &wish.address
                        : key == "json"    ? &wish.json
                                           : nullptr;
    if (text != nullptr && value.is_string()) {
      *text = value.get<std::string>();
    } else if (key == "view" && value.is_object()) {
      const auto number = [&, &value = value](const char* name) {
        const auto found = value.find(name);
        return found != value.end() && found->is_number_unsigned()
                 ? std::optional(found->get<std::uint64_t>())
                 : std::nullopt;
      };
      const auto tab = value.find("tab");
      wish.view = {
        .tab = tab != value.end() && tab->is_string() ? tab->get<std::string>() : "",
        .pc = number("pc"),
        .node = number("node"),
        .cycle = number("cycle")};
    } else {
      return refused("/" + key);
    }
  }
  return wish;
}

} // namespace plena::recipe
