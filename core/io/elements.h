// Tensor elements as files store them: little-endian, packed.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <span>

namespace plena::io {

/// The values of `raw`, a whole number of elements of `type`; booleans become 0 and 1.
ir::Constant read_elements(std::span<const std::uint8_t> raw, ir::DType type);

} // namespace plena::io
