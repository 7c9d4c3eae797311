// The instruction set as data: opcodes, definitions and look-ups, expanded from instructions.def.
// Nothing here executes anything.
#pragma once

#include "isa/fields.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace plena::isa {

enum class Opcode : std::uint8_t {
#define INSN(name, code, unit, cost, operands, reads, effect, summary) name = code,
#include "isa/instructions.def"
};

/// What executes an instruction; None: it assembles, but faults when executed.
enum class Unit : std::uint8_t { None, Matrix, Vector, Float, Integer, Memory, Control };

struct InsnDef {
  std::string_view name;
  Opcode code;
  Unit unit;
  std::string_view cost;   ///< cost class, a row of core/cost/costs.def
  OperandList operands;    ///< as written in assembly, in order
  OperandList reads;       ///< as the machine decodes the word
  std::string_view effect; ///< one line with `{field}` where a decoded operand goes
  std::string_view summary;
};

inline constexpr std::size_t opcode_space = std::size_t{1} << opcode_bits;

/// All rows, in the order of the table.
std::span<const InsnDef> all();
const InsnDef& def(Opcode opcode);
/// The row with this number (0 to 63), or null.
const InsnDef* find(std::uint32_t code);
/// The row with this exact name, or null.
const InsnDef* find(std::string_view name);

std::string_view to_string(Opcode opcode);
std::string_view to_string(Unit unit);

} // namespace plena::isa
