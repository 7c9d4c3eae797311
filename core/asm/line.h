// One line of assembly in all its forms: upstream's rules to the letter (isa.md 4.4, 4.5), errors
// with places, and warnings about accepted lines that do not mean what they say.
#pragma once

#include "asm/report.h"
#include "isa/isa.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plena::assembly {

/// What a line gives.
struct LineResult {
  enum class Kind : std::uint8_t { Nothing, Word, Error } kind = Kind::Nothing;
  std::uint32_t word = 0;
  std::string negative{}; ///< text of a sum below zero, else empty
  /// Error: its code, and whether upstream finds it while parsing, before any encoding error.
  std::string_view code{};
  bool parse_phase = false;
};

LineResult assemble_line(const Place& place, const Options& options, Report& report);

/// The largest value of an operand that is placed and read as written, so that assemble_line() has
/// nothing to say about it. Nothing when every use of the instruction is warned about.
std::optional<std::uint32_t> quiet_limit(const isa::InsnDef& row, const isa::Operand& operand);

/// The whole text line by line, without the shortcut for ordinary lines that assemble() takes.
Assembled assemble_by_line(std::string_view text, const Options& options);

} // namespace plena::assembly
