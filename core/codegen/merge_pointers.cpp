// A loop that copies a pointer, lets an inner loop step the copy and then steps the pointer needs
// only one of them: the copy is stepped by what is left. A loop with nothing but a loop in it becomes
// one loop.
#include "codegen/loops.h"
#include "codegen/passes.h"
#include "codegen/ranges.h"
#include "lower/verify.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Item;
using lower::Operand;

constexpr std::size_t gp_class = static_cast<std::size_t>(lower::RegClass::Gp);
constexpr std::uint64_t most_offset = isa::max_of(isa::Field::imm18);
constexpr std::uint64_t most_trips = isa::max_of(isa::Field::imm22);

bool is_addition(const Item& item) {
  return item.kind == Item::Kind::Insn && item.op == Opcode::S_ADDI_INT;
}
bool is_step(const Item& item) {
  return is_addition(item) && item.operands[0].reg == item.operands[1].reg;
}

struct Loop {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t trips = 0;
  std::size_t parent = 0; ///< index + 1, 0 for none
};

/// A step at the end of a loop's body; amounts wrap like registers.
struct Rest {
  std::size_t loop = 0;
  std::uint32_t reg = 0;
  std::uint32_t amount = 0;
};

class MergePointers {
 public:
  explicit MergePointers(Listing listing)
      : listing_(std::move(listing)),
        ranges_(live_ranges(listing_)),
        pressure_(listing_, ranges_),
        removed_(listing_.items.size(), false) {}

  Listing run() {
    find_loops();
    find_accesses();
    // Inner loops end first.
    std::vector<std::size_t> order(loops_.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return loops_[a].end < loops_[b].end;
    });
    for (const std::size_t loop : order) {
      for (std::size_t p = loops_[loop].begin + 1; p < loops_[loop].end; ++p) {
        if (loop_of_[p] == loop + 1 && is_step(listing_.items[p]) && !removed_[p]) {
          merge(loop, p);
        }
      }
    }
    return rewritten();
  }

 private:
  void find_loops() {
    loop_of_.assign(listing_.items.size(), 0);
    std::size_t open = 0;
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      const Item& item = listing_.items[p];
      if (item.kind == Item::Kind::LoopBegin) {
        loops_.push_back({p, 0, item.operands[1].value, open});
        open = loops_.size();
      } else if (item.kind == Item::Kind::LoopEnd) {
        loops_[open - 1].end = p;
        open = loops_[open - 1].parent;
      } else {
        loop_of_[p] = open;
      }
    }
  }

  /// Of registers that loops step.
  void find_accesses() {
    std::set<std::uint32_t> stepped;
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] != 0 && is_step(listing_.items[p])) {
        stepped.insert(listing_.items[p].operands[0].reg);
      }
    }
    if (stepped.empty()) {
      return;
    }
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      for (const Operand& operand : listing_.items[p].operands) {
        if (operand.kind == Operand::Kind::Gp && stepped.count(operand.reg) != 0) {
          std::vector<std::size_t>& positions = accesses_[operand.reg];
          if (positions.empty() || positions.back() != p) {
            positions.push_back(p);
          }
        }
      }
    }
  }

  bool inside(std::size_t position, std::size_t loop) const {
    return loops_[loop].begin < position && position < loops_[loop].end;
  }

  /// How often the item at this position runs in one trip of the loop.
  std::uint32_t runs(std::size_t innermost, std::size_t loop) const {
    std::uint32_t times = 1;
    for (std::size_t at = innermost; at != loop + 1; at = loops_[at - 1].parent) {
      times *= static_cast<std::uint32_t>(loops_[at - 1].trips);
    }
    return times;
  }

  /// What one trip of the loop adds to the copy that is made at `copied`; nothing when the copy is
  /// used outside of it or otherwise than as a pointer.
  std::optional<std::uint32_t>
  total_step(std::uint32_t copy, std::size_t copied, std::size_t loop) const {
    std::uint32_t total = 0;
    for (const std::size_t p : accesses_.at(copy)) {
      if (p == copied) {
        continue;
      }
      if (p < copied || !inside(p, loop)) {
        return std::nullopt;
      }
      const Item& item = listing_.items[p];
      if (removed_[p]) {
        continue;
      }
      if (is_step(item)) {
        total += static_cast<std::uint32_t>(item.operands[2].value) * runs(loop_of_[p], loop);
      } else if (item.operands[0].reg == copy && item.operands[0].kind == Operand::Kind::Gp &&
                 lower::accesses(item, 0, lower::Access::Write)) {
        return std::nullopt;
      }
    }
    for (const Rest& rest : rests_) {
      if (rest.reg == copy) {
        total += rest.amount * runs(rest.loop + 1, loop);
      }
    }
    return total;
  }

  /// The pointer that the item at `stepped`, at the level of the loop's body, steps.
  void merge(std::size_t loop, std::size_t stepped) {
    const Item& step = listing_.items[stepped];
    const std::uint32_t pointer = step.operands[0].reg;
    const std::vector<std::size_t>& accesses = accesses_.at(pointer);
    if (accesses.size() != 3 || accesses[2] != stepped || accesses[0] >= loops_[loop].begin ||
        loop_of_[accesses[1]] != loop + 1) {
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
    if (accesses_.count(target) == 0 || (!number && (!is_addition(origin) || is_step(origin)))) {
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
    rests_.push_back(rest);
    std::vector<std::size_t>& of_target = accesses_[target];
    of_target.erase(of_target.begin());
    of_target.insert(of_target.begin(), made);
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
    const auto gp = [](std::uint32_t reg) { return Operand{Operand::Kind::Gp, reg, 0, {}}; };
    const auto immediate = [](std::uint64_t n) {
      return Operand{Operand::Kind::Immediate, 0, n, {}};
    };
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      Item& item = listing_.items[p];
      if (const auto found = numbers.find(p); found != numbers.end()) {
        for (const auto& [number, reg] : found->second) {
          items.push_back(
            {Item::Kind::Set, Opcode::INVALID_OPCODE, {gp(reg), immediate(number)}, item.node}
          );
        }
      }
      if (const auto found = by_end.find(p); found != by_end.end()) {
        for (const Rest& rest : found->second) {
          const Operand reg = gp(rest.reg);
          if (rest.amount <= most_offset) {
            items.push_back(
              {Item::Kind::Insn, Opcode::S_ADDI_INT, {reg, reg, immediate(rest.amount)}, item.node}
            );
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
      if (loops_[i].parent != 0) {
        ++count[loops_[i].parent - 1];
        inner[loops_[i].parent - 1] = i;
      }
      other[i] = by_end.count(loops_[i].end) != 0;
    }
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      if (loops_[i].parent != 0 && numbers.count(loops_[i].begin) != 0) {
        other[loops_[i].parent - 1] = true;
      }
    }
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (loop_of_[p] != 0 && !removed_[p] && listing_.items[p].kind != Item::Kind::Comment) {
        other[loop_of_[p] - 1] = true;
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
  Ranges ranges_;
  Pressure pressure_;
  std::vector<bool> removed_;
  std::vector<Loop> loops_; ///< in the order of their starts
  std::vector<std::size_t> loop_of_; ///< by position: the innermost loop, index + 1
  std::map<std::uint32_t, std::vector<std::size_t>> accesses_; ///< positions, by register
  std::vector<Rest> rests_;
};

} // namespace

Result<Listing> merge_pointers(Listing listing, const PassSettings&) {
  return has_loops(listing) ? MergePointers(std::move(listing)).run() : std::move(listing);
}

} // namespace plena::codegen
