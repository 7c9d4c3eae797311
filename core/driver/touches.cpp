#include "driver/touches.h"

#include <array>

namespace plena::driver {

namespace {

struct MemoryName {
  emu::Space space;
  std::string_view name;
};
constexpr std::array<MemoryName, 9> memory_names{{
  {emu::Space::vector_row, "vector_sram"},
  {emu::Space::matrix_tile, "matrix_sram"},
  {emu::Space::fp_sram, "fp_sram"},
  {emu::Space::int_sram, "int_sram"},
  {emu::Space::hbm_byte, "hbm"},
  {emu::Space::gp, "gp"},
  {emu::Space::f, "f"},
  {emu::Space::a, "a"},
  {emu::Space::special, "special"},
}};

bool writes_some_lanes(isa::Opcode op) {
  return op == isa::Opcode::M_MM_WO || op == isa::Opcode::M_MV_WO;
}

} // namespace

const std::vector<Touch>& Toucher::of(const isa::Instr& instr, const emu::Operands& operands) {
  emu::accesses_of(instr, operands, machine_, accesses_);
  touches_.clear();
  for (const emu::Access& access : accesses_) {
    if (access.space == emu::Space::vector_row && writes_some_lanes(instr.op)) {
      const std::uint32_t lane = (operands.gp[instr.rd & 15] + instr.imm) % machine_.mlen;
      for (std::uint64_t i = 0; access.write && i < access.count; ++i) {
        touches_.push_back(
          {access.space, true, (access.first + i) * machine_.vlen + lane, machine_.blen}
        );
      }
      continue;
    }
    const std::uint64_t unit = access.space == emu::Space::vector_row    ? machine_.vlen
                               : access.space == emu::Space::matrix_tile ? machine_.tile_elems()
                                                                         : 1;
    touches_.push_back({access.space, access.write, access.first * unit, access.count * unit});
  }
  return touches_;
}

std::optional<emu::Space> memory_named(std::string_view name) {
  for (const MemoryName& one : memory_names) {
    if (one.name == name) {
      return one.space;
    }
  }
  return std::nullopt;
}

std::string_view name_of(emu::Space space) {
  for (const MemoryName& one : memory_names) {
    if (one.space == space) {
      return one.name;
    }
  }
  return {};
}

} // namespace plena::driver
