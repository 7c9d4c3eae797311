#include "numerics/mx.h"

#include "base/check.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "numerics/pack.h"

#include <algorithm>
#include <bit>

namespace plena::numerics {

namespace {

/// Keeps the logarithm of a zero finite; upstream adds it before every log2.
constexpr float log_guard = 1e-9f;
/// Stands for the exponent of infinity: beyond every format's range.
constexpr int huge_exponent = 1 << 10;

/// floor(log2(value)) of a number that is not negative; NaN gives 0.
int floor_log2(float value) {
  const std::uint32_t bits = bits_of(value);
  if (is_nan_bits(bits)) {
    return 0;
  }
  if (bits == infinity_bits) {
    return huge_exponent;
  }
  const int exponent = static_cast<int>(bits >> 23);
  if (exponent == 0) {
    return bits == 0 ? -huge_exponent : static_cast<int>(std::bit_width(bits)) - 150;
  }
  return exponent - 127;
}

/// value * 2^exponent, exact for every f32 `value` and |exponent| < 800.
double scaled(double value, int exponent) {
  return value * std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

/// Whether the twelve upper bits of the mantissa are ones: of all numbers within 1e-4 of the next
/// power of two, and of few others.
bool is_just_below_power(std::uint32_t bits) {
  constexpr std::uint32_t upper_mantissa = 0x7FF800;
  return (bits & upper_mantissa) == upper_mantissa;
}

/// floor(log2f(value)), where log2f rounds to f32: just below a power of two 2^k the logarithm may
/// round up to k. Matters only for numbers with full f32 mantissas, i.e. on the host.
int floor_rounded_log2(float value) {
  const int exponent = floor_log2(value);
  if (exponent >= 127 || exponent < -126 || !is_just_below_power(bits_of(value))) {
    return exponent;
  }
  const double next = scaled(1.0, exponent + 1);
  const double below = (next - static_cast<double>(value)) / next;
  constexpr double ln2 = 0.6931471805599453;
  const double logarithm = static_cast<double>(exponent + 1) - below / ln2;
  const bool rounds_up =
    below < 1e-4 && static_cast<float>(logarithm) == static_cast<float>(exponent + 1);
  return rounds_up ? exponent + 1 : exponent;
}

/// Truncates to quarters, then rounds to the nearest integer, ties to even; `value` is not
/// negative.
std::uint32_t round_quarters(float value) {
  const auto quarters = static_cast<std::uint32_t>(4.0f * value);
  const std::uint32_t whole = quarters >> 2;
  const std::uint32_t rest = quarters & 3;
  return whole + (rest == 3 || (rest == 2 && (whole & 1) != 0) ? 1 : 0);
}

/// Multiplies in place; true when a product is not a number.
bool scale_lanes(float* lanes, std::size_t count, float scale) {
  bool nan = false;
  for (std::size_t i = 0; i < count; ++i) {
    lanes[i] *= scale;
    nan |= lanes[i] != lanes[i];
  }
  return nan;
}

struct Minifloat {
  std::uint32_t exponent_field;
  std::uint32_t mantissa_field;
};

/// Exponent and mantissa fields for a magnitude whose logarithm's floor is `logarithm`. The
/// mantissa never carries into the exponent. `negative_fraction` is the mantissa of a number just
/// below the power of two that its logarithm was rounded to.
Minifloat quantise_magnitude(
  const ScalarFormat& format, float size, int logarithm, std::uint32_t negative_fraction
) {
  const int bias = (1 << (format.exponent - 1)) - 1;
  const int highest = (1 << format.exponent) - 2 - bias;
  const int lowest = -bias;
  const int exponent = std::clamp(logarithm, lowest, highest);
  const float steps = static_cast<float>(1u << format.mantissa);
  const auto t = static_cast<float>(scaled(static_cast<double>(size), -exponent));
  const float u = exponent != lowest ? (t - 1.0f) * steps : t * steps;
  const std::uint32_t largest = (1u << format.mantissa) - 1;
  std::uint32_t q = largest;
  if (logarithm <= highest && u < steps) {
    q = std::min(u < 0 ? negative_fraction : round_quarters(u), largest);
  }
  return {static_cast<std::uint32_t>(exponent + bias), q};
}

std::uint32_t assemble(const ScalarFormat& format, bool negative, const Minifloat& parts) {
  const std::uint32_t sign =
    negative ? 1u << (static_cast<unsigned>(format.exponent) + format.mantissa) : 0u;
  return sign | parts.exponent_field << format.mantissa | parts.mantissa_field;
}

/// Element bits that the machine's store writes for `y`, a value divided by its block's scale.
std::uint32_t store_element(const ScalarFormat& format, float y) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return encode(format, y);
  }
  if (y == 0) {
    return 0;
  }
  if (is_nan(y)) {
    // Upstream's casts turn a NaN into exponent 0 and mantissa 0: one.
    return assemble(
      format, false, {static_cast<std::uint32_t>((1 << (format.exponent - 1)) - 1), 0}
    );
  }
  const float size = magnitude(y);
  const int logarithm = floor_log2(size + log_guard);
  return assemble(format, format.sign && y < 0, quantise_magnitude(format, size, logarithm, 1));
}

int scale_bias(const ScalarFormat& scale) {
  const unsigned bits = scale.kind == ScalarFormat::Kind::Int ? 8 : scale.exponent;
  return (1 << (bits - 1)) - 1;
}

float dequantise(const ScalarFormat& format, std::uint32_t bits, int scale_exponent) {
  return static_cast<float>(scaled(static_cast<double>(decode(format, bits)), scale_exponent));
}

} // namespace

RowCodec::RowCodec(const StorageFormat& format) : format_(format) {
  PLENA_CHECK(is_supported(format.element));
  PLENA_CHECK(!format.mx || (is_supported(format.scale) && format.block > 0));
  if (format.element.width <= 8) {
    for (std::uint32_t bits = 0; bits < 1u << format.element.width; ++bits) {
      element_table_[bits] = numerics::decode(format.element, bits);
    }
  }
  if (format.mx && format.scale.width <= 8) {
    for (std::uint32_t bits = 0; bits < 1u << format.scale.width; ++bits) {
      scale_table_[bits] = numerics::decode(format.scale, bits);
    }
  }
}

std::size_t RowCodec::element_bytes(std::size_t count) const {
  return packed_bytes(count, format_.element.width);
}

std::size_t RowCodec::scale_bytes(std::size_t count) const {
  return format_.mx ? count / format_.block * format_.scale.width / 8 : 0;
}

float RowCodec::element(std::span<const std::uint8_t> bytes, std::size_t index) const {
  const unsigned width = format_.element.width;
  const std::uint32_t bits = read_packed(bytes, index, width);
  return width <= 8 ? element_table_[bits] : numerics::decode(format_.element, bits);
}

void RowCodec::decode(
  std::span<const std::uint8_t> elements,
  std::span<const std::uint8_t> scales,
  std::span<float> values
) const {
  if (format_.element.width == 8) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = element_table_[elements[i]];
    }
  } else if (format_.element.width == 16 && format_.element == bf16) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = float_of(
        static_cast<std::uint32_t>(elements[2 * i]) << 16 |
        static_cast<std::uint32_t>(elements[2 * i + 1]) << 24
      );
    }
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = element(elements, i);
    }
  }
  if (!format_.mx) {
    return;
  }
  const unsigned width = format_.scale.width;
  for (std::size_t block = 0; block < values.size() / format_.block; ++block) {
    const std::uint32_t bits = read_packed(scales, block, width);
    const float scale = width <= 8 ? scale_table_[bits] : numerics::decode(format_.scale, bits);
    float* lanes = values.data() + block * format_.block;
    if (!scale_lanes(lanes, format_.block, scale)) {
      continue;
    }
    // A NaN came out: the product of the codes themselves decides its bits.
    for (std::size_t i = 0; i < format_.block; ++i) {
      const float code = element(elements, block * format_.block + i);
      lanes[i] = settle_nan(code * scale, code, scale, NanFrom::First);
    }
  }
}

RowCodec::Encoded RowCodec::encode(
  std::span<const float> values, std::span<std::uint8_t> elements, std::span<std::uint8_t> scales
) const {
  Encoded result;
  if (!format_.mx) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      write_packed(
        elements, i, format_.element.width, numerics::encode(format_.element, values[i])
      );
    }
    return result;
  }
  for (std::size_t block = 0; block < values.size() / format_.block; ++block) {
    const std::size_t first = block * format_.block;
    const std::span<const float> lanes = values.subspan(first, format_.block);
    float largest = 0;
    bool any_nan = false;
    for (const float lane : lanes) {
      any_nan = any_nan || is_nan(lane);
      largest = magnitude(lane) > largest ? magnitude(lane) : largest;
    }
    std::uint32_t scale_bits = numerics::encode(format_.scale, 0.0f);
    int exponent = 0;
    if (largest != 0) {
      const int bias = scale_bias(format_.scale);
      exponent = std::clamp(floor_log2(largest + log_guard), -bias, bias);
      const float scale = static_cast<float>(scaled(1.0, exponent + bias - 127));
      scale_bits = numerics::encode(format_.scale, scale);
      result.nan_became_one = result.nan_became_one || any_nan;
    }
    write_packed(scales, block, format_.scale.width, scale_bits);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      std::uint32_t bits = 0;
      if (largest != 0) {
        const auto divided = static_cast<float>(scaled(static_cast<double>(lanes[i]), -exponent));
        bits = store_element(format_.element, is_nan(lanes[i]) ? lanes[i] : divided);
      }
      write_packed(elements, first + i, format_.element.width, bits);
    }
  }
  return result;
}

namespace {

/// What the host stages for a magnitude that has been divided by its block's scale.
Minifloat staged_magnitude(const ScalarFormat& element, float size) {
  return quantise_magnitude(element, size, floor_rounded_log2(size + log_guard), 0);
}

// Magnitudes from 2^-12 to 4 that are not just below a power of two: what is staged goes by their
// exponent and the upper bits of their mantissa, two more than the format has. Neither log_guard
// nor the rounding of the logarithm makes a difference there.
constexpr int lowest_tabled = -12;
constexpr int tabled_exponents = 14;

unsigned tabled_mantissa(const ScalarFormat& element) { return element.mantissa + 2u; }

} // namespace

RowStager::RowStager(const StorageFormat& format) : format_(format) {
  const ScalarFormat& element = format.element;
  if (!format.mx || element.kind == ScalarFormat::Kind::Int || element.width != 8 || format.scale.width != 8) {
    return;
  }
  const unsigned kept = tabled_mantissa(element);
  for (std::uint32_t i = 0; i < std::uint32_t{tabled_exponents} << kept; ++i) {
    const std::uint32_t bits = (static_cast<std::uint32_t>(127 + lowest_tabled) << kept) + i;
    const Minifloat parts = staged_magnitude(element, float_of(bits << (23 - kept)));
    table_.push_back(static_cast<std::uint8_t>(assemble(element, false, parts)));
  }
}

std::size_t RowStager::stage_tabled(
  std::span<const float> lanes, int exponent, std::span<std::uint8_t> elements
) const {
  constexpr int most = 100; // beyond, lanes may be subnormal or not finite
  if (table_.empty() || exponent > most || exponent < -most) {
    return 0;
  }
  const unsigned kept = tabled_mantissa(format_.element);
  const std::uint32_t sign = format_.element.sign ? 0x80u : 0u;
  const std::uint32_t start = static_cast<std::uint32_t>(127 + lowest_tabled + exponent) << kept;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::uint32_t bits = bits_of(lanes[i]);
    const std::uint32_t size = bits & 0x7FFFFFFF;
    const std::uint32_t place = (size >> (23 - kept)) - start;
    if (size == 0) {
      elements[i] = 0;
    } else if (place >= table_.size() || is_just_below_power(size)) {
      return i;
    } else {
      const std::uint32_t code = table_[place];
      elements[i] = static_cast<std::uint8_t>(code == 0 ? 0 : code | (bits >> 24 & sign));
    }
  }
  return lanes.size();
}

void RowStager::stage(
  std::span<const float> row,
  std::span<std::uint8_t> elements,
  std::span<std::uint8_t> scales,
  std::span<float> values
) const {
  const StorageFormat& format = format_;
  const ScalarFormat& element = format.element;
  if (!format.mx || element.kind == ScalarFormat::Kind::Int) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::uint32_t bits = encode(element, row[i]);
      write_packed(elements, i, element.width, bits);
      if (!values.empty()) {
        values[i] = decode(element, bits);
      }
    }
    if (format.mx) {
      for (std::size_t block = 0; block * format.block < row.size(); ++block) {
        write_packed(scales, block, format.scale.width, encode(format.scale, 1.0f));
      }
    }
    return;
  }
  const int bias = scale_bias(format.scale);
  for (std::size_t first = 0; first < row.size(); first += format.block) {
    const auto lanes = row.subspan(first, std::min<std::size_t>(format.block, row.size() - first));
    float largest = 0;
    for (const float lane : lanes) {
      largest = magnitude(lane) > largest ? magnitude(lane) : largest;
    }
    const int exponent = std::clamp(floor_rounded_log2(largest + log_guard), -bias - 1, bias);
    write_packed(
      scales, first / format.block, format.scale.width, static_cast<std::uint32_t>(exponent + bias)
    );
    const std::size_t tabled =
      values.empty() ? stage_tabled(lanes, exponent, elements.subspan(first)) : 0;
    for (std::size_t i = tabled; i < lanes.size(); ++i) {
      const float x = lanes[i];
      const auto y = static_cast<float>(scaled(static_cast<double>(x), -exponent));
      const float size = magnitude(y);
      std::uint32_t bits = 0;
      float value = x;
      if (is_nan(x)) {
        bits = (1u << (element.exponent + element.mantissa)) - 1;
      } else if (!is_finite(x)) {
        const Minifloat top = quantise_magnitude(element, size, huge_exponent, 0);
        bits = assemble(element, element.sign && x < 0, top);
        value = invalid_nan();
      } else {
        const Minifloat parts = staged_magnitude(element, size);
        const bool zero = parts.exponent_field == 0 && parts.mantissa_field == 0;
        bits = zero ? 0 : assemble(element, element.sign && x < 0, parts);
        value = values.empty() || size <= 1e-8f ? x : dequantise(element, bits, exponent);
      }
      write_packed(elements, first + i, element.width, bits);
      if (!values.empty()) {
        values[first + i] = value;
      }
    }
  }
}

void stage_row(
  const StorageFormat& format,
  std::span<const float> row,
  std::span<std::uint8_t> elements,
  std::span<std::uint8_t> scales,
  std::span<float> values
) {
  RowStager(format).stage(row, elements, scales, values);
}

StagedRow stage_row(const StorageFormat& format, std::span<const float> row) {
  StagedRow staged;
  staged.elements.resize(packed_bytes(row.size(), format.element.width));
  const std::size_t blocks = format.mx ? (row.size() + format.block - 1) / format.block : 0;
  staged.scales.resize(packed_bytes(blocks, format.scale.width));
  staged.values.resize(row.size());
  stage_row(format, row, staged.elements, staged.scales, staged.values);
  return staged;
}

} // namespace plena::numerics
