// Virtual to machine registers: a linear scan over live ranges, one file of registers per class.
#pragma once

#include "base/result.h"
#include "codegen/instructions.h"

#include <cstdint>
#include <vector>

namespace plena::codegen {

struct Registers {
  /// Machine register by class and virtual register.
  std::array<std::vector<std::uint8_t>, lower::reg_classes> numbers;

  std::uint8_t of(const lower::Operand& operand) const {
    return numbers[static_cast<std::size_t>(*lower::class_of(operand))][operand.reg];
  }
};

/// A value lives from its first write to its last read; when it is made before a loop and read in
/// it, to the end of that loop. gp0 and f0 are not given out. E_RESOURCE when the registers do not
/// suffice.
Result<Registers> allocate(const Listing& listing);

} // namespace plena::codegen
