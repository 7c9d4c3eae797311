// NumPy's .npy files (format 1.0 to 3.0, C order) for tensors on the command line.
#pragma once

#include "base/result.h"
#include "driver/session.h"

#include <cstdint>
#include <span>
#include <vector>

namespace plena::driver {

bool is_npy(std::span<const std::uint8_t> bytes);

/// Reads f2, f4, f8, i1, u1, i4, i8 and booleans, little-endian, C order; values become f32.
Result<NamedTensor> read_npy(std::span<const std::uint8_t> bytes, std::string_view name);

/// A version 1.0 file of little-endian f4.
std::vector<std::uint8_t> npy_bytes(const NamedTensor& tensor);

} // namespace plena::driver
