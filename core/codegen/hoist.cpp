// Takes out of loops what is the same in every trip, as far out as registers allow: numbers, values
// made of registers that the loop does not change, entries of the FP SRAM that it does not store, and
// settings of the scale, the stride and the mask that it does not change otherwise.
#include "codegen/loops.h"
#include "codegen/passes.h"
#include "codegen/ranges.h"
#include "lower/verify.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Access;
using lower::Item;
using lower::Operand;

using Register = std::pair<std::size_t, std::uint32_t>; ///< class, number

constexpr std::array states{
  Opcode::C_SET_SCALE_REG, Opcode::C_SET_STRIDE_REG, Opcode::C_SET_V_MASK_REG};

std::size_t state_of(const Item& item) { // states.size(): none
  if (item.kind != Item::Kind::Insn) {
    return states.size();
  }
  return static_cast<std::size_t>(
    std::find(states.begin(), states.end(), item.op) - states.begin()
  );
}

bool uses_state(const Item& item, std::size_t state) {
  if (item.kind != Item::Kind::Insn) {
    return false;
  }
  const isa::InsnDef& def = isa::def(item.op);
  if (states[state] == Opcode::C_SET_SCALE_REG) {
    return def.unit == isa::Unit::Memory;
  }
  const isa::Kind kind =
    states[state] == Opcode::C_SET_STRIDE_REG ? isa::Kind::stride : isa::Kind::mask;
  for (std::size_t i = 0; i < def.reads.size(); ++i) {
    if (def.reads[i].kind == kind && item.operands[i].value != 0) {
      return true;
    }
  }
  return false;
}

struct Loop {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t trips = 0;
  std::size_t parent = 0; ///< index + 1, 0 for none
  std::set<Register> changed{};
  std::array<std::size_t, states.size()> sets{};  ///< how many
  std::array<std::size_t, states.size()> first_use{}; ///< position
  bool stores = false; ///< to the FP SRAM
};

class Hoist {
 public:
  explicit Hoist(Listing listing)
      : listing_(std::move(listing)),
        ranges_(live_ranges(listing_)),
        pressure_(listing_, ranges_) {}

  Listing run() {
    survey();
    std::vector<std::pair<std::uint64_t, std::size_t>> candidates; ///< runs, position
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] != 0 && is_candidate(listing_.items[p])) {
        std::uint64_t runs = 1;
        for (std::size_t at = loop_of_[p]; at != 0; at = loops_[at - 1].parent) {
          runs = std::min<std::uint64_t>(runs * loops_[at - 1].trips, most_runs);
        }
        candidates.emplace_back(runs, p);
      }
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
      return a.first > b.first;
    });
    // What is made of values that move may move after them.
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& [runs, p] : candidates) {
        moved = (target_of_.count(p) == 0 && move(p)) || moved;
      }
    }
    return rewritten();
  }

 private:
  static constexpr std::uint64_t most_runs = std::uint64_t{1} << 40;

  void survey() {
    const std::size_t count = listing_.items.size();
    loop_of_.assign(count, 0);
    std::size_t open = 0;
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      writes_[c].assign(listing_.registers[c], 0);
      made_[c].assign(listing_.registers[c], 0);
    }
    for (std::size_t p = 0; p < count; ++p) {
      const Item& item = listing_.items[p];
      if (item.kind == Item::Kind::LoopBegin) {
        loops_.push_back({p, 0, item.operands[1].value, open});
        loops_.back().first_use.fill(count);
        open = loops_.size();
        continue;
      }
      if (item.kind == Item::Kind::LoopEnd) {
        Loop& loop = loops_[open - 1];
        loop.end = p;
        open = loop.parent;
        if (open != 0) {
          Loop& outer = loops_[open - 1];
          outer.changed.insert(loop.changed.begin(), loop.changed.end());
          outer.stores = outer.stores || loop.stores;
          for (std::size_t s = 0; s < states.size(); ++s) {
            outer.sets[s] += loop.sets[s];
            outer.first_use[s] = std::min(outer.first_use[s], loop.first_use[s]);
          }
        }
        continue;
      }
      loop_of_[p] = open;
      const auto reg_class = lower::class_of(item.operands[0]);
      if (reg_class && lower::accesses(item, 0, Access::Write)) {
        const std::size_t c = static_cast<std::size_t>(*reg_class);
        ++writes_[c][item.operands[0].reg];
        made_[c][item.operands[0].reg] = p;
        if (open != 0) {
          loops_[open - 1].changed.emplace(c, item.operands[0].reg);
        }
      }
      if (open == 0) {
        continue;
      }
      Loop& loop = loops_[open - 1];
      loop.stores = loop.stores || (item.kind == Item::Kind::Insn &&
                                    (item.op == Opcode::S_ST_FP || item.op == Opcode::V_TOPK));
      for (std::size_t s = 0; s < states.size(); ++s) {
        loop.sets[s] += state_of(item) == s ? 1u : 0u;
        if (uses_state(item, s)) {
          loop.first_use[s] = std::min(loop.first_use[s], p);
        }
      }
    }
  }

  static bool is_candidate(const Item& item) {
    if (item.kind != Item::Kind::Insn) {
      return item.kind == Item::Kind::Set;
    }
    switch (item.op) {
    case Opcode::S_ADDI_INT:
    case Opcode::S_ADD_INT:
    case Opcode::S_SUB_INT:
    case Opcode::S_MUL_INT:
    case Opcode::S_LD_FP:
    case Opcode::C_SET_ADDR_REG:
      return true;
    default:
      return state_of(item) != states.size();
    }
  }

  /// Whether the register holds the same before the loop and in every trip.
  bool is_fixed(const Operand& operand, const Loop& loop) const {
    const std::size_t c = static_cast<std::size_t>(*lower::class_of(operand));
    if (is_zero_register(operand)) {
      return true;
    }
    if (loop.changed.count({c, operand.reg}) == 0) {
      return true;
    }
    // Made in the loop, but to be moved out of it.
    const auto target = target_of_.find(made_[c][operand.reg]);
    return writes_[c][operand.reg] == 1 && target != target_of_.end() &&
           loops_[target->second].begin <= loop.begin;
  }

  bool may_leave(std::size_t position, const Loop& loop) const {
    const Item& item = listing_.items[position];
    if (const std::size_t s = state_of(item); s != states.size()) {
      return loop.sets[s] == 1 && loop.first_use[s] > position && is_fixed(item.operands[0], loop);
    }
    const std::size_t c = static_cast<std::size_t>(*lower::class_of(item.operands[0]));
    if (writes_[c][item.operands[0].reg] != 1 || (item.op == Opcode::S_LD_FP && loop.stores)) {
      return false;
    }
    for (std::size_t i = 1; i < item.operands.size(); ++i) {
      if (lower::class_of(item.operands[i]) && !is_fixed(item.operands[i], loop)) {
        return false;
      }
    }
    return true;
  }

  /// Out of as many loops as possible; whether out of any.
  bool move(std::size_t position) {
    std::vector<std::size_t> around; ///< outermost first
    for (std::size_t at = loop_of_[position]; at != 0; at = loops_[at - 1].parent) {
      around.insert(around.begin(), at - 1);
    }
    for (const std::size_t number : around) {
      Loop& loop = loops_[number];
      if (may_leave(position, loop) && keep(position, loop)) {
        target_of_[position] = number;
        if (const std::size_t s = state_of(listing_.items[position]); s != states.size()) {
          for (const std::size_t inner : around) {
            if (loops_[inner].begin >= loop.begin) {
              --loops_[inner].sets[s];
            }
          }
        }
        return true;
      }
    }
    return false;
  }

  /// Room for the target from before the loop to its end.
  bool keep(std::size_t position, const Loop& loop) {
    const Item& item = listing_.items[position];
    const std::size_t before = loop.begin == 0 ? 0 : loop.begin - 1;
    if (state_of(item) != states.size()) {
      return true;
    }
    const std::size_t c = static_cast<std::size_t>(*lower::class_of(item.operands[0]));
    Range& range = ranges_[c][item.operands[0].reg];
    const std::size_t last = std::max(range.last, loop.end);
    if (!pressure_.has_room(c, before, last, position, range.last)) {
      return false;
    }
    pressure_.add(c, before, last, 1);
    pressure_.add(c, position, std::max(range.last, position + 1), -1);
    range = {before, last};
    return true;
  }

  Listing rewritten() {
    std::map<std::size_t, std::vector<std::size_t>> before; ///< by start of a loop, positions
    for (const auto& [position, loop] : target_of_) {
      before[loops_[loop].begin].push_back(position);
    }
    std::vector<Item> items;
    items.reserve(listing_.items.size());
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (const auto found = before.find(p); found != before.end()) {
        for (const std::size_t position : found->second) {
          items.push_back(listing_.items[position]);
        }
      }
      if (target_of_.count(p) == 0) {
        items.push_back(listing_.items[p]);
      }
    }
    listing_.items = std::move(items);
    return std::move(listing_);
  }

  Listing listing_;
  Ranges ranges_;
  Pressure pressure_;
  std::vector<Loop> loops_;
  std::vector<std::size_t> loop_of_; ///< by position: the innermost loop, index + 1
  std::array<std::vector<std::uint32_t>, lower::reg_classes> writes_; ///< how many, by register
  std::array<std::vector<std::size_t>, lower::reg_classes> made_; ///< last write
  std::map<std::size_t, std::size_t> target_of_; ///< by position, the loop that it leaves
};

} // namespace

Result<Listing> hoist(Listing listing, const PassSettings&) {
  return has_loops(listing) ? Hoist(std::move(listing)).run() : std::move(listing);
}

} // namespace plena::codegen
