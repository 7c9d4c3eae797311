// MX blocks: elements that share a scale. Three operations that must not be confused:
//   RowCodec::decode   what a load delivers (emulator.md 3.6)
//   RowCodec::encode   what the machine's store writes (3.7)
//   RowStager          what the host writes into an HBM image beforehand (models.md 4.2)
// A row of n elements is its packed elements and, for MX, floor(n / block) packed scales. Plain
// formats have elements only.
#pragma once

#include "numerics/formats.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace plena::numerics {

/// Converts rows between bytes and f32. Holds decoding tables; build one per format and keep it.
class RowCodec {
 public:
  /// Both scalar formats must satisfy `is_supported` (minifloat.h).
  explicit RowCodec(const StorageFormat& format);

  const StorageFormat& format() const { return format_; }
  /// Bytes of `count` elements, rounded up.
  std::size_t element_bytes(std::size_t count) const;
  /// Bytes of the scales of `count` elements, rounded down to whole blocks; 0 for plain formats.
  std::size_t scale_bytes(std::size_t count) const;

  void decode(
    std::span<const std::uint8_t> elements,
    std::span<const std::uint8_t> scales,
    std::span<float> values
  ) const;

  struct Encoded {
    bool nan_became_one = false; ///< a NaN was stored as 1.0 times its block's scale
  };
  Encoded encode(
    std::span<const float> values, std::span<std::uint8_t> elements, std::span<std::uint8_t> scales
  ) const;

 private:
  float element(std::span<const std::uint8_t> bytes, std::size_t index) const;

  StorageFormat format_;
  std::array<float, 256> element_table_{}; ///< elements of at most 8 bits
  std::array<float, 256> scale_table_{};   ///< scales of at most 8 bits
};

/// Quantises rows of one format the way upstream's host writes images: `elements` and `scales`
/// receive the bytes (scales: ceil(n / block), a short last block counts as zero padded), `values`
/// (may be empty) what upstream's golden then computes with: the dequantised numbers, except that
/// numbers at or below 1e-8 of their block's scale come back as they were although their byte is 0.
/// Plain formats store `encode`d scalars.
class RowStager {
 public:
  explicit RowStager(const StorageFormat& format);

  void stage(
    std::span<const float> row,
    std::span<std::uint8_t> elements,
    std::span<std::uint8_t> scales,
    std::span<float> values
  ) const;

 private:
  /// How many of the lanes, from the first on, it has staged.
  std::size_t
  stage_tabled(std::span<const float> lanes, int exponent, std::span<std::uint8_t> elements) const;

  StorageFormat format_;
  std::vector<std::uint8_t> table_; ///< element bits without the sign, of common magnitudes
};

/// A row by itself.
void stage_row(
  const StorageFormat& format,
  std::span<const float> row,
  std::span<std::uint8_t> elements,
  std::span<std::uint8_t> scales,
  std::span<float> values
);

struct StagedRow {
  std::vector<std::uint8_t> elements;
  std::vector<std::uint8_t> scales;
  std::vector<float> values;
};
StagedRow stage_row(const StorageFormat& format, std::span<const float> row);

} // namespace plena::numerics
