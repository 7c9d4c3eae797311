// Changes of settings as JSON objects.
#include "config/changes.h"

#include <nlohmann/json.hpp>

namespace plena::config {

Result<Config>
changed_by_json(std::string_view toml, std::string_view file, std::string_view changes_json) {
  Result<Config> loaded = load(toml, file);
  if (!loaded) {
    return loaded;
  }
  const auto json = nlohmann::json::parse(changes_json, nullptr, false);
  const auto wrong = [](std::string_view where) {
    return Diagnostic{
      .code = "E_SETTINGS_JSON",
      .message = "the changes are no JSON object of whole numbers and texts",
      .hint = "for example {\"mlen\": 32, \"COST_PROFILE\": \"analytic\"}",
      .where = std::string(where)};
  };
  if (!json.is_object()) {
    return wrong("");
  }
  MachineNumbers numbers;
  Changes changes;
  for (const auto& [key, value] : json.items()) {
    if (value.is_number_unsigned() && is_machine_number(key)) {
      numbers[key] = value.get<std::uint64_t>();
    } else if (value.is_number_unsigned()) {
      changes[key] = value.get<std::uint64_t>();
    } else if (value.is_string()) {
      changes[key] = value.get<std::string>();
    } else {
      return wrong(key);
    }
  }
  Result<Config> machine = with_numbers(*loaded, numbers);
  return machine ? changed(*machine, changes) : machine;
}

std::string to_json(const Changes& changes) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [key, value] : changes) {
    std::visit([&, &name = key](const auto& one) { json[name] = one; }, value);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace plena::config
