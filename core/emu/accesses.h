// What an instruction reads and writes, from its fields and the registers before it executes.
#pragma once

#include "config/config.h"
#include "emu/observer.h"
#include "isa/instr.h"

#include <cstdint>
#include <vector>

namespace plena::emu {

/// The things that instructions share; `first` and `count` of an Access number their entries.
enum class Space : std::uint8_t {
  gp,          ///< integer registers
  f,           ///< floating-point registers
  a,           ///< HBM address registers
  special,     ///< 0 scale, 1 stride, 2 v_mask
  accumulator, ///< 0 m_acc, 1 hm_acc, 2 v_acc, 3 hv_acc
  fp_sram,     ///< entries
  int_sram,    ///< entries
  vector_row,  ///< rows of the Vector SRAM
  matrix_tile, ///< tiles of the Matrix SRAM
  hbm_byte,    ///< bytes; `first` may lie beyond the memory
};

struct Access {
  Space space{};
  bool write = false;
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  bool operator==(const Access&) const = default;
};

/// Replaces the contents of `found`. Entries that the machine does not have are left out, except in
/// the HBM; an instruction that the machine drops (costs.h) accesses nothing. Two are given more
/// than they touch: C_BREAK all of gp, since no operand tells whose loop is innermost, and a
/// transfer of more than 2^16 rows gives one range per stream of the HBM.
/// What is written in part, or only sometimes, is read too.
void accesses_of(
  const isa::Instr& instr,
  const Operands& operands,
  const config::Machine& machine,
  std::vector<Access>& found
);

} // namespace plena::emu
