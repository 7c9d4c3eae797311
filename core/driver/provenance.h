// Where a value came from: the instructions that had a part in it, back to what the memories held
// before the program. They are found by executing again, stretch by stretch from the present back,
// with everything recorded that an instruction reads and writes. Addresses and loop counters are
// not followed: they tell where a value lies, not what it is.
#pragma once

#include "driver/history.h"
#include "driver/touches.h"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace plena::driver {

/// Numbers, kept as stretches.
class Stretches {
 public:
  void add(std::uint64_t first, std::uint64_t count);
  /// Takes them out; those that were in.
  std::vector<std::pair<std::uint64_t, std::uint64_t>>
  take(std::uint64_t first, std::uint64_t count);
  bool empty() const { return ends_.empty(); }
  const std::map<std::uint64_t, std::uint64_t>& ends() const { return ends_; } ///< by their starts

 private:
  std::map<std::uint64_t, std::uint64_t> ends_;
};

class Provenance {
 public:
  struct Step {
    std::uint64_t executed = 0; ///< before it
    std::uint32_t pc = 0;
  };

  /// Of the `count` places from `first` on as they are after `executed` instructions. `scout` is a
  /// machine of the same kind with the same program, to be moved about.
  Provenance(
    emu::Machine scout,
    const config::Machine& settings,
    emu::Space space,
    std::uint64_t first,
    std::uint64_t count,
    std::uint64_t executed
  );

  /// Goes back to the state before; true when nothing is left to be found.
  bool go_back(const History& history);

  std::uint64_t reached() const { return end_; }
  std::uint64_t instructions() const { return instructions_; }
  const std::vector<Step>& steps() const { return steps_; } ///< the latest ones, latest first
  const std::set<std::uint32_t>& pcs() const { return pcs_; }
  /// What is not written between the moment reached and the present, by space.
  const Stretches& wanted(emu::Space space) const {
    return wanted_[static_cast<std::size_t>(space)];
  }

 private:
  void stretch(const emu::State& from);
  void visit(
    std::uint64_t executed,
    std::uint32_t pc,
    const isa::Instr& instr,
    std::span<const Touch> touches
  );
  Stretches& wants(emu::Space space) { return wanted_[static_cast<std::size_t>(space)]; }
  bool nothing_left() const;

  emu::Machine scout_;
  const config::Machine& settings_;
  Toucher toucher_;
  std::array<Stretches, 10> wanted_;
  std::uint64_t end_;
  std::uint64_t instructions_ = 0;
  std::vector<Step> steps_;
  std::set<std::uint32_t> pcs_;
};

} // namespace plena::driver
