// One line of assembly to mnemonic and operands, in the steps of upstream's assembler (isa.md 4.2,
// 4.3): white space and digits are Unicode's. Text is valid UTF-8 here.
#pragma once

#include "asm/integer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::assembly {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
};
/// The code point at `at`; a broken byte counts as itself.
CodePoint code_point(std::string_view text, std::size_t at);

/// White space of assembly text.
bool is_space(char32_t c);

/// A piece of a line, by bytes from its start.
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
};

enum class Form : std::uint8_t {
  Register,    ///< `gp`, `f` or `a` and an integer
  BadRegister, ///< begins like a register, but no integer follows
  Integer,
  Other, ///< has no value
};

struct OperandText {
  std::string text; ///< trimmed, white space inside replaced by single spaces
  Extent extent;    ///< the place of `text` in the line; empty where an operand is missing
  Form form = Form::Other;
  char bank = 0; ///< Register: 'g', 'f' or 'a'
  Integer value; ///< Register: its index
};

struct LineTokens {
  std::string_view mnemonic; ///< empty when the line has no statement
  Extent mnemonic_extent;
  std::vector<OperandText> operands;
};

LineTokens split_line(std::string_view line);

/// An integer as upstream reads it: optional spaces and sign, decimal digits with single
/// underscores between them, at most 4300 digits.
std::optional<Integer> parse_integer(std::string_view text);

} // namespace plena::assembly
