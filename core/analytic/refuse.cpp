#include "analytic/refuse.h"

#include "base/text.h"

namespace plena::analytic {

Diagnostic
refuse(std::string_view code, std::string_view where, std::string message, std::string_view hint) {
  Diagnostic made;
  made.code = code;
  made.message = std::move(message);
  made.hint = hint;
  made.where = where;
  return made;
}

std::string list(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    text += text.empty() ? "" : ", ";
    text += name;
  }
  return text;
}

std::string
meant(std::string_view word, std::span<const std::string_view> names, std::string_view otherwise) {
  const auto slip = nearest(word.substr(0, 64), {names.begin(), names.end()});
  return slip ? "did you mean " + std::string(*slip) + "?" : std::string(otherwise);
}

} // namespace plena::analytic
