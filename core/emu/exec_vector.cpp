// Rows of the Vector SRAM, lane by lane and reduced (emulator.md 5.3 to 5.5).
#include "emu/exec.h"
#include "numerics/kernels.h"
#include "numerics/math.h"
#include "numerics/reduce.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace plena::emu {

using numerics::is_nan;
using numerics::NanFrom;
using numerics::settle_nan;

namespace {

/// exp(clamp(x)) of every bf16 value, in bf16; made when it is first needed.
const std::vector<std::uint16_t>& exp_table() {
  static const std::vector<std::uint16_t> table = [] {
    std::vector<std::uint16_t> values(1 << 16);
    for (std::uint32_t bits = 0; bits < values.size(); ++bits) {
      const float x = numerics::bf16_bits_to_f32(static_cast<std::uint16_t>(bits));
      values[bits] = numerics::narrow_bf16(numerics::exp_clamped(x));
    }
    return values;
  }();
  return table;
}

/// A NaN keeps its bits; WebAssembly's minimum and maximum need not keep them.
float clamped_exponent(float x) {
  if (is_nan(x)) {
    return x;
  }
  return x < -88.0f ? -88.0f : x > 88.0f ? 88.0f : x;
}

/// Key that orders like IEEE total order on values that are not NaN.
std::int64_t total_order(float value) {
  const auto bits = static_cast<std::int32_t>(numerics::bits_of(value));
  return bits < 0 ? -std::int64_t{bits & 0x7FFFFFFF} - 1 : bits;
}

} // namespace

void Exec::check_mask_bits() {
  const std::uint32_t groups = settings_.mask_groups();
  if (groups < 32 && v_mask_ >> groups != 0) {
    warn(WarningKind::mask_beyond_groups);
  } else if (groups > 32) {
    warn(WarningKind::mask_groups_shared);
  }
}

void Exec::write_masked(const float* source) {
  if (field(rs3) != 0) {
    check_mask_bits();
    const std::size_t hlen = settings_.hlen;
    const std::uint32_t groups = settings_.mask_groups();
    for (std::uint32_t group = 0; group < groups; ++group) {
      if (!selects_group(group)) {
        std::copy_n(source + group * hlen, hlen, result() + group * hlen);
      }
    }
    // Lanes past the last whole group belong to none.
    std::copy(source + groups * hlen, source + vlen(), result() + groups * hlen);
  }
  write_row(gp(rd), result());
}

void Exec::settle_row(const float* x, const float* y) {
  for (std::size_t i = 0; i < vlen(); ++i) {
    result_[i] = settle_nan(result_[i], x[i], y[i], NanFrom::Second);
  }
}

void Exec::settle_row(const float* x, float c) {
  for (std::size_t i = 0; i < vlen(); ++i) {
    result_[i] = settle_nan(result_[i], x[i], c, NanFrom::Second);
  }
}

void Exec::combine_rows(bool (*operation)(const float*, const float*, float*, std::size_t)) {
  const float* x = row(gp(rs1));
  const float* y = row(gp(rs2));
  if (operation(x, y, result(), vlen())) {
    settle_row(x, y);
  }
  write_masked(x);
}

void Exec::combine_scalar(
  bool (*operation)(const float*, float, float*, std::size_t), bool negate
) {
  const float* x = row(gp(rs1));
  const float c = f(rs2);
  if (operation(x, c, result(), vlen())) {
    settle_row(x, c);
  }
  if (negate) {
    std::transform(result(), result() + vlen(), result(), numerics::negated);
  }
  write_masked(x);
}

void Exec::limit_row(void (*operation)(const float*, float, float*, std::size_t)) {
  const float* x = row(gp(rs1));
  const float c = f(rs2);
  if (is_nan(c)) {
    std::fill_n(result(), vlen(), c);
  } else {
    operation(x, c, result(), vlen());
  }
  write_masked(x);
}

EXEC(V_ADD_VV) { combine_rows(numerics::add_rows); }
EXEC(V_SUB_VV) { combine_rows(numerics::sub_rows); }
EXEC(V_MUL_VV) { combine_rows(numerics::mul_rows); }
EXEC(V_ADD_VF) { combine_scalar(numerics::add_scalar, false); }
EXEC(V_SUB_VF) { combine_scalar(numerics::sub_scalar, field(funct) != 0); }
EXEC(V_MUL_VF) { combine_scalar(numerics::mul_scalar, false); }
EXEC(V_MAX_VF) { limit_row(numerics::max_scalar); }
EXEC(V_MIN_VF) { limit_row(numerics::min_scalar); }

EXEC(V_EXP_V) {
  const float* x = row(gp(rs1));
  if (vector_.is_bf16()) {
    const std::vector<std::uint16_t>& table = exp_table();
    for (std::size_t i = 0; i < vlen(); ++i) {
      result_[i] = numerics::bf16_bits_to_f32(table[numerics::bits_of(x[i]) >> 16]);
    }
  } else {
    std::transform(x, x + vlen(), result(), numerics::exp_clamped);
  }
  if (field(rs3) == 0) {
    write_row(gp(rd), result());
    return;
  }
  std::vector<float>& clamped = clamped_row_;
  std::transform(x, x + vlen(), clamped.begin(), clamped_exponent);
  write_masked(clamped.data());
}

EXEC(V_RECI_V) {
  const float* x = row(gp(rs1));
  if (numerics::reciprocal_row(x, result(), vlen())) {
    settle_row(x, x);
  }
  write_masked(x);
}

EXEC(V_SHFT_V) {
  const float* x = row(gp(rs1));
  const std::size_t distance = std::min<std::size_t>(gp(rs2), vlen());
  std::fill_n(result(), distance, 0.0f);
  std::copy_n(x, vlen() - distance, result() + distance);
  write_row(gp(rd), result());
}

EXEC(V_RED_SUM) {
  if (field(rd) == 0) {
    return;
  }
  const float* x = row(gp(rs1));
  if (field(rs3) != 0) {
    check_mask_bits();
    const std::size_t hlen = settings_.hlen;
    std::copy_n(x, vlen(), result());
    for (std::uint32_t group = 0; group < settings_.mask_groups(); ++group) {
      if (selects_group(group)) {
        const float sum = numerics::sum_in_order({x + group * hlen, hlen});
        std::fill_n(result() + group * hlen, hlen, sum);
      }
    }
    x = result();
  }
  const float sum = numerics::sum_in_order({x, vlen()});
  const float old = f(rd);
  set_f(rd, settle_nan(old + sum, old, sum, NanFrom::Second));
}

EXEC(V_RED_MAX) {
  if (field(rd) == 0) {
    return;
  }
  const float largest = numerics::max_in_order({row(gp(rs1)), vlen()});
  const float old = f(rd);
  if (!is_nan(largest) && (is_nan(old) || largest >= old)) {
    set_f(rd, largest);
  }
}

EXEC(V_TOPK) {
  const std::uint32_t policy = field(rs3);
  const std::uint32_t count = topk_logits(policy);
  if (count == 0) {
    fail(
      FaultKind::topk_policy,
      fmt::format("{} is no policy of V_TOPK", policy),
      policy,
      topk_policies
    );
    return;
  }
  const std::uint32_t chosen = topk_chosen(policy);
  std::array<float, 128> logits{};
  const auto width = static_cast<std::uint32_t>(vlen());
  for (std::uint32_t first = 0; first < count; first += width) {
    const float* x = row(gp(rs1) + first);
    for (std::uint32_t i = 0; i < std::min(width, count - first); ++i) {
      logits[first + i] = is_nan(x[i]) ? -std::numeric_limits<float>::infinity() : x[i];
    }
  }
  // Rank by value, then by index; the selected ones leave the race.
  std::array<std::uint32_t, 8> ranked{};
  std::array<bool, 128> taken{};
  for (std::uint32_t rank = 0; rank < chosen; ++rank) {
    std::uint32_t best = count;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!taken[i] && (best == count || total_order(logits[i]) > total_order(logits[best]))) {
        best = i;
      }
    }
    ranked[rank] = best;
    taken[best] = true;
  }
  std::array<float, 8> weights{};
  float sum = 0;
  for (std::uint32_t rank = 0; rank < chosen; ++rank) {
    weights[rank] = numerics::exp_f32(logits[ranked[rank]] - logits[ranked[0]]);
    sum += weights[rank];
  }
  const bool usable = numerics::is_finite(sum) && sum > 0;
  for (std::uint32_t rank = 0; rank < chosen; ++rank) {
    store_int(gp(rs2) + rank, ranked[rank]);
    store_fp(gp(rd) + rank, usable ? numerics::narrow_bf16(weights[rank] / sum) : std::uint16_t{0});
  }
}

} // namespace plena::emu
