#include "io/json_syntax.h"

#include "base/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace plena::io {

namespace {

using nlohmann::json;

constexpr std::size_t max_errors = 50;

/// Follows the parser without building anything.
class Checker : public nlohmann::json_sax<json> {
 public:
  Checker(std::string_view name, std::string_view text) : name_(name), text_(text) {}

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return open(false); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    level.step = name;
    if (!level.keys.insert(name).second) {
      add(
        {.code = "E_JSON",
         .message = "key \"" + name + "\" is given twice",
         .hint = "keep one of the two",
         .where = pointer()}
      );
    }
    return errors.size() < max_errors;
  }

  bool parse_error(
    std::size_t position, const std::string& token, const nlohmann::detail::exception& error
  ) override {
    // The library's message starts with its own code in brackets and repeats the place.
    std::string message = error.what();
    if (const auto at = message.find(": syntax error"); at != std::string::npos) {
      message.erase(0, at + 2);
    }
    (void)token;
    add(
      {.code = "E_JSON",
       .message = message,
       .hint =
         "look for a comma, colon, quote or bracket that is missing or too many here or before",
       .span = place(position == 0 ? 0 : position - 1)}
    );
    return false;
  }

  Diagnostics errors{};

 private:
  struct Level {
    bool is_array = false;
    std::size_t index = 0;
    std::string step{};
    std::set<std::string> keys{};
  };

  void add(Diagnostic diagnostic) {
    diagnostic.file = std::string(name_);
    errors.push_back(std::move(diagnostic));
  }
  bool value() {
    if (!levels_.empty()) {
      ++levels_.back().index;
    }
    return true;
  }
  bool open(bool is_array) {
    if (levels_.size() == max_json_depth) {
      add(
        {.code = "E_JSON",
         .message = "nested more than " + std::to_string(max_json_depth) + " deep",
         .hint = "a model needs no such depth; look for a bracket that is never closed",
         .where = pointer()}
      );
      return false;
    }
    levels_.push_back({.is_array = is_array});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return value();
  }
  std::string pointer() const {
    std::string text;
    for (const Level& level : levels_) {
      text += "/" + (level.is_array ? std::to_string(level.index) : pointer_step(level.step));
    }
    return text;
  }
  Span place(std::size_t offset) const {
    const std::string_view before = text_.substr(0, offset);
    const auto line_start =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    Span span;
    span.line = 1 + static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
    span.column = 1 + utf16_length(before.substr(line_start));
    span.end_line = span.line;
    span.end_column = span.column + 1;
    return span;
  }

  std::string_view name_;
  std::string_view text_;
  std::vector<Level> levels_;
};

} // namespace

std::string pointer_step(std::string_view key) {
  std::string step;
  for (const char c : key) {
    step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return step;
}

Status check_json_syntax(std::string_view name, Bytes bytes, const ImportOptions& options) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto error = [&](std::string message, std::string hint) {
    return Diagnostic{
      .code = "E_JSON",
      .message = std::move(message),
      .hint = std::move(hint),
      .file = std::string(name)};
  };
  if (bytes.size() > options.max_json_bytes) {
    return error(
      "the file has " + std::to_string(bytes.size()) + " bytes, at most " +
        std::to_string(options.max_json_bytes) + " are read",
      "seed or fill large tensors instead of writing them out"
    );
  }
  if (!is_valid_utf8(text)) {
    return error("the text is not UTF-8", "save the document as UTF-8");
  }
  Checker checker(name, text);
  try {
    json::sax_parse(text.begin(), text.end(), &checker);
  } catch (const json::exception& exception) {
    return error(exception.what(), "correct what the message names");
  }
  if (!checker.errors.empty()) {
    return std::move(checker.errors);
  }
  return Done{};
}

} // namespace plena::io
