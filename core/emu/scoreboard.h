// The overlap schedule: when instructions start if units work side by side. Not upstream's: a
// what-if. Instructions start in program order, none before the one before it; one starts as soon
// as its unit is free, everything it reads has been written, and everything it writes is no longer
// read or written; operands in registers are taken when
// an instruction starts. Transfers use one unit in order, so that hazards in the HBM need no
// further care. With memory times that do not depend on when a transfer starts this never takes
// longer than one instruction after the other.
#pragma once

#include "config/config.h"
#include "emu/accesses.h"
#include "isa/instr.h"

#include <cstdint>
#include <memory>
#include <span>

namespace plena::emu {

class Scoreboard {
 public:
  explicit Scoreboard(const config::Machine& machine);
  ~Scoreboard();
  Scoreboard(const Scoreboard& other);

  struct Slot {
    std::uint64_t start = 0;
    /// Of the instruction that had to be waited for last, itself of an earlier `place`; meaningless
    /// when `start` is the start of the instruction before.
    std::uint32_t waited_for = 0;
  };
  /// The start of the next instruction.
  Slot place(std::uint32_t pc, const isa::Instr& instr, std::span<const Access> accesses);
  /// Ends the instruction placed last; its unit and accesses are busy until then.
  void settle(std::uint64_t end);
  /// The end of all that was settled, and the first instruction that ends then.
  std::uint64_t end() const;
  std::uint32_t last_to_end() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace plena::emu
