#include "emu/trace.h"

#include "base/check.h"
#include "base/size.h"

#include <algorithm>
#include <deque>

namespace plena::emu {

namespace {

/// Events between two exact totals; a query scans at most so many per pixel.
constexpr std::uint64_t fine_stride = 64;
/// Totals kept of the whole run; when there are more, every other one goes.
constexpr std::size_t max_coarse = 8192;
/// How far back a query looks for an instruction that still runs while later ones have started.
constexpr std::size_t look_back = 4096;

/// What had passed when an event started.
struct Totals {
  std::array<std::uint64_t, lane_count> busy{};
  CauseCycles causes{};
};

struct Mark {
  std::uint64_t index = 0; ///< of the event, in the order of execution
  std::uint64_t time = 0;  ///< its start
  std::size_t charges = 0; ///< before it
  Totals totals;
  std::array<std::uint64_t, lane_count> lane_end{}; ///< of the last event of each lane before it
};

/// Why a transfer took its time, besides its data.
struct Waits {
  std::size_t event = 0; ///< recorded, from 0
  std::array<std::uint32_t, cause_count> parts{};

  std::uint64_t waiting() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < cause_count; ++i) {
      sum += cause_rows[i].lane == Lane::waiting ? parts[i] : 0;
    }
    return sum;
  }
};

constexpr bool is_memory(Cause cause) {
  return row_of(cause).lane == Lane::hbm_read || row_of(cause).lane == Lane::hbm_write;
}

constexpr std::size_t index_of(Lane lane) { return static_cast<std::size_t>(lane); }

/// Totals between two marks, as if everything were evenly spread.
Totals between(const Mark& a, const Mark& b, std::uint64_t time) {
  if (time <= a.time || b.time <= a.time) {
    return a.totals;
  }
  const double share =
    static_cast<double>(std::min(time, b.time) - a.time) / static_cast<double>(b.time - a.time);
  const auto blend = [&](std::uint64_t from, std::uint64_t to) {
    return from + static_cast<std::uint64_t>(static_cast<double>(to - from) * share + 0.5);
  };
  Totals totals;
  for (std::size_t i = 0; i < lane_count; ++i) {
    totals.busy[i] = blend(a.totals.busy[i], b.totals.busy[i]);
  }
  for (std::size_t i = 0; i < cause_count; ++i) {
    totals.causes[i] = blend(a.totals.causes[i], b.totals.causes[i]);
  }
  return totals;
}

} // namespace

struct Trace::Impl {
  TraceOptions options;
  bool overlap = false;
  std::vector<Lane> lanes;   // by pc
  std::vector<Cause> causes; // by pc

  // The recorded events, in columns; ends only where they are not the next start.
  // Deques: growing must not move what is there.
  std::deque<std::uint32_t> pc;
  std::deque<std::uint64_t> start;
  std::deque<std::uint64_t> end;
  std::deque<Waits> waits;
  std::deque<Charge> charges;
  std::deque<Mark> fine;
  std::uint64_t first_index = 0; ///< of the first recorded event

  std::vector<Mark> coarse;
  std::uint64_t coarse_stride = fine_stride;

  Mark now; ///< before the next event
  std::uint64_t last_end = 0;
  std::uint32_t last_to_end = 0;
  bool closed = false; ///< no more events are recorded

  std::size_t recorded() const { return pc.size(); }
  std::uint64_t end_of(std::size_t event) const {
    if (overlap) {
      return end[event];
    }
    return event + 1 < start.size() ? start[event + 1] : recorded_end;
  }
  std::uint64_t recorded_end = 0; ///< of the last recorded event, serial schedule

  /// Cycles that are told event by event.
  bool covers(std::uint64_t time) const {
    if (pc.empty()) {
      return false;
    }
    const std::uint64_t upto = closed ? start.back() : ~std::uint64_t{0};
    return time >= (first_index == 0 ? 0 : start.front()) && time <= upto;
  }

  const Waits* waits_of(std::size_t event) const {
    const auto found =
      std::lower_bound(waits.begin(), waits.end(), event, [](const Waits& w, std::size_t wanted) {
        return w.event < wanted;
      });
    return found != waits.end() && found->event == event ? &*found : nullptr;
  }

  /// Adds the first `cycles` of an event. Within a transfer the order of causes is not known; it is
  /// told as if waits came first and data last.
  void add_causes(CauseCycles& sum, std::size_t event, std::uint64_t cycles) const {
    const Cause own = causes[pc[event]];
    if (const Waits* parts = is_memory(own) ? waits_of(event) : nullptr) {
      for (std::size_t i = cause_count; i-- > 0;) {
        const std::uint64_t share = std::min<std::uint64_t>(parts->parts[i], cycles);
        sum[i] += share;
        cycles -= share;
      }
    }
    at(sum, own) += cycles;
  }

  /// Of the first `cycles` of an event, those that wait.
  std::uint64_t waiting(std::size_t event, std::uint64_t cycles) const {
    const Waits* parts = is_memory(causes[pc[event]]) ? waits_of(event) : nullptr;
    return parts == nullptr ? 0 : std::min(cycles, parts->waiting());
  }

  Totals exactly(std::uint64_t time) const {
    auto mark =
      std::upper_bound(fine.begin(), fine.end(), time, [](std::uint64_t wanted, const Mark& m) {
        return wanted < m.time;
      });
    mark -= mark == fine.begin() ? 0 : 1;
    Totals totals = mark->totals;
    for (std::size_t l = 0; l < lane_count; ++l) {
      totals.busy[l] -= mark->lane_end[l] > time ? mark->lane_end[l] - time : 0;
    }
    for (std::size_t i = to_size(mark->index - first_index); i < recorded() && start[i] < time;
         ++i) {
      const std::uint64_t whole = end_of(i) - start[i];
      const std::uint64_t part = std::min(whole, time - start[i]);
      totals.busy[index_of(lanes[pc[i]])] += part;
      totals.busy[index_of(Lane::waiting)] += waiting(i, part);
      if (!overlap) {
        add_causes(totals.causes, i, part);
      }
    }
    if (overlap) {
      std::uint64_t charged_to = mark->time;
      for (std::size_t i = mark->charges; i < charges.size() && charges[i].from < time; ++i) {
        charged_to = charges[i].to;
        at(totals.causes, causes[charges[i].pc]) += std::min(charged_to, time) - charges[i].from;
      }
      if (!closed && charged_to < std::min(time, last_end)) {
        at(totals.causes, causes[last_to_end]) += std::min(time, last_end) - charged_to;
      }
    }
    return totals;
  }

  Totals totals_at(std::uint64_t time) const {
    if (covers(time)) {
      return exactly(time);
    }
    const auto after =
      std::upper_bound(coarse.begin(), coarse.end(), time, [](std::uint64_t wanted, const Mark& m) {
        return wanted < m.time;
      });
    if (after == coarse.begin()) {
      return {};
    }
    if (after != coarse.end()) {
      return between(*(after - 1), *after, time);
    }
    Mark last = now;
    last.time = last_end;
    return between(coarse.back(), last, time);
  }

  std::uint64_t resolution(std::uint64_t from, std::uint64_t to) const {
    std::uint64_t widest = 1;
    for (std::size_t i = 0; i < coarse.size(); ++i) {
      const std::uint64_t next = i + 1 < coarse.size() ? coarse[i + 1].time : last_end;
      if (next > from && coarse[i].time < to) {
        widest = std::max(widest, next - coarse[i].time);
      }
    }
    return widest;
  }

  /// The first recorded event that starts after `time`.
  std::size_t after(std::uint64_t time) const {
    return static_cast<std::size_t>(
      std::upper_bound(start.begin(), start.end(), time) - start.begin()
    );
  }

  void record(const Step& step) {
    if (pc.empty()) {
      first_index = now.index;
    }
    if (recorded() % fine_stride == 0) {
      fine.push_back(now);
    }
    if (step.waits != nullptr) {
      Waits kept{recorded(), {}};
      const std::uint64_t whole = step.end - step.start;
      const Cause own = causes[step.pc];
      for (std::size_t i = 0; i < cause_count && whole > 0; ++i) {
        if (i != static_cast<std::size_t>(own)) {
          kept.parts[i] = static_cast<std::uint32_t>((*step.waits)[i]);
        }
      }
      waits.push_back(kept);
    }
    pc.push_back(step.pc);
    start.push_back(step.start);
    if (overlap) {
      end.push_back(step.end);
    }
    recorded_end = step.end;
  }
};

Trace::Trace(const isa::Program& program, const config::Timing& timing, const TraceOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  impl_->now.index = options.first_index;
  impl_->overlap = timing.schedule == config::Schedule::overlap;
  std::array<Lane, 64> lanes{};
  std::array<Cause, 64> causes{};
  for (std::uint8_t code = 0; code < lanes.size(); ++code) {
    lanes[code] = lane_of(static_cast<isa::Opcode>(code));
    causes[code] = cause_of(static_cast<isa::Opcode>(code));
  }
  impl_->lanes.reserve(program.words.size());
  impl_->causes.reserve(program.words.size());
  for (const std::uint32_t word : program.words) {
    impl_->lanes.push_back(lanes[word & 63]);
    impl_->causes.push_back(causes[word & 63]);
  }
}

Trace::~Trace() = default;

void Trace::stepped(const Step& step) {
  Impl& t = *impl_;
  Mark& now = t.now;
  now.time = step.start;
  if (now.index % t.coarse_stride == 0) {
    t.coarse.push_back(now);
    if (t.coarse.size() > max_coarse) {
      for (std::size_t i = 0; 2 * i < t.coarse.size(); ++i) {
        t.coarse[i] = t.coarse[2 * i];
      }
      t.coarse.resize((t.coarse.size() + 1) / 2);
      t.coarse_stride *= 2;
    }
  }
  if (!t.closed && step.start >= t.options.first_cycle) {
    if (t.recorded() < t.options.max_events) {
      t.record(step);
    } else {
      t.closed = true;
    }
  }
  const std::uint64_t cycles = step.end - step.start;
  const std::size_t lane = index_of(t.lanes[step.pc]);
  now.totals.busy[lane] += cycles;
  now.lane_end[lane] = step.end;
  if (step.waits != nullptr) {
    std::uint64_t waited = 0;
    for (std::size_t i = 0; i < cause_count; ++i) {
      const std::uint64_t part = (*step.waits)[i];
      now.totals.causes[i] += t.overlap ? 0 : part;
      waited += cause_rows[i].lane == Lane::waiting ? part : 0;
    }
    now.totals.busy[index_of(Lane::waiting)] += waited;
    now.lane_end[index_of(Lane::waiting)] = step.start + waited;
  } else if (!t.overlap) {
    at(now.totals.causes, t.causes[step.pc]) += cycles;
  }
  if (step.end > t.last_end) {
    t.last_end = step.end;
    t.last_to_end = step.pc;
  }
  ++now.index;
}

void Trace::charged(const Charge& charge) {
  Impl& t = *impl_;
  at(t.now.totals.causes, t.causes[charge.pc]) += charge.to - charge.from;
  if (!t.closed && t.options.max_events > 0 && charge.to > t.options.first_cycle) {
    t.charges.push_back(charge);
    t.now.charges = t.charges.size();
  }
}

std::uint64_t Trace::recorded() const { return impl_->recorded(); }
std::uint64_t Trace::stepped() const { return impl_->now.index; }

LaneView Trace::lanes(std::uint64_t from, std::uint64_t to, std::uint32_t pixels) const {
  PLENA_CHECK(from < to && pixels > 0);
  const Impl& t = *impl_;
  LaneView view;
  view.from = from;
  view.to = to;
  view.cycles = t.last_end;
  // Only what lies inside of the run can be inexact.
  const std::uint64_t upto = std::min(to, t.last_end);
  view.exact = from >= upto || (t.covers(from) && t.covers(upto));
  if (!view.exact) {
    view.resolution = t.resolution(from, to);
  }
  for (auto& busy : view.busy) {
    busy.reserve(pixels);
  }
  view.cause.reserve(pixels);
  const std::uint64_t width = to - from;
  const auto edge = [&](std::uint32_t i) {
    const std::uint64_t whole = width / pixels;
    const std::uint64_t rest = width % pixels;
    return from + whole * i + rest * i / pixels;
  };
  Totals before = t.totals_at(from);
  for (std::uint32_t i = 0; i < pixels; ++i) {
    // Pixels narrower than a cycle show the cycle that they are part of.
    const std::uint64_t left = edge(i);
    const std::uint64_t right = std::max(edge(i + 1), left + 1);
    const bool narrow = right != edge(i + 1);
    const Totals after = t.totals_at(right);
    const std::uint64_t cycles = right - left;
    for (std::size_t l = 0; l < lane_count; ++l) {
      const std::uint64_t busy =
        after.busy[l] > before.busy[l] ? after.busy[l] - before.busy[l] : 0;
      view.busy[l].push_back(static_cast<std::uint16_t>(std::min(busy, cycles) * 1000 / cycles));
    }
    std::int8_t largest = -1;
    std::uint64_t most = 0;
    for (std::size_t c = 0; c < cause_count; ++c) {
      const std::uint64_t share =
        after.causes[c] > before.causes[c] ? after.causes[c] - before.causes[c] : 0;
      if (share > most) {
        most = share;
        largest = static_cast<std::int8_t>(c);
      }
    }
    view.cause.push_back(largest);
    before = narrow ? t.totals_at(edge(i + 1)) : after;
  }
  if (!view.exact || t.pc.empty()) {
    return view;
  }
  std::size_t first = t.after(from);
  first = first > 0 ? first - 1 : 0;
  if (t.overlap) {
    const std::size_t oldest = first > look_back ? first - look_back : 0;
    std::size_t found = first;
    for (std::size_t i = first + 1; i-- > oldest;) {
      found = t.end_of(i) > from ? i : found;
    }
    first = found;
  }
  std::vector<LaneView::Event> events;
  for (std::size_t i = first; i < t.recorded() && t.start[i] < to; ++i) {
    if (t.end_of(i) > from || t.start[i] >= from) {
      if (events.size() == pixels) {
        return view;
      }
      events.push_back({t.pc[i], t.start[i], t.end_of(i)});
    }
  }
  view.events = std::move(events);
  return view;
}

std::optional<Moment> Trace::moment(std::uint64_t cycle) const {
  const Impl& t = *impl_;
  if (!t.covers(cycle)) {
    return std::nullopt;
  }
  const std::size_t first = t.after(cycle);
  const std::size_t oldest = t.overlap && first > look_back ? first - look_back : 0;
  for (std::size_t i = first; i-- > oldest;) {
    if (t.end_of(i) > cycle) {
      return Moment{t.pc[i], t.start[i], t.end_of(i), t.first_index + i};
    }
    if (!t.overlap) {
      break;
    }
  }
  return std::nullopt;
}

void Trace::replay(std::uint64_t first, std::uint64_t count, TimingListener& listener) const {
  const Impl& t = *impl_;
  if (first >= t.recorded()) {
    return;
  }
  const std::size_t begin = to_size(first);
  const std::size_t last = begin + to_size(std::min<std::uint64_t>(count, t.recorded() - begin));
  // A charge comes before the step that starts where it ends.
  auto charge = std::lower_bound(
    t.charges.begin(),
    t.charges.end(),
    begin == 0 ? 0 : t.start[begin - 1] + 1,
    [](const Charge& c, std::uint64_t wanted) { return c.to < wanted; }
  );
  for (std::size_t i = begin; i < last; ++i) {
    for (; charge != t.charges.end() && charge->to <= t.start[i]; ++charge) {
      listener.charged(*charge);
    }
    const Step step{t.pc[i], t.start[i], t.end_of(i), nullptr};
    if (t.waits_of(i) != nullptr) {
      CauseCycles waits{};
      t.add_causes(waits, i, step.end - step.start);
      listener.stepped({step.pc, step.start, step.end, &waits});
    } else {
      listener.stepped(step);
    }
  }
}

std::vector<GroupSpan>
Trace::spans(std::span<const std::uint32_t> group_of_word, std::size_t groups) const {
  const Impl& t = *impl_;
  std::vector<GroupSpan> spans(groups);
  for (std::size_t i = 0; i < t.recorded(); ++i) {
    const std::uint32_t group =
      t.pc[i] < group_of_word.size() ? group_of_word[t.pc[i]] : ~std::uint32_t{0};
    if (group >= groups) {
      continue;
    }
    GroupSpan& span = spans[group];
    span = span.any() ? GroupSpan{span.from, std::max(span.to, t.end_of(i))}
                      : GroupSpan{t.start[i], t.end_of(i)};
  }
  return spans;
}

std::size_t Trace::memory_bytes() const {
  const Impl& t = *impl_;
  return t.pc.size() * sizeof(std::uint32_t) +
         (t.start.size() + t.end.size()) * sizeof(std::uint64_t) + t.waits.size() * sizeof(Waits) +
         t.charges.size() * sizeof(Charge) + (t.fine.size() + t.coarse.capacity()) * sizeof(Mark);
}

} // namespace plena::emu
