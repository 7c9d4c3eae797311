// Which roundings of the machine a reference has. Those between none and all tell what one kind costs.
#pragma once

#include "base/result.h"
#include "ops/op.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace plena::golden {

enum class Precision : std::uint8_t {
#define PRECISION(id, name, quantises, rounds, meaning) id,
#include "golden/precisions.def"
};

struct PrecisionInfo {
  Precision precision{};
  std::string_view name;
  bool quantises = false; ///< tensors in HBM have their formats there
  bool rounds = false;    ///< results of instructions are rounded
  std::string_view meaning;
};
std::span<const PrecisionInfo> precisions();

/// E_PRECISION for a name that is none of them.
Result<Precision> precision_of(std::string_view name);

/// The arithmetic of the machine with some of its roundings.
ops::Arithmetic arithmetic_in(Precision precision, ops::Arithmetic hardware);

} // namespace plena::golden
