// How far a result may lie from a recorded golden (compiler_backend.md 7.2, "suggested bound").
#pragma once

#include "golden/verdict.h"

#include <cstdint>
#include <span>
#include <string>

namespace plena::tests {

struct Limit {
  enum class Of : std::uint8_t {
    Rows,   ///< the bound's "largest element" is that of each row
    Whole,  ///< that of the whole result
    Number, ///< no bound of an operator: at most `bound.amount` as it stands
  };
  ops::Bound bound{};
  Of of = Of::Rows;
};

/// "exact", "5 % of the largest element", ...
std::string to_string(const Limit& limit);

/// Both row-major with `cols` per row; the golden is rounded to bf16 first, as machines do.
bool within(
  const Limit& limit,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
);

} // namespace plena::tests
