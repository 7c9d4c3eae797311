#include "numerics/kernels.h"

#include "numerics/bits.h"
#include "numerics/math.h"

// Wider vectors than AVX2 bring nothing for tiles of this size.
#define HWY_DISABLED_TARGETS (HWY_AVX3 | HWY_AVX3_DL | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plena::numerics::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<float>;
using Single = hn::CappedTag<float, 1>;

/// Calls body(tag, i) for whole vectors and then for single lanes.
template <class Body> HWY_INLINE void for_lanes(std::size_t n, Body body) {
  const Wide wide;
  const std::size_t lanes = hn::Lanes(wide);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    body(wide, i);
  }
  for (; i < n; ++i) {
    body(Single(), i);
  }
}

/// z[i] = function(tag, i); true when a lane is NaN.
template <class Function> HWY_INLINE bool map_lanes(float* z, std::size_t n, Function function) {
  bool nan = false;
  for_lanes(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto value = function(d, i);
    nan |= !hn::AllFalse(d, hn::IsNaN(value));
    hn::StoreU(value, d, z + i);
  });
  return nan;
}

bool AddRows(const float* x, const float* y, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
  });
}
bool SubRows(const float* x, const float* y, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
  });
}
bool MulRows(const float* x, const float* y, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
  });
}
bool AddScalar(const float* x, float c, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Add(hn::LoadU(d, x + i), hn::Set(d, c));
  });
}
bool SubScalar(const float* x, float c, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Sub(hn::LoadU(d, x + i), hn::Set(d, c));
  });
}
bool MulScalar(const float* x, float c, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, x + i), hn::Set(d, c));
  });
}
bool ReciprocalRow(const float* x, float* z, std::size_t n) {
  return map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Div(hn::Set(d, 1.0f), hn::LoadU(d, x + i));
  });
}
void MaxScalar(const float* x, float c, float* z, std::size_t n) {
  map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto value = hn::LoadU(d, x + i);
    const auto limit = hn::Set(d, c);
    return hn::IfThenElse(hn::Lt(value, limit), limit, value);
  });
}
void MinScalar(const float* x, float c, float* z, std::size_t n) {
  map_lanes(z, n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto value = hn::LoadU(d, x + i);
    const auto limit = hn::Set(d, c);
    return hn::IfThenElse(hn::Gt(value, limit), limit, value);
  });
}

bool RoundRowBf16(const float* x, float* z, std::size_t n) {
  bool nan = false;
  for_lanes(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto value = hn::LoadU(d, x + i);
    nan |= !hn::AllFalse(d, hn::IsNaN(value));
    const auto bits = hn::BitCast(du, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7FFFu)));
    const auto kept = hn::And(rounded, hn::Set(du, 0xFFFF0000u));
    hn::StoreU(hn::BitCast(d, kept), d, z + i);
  });
  return nan;
}

ExponentRange FindExponentRange(const float* x, std::size_t n) {
  // As signed numbers, sizes order like their exponents; zeros leave the minimum alone.
  std::int32_t lowest = INT32_MAX;
  std::int32_t highest = 0;
  const Wide wide;
  const hn::RebindToSigned<Wide> di;
  const std::size_t lanes = hn::Lanes(wide);
  auto low = hn::Set(di, INT32_MAX);
  auto high = hn::Zero(di);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto size = hn::BitCast(di, hn::Abs(hn::LoadU(wide, x + i)));
    const auto zero = hn::Eq(size, hn::Zero(di));
    low = hn::Min(low, hn::IfThenElse(zero, low, size));
    high = hn::Max(high, size);
  }
  for (; i < n; ++i) {
    const auto size = static_cast<std::int32_t>(bits_of(x[i]) & ~sign_bit);
    lowest = size != 0 && size < lowest ? size : lowest;
    highest = size > highest ? size : highest;
  }
  const std::int32_t low_lane = hn::GetLane(hn::MinOfLanes(di, low));
  const std::int32_t high_lane = hn::GetLane(hn::MaxOfLanes(di, high));
  lowest = low_lane < lowest ? low_lane : lowest;
  highest = high_lane > highest ? high_lane : highest;
  const auto first = static_cast<std::uint8_t>(lowest >> 23); // INT32_MAX gives 255
  return {first, static_cast<std::uint8_t>(highest >> 23)};
}

template <class D, class V> HWY_INLINE V multiply_add(D, V x, V w, V sum) {
#ifdef HWY_NATIVE_FMA
  return hn::MulAdd(x, w, sum);
#else
  return hn::Add(sum, hn::Mul(x, w));
#endif
}

/// acc + scale * dot for one vector of one row.
template <class D, class V> HWY_INLINE void add_to_accumulator(D d, V dot, V scale, float* acc) {
  const V old = hn::LoadU(d, acc);
  const V sum = hn::Add(old, hn::Mul(dot, scale));
  const auto nan = hn::IsNaN(sum);
  const V invalid = hn::BitCast(d, hn::Set(hn::RebindToUnsigned<D>(), invalid_nan_bits));
  const V settled = hn::IfThenElse(hn::IsNaN(old), old, invalid);
  hn::StoreU(hn::IfThenElse(nan, settled, sum), d, acc);
}

/// Rows i .. i + 4 and two vectors of columns from j, all sums in registers.
template <class D> HWY_INLINE void block_4x2(D d, const Product& p, std::size_t i, std::size_t j) {
  const std::size_t lanes = hn::Lanes(d);
  const float* x0 = p.x[i];
  const float* x1 = p.x[i + 1];
  const float* x2 = p.x[i + 2];
  const float* x3 = p.x[i + 3];
  const float* w = p.w + j;
  auto s00 = hn::Zero(d), s01 = s00, s10 = s00, s11 = s00;
  auto s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  for (std::size_t k = 0; k < p.k; ++k) {
    const auto w0 = hn::LoadU(d, w);
    const auto w1 = hn::LoadU(d, w + lanes);
    const auto a0 = hn::Set(d, *x0);
    s00 = multiply_add(d, a0, w0, s00);
    s01 = multiply_add(d, a0, w1, s01);
    const auto a1 = hn::Set(d, *x1);
    s10 = multiply_add(d, a1, w0, s10);
    s11 = multiply_add(d, a1, w1, s11);
    const auto a2 = hn::Set(d, *x2);
    s20 = multiply_add(d, a2, w0, s20);
    s21 = multiply_add(d, a2, w1, s21);
    const auto a3 = hn::Set(d, *x3);
    s30 = multiply_add(d, a3, w0, s30);
    s31 = multiply_add(d, a3, w1, s31);
    x0 += p.x_step;
    x1 += p.x_step;
    x2 += p.x_step;
    x3 += p.x_step;
    w += p.w_step;
  }
  const auto scale = hn::Set(d, p.scale);
  float* acc = p.acc + i * p.acc_step + j;
  add_to_accumulator(d, s00, scale, acc);
  add_to_accumulator(d, s01, scale, acc + lanes);
  add_to_accumulator(d, s10, scale, acc + p.acc_step);
  add_to_accumulator(d, s11, scale, acc + p.acc_step + lanes);
  add_to_accumulator(d, s20, scale, acc + 2 * p.acc_step);
  add_to_accumulator(d, s21, scale, acc + 2 * p.acc_step + lanes);
  add_to_accumulator(d, s30, scale, acc + 3 * p.acc_step);
  add_to_accumulator(d, s31, scale, acc + 3 * p.acc_step + lanes);
}

/// Rows i .. i + 4 and one vector of columns from j.
template <class D> HWY_INLINE void block_4x1(D d, const Product& p, std::size_t i, std::size_t j) {
  const float* x0 = p.x[i];
  const float* x1 = p.x[i + 1];
  const float* x2 = p.x[i + 2];
  const float* x3 = p.x[i + 3];
  const float* w = p.w + j;
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  for (std::size_t k = 0; k < p.k; ++k) {
    const auto w0 = hn::LoadU(d, w);
    s0 = multiply_add(d, hn::Set(d, *x0), w0, s0);
    s1 = multiply_add(d, hn::Set(d, *x1), w0, s1);
    s2 = multiply_add(d, hn::Set(d, *x2), w0, s2);
    s3 = multiply_add(d, hn::Set(d, *x3), w0, s3);
    x0 += p.x_step;
    x1 += p.x_step;
    x2 += p.x_step;
    x3 += p.x_step;
    w += p.w_step;
  }
  const auto scale = hn::Set(d, p.scale);
  float* acc = p.acc + i * p.acc_step + j;
  add_to_accumulator(d, s0, scale, acc);
  add_to_accumulator(d, s1, scale, acc + p.acc_step);
  add_to_accumulator(d, s2, scale, acc + 2 * p.acc_step);
  add_to_accumulator(d, s3, scale, acc + 3 * p.acc_step);
}

/// Row i and one vector of columns from j.
template <class D> HWY_INLINE void block_1x1(D d, const Product& p, std::size_t i, std::size_t j) {
  const float* x = p.x[i];
  const float* w = p.w + j;
  auto sum = hn::Zero(d);
  for (std::size_t k = 0; k < p.k; ++k) {
    sum = multiply_add(d, hn::Set(d, *x), hn::LoadU(d, w), sum);
    x += p.x_step;
    w += p.w_step;
  }
  add_to_accumulator(d, sum, hn::Set(d, p.scale), p.acc + i * p.acc_step + j);
}

/// All rows, one vector of columns from j.
template <class D> HWY_INLINE void column_block(D d, const Product& p, std::size_t j) {
  std::size_t i = 0;
  for (; i + 4 <= p.m; i += 4) {
    block_4x1(d, p, i, j);
  }
  for (; i < p.m; ++i) {
    block_1x1(d, p, i, j);
  }
}

void AccumulateExactProducts(const Product& p) {
  const Wide wide;
  const std::size_t lanes = hn::Lanes(wide);
  std::size_t j = 0;
  for (; j + 2 * lanes <= p.n; j += 2 * lanes) {
    std::size_t i = 0;
    for (; i + 4 <= p.m; i += 4) {
      block_4x2(wide, p, i, j);
    }
    for (; i < p.m; ++i) {
      block_1x1(wide, p, i, j);
      block_1x1(wide, p, i, j + lanes);
    }
  }
  for (; j + lanes <= p.n; j += lanes) {
    column_block(wide, p, j);
  }
  const hn::CappedTag<float, 4> four;
  const std::size_t half = hn::Lanes(four);
  for (; half > 1 && j + half <= p.n; j += half) {
    column_block(four, p, j);
  }
  for (; j < p.n; ++j) {
    column_block(Single(), p, j);
  }
}

} // namespace
} // namespace plena::numerics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plena::numerics {

HWY_EXPORT(AddRows);
HWY_EXPORT(SubRows);
HWY_EXPORT(MulRows);
HWY_EXPORT(AddScalar);
HWY_EXPORT(SubScalar);
HWY_EXPORT(MulScalar);
HWY_EXPORT(ReciprocalRow);
HWY_EXPORT(MaxScalar);
HWY_EXPORT(MinScalar);
HWY_EXPORT(RoundRowBf16);
HWY_EXPORT(FindExponentRange);
HWY_EXPORT(AccumulateExactProducts);

bool add_rows(const float* x, const float* y, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(AddRows)(x, y, z, n);
}
bool sub_rows(const float* x, const float* y, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(SubRows)(x, y, z, n);
}
bool mul_rows(const float* x, const float* y, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(MulRows)(x, y, z, n);
}
bool add_scalar(const float* x, float c, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(AddScalar)(x, c, z, n);
}
bool sub_scalar(const float* x, float c, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(SubScalar)(x, c, z, n);
}
bool mul_scalar(const float* x, float c, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(MulScalar)(x, c, z, n);
}
bool reciprocal_row(const float* x, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(ReciprocalRow)(x, z, n);
}
void max_scalar(const float* x, float c, float* z, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(MaxScalar)(x, c, z, n);
}
void min_scalar(const float* x, float c, float* z, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(MinScalar)(x, c, z, n);
}
bool round_row_bf16(const float* x, float* z, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(RoundRowBf16)(x, z, n);
}
void accumulate_exact_products(const Product& product) {
  HWY_DYNAMIC_DISPATCH(AccumulateExactProducts)(product);
}

ExponentRange exponent_range(const float* x, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(FindExponentRange)(x, n);
}

namespace {

/// Below this an x, times any finite w of at most 2^30, leaves an accumulator of at least
/// `big_sum` unchanged: the product is less than a quarter of its last place.
constexpr float tiny_x = 0x1p-116f;
constexpr float big_sum = 0x1p-60f;
constexpr float moderate_w = 0x1p30f;

} // namespace

void accumulate_any_products(const Product& p, std::uint8_t lowest, std::uint8_t highest) {
  // Sums of one row, in pieces that fit a fixed buffer.
  constexpr std::size_t piece = 64;
  float sums[piece];
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t first = 0; first < p.n; first += piece) {
      const std::size_t width = p.n - first < piece ? p.n - first : piece;
      for (std::size_t j = 0; j < width; ++j) {
        sums[j] = 0;
      }
      for (std::size_t k = 0; k < p.k; ++k) {
        const float x = p.x[i][k * p.x_step];
        const float* w = p.w + k * p.w_step + first;
        const std::uint32_t size = bits_of(x) & ~sign_bit;
        const bool safe = size == 0 ? highest != 0 : size >> 23 >= lowest && size >> 23 <= highest;
        if (safe) {
          for (std::size_t j = 0; j < width; ++j) {
            sums[j] += x * w[j];
          }
          continue;
        }
        bool unchanged = magnitude(x) <= tiny_x;
        for (std::size_t j = 0; unchanged && j < width; ++j) {
          unchanged = magnitude(sums[j]) >= big_sum && magnitude(w[j]) <= moderate_w;
        }
        for (std::size_t j = 0; !unchanged && j < width; ++j) {
          sums[j] = fma_exact(x, w[j], sums[j]);
        }
      }
      float* acc = p.acc + i * p.acc_step + first;
      for (std::size_t j = 0; j < width; ++j) {
        const float dot = sums[j] * p.scale;
        const float settled = settle_nan(dot, sums[j], p.scale, NanFrom::First);
        acc[j] = settle_nan(acc[j] + settled, acc[j], settled, NanFrom::First);
      }
    }
  }
}

} // namespace plena::numerics
#endif
