// Which of its operands an item reads and which it writes.
#pragma once

#include "lower/lir.h"

#include <array>
#include <cstdint>

namespace plena::lower {

enum class Access : std::uint8_t { Read, Write };

/// Operands that are registers, a bit each. An item writes its first operand or none; a reduction also
/// reads it.
struct Accesses {
  std::uint8_t read = 0;
  std::uint8_t written = 0;
};
extern const std::array<Accesses, isa::opcode_space> accesses_by_opcode;

inline Accesses accesses_of(const Item& item) {
  switch (item.kind) {
  case Item::Kind::Insn:
    return accesses_by_opcode[static_cast<std::size_t>(item.op)];
  case Item::Kind::Set:
  case Item::Kind::LoopBegin:
    return {0, 1};
  case Item::Kind::LoopEnd:
    return {1, 0};
  case Item::Kind::Comment:
    break;
  }
  return {};
}

/// Whether the item reads or writes its operand `i`, a register.
inline bool accesses(const Item& item, std::size_t i, Access access) {
  const Accesses all = accesses_of(item);
  return (((access == Access::Read ? all.read : all.written) >> i) & 1) != 0;
}

} // namespace plena::lower
