// Collects what the assembler has to say. Each code is listed a limited number of times; all
// occurrences are counted, and one note per code says how many were left out.
#pragma once

#include "asm/assembler.h"
#include "asm/lexer.h"
#include "base/diagnostic.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plena::assembly {

/// The line being looked at.
struct Place {
  std::uint32_t line = 0; ///< from 1
  std::string_view text;  ///< without its end
};

class Report {
 public:
  /// Occurrences of one code that are listed.
  static constexpr std::size_t listed_per_code = 100;

  explicit Report(Mode mode) : mode_(mode) {}

  /// Counts an occurrence; true when it should be described with add().
  bool count(Severity severity, std::string_view code);
  void add(
    Severity severity,
    std::string_view code,
    const Place& place,
    Extent extent,
    std::string message,
    std::string hint
  );

  /// Sorted by place, with the notes on what was left out.
  Diagnostics take();
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return warnings_; }

 private:
  struct Counter {
    std::string_view code;
    std::size_t seen = 0;
  };

  Severity effective(Severity severity) const {
    return severity == Severity::Warning && mode_ == Mode::Strict ? Severity::Error : severity;
  }

  Mode mode_;
  Diagnostics listed_;
  std::vector<Counter> counters_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

} // namespace plena::assembly
