#include "io/json_fields.h"

#include "base/text.h"
#include "io/json_syntax.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

std::string listed(const Keys& keys) {
  std::string list;
  for (const std::string_view key : keys) {
    list += list.empty() ? "" : ", ";
    list += key;
  }
  return list;
}

} // namespace

std::string child(const std::string& path, std::string_view key) {
  return path + "/" + pointer_step(key);
}
std::string child(const std::string& path, std::size_t index) {
  return path + "/" + std::to_string(index);
}

bool JsonFields::expect(
  bool fits, const json& value, const std::string& path, std::string_view wanted
) {
  if (!fits) {
    error(
      "E_TYPE",
      path,
      "expected " + std::string(wanted) + ", found " + std::string(value.type_name()),
      "write " + std::string(wanted) + " here"
    );
  }
  return fits;
}
bool JsonFields::object(const json& value, const std::string& path) {
  return expect(value.is_object(), value, path, "an object");
}
bool JsonFields::array(const json& value, const std::string& path) {
  return expect(value.is_array(), value, path, "an array");
}

const json*
JsonFields::member(const json& parent, const std::string& path, const char* key, bool required) {
  const auto found = parent.find(key);
  if (found != parent.end()) {
    return &*found;
  }
  if (required) {
    error(
      "E_MISSING", child(path, key), "this key is required", "add `" + std::string(key) + "` here"
    );
  }
  return nullptr;
}
const json* JsonFields::object_member(
  const json& parent, const std::string& path, const char* key, bool required
) {
  const json* value = member(parent, path, key, required);
  return value != nullptr && object(*value, child(path, key)) ? value : nullptr;
}
const json* JsonFields::array_member(
  const json& parent, const std::string& path, const char* key, bool required
) {
  const json* value = member(parent, path, key, required);
  return value != nullptr && array(*value, child(path, key)) ? value : nullptr;
}

void JsonFields::check_keys(
  const json& value, const std::string& path, const Keys& known, bool strict
) {
  for (const auto& [key, ignored_value] : value.items()) {
    if (key.starts_with("x-") || std::find(known.begin(), known.end(), key) != known.end()) {
      continue;
    }
    const auto near = nearest(key, known);
    const std::string hint = near
                               ? "did you mean `" + std::string(*near) + "`?"
                               : "keys known here: " + listed(known) + "; your own start with `x-`";
    if (strict) {
      error("E_UNKNOWN_KEY", child(path, key), "this key is not known", hint);
    } else {
      problems_.warning(
        "W_IGNORED", child(path, key), "this key is not known and was ignored", hint
      );
    }
  }
}

std::optional<std::string> JsonFields::as_text(const json& value, const std::string& path) {
  return expect(value.is_string(), value, path, "a text") ? std::optional(value.get<std::string>())
                                                          : std::nullopt;
}
std::optional<std::string>
JsonFields::text(const json& parent, const std::string& path, const char* key) {
  const json* value = member(parent, path, key, false);
  return value != nullptr ? as_text(*value, child(path, key)) : std::nullopt;
}
std::optional<double>
JsonFields::number(const json& parent, const std::string& path, const char* key) {
  const json* value = member(parent, path, key, false);
  if (value == nullptr || !expect(value->is_number(), *value, child(path, key), "a number")) {
    return std::nullopt;
  }
  return value->get<double>();
}
std::optional<bool>
JsonFields::flag(const json& parent, const std::string& path, const char* key) {
  const json* value = member(parent, path, key, false);
  if (value == nullptr || !expect(value->is_boolean(), *value, child(path, key), "true or false")) {
    return std::nullopt;
  }
  return value->get<bool>();
}
std::optional<std::string> JsonFields::choice(
  const json& parent, const std::string& path, const char* key, const Keys& accepted
) {
  auto given = text(parent, path, key);
  if (given && std::find(accepted.begin(), accepted.end(), *given) == accepted.end()) {
    error(
      "E_RANGE",
      child(path, key),
      "`" + std::string(key) + "` cannot be \"" + *given + "\"",
      "one of: " + listed(accepted)
    );
    return std::nullopt;
  }
  return given;
}
std::optional<std::uint64_t> JsonFields::seed(const json& parent, const std::string& path) {
  const json* value = member(parent, path, "seed", false);
  if (value == nullptr || !expect(value->is_number_unsigned(), *value, child(path, "seed"), "a whole number from 0")) {
    return std::nullopt;
  }
  return value->get<std::uint64_t>();
}

} // namespace plena::io
