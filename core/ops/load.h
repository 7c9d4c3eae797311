// How values get from files into the machine: rounding to the stored format, block by block.
#pragma once

#include "numerics/formats.h"
#include "ops/op.h"

#include <cstdint>
#include <span>
#include <vector>

namespace plena::ops {

/// What an instruction sees of `values` (row-major, `cols` per row) stored in `format`.
std::vector<float>
stored(std::span<const float> values, std::uint64_t cols, const numerics::StorageFormat& format);

/// Values of a constant or graph input as the machine has them after loading, by role.
std::vector<float>
loaded(std::span<const float> values, std::uint64_t cols, Role role, const Arithmetic& arithmetic);

/// Bytes of a (rows, cols) tensor in HBM: elements row by row, then for MX the scales row by row.
struct StoredTensor {
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  numerics::StorageFormat format{};

  std::uint64_t element_bytes() const { return format.element.width / 8u; }
  std::uint64_t row_bytes() const { return cols * element_bytes(); }
  /// Distance from the first element to the first scale.
  std::uint64_t scale_offset() const { return rows * row_bytes(); }
  std::uint64_t scale_row_bytes() const { return format.mx ? cols / format.block : 0; }
  std::uint64_t bytes() const { return rows * (row_bytes() + scale_row_bytes()); }
};

/// Writes `values` (`value_rows` x `value_cols`) to the start of a larger stored tensor whose bytes
/// are zero, which is what padding stays: zero elements and zero scales.
void store(
  std::span<const float> values,
  std::uint64_t value_rows,
  std::uint64_t value_cols,
  const StoredTensor& tensor,
  std::span<std::uint8_t> bytes
);

/// Formats that the compiler can stage: MX of 8-bit elements with 8-bit power-of-two scales, and
/// plain bf16.
bool can_store(const numerics::StorageFormat& format);

} // namespace plena::ops
