// Warnings about lines that upstream's assembler accepts although the machine will not do what they
// say. Which values reach the machine follows from the two operand columns of instructions.def.
#pragma once

#include "asm/line.h"

#include <array>
#include <string_view>

namespace plena::assembly {

/// Stable codes of the assembler's diagnostics.
namespace code {
inline constexpr std::string_view not_utf8 = "E_ASM_NOT_UTF8";
inline constexpr std::string_view bad_number = "E_ASM_BAD_NUMBER";
inline constexpr std::string_view unknown_mnemonic = "E_ASM_UNKNOWN_MNEMONIC";
inline constexpr std::string_view missing_operand = "E_ASM_MISSING_OPERAND";
inline constexpr std::string_view overflow = "E_ASM_OVERFLOW";
inline constexpr std::string_view word = "E_ASM_WORD";
inline constexpr std::string_view carry = "W_ASM_CARRY";
inline constexpr std::string_view borrow = "W_ASM_BORROW";
inline constexpr std::string_view not_loadable = "W_ASM_NOT_LOADABLE";
inline constexpr std::string_view misplaced = "W_ASM_MISPLACED";
inline constexpr std::string_view not_zero = "W_ASM_NOT_ZERO";
inline constexpr std::string_view dropped = "W_ASM_DROPPED_OPERAND";
inline constexpr std::string_view no_value = "W_ASM_NO_VALUE";
inline constexpr std::string_view register_class = "W_ASM_REGISTER_CLASS";
inline constexpr std::string_view register_range = "W_ASM_REGISTER_RANGE";
inline constexpr std::string_view selector = "W_ASM_SELECTOR";
inline constexpr std::string_view faults = "W_ASM_FAULTS";
} // namespace code

/// A statement whose operands have found their fields.
struct Assigned {
  static constexpr std::size_t absent = 99;

  const isa::InsnDef& row;
  const LineTokens& tokens;
  /// For each operand of the row, the position in the line of the text that supplies it.
  std::array<std::size_t, isa::OperandList::capacity> positions{};

  bool has(std::size_t operand) const { return positions[operand] != absent; }
  const OperandText& text(std::size_t operand) const { return tokens.operands[positions[operand]]; }
  const Integer& value(std::size_t operand) const { return text(operand).value; }
};

/// Bits of the magnitude; 0 for zero.
std::size_t bit_length(const Integer& value);

void warn_about_traps(
  const Assigned& assigned, const LineResult& result, const Place& place, Report& report
);

} // namespace plena::assembly
