// Tables of rotary positions.
#pragma once

#include "frontend/architecture.h"

#include <vector>

namespace plena::frontend {

/// Cosines and sines, a row of `width` columns per position; columns i and i + width / 2 belong to one
/// pair, and pairs beyond those that are rotated have the cosine 1 and the sine 0.
struct RotaryTables {
  std::vector<float> cos;
  std::vector<float> sin;
};

/// Of the positions `first`, `first` + 1, ...
RotaryTables rotary_tables(
  const Rotary& rotary, std::int64_t width, std::int64_t first, std::int64_t positions
);

} // namespace plena::frontend
