#include "report/options.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace plena::report {

namespace {

Diagnostic wrong(std::string message, std::string hint, std::string where = {}) {
  return {
    .code = "E_OPTIONS",
    .message = std::move(message),
    .hint = std::move(hint),
    .where = std::move(where)};
}

std::optional<Diagnostic>
take(std::string& chosen, const nlohmann::json& value, const std::string& key) {
  if (!value.is_string()) {
    return wrong(key + " is not a text", "write the name of a choice", "/" + key);
  }
  chosen = value.get<std::string>();
  return std::nullopt;
}

std::optional<Diagnostic>
take(std::optional<bool>& chosen, const nlohmann::json& value, const std::string& key) {
  if (!value.is_boolean()) {
    return wrong(key + " is neither true nor false", "write true or false", "/" + key);
  }
  chosen = value.get<bool>();
  return std::nullopt;
}

} // namespace

Result<ir::RunChoices> parse_choices(std::string_view json) {
  const auto given = nlohmann::json::parse(json, nullptr, false);
  if (!given.is_object()) {
    return wrong("compile options are not a JSON object", "give {} for the defaults");
  }
  ir::RunChoices choices;
  for (const auto& [key, value] : given.items()) {
    bool known = false;
    std::string names;
    std::optional<Diagnostic> refused;
    ir::visit_choices(choices, [&, &key = key, &value = value](const char* name, auto& chosen) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
      if (key == name) {
        known = true;
        refused = take(chosen, value, key);
      }
    });
    if (!known) {
      return wrong(
        fmt::format("there is no compile option '{}'", key), "the options are: " + names, "/" + key
      );
    }
    if (refused) {
      return *refused;
    }
  }
  return choices;
}

} // namespace plena::report
