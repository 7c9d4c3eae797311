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

/// Where the values of a tensor come from.
enum class Origin : std::uint8_t {
  Host,      ///< written into the HBM image: constants and graph inputs
  Prestaged, ///< written into the image of the Vector SRAM: graph inputs
  Computed,  ///< by the program
};
Origin origin_of(const ir::Graph& graph, ir::TensorId id);

/// `values` (row-major, `cols` per row) as an operator sees them that uses them in `role`.
std::vector<float> loaded(
  std::span<const float> values,
  std::uint64_t cols,
  Role role,
  Origin origin,
  const Arithmetic& arithmetic
);

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

/// Index in memory of row or column `i` when groups of `group` of them are padded to multiples of
/// `multiple`; 0 for no groups.
constexpr std::uint64_t
grouped_index(std::uint64_t i, std::uint64_t group, std::uint64_t multiple) {
  return group == 0 ? i : i / group * ((group + multiple - 1) / multiple * multiple) + i % group;
}
/// Length of `count` rows or columns in memory, padded to whole multiples.
constexpr std::uint64_t
grouped_size(std::uint64_t count, std::uint64_t group, std::uint64_t multiple) {
  const std::uint64_t each = group == 0 ? count : group;
  return (count + each - 1) / each * ((each + multiple - 1) / multiple * multiple);
}

/// Row-major values with gaps of zeros between and after groups: (rows, cols) to the sizes above,
/// but rows without groups stay as many as they are.
std::vector<float> spread(
  std::span<const float> values,
  std::uint64_t rows,
  std::uint64_t cols,
  std::uint64_t row_group,
  std::uint64_t col_group,
  std::uint64_t multiple
);

/// A matrix cut into strips of 2 * `step` columns, one below the other, each starting `step`
/// columns after the one before: `step` columns can be read from any column on. Zeros beyond the
/// last column.
std::vector<float>
strips(std::span<const float> values, std::uint64_t rows, std::uint64_t cols, std::uint64_t step);

/// Writes `values` (`value_rows` x `value_cols`) to the start of a larger stored tensor whose bytes
/// are zero, which is what padding stays: zero elements and zero scales.
void store(
  std::span<const float> values,
  std::uint64_t value_rows,
  std::uint64_t value_cols,
  const StoredTensor& tensor,
  std::span<std::uint8_t> bytes
);

/// MX with integer elements. References have it as it is defined; the machine reads the elements as
/// unsigned, so that programs are not made for it.
constexpr bool is_mx_int(const numerics::StorageFormat& format) {
  return format.mx && format.element.kind == numerics::ScalarFormat::Kind::Int;
}

/// Formats that the compiler can stage: MX of 8-bit elements with 8-bit power-of-two scales, and
/// plain bf16.
bool can_store(const numerics::StorageFormat& format);

} // namespace plena::ops
