#include "ops/load.h"

#include "base/check.h"
#include "base/size.h"
#include "numerics/minifloat.h"
#include "numerics/mx.h"
#include "ops/arith.h"
#include "ops/unstored.h"

#include <algorithm>
#include <cmath>

namespace plena::ops {

namespace {

/// One row of values to bytes and to what a load makes of them.
class RowStore {
 public:
  RowStore(const numerics::StorageFormat& format, std::uint64_t cols)
      : stager_(format),
        codec_(format) {
    // Blocks never cross the end of a row; a short last one counts as filled up with zeros.
    const std::uint64_t block = format.mx ? format.block : 1;
    padded_.resize(to_size((cols + block - 1) / block * block));
    elements_.resize(codec_.element_bytes(padded_.size()));
    scales_.resize(codec_.scale_bytes(padded_.size()));
    values_.resize(padded_.size());
  }

  void stage(std::span<const float> row) {
    std::copy(row.begin(), row.end(), padded_.begin());
    stager_.stage(padded_, elements_, scales_, {});
  }
  std::span<const std::uint8_t> elements() const { return elements_; }
  std::span<const std::uint8_t> scales() const { return scales_; }
  std::span<const float> values() {
    codec_.decode(elements_, scales_, values_);
    return values_;
  }

 private:
  numerics::RowStager stager_;
  numerics::RowCodec codec_;
  std::vector<float> padded_;
  std::vector<std::uint8_t> elements_;
  std::vector<std::uint8_t> scales_;
  std::vector<float> values_;
};

/// MX with integer elements as it is defined: two's complement, all bits but two behind the point.
/// No machine reads it so (emulator.md 3.3), and no program is made for it.
std::vector<float> integers_of_blocks(
  std::span<const float> values, std::uint64_t cols, const numerics::StorageFormat& format
) {
  const int behind = format.element.width - 2;
  const double largest = std::ldexp(1.0, behind + 1) - 1;
  std::vector<float> result(values.begin(), values.end());
  for (std::size_t row = 0; row < result.size(); row += to_size(cols)) {
    const std::size_t end = row + to_size(cols);
    for (std::size_t first = row; first < end; first += format.block) {
      const std::span<float> block =
        std::span(result).subspan(first, std::min<std::size_t>(format.block, end - first));
      float most = 0;
      for (const float value : block) {
        most = std::max(most, std::abs(value));
      }
      if (most == 0 || !std::isfinite(most)) {
        continue;
      }
      const int scale = std::ilogb(most) - behind;
      for (float& value : block) {
        const double whole = std::nearbyint(std::ldexp(static_cast<double>(value), -scale));
        value = static_cast<float>(std::ldexp(std::clamp(whole, -largest, largest), scale));
      }
    }
  }
  return result;
}

} // namespace

std::vector<float>
stored(std::span<const float> values, std::uint64_t cols, const numerics::StorageFormat& format) {
  if (is_mx_int(format)) {
    return integers_of_blocks(values, cols, format);
  }
  RowStore store(format, cols);
  std::vector<float> result;
  result.reserve(values.size());
  for (std::size_t begin = 0; begin < values.size(); begin += cols) {
    store.stage(values.subspan(begin, to_size(cols)));
    const std::span<const float> row = store.values().first(to_size(cols));
    result.insert(result.end(), row.begin(), row.end());
  }
  return result;
}

namespace {

/// What remains of a result that the program stores to HBM and reads back.
std::vector<float> written_back(
  std::span<const float> values, std::uint64_t cols, const numerics::StorageFormat& format
) {
  if (is_mx_int(format)) {
    return integers_of_blocks(values, cols, format);
  }
  const numerics::RowCodec codec(format);
  const std::uint64_t block = format.mx ? format.block : 1;
  std::vector<float> row(to_size((cols + block - 1) / block * block));
  std::vector<std::uint8_t> elements(codec.element_bytes(row.size()));
  std::vector<std::uint8_t> scales(codec.scale_bytes(row.size()));
  std::vector<float> result;
  result.reserve(values.size());
  for (std::size_t begin = 0; begin < values.size(); begin += to_size(cols)) {
    const std::span<const float> given = values.subspan(begin, to_size(cols));
    std::fill(std::copy(given.begin(), given.end(), row.begin()), row.end(), 0.0f);
    codec.encode(row, elements, scales);
    codec.decode(elements, scales, row);
    result.insert(result.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(cols));
  }
  return result;
}

} // namespace

Origin origin_of(const ir::Graph& graph, ir::TensorId id) {
  if (graph.tensor(id).constant) {
    return Origin::Host;
  }
  const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), id);
  if (input == graph.inputs.end()) {
    return Origin::Computed;
  }
  const auto number = static_cast<std::size_t>(input - graph.inputs.begin());
  return !graph.input_specs.empty() && graph.input_specs[number].prestaged ? Origin::Prestaged
                                                                           : Origin::Host;
}

std::vector<float> loaded(
  std::span<const float> values,
  std::uint64_t cols,
  Role role,
  Origin origin,
  const Arithmetic& arithmetic
) {
  std::vector<float> result(values.begin(), values.end());
  if (role == Role::Laid || role == Role::Numbers || role == Role::Entries) {
    return result;
  }
  const bool quantises = is_stored(arithmetic.weight);
  const auto round = [&] {
    if (arithmetic.precision == Precision::Hardware) {
      std::transform(result.begin(), result.end(), result.begin(), hw::round);
    }
  };
  const bool to_matrix = role == Role::Weight || role == Role::Stored;
  switch (origin) {
  case Origin::Host:
    if (role == Role::Cache) {
      return quantises && !arithmetic.caches_hold ? stored(values, cols, arithmetic.stored)
                                                  : result;
    }
    if (quantises && to_matrix) { // the Matrix SRAM keeps what was decoded
      return stored(values, cols, role == Role::Stored ? arithmetic.stored : arithmetic.weight);
    }
    if (quantises) {
      result = stored(values, cols, arithmetic.activation);
    }
    round();
    return result;
  case Origin::Prestaged:
    round();
    break;
  case Origin::Computed:
    break;
  }
  return to_matrix && quantises ? written_back(result, cols, arithmetic.stored) : result;
}

std::vector<float> spread(
  std::span<const float> values,
  std::uint64_t rows,
  std::uint64_t cols,
  std::uint64_t row_group,
  std::uint64_t col_group,
  std::uint64_t multiple
) {
  const std::uint64_t wide = grouped_size(cols, col_group, multiple);
  const std::uint64_t high = row_group == 0 ? rows : grouped_size(rows, row_group, multiple);
  std::vector<float> result(to_size(high * wide), 0.0f);
  for (std::uint64_t r = 0; r < rows; ++r) {
    const std::uint64_t to = grouped_index(r, row_group, multiple) * wide;
    for (std::uint64_t c = 0; c < cols; ++c) {
      result[to_size(to + grouped_index(c, col_group, multiple))] = values[to_size(r * cols + c)];
    }
  }
  return result;
}

std::vector<float>
strips(std::span<const float> values, std::uint64_t rows, std::uint64_t cols, std::uint64_t step) {
  const std::uint64_t count = (cols + step - 1) / step;
  const std::uint64_t wide = 2 * step;
  std::vector<float> result(to_size(count * rows * wide), 0.0f);
  for (std::uint64_t strip = 0; strip < count; ++strip) {
    const std::uint64_t first = strip * step;
    const std::uint64_t last = std::min(first + wide, cols);
    for (std::uint64_t r = 0; r < rows; ++r) {
      std::copy(
        values.begin() + static_cast<std::ptrdiff_t>(r * cols + first),
        values.begin() + static_cast<std::ptrdiff_t>(r * cols + last),
        result.begin() + static_cast<std::ptrdiff_t>((strip * rows + r) * wide)
      );
    }
  }
  return result;
}

void store(
  std::span<const float> values,
  std::uint64_t value_rows,
  std::uint64_t value_cols,
  const StoredTensor& tensor,
  std::span<std::uint8_t> bytes
) {
  PLENA_CHECK(values.size() == value_rows * value_cols && bytes.size() >= tensor.bytes());
  PLENA_CHECK(value_rows <= tensor.rows && value_cols <= tensor.cols);
  RowStore row(tensor.format, value_cols);
  for (std::uint64_t r = 0; r < value_rows; ++r) {
    row.stage(values.subspan(to_size(r * value_cols), to_size(value_cols)));
    const auto place = [&](std::span<const std::uint8_t> part, std::uint64_t offset) {
      std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    };
    place(row.elements(), r * tensor.row_bytes());
    place(row.scales(), tensor.scale_offset() + r * tensor.scale_row_bytes());
  }
}

bool can_store(const numerics::StorageFormat& format) {
  if (!format.mx) {
    return format.element == numerics::bf16;
  }
  return format.element.kind == numerics::ScalarFormat::Kind::Fp && format.element.width == 8 &&
         format.scale == numerics::e8m0 && format.block > 0;
}

} // namespace plena::ops
