#include "driver/history.h"

#include <algorithm>

namespace plena::driver {

namespace {

/// Two states are at least so many instructions apart when a run goes on by itself ..
constexpr std::uint64_t shortest_gap = 1 << 13;
/// .. and this share of the run, so that a long run keeps no more than a short one.
constexpr std::uint64_t gap_share = 64;
constexpr std::size_t most_states = 200;
/// Closer to the present than this share of the run, gaps do not get shorter any more.
constexpr double near_share = 16;

} // namespace

History::History(std::uint64_t limit_bytes, const emu::Machine& machine, const emu::Timing& timing)
    : limit_(limit_bytes) {
  // What the first state holds, the images, the machine itself needs too.
  states_.push_back({machine.save(), timing.copy(), 0});
}

std::size_t History::index_before(std::uint64_t executed) const {
  const auto after = std::upper_bound(
    states_.begin() + 1,
    states_.end(),
    executed,
    [](std::uint64_t at, const State& state) { return at < state.executed(); }
  );
  return static_cast<std::size_t>(after - states_.begin()) - 1;
}

const History::State& History::before(std::uint64_t executed) const {
  return states_[index_before(executed)];
}

const History::State& History::before_cycle(std::uint64_t cycle) const {
  const auto after = std::upper_bound(
    states_.begin() + 1,
    states_.end(),
    cycle,
    [](std::uint64_t at, const State& state) { return at < state.cycles(); }
  );
  return *(after - 1);
}

std::uint64_t History::due(std::uint64_t executed) const {
  const std::uint64_t kept = before(executed).executed();
  const std::uint64_t last = tried_ <= executed ? std::max(kept, tried_) : kept;
  const std::uint64_t wanted = last + std::max(shortest_gap, last / gap_share);
  return std::max(wanted, executed + 1);
}

void History::measure(std::size_t index) {
  if (index == 0 || index >= states_.size()) {
    return;
  }
  State& state = states_[index];
  bytes_ -= state.bytes;
  state.bytes = state.machine->bytes_besides(*states_[index - 1].machine) + state.timing->bytes();
  bytes_ += state.bytes;
}

void History::drop(std::size_t index) {
  bytes_ -= states_[index].bytes;
  states_.erase(states_.begin() + static_cast<std::ptrdiff_t>(index));
  measure(index);
}

void History::keep(const emu::Machine& machine, const emu::Timing& timing) {
  const std::uint64_t executed = machine.counters().executed;
  const std::size_t before = index_before(executed);
  tried_ = executed;
  if (states_[before].executed() == executed) {
    return;
  }
  states_.insert(
    states_.begin() + static_cast<std::ptrdiff_t>(before) + 1, {machine.save(), timing.copy(), 0}
  );
  measure(before + 1);
  measure(before + 2);
  thin(executed);
}

/// Drops the one whose absence makes the gap between its neighbours matter least: gaps weigh more
/// the closer they are to the present.
void History::thin(std::uint64_t present) {
  const double whole = static_cast<double>(states_.back().executed());
  while (states_.size() > 1 && (states_.size() > most_states || bytes_ > limit_)) {
    std::size_t least = 0;
    double least_weight = 0;
    for (std::size_t i = 1; i < states_.size(); ++i) {
      const std::uint64_t at = states_[i].executed();
      const std::uint64_t end = i + 1 < states_.size() ? states_[i + 1].executed() : at;
      const auto gap = static_cast<double>(end - states_[i - 1].executed());
      const auto away = static_cast<double>(at > present ? at - present : present - at);
      const double weight = gap / (away + whole / near_share + 1);
      if ((at != present || states_.size() == 2) && (least == 0 || weight < least_weight)) {
        least = i;
        least_weight = weight;
      }
    }
    drop(least);
  }
}

void History::replace_from(
  std::uint64_t executed, const emu::Machine& machine, const emu::Timing& timing
) {
  while (states_.size() > 1 && states_.back().executed() >= executed) {
    bytes_ -= states_.back().bytes;
    states_.pop_back();
  }
  if (executed == 0) {
    states_.front() = {machine.save(), timing.copy(), 0};
  }
  keep(machine, timing);
}

} // namespace plena::driver
