#include "base/diagnostic.h"

#include "base/printable.h"
#include "base/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena {

std::string_view to_string(Severity severity) {
  switch (severity) {
  case Severity::Note:
    return "note";
  case Severity::Warning:
    return "warning";
  case Severity::Error:
    return "error";
  }
  return "error";
}

namespace {

/// What one part of a message may take; names can have megabytes.
constexpr std::size_t longest_part = 2000;
/// Characters of a source line shown on either side of the offending column.
constexpr std::size_t context = 80;

} // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i >= longest_part && (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      return shown + "...";
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls, U+0080 to U+009F, are two bytes of UTF-8.
    const bool c1 =
      byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      shown += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[++i]));
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("\\x{:02X}", byte);
    } else {
      shown += text[i];
    }
  }
  return shown;
}

namespace {

/// The offending line and a caret under its column; of a long line the part around it.
std::string excerpt(std::string_view line, const Span& span) {
  std::size_t column = std::max(span.column, 1u) - 1;
  std::size_t width = span.end_line == span.line && span.end_column > span.column
                        ? span.end_column - std::max(span.column, 1u)
                        : 1;
  // Carets need one column per character: control characters become dots, long lines lose ends.
  std::string shown;
  std::size_t at = 0;
  std::size_t begin = column > context ? column - context : 0;
  const std::size_t end = column + context;
  while (!line.empty() && at < end) {
    std::size_t bytes = 1;
    while (bytes < line.size() && (static_cast<unsigned char>(line[bytes]) & 0xC0) == 0x80) {
      ++bytes;
    }
    const std::string_view character = line.substr(0, bytes);
    if (at >= begin) {
      shown += printable(character) == character ? std::string(character) : ".";
    }
    at += utf16_length(character);
    line.remove_prefix(bytes);
  }
  if (begin > 0) {
    shown = "..." + shown;
    column = column - begin + 3;
  }
  if (!line.empty()) {
    shown += "...";
    width = std::min(width, context);
  }
  return fmt::format("\n  {}\n  {:>{}}{:^>{}}", shown, "", column, "", width);
}

} // namespace

std::string render(const Diagnostic& diagnostic, std::string_view source) {
  std::string place = printable(diagnostic.file);
  if (diagnostic.span.line != 0) {
    place += fmt::format(
      "{}{}:{}", place.empty() ? "" : ":", diagnostic.span.line, diagnostic.span.column
    );
  }
  if (!diagnostic.where.empty()) {
    place += fmt::format("{}{}", place.empty() ? "" : ": ", printable(diagnostic.where));
  }
  std::string text = fmt::format(
    "{}{}{}: {} [{}]",
    place,
    place.empty() ? "" : ": ",
    to_string(diagnostic.severity),
    printable(diagnostic.message),
    diagnostic.code
  );
  if (!source.empty() && diagnostic.span.line != 0) {
    text += excerpt(line_of(source, diagnostic.span.line), diagnostic.span);
  }
  if (!diagnostic.hint.empty()) {
    text += fmt::format("\n  hint: {}", printable(diagnostic.hint));
  }
  return text;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::Error;
  });
}

} // namespace plena
