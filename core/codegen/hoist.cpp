// Takes out of loops what is the same in every trip, as far out as registers allow: numbers, values
// made of registers that the loop does not change, entries of the FP SRAM when the loop stores
// none, and settings that it changes nowhere else.
#include "codegen/loop_nest.h"
#include "codegen/passes.h"
#include "codegen/ranges.h"
#include "codegen/registers.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Item;
using lower::Operand;

/// What a loop does, its inner loops included.
struct Effects {
  struct OfSetting {
    std::size_t changes = 0;
    std::size_t first_use = Range::never; ///< position
  };
  std::array<OfSetting, settings.size()> of_setting{}; ///< by its place in `settings`
  bool stores = false; ///< to the FP SRAM
};

class Hoist {
 public:
  Hoist(Listing listing, Loops loops)
      : listing_(std::move(listing)),
        loops_(std::move(loops)),
        loop_of_(innermost_loops(listing_, loops_)),
        writes_(listing_),
        ranges_(live_ranges(listing_)),
        pressure_(listing_, ranges_),
        effects_(loops_.size()),
        target_of_(listing_.items.size(), no_loop) {}

  Listing run() {
    find_effects();
    std::vector<std::pair<std::uint64_t, std::size_t>> candidates; ///< runs, position
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] != no_loop && is_candidate(listing_.items[p])) {
        std::uint64_t runs = 1;
        for (std::size_t at = loop_of_[p]; at != no_loop; at = loops_[at].parent) {
          runs = std::min<std::uint64_t>(runs * loops_[at].trips, most_runs);
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
        moved = (target_of_[p] == no_loop && move(p)) || moved;
      }
    }
    return rewritten();
  }

 private:
  static constexpr std::uint64_t most_runs = std::uint64_t{1} << 40;

  void find_effects() {
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] == no_loop) {
        continue;
      }
      const Item& item = listing_.items[p];
      Effects& effects = effects_[loop_of_[p]];
      effects.stores = effects.stores || stores_fp(item);
      if (const auto setting = setting_of(item)) {
        ++effects.of_setting[setting->number].changes;
      }
      each_read(item, [&](Register reg) {
        if (reg.reg_class == setting_class) {
          std::size_t& first = effects.of_setting[reg.number].first_use;
          first = std::min(first, p);
        }
      });
    }
    for (std::size_t loop = loops_.size(); loop > 0; --loop) { // inner loops start last
      if (loops_[loop - 1].parent == no_loop) {
        continue;
      }
      const Effects& inner = effects_[loop - 1];
      Effects& outer = effects_[loops_[loop - 1].parent];
      outer.stores = outer.stores || inner.stores;
      for (std::size_t s = 0; s < settings.size(); ++s) {
        outer.of_setting[s].changes += inner.of_setting[s].changes;
        outer.of_setting[s].first_use =
          std::min(outer.of_setting[s].first_use, inner.of_setting[s].first_use);
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
      return setting_of(item).has_value();
    }
  }

  /// Whether the register holds the same before the loop and in every trip.
  bool is_fixed(const Operand& operand, std::size_t loop) const {
    const Register reg = register_of(operand);
    if (is_zero_register(operand) ||
        !writes_.any_between(reg, loops_[loop].begin, loops_[loop].end)) {
      return true;
    }
    // Made in the loop, but to be moved out of it.
    if (!writes_.is_made_once(reg)) {
      return false;
    }
    const std::size_t target = target_of_[writes_.of(reg).front()];
    return target != no_loop && loops_[target].begin <= loops_[loop].begin;
  }

  bool may_leave(std::size_t position, std::size_t loop) const {
    const Item& item = listing_.items[position];
    if (const auto setting = setting_of(item)) {
      const Effects::OfSetting& effects = effects_[loop].of_setting[setting->number];
      return effects.changes == 1 && effects.first_use > position &&
             is_fixed(item.operands[0], loop);
    }
    if (!writes_.is_made_once(register_of(item.operands[0])) ||
        (is(item, Opcode::S_LD_FP) && effects_[loop].stores)) {
      return false;
    }
    bool fixed = true;
    each_operand(lower::accesses_of(item).read, [&](std::size_t i) {
      fixed = fixed && is_fixed(item.operands[i], loop);
    });
    return fixed;
  }

  /// Out of as many loops as possible; whether out of any.
  bool move(std::size_t position) {
    std::vector<std::size_t> around; ///< innermost first
    for (std::size_t at = loop_of_[position]; at != no_loop; at = loops_[at].parent) {
      around.push_back(at);
    }
    for (std::size_t k = around.size(); k > 0; --k) {
      if (!may_leave(position, around[k - 1]) || !keep(position, loops_[around[k - 1]])) {
        continue;
      }
      target_of_[position] = around[k - 1];
      if (const auto setting = setting_of(listing_.items[position])) {
        for (std::size_t left = 0; left < k; ++left) {
          --effects_[around[left]].of_setting[setting->number].changes;
        }
      }
      return true;
    }
    return false;
  }

  /// Room for the target from before the loop to its end; a setting takes none.
  bool keep(std::size_t position, const Loop& loop) {
    const Item& item = listing_.items[position];
    if (setting_of(item)) {
      return true;
    }
    const std::size_t before = loop.begin == 0 ? 0 : loop.begin - 1;
    const Register reg = register_of(item.operands[0]);
    Range& range = ranges_[reg.reg_class][reg.number];
    const std::size_t last = std::max(range.last, loop.end);
    if (!pressure_.has_room(reg.reg_class, before, last, position, range.last)) {
      return false;
    }
    pressure_.add(reg.reg_class, before, last, 1);
    pressure_.add(reg.reg_class, position, std::max(range.last, position + 1), -1);
    range = {before, last};
    return true;
  }

  Listing rewritten() {
    std::vector<std::vector<std::size_t>> before(loops_.size()); ///< positions
    for (std::size_t p = 0; p < target_of_.size(); ++p) {
      if (target_of_[p] != no_loop) {
        before[target_of_[p]].push_back(p);
      }
    }
    std::vector<Item> items;
    items.reserve(listing_.items.size());
    std::size_t next = 0;
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (listing_.items[p].kind == Item::Kind::LoopBegin) {
        for (const std::size_t position : before[next++]) {
          items.push_back(listing_.items[position]);
        }
      }
      if (target_of_[p] == no_loop) {
        items.push_back(listing_.items[p]);
      }
    }
    listing_.items = std::move(items);
    return std::move(listing_);
  }

  Listing listing_;
  Loops loops_;
  std::vector<std::size_t> loop_of_; ///< by position
  Writes writes_;
  Ranges ranges_;
  Pressure pressure_;
  std::vector<Effects> effects_;       ///< by loop
  std::vector<std::size_t> target_of_; ///< by position, the loop that the item leaves
};

} // namespace

Result<Listing> hoist(Listing listing, const PassSettings&) {
  Loops loops = loops_of(listing);
  return loops.empty() ? std::move(listing) : Hoist(std::move(listing), std::move(loops)).run();
}

} // namespace plena::codegen
