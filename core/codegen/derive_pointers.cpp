// Of pointers that a loop steps alike only one is carried from trip to trip: the others are made from
// it, by adding the distance, where they are read. That takes as many instructions as their steps in
// that loop, and saves those that start them and those that step them in loops around.
#include "codegen/loop_nest.h"
#include "codegen/loops.h"
#include "codegen/passes.h"
#include "codegen/registers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace plena::codegen {

namespace {

using lower::Access;
using lower::Item;
using lower::Operand;

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// A register that is set once and then only stepped.
struct Pointer {
  std::uint32_t reg = 0;
  std::size_t set = none; ///< position
  std::size_t loop = no_loop; ///< the one that all reads lie in, innermost
  bool plain = true;       ///< is as said, so far
  std::vector<std::size_t> steps{};
  std::vector<std::size_t> reads{};
};

class DerivePointers {
 public:
  explicit DerivePointers(Listing listing)
      : listing_(std::move(listing)),
        loops_(loops_of(listing_)),
        loop_of_(innermost_loops(listing_, loops_)),
        pointers_(listing_.registers[gp_class]),
        removed_(listing_.items.size(), false) {}

  Listing run() {
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      const Item::Kind kind = listing_.items[p].kind;
      if (kind == Item::Kind::Insn || kind == Item::Kind::Set) {
        note(listing_.items[p], p);
      }
    }
    std::map<std::size_t, std::vector<const Pointer*>> by_loop;
    for (const Pointer& pointer : pointers_) {
      if (pointer.plain && pointer.set != none && !pointer.steps.empty() && pointer.loop != no_loop) {
        by_loop[pointer.loop].push_back(&pointer);
      }
    }
    for (auto& [loop, pointers] : by_loop) {
      std::stable_sort(pointers.begin(), pointers.end(), [&](const Pointer* a, const Pointer* b) {
        return start_of(*a) < start_of(*b);
      });
      std::vector<const Pointer*> carried;
      for (const Pointer* pointer : pointers) {
        const bool derived = std::any_of(carried.begin(), carried.end(), [&](const Pointer* from) {
          return derive(*pointer, *from);
        });
        if (!derived) {
          carried.push_back(pointer);
        }
      }
    }
    return rewritten();
  }

 private:
  struct Insertion {
    std::size_t before = 0;
    Item item{};
  };

  void note(const Item& item, std::size_t position) {
    if (is_step(item)) {
      pointers_[item.operands[0].reg].steps.push_back(position);
      return;
    }
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      if (item.operands[i].kind != Operand::Kind::Gp) {
        continue;
      }
      Pointer& pointer = pointers_[item.operands[i].reg];
      pointer.reg = item.operands[i].reg;
      if (lower::accesses(item, i, Access::Write)) {
        pointer.plain = pointer.plain && pointer.set == none && item.kind == Item::Kind::Set;
        pointer.set = position;
        continue;
      }
      pointer.plain = pointer.plain && (pointer.reads.empty() || pointer.loop == loop_of_[position]);
      pointer.loop = loop_of_[position];
      pointer.reads.push_back(position);
    }
  }

  std::uint32_t start_of(const Pointer& pointer) const {
    return static_cast<std::uint32_t>(listing_.items[pointer.set].operands[1].value);
  }
  std::uint32_t amount_of(std::size_t step) const {
    return static_cast<std::uint32_t>(listing_.items[step].operands[2].value);
  }

  /// The outermost loop around `loop` in which the pointer is not set.
  std::size_t outermost(std::size_t loop, const Pointer& pointer) const {
    while (loops_[loop].parent != no_loop && loops_[loops_[loop].parent].begin > pointer.set) {
      loop = loops_[loop].parent;
    }
    return loop;
  }

  struct Steps {
    std::uint32_t before = 0; ///< a position
    std::uint32_t all = 0;
  };
  /// In one trip of the loop, without those in inner loops.
  Steps steps_in(std::size_t loop, const Pointer& pointer, std::size_t position) const {
    Steps steps;
    for (const std::size_t step : pointer.steps) {
      if (loop_of_[step] == loop) {
        steps.all += amount_of(step);
        steps.before += step < position ? amount_of(step) : 0;
      }
    }
    return steps;
  }

  /// What is to be added to `from` for `pointer` when a trip of their loop starts, if that is the same
  /// in all trips.
  std::optional<std::uint32_t> distance(const Pointer& pointer, const Pointer& from) const {
    const std::size_t outer = outermost(pointer.loop, pointer);
    if (outer != outermost(pointer.loop, from) || loop_of_[pointer.set] != loop_of_[from.set] ||
        std::max(pointer.set, from.set) > loops_[outer].begin) {
      return std::nullopt;
    }
    std::size_t counted = 0;
    std::uint32_t distance = start_of(pointer) - start_of(from);
    std::size_t inner = no_loop;
    for (std::size_t loop = pointer.loop;; loop = loops_[loop].parent) {
      const std::size_t position = inner == no_loop ? loops_[loop].begin : loops_[inner].begin;
      const Steps mine = steps_in(loop, pointer, position);
      const Steps theirs = steps_in(loop, from, position);
      if (mine.all != theirs.all) {
        return std::nullopt;
      }
      distance += mine.before - theirs.before;
      for (const Pointer* one : {&pointer, &from}) {
        counted += static_cast<std::size_t>(
          std::count_if(one->steps.begin(), one->steps.end(), [&](std::size_t step) {
            return loop_of_[step] == loop;
          })
        );
      }
      inner = loop;
      if (loop == outer) {
        break;
      }
    }
    // No steps in other loops, or outside of these.
    return counted == pointer.steps.size() + from.steps.size() ? std::optional(distance)
                                                               : std::nullopt;
  }

  /// Whether `pointer` is made from `from` from here on.
  bool derive(const Pointer& pointer, const Pointer& from) {
    const auto at_start = distance(pointer, from);
    if (!at_start) {
      return false;
    }
    std::uint32_t apart = *at_start;
    std::vector<Insertion> insertions;
    bool made = false;
    std::size_t steps = 0;
    auto next_step = pointer.steps.begin();
    auto next_of_other = from.steps.begin();
    const auto go_to = [&](std::size_t position) {
      for (; next_step != pointer.steps.end() && *next_step < position; ++next_step) {
        if (loop_of_[*next_step] == pointer.loop) {
          apart += amount_of(*next_step);
          made = false;
          ++steps;
        }
      }
      for (; next_of_other != from.steps.end() && *next_of_other < position; ++next_of_other) {
        apart -= loop_of_[*next_of_other] == pointer.loop ? amount_of(*next_of_other) : 0;
      }
    };
    for (const std::size_t read : pointer.reads) {
      go_to(read);
      if (made) {
        continue;
      }
      if (apart > most_offset) {
        return false;
      }
      insertions.push_back(
        {read, added(gp(pointer.reg), gp(from.reg), apart, listing_.items[read].node)}
      );
      made = true;
    }
    go_to(loops_[pointer.loop].end);
    if (insertions.size() > steps) {
      return false;
    }
    insertions_.insert(insertions_.end(), insertions.begin(), insertions.end());
    removed_[pointer.set] = true;
    for (const std::size_t step : pointer.steps) {
      removed_[step] = true;
    }
    return true;
  }

  Listing rewritten() {
    std::stable_sort(
      insertions_.begin(), insertions_.end(), [](const Insertion& a, const Insertion& b) {
        return a.before < b.before;
      }
    );
    std::vector<Item> items;
    items.reserve(listing_.items.size());
    auto next = insertions_.begin();
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      for (; next != insertions_.end() && next->before == p; ++next) {
        items.push_back(next->item);
      }
      if (!removed_[p]) {
        items.push_back(listing_.items[p]);
      }
    }
    listing_.items = std::move(items);
    return std::move(listing_);
  }

  Listing listing_;
  Loops loops_;
  std::vector<std::size_t> loop_of_; ///< by position: the innermost loop
  std::vector<Pointer> pointers_;    ///< by register
  std::vector<bool> removed_;
  std::vector<Insertion> insertions_;
};

} // namespace

Result<Listing> derive_pointers(Listing listing, const PassSettings&) {
  return has_loops(listing) ? DerivePointers(std::move(listing)).run() : std::move(listing);
}

} // namespace plena::codegen
