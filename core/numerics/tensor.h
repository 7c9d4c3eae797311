// A dense f32 tensor, row-major, outermost dimension first; no dimensions is a scalar.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace plena::numerics {

using Dims = std::vector<std::int64_t>;

/// Number of elements; every dimension is at least 0.
inline std::size_t element_count(const Dims& dims) {
  std::size_t count = 1;
  for (const std::int64_t dim : dims) {
    PLENA_CHECK(dim >= 0);
    count *= static_cast<std::size_t>(dim);
  }
  return count;
}

/// Looks at a tensor's values; never outlives it.
template <class T> struct BasicTensorView {
  std::span<T> values{};
  std::span<const std::int64_t> dims{};

  std::size_t size() const { return values.size(); }
  /// The innermost dimension, 1 for a scalar.
  std::size_t columns() const { return dims.empty() ? 1 : static_cast<std::size_t>(dims.back()); }
  /// Product of all dimensions but the innermost.
  std::size_t rows() const { return columns() == 0 ? 0 : values.size() / columns(); }
  std::span<T> row(std::size_t index) const { return values.subspan(index * columns(), columns()); }
  T& at(std::size_t row_index, std::size_t column) const {
    PLENA_DCHECK(column < columns());
    return values[row_index * columns() + column];
  }
};
using TensorView = BasicTensorView<const float>;
using MutableTensorView = BasicTensorView<float>;

class Tensor {
 public:
  Tensor() : values_(1) {}
  /// All zeros.
  explicit Tensor(Dims dims) : dims_(std::move(dims)), values_(element_count(dims_)) {}
  /// `values` has as many elements as `dims` says.
  Tensor(Dims dims, std::vector<float> values)
      : dims_(std::move(dims)),
        values_(std::move(values)) {
    PLENA_CHECK(values_.size() == element_count(dims_));
  }

  const Dims& dims() const { return dims_; }
  std::size_t size() const { return values_.size(); }
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }
  TensorView view() const { return {values_, dims_}; }
  MutableTensorView view() { return {values_, dims_}; }
  std::size_t columns() const { return view().columns(); }
  std::size_t rows() const { return view().rows(); }
  std::span<float> row(std::size_t index) { return view().row(index); }
  std::span<const float> row(std::size_t index) const { return view().row(index); }
  float& at(std::size_t row_index, std::size_t column) { return view().at(row_index, column); }
  float at(std::size_t row_index, std::size_t column) const { return view().at(row_index, column); }

  /// The same values under other dimensions of the same element count.
  Tensor reshaped(Dims dims) && { return {std::move(dims), std::move(values_)}; }

  bool operator==(const Tensor&) const = default;

 private:
  Dims dims_{};
  std::vector<float> values_;
};

} // namespace plena::numerics
