// From a place among row-major values to an index in each dimension.
#pragma once

#include "ir/types.h"

#include <cstdint>
#include <vector>

namespace plena::ir {

/// No dimension is 0.
inline std::vector<std::uint64_t> coordinates(const Shape& shape, std::uint64_t element) {
  std::vector<std::uint64_t> at(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    const auto size = static_cast<std::uint64_t>(shape[i]);
    at[i] = element % size;
    element /= size;
  }
  return at;
}

} // namespace plena::ir
