#include "driver/provenance.h"

#include "isa/isa.h"

#include <algorithm>

namespace plena::driver {

namespace {

constexpr std::size_t most_steps = 200;
/// Instructions whose accesses are recorded at a time.
constexpr std::uint64_t longest_stretch = 1 << 15;

bool is_data(emu::Space space) {
  return space != emu::Space::gp && space != emu::Space::a && space != emu::Space::special;
}

/// These hand a sum on and clear it.
bool writes_sum_out(isa::Opcode op) {
  return op == isa::Opcode::M_MM_WO || op == isa::Opcode::M_MV_WO || op == isa::Opcode::M_BMM_WO ||
         op == isa::Opcode::M_BMV_WO;
}

/// Each lane of the result comes from the same lanes of the operands.
bool lane_by_lane(const isa::Instr& instr) {
  return isa::def(instr.op).unit == isa::Unit::Vector && instr.op != isa::Opcode::V_SHFT_V &&
         instr.op != isa::Opcode::V_RED_SUM && instr.op != isa::Opcode::V_RED_MAX &&
         instr.op != isa::Opcode::V_TOPK;
}

} // namespace

void Stretches::add(std::uint64_t first, std::uint64_t count) {
  std::uint64_t end = first + count;
  auto at = ends_.upper_bound(first);
  if (at != ends_.begin() && std::prev(at)->second >= first) {
    --at;
    first = at->first;
  }
  while (at != ends_.end() && at->first <= end) {
    end = std::max(end, at->second);
    at = ends_.erase(at);
  }
  ends_[first] = end;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>>
Stretches::take(std::uint64_t first, std::uint64_t count) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> taken;
  const std::uint64_t end = first + count;
  auto at = ends_.upper_bound(first);
  if (at != ends_.begin()) {
    --at;
  }
  while (at != ends_.end() && at->first < end) {
    const auto [from, to] = *at;
    if (to <= first) {
      ++at;
      continue;
    }
    at = ends_.erase(at);
    if (from < first) {
      ends_[from] = first;
    }
    if (to > end) {
      at = ends_.emplace(end, to).first;
    }
    taken.emplace_back(std::max(from, first), std::min(to, end));
  }
  return taken;
}

Provenance::Provenance(
  emu::Machine scout,
  const config::Machine& settings,
  emu::Space space,
  std::uint64_t first,
  std::uint64_t count,
  std::uint64_t executed
)
    : scout_(std::move(scout)),
      settings_(settings),
      toucher_(settings),
      end_(executed) {
  wants(space).add(first, count);
}

bool Provenance::nothing_left() const {
  return std::all_of(wanted_.begin(), wanted_.end(), [](const Stretches& one) {
    return one.empty();
  });
}

bool Provenance::go_back(const History& history) {
  if (end_ > 0 && !nothing_left()) {
    // Long ways are cut, so that what is recorded at a time stays small.
    scout_.restore(*history.before(end_ - 1).machine);
    std::vector<std::shared_ptr<const emu::State>> states{scout_.save()};
    while (end_ - states.back()->executed() > longest_stretch) {
      scout_.run(longest_stretch);
      states.push_back(scout_.save());
    }
    for (; !states.empty(); states.pop_back()) {
      stretch(*states.back());
    }
  }
  return end_ == 0 || nothing_left();
}

void Provenance::stretch(const emu::State& from) {
  scout_.restore(from);
  struct Entry {
    std::uint32_t pc = 0;
    isa::Instr instr;
    std::size_t touches = 0; ///< where they start
  };
  std::vector<Entry> entries;
  std::vector<Touch> touches;
  for (std::uint64_t at = from.executed(); at < end_ && scout_.next() != nullptr; ++at) {
    entries.push_back({scout_.pc(), *scout_.next(), touches.size()});
    for (const Touch& touch : toucher_.of(*scout_.next(), scout_.operands())) {
      if (is_data(touch.space)) {
        touches.push_back(touch);
      }
    }
    scout_.run(1);
  }
  std::size_t end = touches.size();
  for (std::size_t i = entries.size(); i-- > 0;) {
    const Entry& entry = entries[i];
    visit(
      from.executed() + i,
      entry.pc,
      entry.instr,
      std::span(touches).subspan(entry.touches, end - entry.touches)
    );
    end = entry.touches;
  }
  end_ = from.executed();
}

void Provenance::visit(
  std::uint64_t executed, std::uint32_t pc, const isa::Instr& instr, std::span<const Touch> touches
) {
  const bool sum_out = writes_sum_out(instr.op);
  bool part = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lanes;
  for (const Touch& touch : touches) {
    if (!touch.write) {
      continue;
    }
    const auto taken = wants(touch.space).take(touch.first, touch.count);
    // A sum that is cleared comes from nothing.
    part = part || (!taken.empty() && !(sum_out && touch.space == emu::Space::accumulator));
    if (touch.space == emu::Space::vector_row) {
      for (const auto& [first, last] : taken) {
        lanes.emplace_back(first % settings_.vlen, last - first);
      }
    }
  }
  if (!part) {
    return;
  }
  const bool by_lane = lane_by_lane(instr) && !lanes.empty();
  for (const Touch& touch : touches) {
    if (touch.write) {
      continue;
    }
    if (by_lane && touch.space == emu::Space::vector_row) {
      for (const auto& [lane, count] : lanes) {
        wants(touch.space).add(touch.first + lane, count);
      }
    } else {
      wants(touch.space).add(touch.first, touch.count);
    }
  }
  ++instructions_;
  pcs_.insert(pc);
  if (steps_.size() < most_steps) {
    steps_.push_back({executed, pc});
  }
}

} // namespace plena::driver
