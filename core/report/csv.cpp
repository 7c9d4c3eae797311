#include "report/csv.h"

#include <algorithm>
#include <cstddef>

namespace plena::report {

namespace {

/// Parts of letters beyond ASCII are letters, too.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

/// A number with its sign is none.
bool is_formula(std::string_view text) {
  constexpr std::string_view spaces = " \t\n\v\f\r";
  text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
  if (text.empty() || text.find_first_of("=@+-") != 0) {
    return false;
  }
  constexpr auto none = std::string_view::npos;
  if (text.front() == '=' || text.front() == '@' || text.find_first_of("|!") != none) {
    return true;
  }
  for (std::size_t at = text.find('('); at != none; at = text.find('(', at + 1)) {
    const std::size_t before = text.find_last_not_of(spaces, at - 1);
    if (is_letter(text[before])) {
      return true;
    }
  }
  return false;
}

} // namespace

std::string csv_field(std::string_view text) {
  std::string plain = is_formula(text) ? "'" : "";
  plain += text;
  if (plain.find_first_of(",\"\n\r") == std::string::npos) {
    return plain;
  }
  std::string quoted = "\"";
  for (const char c : plain) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

} // namespace plena::report
