// Words to instructions and back, words to canonical text. The machine's view of a word (column
// `reads`) differs for some instructions from what the assembler writes (column `operands`).
#pragma once

#include "base/result.h"
#include "isa/instr.h"

#include <cstdint>
#include <optional>
#include <string>

namespace plena::isa {

enum class DecodeStatus : std::uint8_t {
  Ok,
  Invalid, ///< no such instruction on this machine: faults when it is reached
  Refused, ///< a field that must be 0 is not: the machine refuses to load the program
};

struct Decoded {
  DecodeStatus status = DecodeStatus::Invalid;
  Instr instr{};
};

/// The machine's reading of a word. With Invalid, `instr.op` is INVALID_OPCODE.
Decoded decode_word(std::uint32_t word);
/// The instruction when the status is Ok.
std::optional<Instr> decode(std::uint32_t word);

/// The word that the machine reads as `instr`, all unread bits 0; decode(encode(i)) == i.
/// E_ISA_RANGE when a field does not fit, a field that the machine does not read is not 0, or a
/// field that must be 0 is not; E_ISA_INVALID for instructions that the machine does not have.
Result<std::uint32_t> encode(const Instr& instr);

/// Canonical text. The assembler turns it back into the identical word; words that no line of
/// assembly gives are `.word 0xXXXXXXXX`.
std::string disassemble(std::uint32_t word);
/// Appends the same text.
void disassemble_to(std::uint32_t word, std::string& out);
/// Whether assembly without `.word` can express the word.
bool expressible(std::uint32_t word);

/// One line that says what the word does on the machine, with its operands filled in.
std::string effect_text(std::uint32_t word);

} // namespace plena::isa
