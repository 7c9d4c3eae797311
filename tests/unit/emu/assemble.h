// Small programs and machines for the tests of single behaviours.
#pragma once

#include "config/config.h"
#include "emu/machine.h"
#include "isa/codec.h"

#include <catch2/catch.hpp>
#include <initializer_list>

namespace plena::tests {

/// Fields in the order rd, rs1, rs2, rs3, funct, imm.
struct Fields {
  unsigned rd = 0;
  unsigned rs1 = 0;
  unsigned rs2 = 0;
  unsigned rs3 = 0;
  unsigned funct = 0;
  std::uint32_t imm = 0;
};

inline std::uint32_t word(isa::Opcode op, const Fields& f = {}) {
  const auto narrow = [](unsigned value) { return static_cast<std::uint8_t>(value); };
  return isa::encode(
           {op, narrow(f.rd), narrow(f.rs1), narrow(f.rs2), narrow(f.rs3), narrow(f.funct), f.imm}
  )
    .value();
}

/// gp[reg] = value, in one or two words.
inline void set(isa::Program& program, unsigned reg, std::uint32_t value) {
  program.words.push_back(word(isa::Opcode::S_LUI_INT, {.rd = reg, .imm = value >> 12}));
  program.words.push_back(
    word(isa::Opcode::S_ADDI_INT, {.rd = reg, .rs1 = reg, .imm = value & 4095})
  );
}

/// 16 x 16 tiles, 4 x 4 blocks, 4 heads, 64 rows of Vector SRAM, 4 tiles, 4 KiB of HBM.
inline config::Machine small_machine() {
  config::Machine m;
  m.mlen = 16;
  m.vlen = 16;
  m.blen = 4;
  m.hlen = 4;
  m.broadcast_amount = 4;
  m.hbm_size = 4096;
  m.matrix_sram_size = 64;
  m.vector_sram_size = 64;
  m.hbm_m_prefetch_amount = 16;
  m.max_loop_instructions = 1000;
  return m;
}

inline emu::Machine
make(const config::Machine& settings, const isa::Program& program, const emu::Images& images = {}) {
  auto machine = emu::Machine::create(settings, images);
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(program).has_value());
  return std::move(machine).value();
}

} // namespace plena::tests
