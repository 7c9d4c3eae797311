// What an instruction reads and writes, element by element: the accesses of the machine
// (emu/accesses.h) in the units in which people and placements give addresses.
#pragma once

#include "config/config.h"
#include "emu/accesses.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plena::driver {

struct Touch {
  emu::Space space{}; ///< of vector_row and matrix_tile elements are counted
  bool write = false;
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  bool meets(std::uint64_t other, std::uint64_t others) const {
    return first <= other ? other - first < count : first - other < others;
  }
};

class Toucher {
 public:
  explicit Toucher(const config::Machine& machine) : machine_(machine) {}
  /// Valid until the next call. Instructions that write some lanes of a row write and read no
  /// others.
  const std::vector<Touch>& of(const isa::Instr& instr, const emu::Operands& operands);

 private:
  const config::Machine& machine_;
  std::vector<emu::Access> accesses_;
  std::vector<Touch> touches_;
};

/// `vector_sram`, `matrix_sram`, `fp_sram`, `int_sram`, `hbm`, or the registers `gp`, `f`, `a` and
/// `special` (0 scale, 1 stride, 2 v_mask); none for another name.
std::optional<emu::Space> memory_named(std::string_view name);
/// Empty for the accumulators, which have no addresses.
std::string_view name_of(emu::Space space);

} // namespace plena::driver
