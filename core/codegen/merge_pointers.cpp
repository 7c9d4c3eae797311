// A loop that copies a pointer, lets an inner loop step the copy and then steps the pointer needs
// only one of them: the copy is stepped by what is left. A loop with nothing but a loop in it
// becomes one loop.
#include "codegen/loop_nest.h"
#include "codegen/passes.h"
#include "codegen/ranges.h"
#include "codegen/registers.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Item;
using lower::Operand;

constexpr std::uint64_t most_trips = isa::max_of(isa::Field::imm22);

/// A step at the end of a loop's body; amounts wrap like registers.
struct Rest {
  std::size_t loop = 0;
  std::uint32_t reg = 0;
  std::uint32_t amount = 0;
};

class MergePointers {
 public:
  MergePointers(Listing listing, Loops loops)
      : listing_(std::move(listing)),
        loops_(std::move(loops)),
        loop_of_(innermost_loops(listing_, loops_)),
        ranges_(live_ranges(listing_)),
        pressure_(listing_, ranges_),
        removed_(listing_.items.size(), false) {}

  Listing run() {
    find_accesses();
    std::vector<std::vector<std::size_t>> steps(loops_.size()); ///< positions
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] != no_loop && is_step(listing_.items[p])) {
        steps[loop_of_[p]].push_back(p);
      }
    }
    // Inner loops end first.
    std::vector<std::size_t> order(loops_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return loops_[a].end < loops_[b].end;
    });
    for (const std::size_t loop : order) {
      for (const std::size_t p : steps[loop]) {
        if (!removed_[p]) {
          merge(loop, p);
        }
      }
    }
    return rewritten();
  }

 private:
  /// Of registers that loops step.
  void find_accesses() {
    accesses_.resize(listing_.registers[gp_class]);
    std::vector<bool> stepped(accesses_.size());
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] != no_loop && is_step(listing_.items[p])) {
        stepped[listing_.items[p].operands[0].reg] = true;
      }
    }
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      for (const Operand& operand : listing_.items[p].operands) {
        if (operand.kind == Operand::Kind::Gp && stepped[operand.reg]) {
          std::vector<std::size_t>& positions = accesses_[operand.reg];
          if (positions.empty() || positions.back() != p) {
            positions.push_back(p);
          }
        }
      }
    }
  }

  /// How often what lies in the loop `innermost` runs in one trip of `loop`.
  std::uint32_t runs(std::size_t innermost, std::size_t loop) const {
    std::uint32_t times = 1;
    for (std::size_t at = innermost; at != loop; at = loops_[at].parent) {
      times *= static_cast<std::uint32_t>(loops_[at].trips);
    }
    return times;
  }

  /// What one trip of the loop adds to the copy that is made at `copied`; nothing when the copy is
  /// used outside of it or otherwise than as a pointer.
  std::optional<std::uint32_t>
  total_step(std::uint32_t copy, std::size_t copied, std::size_t loop) const {
    std::uint32_t total = 0;
    for (const std::size_t p : accesses_[copy]) {
      if (p == copied) {
        continue;
      }
      if (p < copied || !loops_[loop].holds(p)) {
        return std::nullopt;
      }
      const Item& item = listing_.items[p];
      if (removed_[p]) {
        continue;
      }
      if (is_step(item)) {
        total += static_cast<std::uint32_t>(item.operands[2].value) * runs(loop_of_[p], loop);
      } else if (written_by(item) == Register{gp_class, copy}) {
        return std::nullopt;
      }
    }
    const auto [first, last] = rests_of_.equal_range(copy);
    for (auto found = first; found != last; ++found) {
      const Rest& rest = rests_[found->second];
      total += rest.amount * runs(rest.loop, loop);
    }
    return total;
  }

  /// The pointer that the item at `stepped`, at the level of the loop's body, steps.
  void merge(std::size_t loop, std::size_t stepped) {
    const Item& step = listing_.items[stepped];
    const std::uint32_t pointer = step.operands[0].reg;
    const std::vector<std::size_t>& accesses = accesses_[pointer];
    if (accesses.size() != 3 || accesses[2] != stepped || accesses[0] >= loops_[loop].begin ||
        loop_of_[accesses[1]] != loop) {
      return;
    }
    const std::size_t made = accesses[0];
    const std::size_t copied = accesses[1];
    const Item& copy = listing_.items[copied];
    Item& origin = listing_.items[made];
    if (removed_[made] || removed_[copied] || !is_addition(copy) || is_step(copy)) {
      return;
    }
    const std::uint32_t target = copy.operands[0].reg;
    const bool number = origin.kind == Item::Kind::Set;
    if (accesses_[target].empty() || (!number && (!is_addition(origin) || is_step(origin)))) {
      return;
    }
    Operand& value = origin.operands[number ? 1 : 2];
    const std::uint64_t moved = value.value + copy.operands[2].value;
    if (moved > most_offset && moved != value.value) {
      return;
    }
    const auto total = total_step(target, copied, loop);
    if (!total) {
      return;
    }
    const auto forward = static_cast<std::uint32_t>(step.operands[2].value);
    const Rest rest{loop, target, forward - *total};
    // Backwards by a number in a register, since instructions only add.
    if (rest.amount > most_offset) {
      const std::size_t from = loops_[loop].begin - 1; // the origin lies before
      const Range& passing = ranges_[gp_class][target];
      if (!pressure_.has_room(gp_class, from, loops_[loop].end, copied, passing.last)) {
        return;
      }
      pressure_.add(gp_class, from, loops_[loop].end, 1);
    }
    value.value = moved;
    origin.operands[0].reg = target;
    removed_[copied] = removed_[stepped] = true;
    rests_of_.emplace(target, rests_.size());
    rests_.push_back(rest);
    accesses_[target].front() = made;
    // The copy takes the place of the pointer.
    const Range pointer_range = ranges_[gp_class][pointer];
    Range& range = ranges_[gp_class][target];
    pressure_.add(gp_class, copied, std::max(range.last, copied + 1), -1);
    range = {made, std::max(pointer_range.last, loops_[loop].end)};
  }

  Listing rewritten() {
    std::map<std::size_t, std::vector<Rest>> by_end;
    std::map<std::size_t, std::map<std::uint32_t, std::uint32_t>> numbers; ///< by start of a loop
    for (const Rest& rest : rests_) {
      if (rest.amount == 0) {
        continue;
      }
      by_end[loops_[rest.loop].end].push_back(rest);
      if (rest.amount > most_offset) {
        auto [at, fresh] = numbers[loops_[rest.loop].begin].try_emplace(0u - rest.amount);
        if (fresh) {
          at->second = listing_.registers[gp_class]++;
        }
      }
    }
    const std::set<std::size_t> flat = loops_to_flatten(by_end, numbers);
    std::vector<Item> items;
    items.reserve(listing_.items.size());
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      Item& item = listing_.items[p];
      if (const auto found = numbers.find(p); found != numbers.end()) {
        for (const auto& [number, reg] : found->second) {
          items.push_back(set(gp(reg), number, item.node));
        }
      }
      if (const auto found = by_end.find(p); found != by_end.end()) {
        for (const Rest& rest : found->second) {
          const Operand reg = gp(rest.reg);
          if (rest.amount <= most_offset) {
            items.push_back(added(reg, reg, rest.amount, item.node));
          } else {
            const std::uint32_t number =
              numbers.at(loops_[rest.loop].begin).at(0u - rest.amount);
            items.push_back(
              {Item::Kind::Insn, Opcode::S_SUB_INT, {reg, reg, gp(number)}, item.node}
            );
          }
        }
      }
      if (!removed_[p] && flat.count(p) == 0) {
        items.push_back(item);
      }
    }
    listing_.items = std::move(items);
    return std::move(listing_);
  }

  /// Starts and ends of loops that hold nothing but a loop, whose trips the inner loop then makes.
  std::set<std::size_t> loops_to_flatten(
    const std::map<std::size_t, std::vector<Rest>>& by_end,
    const std::map<std::size_t, std::map<std::uint32_t, std::uint32_t>>& numbers
  ) {
    std::set<std::size_t> flat;
    std::vector<std::size_t> inner(loops_.size());
    std::vector<std::size_t> count(loops_.size());
    std::vector<bool> other(loops_.size());
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      if (loops_[i].parent != no_loop) {
        ++count[loops_[i].parent];
        inner[loops_[i].parent] = i;
      }
      other[i] = by_end.count(loops_[i].end) != 0;
    }
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      if (loops_[i].parent != no_loop && numbers.count(loops_[i].begin) != 0) {
        other[loops_[i].parent] = true;
      }
    }
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      const Item::Kind kind = listing_.items[p].kind;
      if (loop_of_[p] != no_loop && !removed_[p] &&
          (kind == Item::Kind::Insn || kind == Item::Kind::Set)) {
        other[loop_of_[p]] = true;
      }
    }
    for (std::size_t i = 0; i < loops_.size(); ++i) { // outer loops start first
      if (count[i] != 1 || other[i]) {
        continue;
      }
      Operand& trips = listing_.items[loops_[inner[i]].begin].operands[1];
      const std::uint64_t product = listing_.items[loops_[i].begin].operands[1].value * trips.value;
      if (product <= most_trips) {
        trips.value = product;
        flat.insert(loops_[i].begin);
        flat.insert(loops_[i].end);
      }
    }
    return flat;
  }

  Listing listing_;
  Loops loops_;
  std::vector<std::size_t> loop_of_; ///< by position
  Ranges ranges_;
  Pressure pressure_;
  std::vector<bool> removed_;
  std::vector<std::vector<std::size_t>> accesses_; ///< positions, by Gp that a loop steps
  std::vector<Rest> rests_;
  std::multimap<std::uint32_t, std::size_t> rests_of_; ///< by Gp, places in `rests_`
};

} // namespace

Result<Listing> merge_pointers(Listing listing, const PassSettings&) {
  Loops loops = loops_of(listing);
  return loops.empty() ? std::move(listing)
                       : MergePointers(std::move(listing), std::move(loops)).run();
}

} // namespace plena::codegen
