// Reductions over a row, in the order that the machine's results depend on.
#pragma once

#include <span>

namespace plena::numerics {

/// Sum in the interleaved order of emulator.md 5.4: every addition is one f32 addition.
float sum_in_order(std::span<const float> values);

/// Largest value, NaN if any lane is NaN. Between zeros of both signs the order of emulator.md
/// 10.2.14 decides. `values` is not empty.
float max_in_order(std::span<const float> values);

} // namespace plena::numerics
