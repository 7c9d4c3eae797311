// States of a run that are kept on the way, so that any earlier moment is reached by executing
// again from the one before it. They lie at distances that grow with the run and are closer
// together near where one stands; what they take is bounded, and when it is used up those go that
// are missed least.
#pragma once

#include "emu/machine.h"
#include "emu/timing.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace plena::driver {

class History {
 public:
  struct State {
    std::shared_ptr<const emu::State> machine;
    std::unique_ptr<emu::Timing> timing;
    std::uint64_t bytes = 0; ///< that it does not share with the state before

    std::uint64_t executed() const { return machine->executed(); }
    std::uint64_t cycles() const { return timing->cycles(); }
  };

  /// The first state, which stays, is the present one.
  History(std::uint64_t limit_bytes, const emu::Machine& machine, const emu::Timing& timing);

  /// Keeps the present state unless there is one of this moment.
  void keep(const emu::Machine& machine, const emu::Timing& timing);
  /// Executed instructions after which a run that goes on from `executed` is to be kept.
  std::uint64_t due(std::uint64_t executed) const;
  /// The last one not behind.
  const State& before(std::uint64_t executed) const;
  const State& before_cycle(std::uint64_t cycle) const;
  /// All but the first that are not before `executed`; with `executed` 0 the present one becomes
  /// the first.
  void replace_from(std::uint64_t executed, const emu::Machine& machine, const emu::Timing& timing);

  std::size_t count() const { return states_.size(); }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t limit() const { return limit_; }

 private:
  std::size_t index_before(std::uint64_t executed) const;
  void measure(std::size_t index);
  void drop(std::size_t index);
  void thin(std::uint64_t present);

  std::uint64_t limit_;
  std::uint64_t bytes_ = 0;
  std::uint64_t tried_ = 0;   ///< where a state was kept last, though it may be gone
  std::vector<State> states_; ///< in the order of the run
};

} // namespace plena::driver
