// The format of an arithmetic in which tensors keep their values on the way through HBM.
#pragma once

#include "numerics/formats.h"

namespace plena::ops {

inline constexpr numerics::StorageFormat unstored{
  {numerics::ScalarFormat::Kind::Fp, true, 0, 0, 0}};

constexpr bool is_stored(const numerics::StorageFormat& format) { return !(format == unstored); }

} // namespace plena::ops
