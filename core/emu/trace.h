// The recorded course of a run, for the timeline: one by one for a limited number of instructions,
// as running totals at growing distances for all of them. Memory is bounded whatever the length of
// the run.
#pragma once

#include "emu/timing.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace plena::emu {

struct TraceOptions {
  std::uint64_t max_events = 0;  ///< instructions kept one by one
  std::uint64_t first_cycle = 0; ///< those that start at this cycle or later
  std::uint64_t first_index =
    0; ///< of the first instruction that is told, in the order of execution
};

/// Cycles [from, to) cut into equal pixels.
struct LaneView {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t cycles = 0; ///< of the run so far
  bool exact = true;
  std::uint64_t resolution = 1; ///< cycles between the totals that inexact pixels come from
  /// By lane, then pixel: the busy part, 0 to 1000.
  std::array<std::vector<std::uint16_t>, lane_count> busy{};
  /// By pixel: index of the cause with the most cycles, -1 where there are none.
  std::vector<std::int8_t> cause{};

  struct Event {
    std::uint32_t pc = 0;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
  };
  /// Events that overlap the view, when all are recorded and at most as many as pixels.
  std::optional<std::vector<Event>> events{};
};

struct Moment {
  std::uint32_t pc = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t index = 0; ///< in the order of execution, from 0
};

/// From the start of a group's first instruction to the end of its last; `from` is above `to` when
/// there is none.
struct GroupSpan {
  std::uint64_t from = 1;
  std::uint64_t to = 0;

  bool any() const { return from <= to; }
};

class Trace final : public TimingListener {
 public:
  Trace(const isa::Program& program, const config::Timing& timing, const TraceOptions& options);
  ~Trace() override;

  void stepped(const Step& step) override;
  void charged(const Charge& charge) override;

  /// `to` is above `from`, `pixels` is not 0.
  LaneView lanes(std::uint64_t from, std::uint64_t to, std::uint32_t pixels) const;
  /// The instruction in flight at a cycle: the last to start at or before it that had not ended.
  std::optional<Moment> moment(std::uint64_t cycle) const;

  std::uint64_t recorded() const; ///< events kept one by one
  std::uint64_t stepped() const;  ///< events seen
  /// Of the recorded events, by group: `group_of_word` has one for each word; those not below
  /// `groups` are none.
  std::vector<GroupSpan>
  spans(std::span<const std::uint32_t> group_of_word, std::size_t groups) const;
  /// Tells the recorded events [first, first + count) again.
  void replay(std::uint64_t first, std::uint64_t count, TimingListener& listener) const;
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace plena::emu
