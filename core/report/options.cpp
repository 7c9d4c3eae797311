#include "report/options.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

Diagnostic wrong(std::string message, std::string hint, std::string where = {}) {
  return {
    .code = "E_OPTIONS",
    .message = std::move(message),
    .hint = std::move(hint),
    .where = std::move(where)};
}

} // namespace

Result<ir::RunChoices> parse_choices(std::string_view json) {
  const auto given = nlohmann::json::parse(json, nullptr, false);
  if (!given.is_object()) {
    return wrong("compile options are not a JSON object", "give {} for the defaults");
  }
  ir::RunChoices choices;
  for (const auto& [key, value] : given.items()) {
    const std::string place = "/" + key;
    if (key == "keep_stages") {
      if (!value.is_boolean()) {
        return wrong("keep_stages is neither true nor false", "write true or false", place);
      }
      choices.keep_stages = value.get<bool>();
    } else if (key == "opt" || key == "unroll") {
      if (!value.is_string()) {
        return wrong(key + " is not a text", "write the name of a choice", place);
      }
      (key == "opt" ? choices.opt : choices.unroll) = value.get<std::string>();
    } else {
      return wrong(
        fmt::format("there is no compile option '{}'", key),
        "the options are: opt, unroll, keep_stages",
        place
      );
    }
  }
  return choices;
}

} // namespace plena::report
