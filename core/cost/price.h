// What a program costs without running it: every instruction as often as its loops say.
#pragma once

#include "config/config.h"
#include "isa/program.h"

#include <cstdint>
#include <span>
#include <vector>

namespace plena::cost {

struct Price {
  /// Of a run from start to end, one instruction after the other, without the waits for memory (which
  /// only the emulator's profile has: under the analytic one this is the whole time).
  std::uint64_t cycles = 0;
  std::uint64_t executed = 0;  ///< instructions
  std::uint64_t transfers = 0; ///< instructions among them that ask the memory
};

/// The program's loops end after the trips that C_LOOP_START says: it writes no counter of a loop that
/// runs and has no C_BREAK, as is true of everything that this compiler makes.
Price price(
  const isa::Program& program, const config::Machine& machine, config::CostProfile profile
);

/// The same for pieces of the program: by value of `part_of_word`, which has an entry for each word;
/// words of parts from `parts` on belong to none.
std::vector<Price> price_by_part(
  const isa::Program& program,
  std::span<const std::uint32_t> part_of_word,
  std::size_t parts,
  const config::Machine& machine,
  config::CostProfile profile
);

} // namespace plena::cost
