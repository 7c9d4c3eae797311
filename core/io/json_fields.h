// Typed access to the fields of a JSON document. Every refusal is reported at its JSON pointer.
// Internal to the JSON importer.
#pragma once

#include "io/problems.h"

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::io {

using nlohmann::json;
using Keys = std::vector<std::string_view>;

/// `path` is always the JSON pointer of the value it comes with.
class JsonFields {
 public:
  explicit JsonFields(Problems& problems) : problems_(problems) {}

  Problems& problems() { return problems_; }
  void error(std::string code, std::string path, std::string message, std::string hint) {
    problems_.error(std::move(code), std::move(path), std::move(message), std::move(hint));
  }

  /// E_TYPE unless `fits`; returns `fits`. `wanted` comes with its article.
  bool expect(bool fits, const json& value, const std::string& path, std::string_view wanted);
  bool object(const json& value, const std::string& path);
  bool array(const json& value, const std::string& path);

  /// Null when the key is absent; E_MISSING when it is required then.
  const json* member(const json& parent, const std::string& path, const char* key, bool required);
  /// As `member`; null, too, when it is of another type (E_TYPE).
  const json*
  object_member(const json& parent, const std::string& path, const char* key, bool required);
  const json*
  array_member(const json& parent, const std::string& path, const char* key, bool required);
  /// Keys beyond `known`, but for those that start with `x-`: E_UNKNOWN_KEY when `strict`, else
  /// W_IGNORED.
  void check_keys(const json& value, const std::string& path, const Keys& known, bool strict);

  /// The value itself; nothing, with E_TYPE, when it is of another type.
  std::optional<std::string> as_text(const json& value, const std::string& path);
  /// The optional member `key`.
  std::optional<std::string> text(const json& parent, const std::string& path, const char* key);
  std::optional<double> number(const json& parent, const std::string& path, const char* key);
  std::optional<bool> flag(const json& parent, const std::string& path, const char* key);
  /// A text that is one of `accepted`; E_RANGE for others.
  std::optional<std::string>
  choice(const json& parent, const std::string& path, const char* key, const Keys& accepted);
  std::optional<std::uint64_t> seed(const json& parent, const std::string& path);

 private:
  Problems& problems_;
};

/// The pointer of a member or an element.
std::string child(const std::string& path, std::string_view key);
std::string child(const std::string& path, std::size_t index);

} // namespace plena::io
