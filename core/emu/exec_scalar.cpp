// Integer and FP scalars, and their memories (emulator.md 5.1, 5.2).
#include "emu/exec.h"
#include "numerics/math.h"

#include <cmath>
#include <fmt/format.h>

namespace plena::emu {

using numerics::NanFrom;

bool Exec::inside_scalar_sram(FaultKind kind, std::uint32_t index, std::uint32_t count) {
  if (index < scalar_entries && count <= scalar_entries - index) {
    return true;
  }
  fail(
    kind,
    fmt::format(
      "entries {} to {} are not inside of the {} entries",
      index,
      std::uint64_t{index} + count - 1,
      scalar_entries
    ),
    index,
    scalar_entries
  );
  return false;
}

std::uint16_t Exec::load_fp(std::uint32_t index) {
  return inside_scalar_sram(FaultKind::fp_sram_bounds, index, 1) ? fp_sram_[index] : 0;
}

void Exec::store_fp(std::uint32_t index, std::uint16_t bits) {
  if (inside_scalar_sram(FaultKind::fp_sram_bounds, index, 1) && !fault_) {
    fp_sram_[index] = bits;
  }
}

std::uint32_t Exec::load_int(std::uint32_t index) {
  return inside_scalar_sram(FaultKind::int_sram_bounds, index, 1) ? int_sram_[index] : 0;
}

void Exec::store_int(std::uint32_t index, std::uint32_t value) {
  if (inside_scalar_sram(FaultKind::int_sram_bounds, index, 1) && !fault_) {
    int_sram_[index] = value;
  }
}

void Exec::binary_fp(float (*operation)(float, float), NanFrom preferred) {
  if (field(rd) == 0) {
    return;
  }
  const float x = f(rs1);
  const float y = f(rs2);
  set_f(rd, numerics::settle_nan(operation(x, y), x, y, preferred));
}

void Exec::unary_fp(float (*operation)(float)) {
  if (field(rd) == 0) {
    return;
  }
  const float x = f(rs1);
  set_f(rd, numerics::settle_nan(operation(x), x, x, NanFrom::First));
}

EXEC(S_ADD_FP) {
  binary_fp([](float x, float y) { return x + y; }, NanFrom::Second);
}
EXEC(S_SUB_FP) {
  binary_fp([](float x, float y) { return x - y; }, NanFrom::First);
}
EXEC(S_MUL_FP) {
  binary_fp([](float x, float y) { return x * y; }, NanFrom::Second);
}
EXEC(S_EXP_FP) { unary_fp(numerics::exp_clamped); }
EXEC(S_RECI_FP) {
  unary_fp([](float x) { return 1.0f / x; });
}
EXEC(S_SQRT_FP) {
  unary_fp([](float x) { return std::sqrt(x); });
}

EXEC(S_MAX_FP) {
  if (field(rd) != 0) {
    set_f(rd, f(rs2) > f(rs1) ? f_bits(rs2) : f_bits(rs1));
  }
}

EXEC(S_LD_FP) { set_f(rd, load_fp(address(rs1))); }
EXEC(S_ST_FP) { store_fp(address(rs1), f_bits(rd)); }

EXEC(S_MAP_V_FP) {
  const std::uint32_t first = address(rs1);
  const auto count = static_cast<std::uint32_t>(vlen());
  if (inside_scalar_sram(FaultKind::fp_sram_bounds, first, count)) {
    for (std::uint32_t i = 0; i < count; ++i) {
      result_[i] = numerics::widen_bf16(fp_sram_[first + i]);
    }
  }
  write_row(gp(rd), result());
}

EXEC(S_ADD_INT) { set_gp(rd, gp(rs1) + gp(rs2)); }
EXEC(S_ADDI_INT) { set_gp(rd, gp(rs1) + imm()); }
EXEC(S_SUB_INT) { set_gp(rd, gp(rs1) - gp(rs2)); }
EXEC(S_MUL_INT) { set_gp(rd, gp(rs1) * gp(rs2)); }
EXEC(S_LUI_INT) { set_gp(rd, imm() << 12); }
EXEC(S_LD_INT) { set_gp(rd, load_int(address(rs1))); }
EXEC(S_ST_INT) { store_int(address(rs1), gp(rd)); }

} // namespace plena::emu
