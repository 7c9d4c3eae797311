// Where the values of a model's parameters come from: files, or a seed.
#pragma once

#include "base/result.h"
#include "ir/types.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plena::frontend {

class TensorSource {
 public:
  TensorSource() = default;
  TensorSource(const TensorSource&) = delete;
  TensorSource& operator=(const TensorSource&) = delete;
  virtual ~TensorSource() = default;

  /// Nothing when there is no tensor of this name.
  virtual std::optional<ir::Shape> shape(std::string_view name) const = 0;
  /// Values of `count` entries of the first dimension from `first` on, row-major; a scalar has one entry.
  /// The tensor exists and has these entries.
  virtual Result<std::vector<float>>
  read(std::string_view name, std::int64_t first, std::int64_t count) const = 0;
};

} // namespace plena::frontend
