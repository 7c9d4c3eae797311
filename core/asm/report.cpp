#include "asm/report.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace plena::assembly {

bool Report::count(Severity severity, std::string_view code) {
  (effective(severity) == Severity::Error ? errors_ : warnings_) += 1;
  auto counter = std::find_if(counters_.begin(), counters_.end(), [&](const Counter& c) {
    return c.code == code;
  });
  if (counter == counters_.end()) {
    counter = counters_.insert(counter, {code, 0});
  }
  return ++counter->seen <= listed_per_code;
}

void Report::add(
  Severity severity,
  std::string_view code,
  const Place& place,
  Extent extent,
  std::string message,
  std::string hint
) {
  const std::uint32_t column = utf16_length(place.text.substr(0, extent.begin)) + 1;
  const std::uint32_t length =
    utf16_length(place.text.substr(extent.begin, extent.end - extent.begin));
  Diagnostic diagnostic{
    .severity = effective(severity),
    .code = std::string(code),
    .message = std::move(message),
    .hint = std::move(hint)};
  diagnostic.span = {place.line, column, place.line, column + length};
  listed_.push_back(std::move(diagnostic));
}

Diagnostics Report::take() {
  std::stable_sort(listed_.begin(), listed_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.span.line, a.span.column) < std::tie(b.span.line, b.span.column);
  });
  for (const Counter& counter : counters_) {
    if (counter.seen > listed_per_code) {
      listed_.push_back(
        {.severity = Severity::Note,
         .code = "N_ASM_MORE",
         .message = fmt::format(
           "{} more of {} are not listed", counter.seen - listed_per_code, counter.code
         ),
         .hint = "correct the listed ones and assemble again"}
      );
    }
  }
  return std::move(listed_);
}

} // namespace plena::assembly
