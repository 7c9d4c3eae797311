// The tile program: what operators are lowered to. A flat list of items of one shape: instructions
// of the ISA over virtual registers and symbolic addresses, loops, absolute loads and comments.
// Addresses and registers are chosen afterwards, by codegen.
#pragma once

#include "isa/isa.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plena::lower {

/// Virtual registers. Id 0 of Gp and Fp is the machine's register 0, which holds zero throughout;
/// ids of a class count from 1 otherwise.
struct Gp {
  std::uint32_t id = 0;
};
struct Fp {
  std::uint32_t id = 0;
};
struct Addr {
  std::uint32_t id = 0;
};
inline constexpr Gp zero_gp{};
inline constexpr Fp zero_fp{};

enum class RegClass : std::uint8_t { Gp, Fp, Addr };
inline constexpr std::size_t reg_classes = 3;

/// Memories with symbolic addresses. Units of sizes and offsets: HBM bytes, Vector SRAM elements,
/// entries of the FP SRAM and the INT SRAM.
enum class Memory : std::uint8_t { Hbm, VectorSram, FpSram, IntSram };

enum class SymbolId : std::uint32_t {};
constexpr std::size_t index(SymbolId id) { return static_cast<std::size_t>(id); }

/// A piece of memory that codegen places.
struct Symbol {
  std::string name;
  Memory memory = Memory::VectorSram;
  std::uint64_t size = 0;
  /// FP SRAM only: the bf16 value that the entries hold. A single entry never changes, and symbols of
  /// one value may share it; more than one are the program's to write, and start as binary16 holds it.
  std::optional<float> constant{};
  std::vector<float> table{}; ///< FP SRAM only: binary16 values of several entries
};

struct Address {
  SymbolId symbol{};
  std::uint64_t offset = 0;
};

struct Operand {
  enum class Kind : std::uint8_t { None, Gp, Fp, Addr, Immediate, Address };

  Kind kind = Kind::None;
  std::uint32_t reg = 0;   ///< virtual register
  std::uint64_t value = 0; ///< immediate, or offset of an address
  SymbolId symbol{};       ///< of an address
};

/// The class of a register operand, none for other operands.
constexpr std::optional<RegClass> class_of(const Operand& operand) {
  switch (operand.kind) {
  case Operand::Kind::Gp:
    return RegClass::Gp;
  case Operand::Kind::Fp:
    return RegClass::Fp;
  case Operand::Kind::Addr:
    return RegClass::Addr;
  case Operand::Kind::None:
  case Operand::Kind::Immediate:
  case Operand::Kind::Address:
    return std::nullopt;
  }
  return std::nullopt;
}

inline constexpr std::uint32_t no_node = 0xFFFFFFFF;

struct Item {
  enum class Kind : std::uint8_t {
    Insn,      ///< `op` with operands in the order of the row's `reads`
    Set,       ///< operand 0 (Gp) = operand 1 (Immediate or Address), any 32-bit value
    LoopBegin, ///< operand 0 (Gp) the counter, operand 1 (Immediate) the trip count, at least 1,
               ///< operand 2 (Immediate, or none) the trips that one trip may do the work of
    LoopEnd,   ///< operand 0 (Gp) the same counter
    Comment,   ///< operand 0 (Immediate): index into Program::comments
  };

  Kind kind = Kind::Insn;
  isa::Opcode op = isa::Opcode::INVALID_OPCODE;
  std::array<Operand, isa::OperandList::capacity> operands{};
  std::uint32_t node = no_node; ///< graph node that the item came from
};

struct Program {
  std::vector<Item> items;
  std::vector<Symbol> symbols;
  std::vector<std::string> comments;
  std::array<std::uint32_t, reg_classes> registers{1, 1, 1}; ///< ids used so far, by class

  const Symbol& symbol(SymbolId id) const { return symbols[index(id)]; }
};

} // namespace plena::lower
