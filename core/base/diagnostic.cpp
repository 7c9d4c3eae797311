#include "base/diagnostic.h"

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

std::string render(const Diagnostic& diagnostic, std::string_view source) {
  std::string place = diagnostic.file;
  if (diagnostic.span.line != 0) {
    place += fmt::format(
      "{}{}:{}", place.empty() ? "" : ":", diagnostic.span.line, diagnostic.span.column
    );
  }
  if (!diagnostic.where.empty()) {
    place += fmt::format("{}{}", place.empty() ? "" : ": ", diagnostic.where);
  }
  std::string text = fmt::format(
    "{}{}{}: {} [{}]",
    place,
    place.empty() ? "" : ": ",
    to_string(diagnostic.severity),
    diagnostic.message,
    diagnostic.code
  );
  if (!source.empty() && diagnostic.span.line != 0) {
    const std::string_view line = line_of(source, diagnostic.span.line);
    const std::uint32_t column = std::max(diagnostic.span.column, 1u);
    const bool one_line =
      diagnostic.span.end_line == diagnostic.span.line && diagnostic.span.end_column > column;
    const std::uint32_t width = one_line ? diagnostic.span.end_column - column : 1;
    text += fmt::format("\n  {}\n  {:>{}}{:^>{}}", line, "", column - 1, "", width);
  }
  if (!diagnostic.hint.empty()) {
    text += fmt::format("\n  hint: {}", diagnostic.hint);
  }
  return text;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::Error;
  });
}

} // namespace plena
