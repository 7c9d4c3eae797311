// Tensor values from little-endian bytes or from decimal text.
#pragma once

#include "base/result.h"
#include "ir/types.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace plena::driver {

using ElementType = ir::DType;

/// Row-major elements widened to f32; the byte count must match the shape exactly.
Result<std::vector<float>> values_from_bytes(
  std::span<const std::uint8_t> bytes,
  ElementType type,
  const ir::Shape& shape,
  std::string_view name
);

/// Numbers separated by white space or commas; their count must match the shape.
Result<std::vector<float>>
values_from_text(std::string_view text, const ir::Shape& shape, std::string_view name);

} // namespace plena::driver
