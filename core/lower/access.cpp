#include "lower/access.h"

namespace plena::lower {

namespace {

/// Whether the machine writes to what this operand names.
constexpr bool writes(isa::Opcode op, isa::Unit unit, const isa::Operand& operand) {
  if (operand.field != isa::Field::rd) {
    return false;
  }
  switch (unit) {
  case isa::Unit::Integer:
    return op != isa::Opcode::S_ST_INT;
  case isa::Unit::Float:
    return op != isa::Opcode::S_ST_FP;
  case isa::Unit::Vector: // rd is an address except where a reduction names a scalar
    return operand.kind == isa::Kind::fp;
  case isa::Unit::Control: // loops are items of their own
    return op == isa::Opcode::C_SET_ADDR_REG;
  case isa::Unit::None:
  case isa::Unit::Matrix:
  case isa::Unit::Memory:
    return false;
  }
  return false;
}

constexpr Accesses accesses_of(isa::Opcode op, isa::Unit unit, const isa::OperandList& reads) {
  const bool accumulates = op == isa::Opcode::V_RED_SUM || op == isa::Opcode::V_RED_MAX;
  Accesses result;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (isa::info_of(reads[i].kind).count == 0) { // a number
      continue;
    }
    const auto bit = static_cast<std::uint8_t>(1u << i);
    const bool written = writes(op, unit, reads[i]);
    if (written) {
      result.written |= bit;
    }
    if (!written || accumulates) {
      result.read |= bit;
    }
  }
  return result;
}

} // namespace

constinit const std::array<Accesses, isa::opcode_space> accesses_by_opcode = [] {
  std::array<Accesses, isa::opcode_space> table{};
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  table[code] = accesses_of(isa::Opcode::name, isa::Unit::unit, isa::parse_operands(reads));
#include "isa/instructions.def"
  return table;
}();

} // namespace plena::lower
