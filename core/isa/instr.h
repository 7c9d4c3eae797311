// One decoded instruction: the shape that the emulator executes and the code generator emits.
#pragma once

#include "isa/isa.h"

#include <cstdint>

namespace plena::isa {

/// Opcode and the fields that the machine reads (column `reads`); fields it does not read are 0.
struct Instr {
  Opcode op = Opcode::INVALID_OPCODE;
  std::uint8_t rd = 0;
  std::uint8_t rs1 = 0;
  std::uint8_t rs2 = 0;
  std::uint8_t rs3 = 0;   ///< mask, policy or stride selector
  std::uint8_t funct = 0; ///< order or precision selector
  std::uint32_t imm = 0;  ///< imm18 or imm22

  /// Value of `field` (imm for both immediates).
  constexpr std::uint32_t get(Field field) const {
    switch (field) {
    case Field::rd:
      return rd;
    case Field::rs1:
      return rs1;
    case Field::rs2:
      return rs2;
    case Field::rs3:
      return rs3;
    case Field::funct:
      return funct;
    case Field::imm18:
    case Field::imm22:
      return imm;
    }
    return 0;
  }
  /// Keeps the low 8 bits in the register fields.
  constexpr void set(Field field, std::uint32_t value) {
    switch (field) {
    case Field::rd:
      rd = static_cast<std::uint8_t>(value);
      return;
    case Field::rs1:
      rs1 = static_cast<std::uint8_t>(value);
      return;
    case Field::rs2:
      rs2 = static_cast<std::uint8_t>(value);
      return;
    case Field::rs3:
      rs3 = static_cast<std::uint8_t>(value);
      return;
    case Field::funct:
      funct = static_cast<std::uint8_t>(value);
      return;
    case Field::imm18:
    case Field::imm22:
      imm = value;
      return;
    }
  }

  bool operator==(const Instr&) const = default;
};

} // namespace plena::isa
