// Forms loops of what has been written out: consecutive groups of instructions of one node that are the
// same but for the names of registers that hold nothing from one group to the next, and for numbers
// that change by the same amount from group to group. These are counted up in registers, one for each
// amount. Inner loops are formed first; what repeats around them, in another round.
//
// The order in which instructions run stays as it is, and what they are given, so that memories do.
//
// A loop is formed where the program gets shorter, registers suffice, and what the loop makes the
// program run in addition is at most one in `share_of_cost` of the instructions that it replaces.
#include "base/size.h"
#include "codegen/likeness.h"
#include "codegen/passes.h"
#include "codegen/repeats.h"
#include "codegen/sequences.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Access;
using lower::Item;
using lower::Operand;

constexpr std::uint64_t most_trips = isa::max_of(isa::Field::imm22);
constexpr std::uint64_t share_of_cost = 16;
constexpr int most_rounds = 8; ///< loops in loops
constexpr std::size_t none = static_cast<std::size_t>(-1);

/// Of a value, elements of a sequence.
struct Life {
  std::size_t made = none;
  std::size_t read = none; ///< for the last time
};

/// Groups that go together, but are not worth a loop.
struct Refused {
  std::size_t begin = 0; ///< element
  std::size_t groups = 0;
  std::uint64_t executed = 0; ///< by one of them
};

struct Edit {
  Group where; ///< items that give way
  std::vector<Item> items{};
};

/// One round over a listing.
class Round {
 public:
  Round(const Listing& listing, const PassSettings& settings)
      : listing_(listing),
        settings_(settings),
        ranges_(live_ranges(listing)),
        held_(held_after(listing.items.size(), ranges_)),
        registers_(listing.registers),
        sequences_(listing, settings),
        likeness_(listing),
        lives_(listing),
        numbers_(listing) {}

  /// The listing with the loops that were formed; nothing when there are none.
  std::optional<Listing> run() {
    for (Sequence& sequence : sequences_.all()) {
      sequence_ = &sequence;
      std::vector<std::uint64_t> digests;
      digests.reserve(sequence.elements.size());
      for (const Element& element : sequence.elements) {
        digests.push_back(element.digest);
      }
      for (const Repeat& repeat : find_repeats(digests, to_size(settings_.iteration_instructions))) {
        form_loops(repeat);
      }
    }
    if (edits_.empty()) {
      return std::nullopt;
    }
    return rewritten();
  }

 private:
  std::span<const Item> items_of(const Group& group) const {
    return std::span(listing_.items).subspan(group.begin, group.end - group.begin);
  }

  // ---- where groups begin

  void form_loops(const Repeat& repeat) {
    const std::vector<std::size_t> cut = values_cut(repeat);
    // As many groups as there are, or one less and no value carried over their bounds.
    const std::size_t spare = (repeat.end - repeat.begin) % repeat.period;
    const auto best_of = [&](std::size_t count) {
      return static_cast<std::size_t>(
        std::min_element(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(count)) -
        cut.begin()
      );
    };
    const std::size_t within_spare = best_of(spare + 1);
    const std::size_t anywhere = best_of(repeat.period);
    std::optional<Refused> refused;
    if (form_loops(repeat, within_spare, refused) ||
        (cut[anywhere] < cut[within_spare] && form_loops(repeat, anywhere, refused)) || !refused) {
      return;
    }
    // Several groups as one: as many as go together, or as are long enough.
    const std::size_t room = repeat.end - refused->begin;
    std::size_t times = refused->groups;
    if (2 * times * repeat.period > room) {
      constexpr std::uint64_t long_enough = 8 * share_of_cost; // for several pointers
      times = refused->executed < long_enough ? 2 : 1;
      while (times * refused->executed < share_of_cost) {
        times *= 2;
      }
    }
    if (times > 1 && 2 * times * repeat.period <= room) {
      form_loops({refused->begin, repeat.end, times * repeat.period});
    }
  }

  /// By element of a period: how many values would live across the bound of groups before it.
  std::vector<std::size_t> values_cut(const Repeat& repeat) {
    std::vector<std::size_t> changes(repeat.period + 1);
    const auto note = [&](const Life& life) {
      if (life.made == none || life.read == none || life.read - life.made >= repeat.period) {
        return;
      }
      const std::size_t from = (life.made + 1 - repeat.begin) % repeat.period;
      const std::size_t to = from + (life.read - life.made);
      ++changes[from]; // differences first, which wrap where they are negative
      --changes[std::min(to, repeat.period)];
      if (to > repeat.period) {
        ++changes[0];
        --changes[to - repeat.period];
      }
    };
    lives_.clear();
    const auto each_access = [&](std::size_t element, Access access, auto&& visit) {
      const Element& at = sequence_->elements[element];
      for (std::size_t p = at.begin; p < at.end; ++p) {
        const Item& item = listing_.items[p];
        for (std::size_t i = 0; i < item.operands.size(); ++i) {
          const auto reg_class = lower::class_of(item.operands[i]);
          if (reg_class && lower::accesses(item, i, access)) {
            visit(static_cast<std::size_t>(*reg_class), item.operands[i].reg);
          }
        }
      }
    };
    for (std::size_t e = repeat.begin; e < repeat.end; ++e) {
      each_access(e, Access::Read, [&](std::size_t c, std::uint32_t reg) {
        lives_.at(c, reg).read = e;
      });
      each_access(e, Access::Write, [&](std::size_t c, std::uint32_t reg) {
        Life& life = lives_.at(c, reg);
        if (life.read == e) {
          return; // goes on
        }
        note(life);
        life = {e, none};
      });
    }
    for (std::size_t e = repeat.begin; e < repeat.end; ++e) {
      each_access(e, Access::Write, [&](std::size_t c, std::uint32_t reg) {
        note(lives_.at(c, reg));
        lives_.at(c, reg) = {};
      });
    }
    for (std::size_t i = 1; i < repeat.period; ++i) {
      changes[i] += changes[i - 1];
    }
    changes.resize(repeat.period);
    return changes;
  }

  /// Whether any. Else some groups that go together, if there are such.
  bool form_loops(const Repeat& repeat, std::size_t phase, std::optional<Refused>& refused) {
    std::vector<Group> groups;
    for (std::size_t e = repeat.begin + phase; e + repeat.period <= repeat.end; e += repeat.period) {
      groups.push_back(
        {sequence_->elements[e].begin, sequence_->elements[e + repeat.period - 1].end}
      );
    }
    const auto is_changed = [&](std::size_t group) {
      const std::size_t first = repeat.begin + phase + group * repeat.period;
      return std::any_of(
        sequence_->elements.begin() + static_cast<std::ptrdiff_t>(first),
        sequence_->elements.begin() + static_cast<std::ptrdiff_t>(first + repeat.period),
        [](const Element& element) { return element.changed; }
      );
    };
    bool any = false;
    for (std::size_t base = 0; base + 1 < groups.size();) {
      const std::size_t end = end_of_alike(groups, base, is_changed);
      if (end - base < 2) {
        ++base;
        continue;
      }
      // Any two groups go together; the second may go with more.
      if (end - base == 2 && end < groups.size() &&
          end_of_alike(groups, base + 1, is_changed) > base + 3) {
        ++base;
        continue;
      }
      const std::size_t first = repeat.begin + phase + base * repeat.period;
      if (form_loop(groups, base, end)) {
        any = true;
        for (std::size_t e = first; e < first + (end - base) * repeat.period; ++e) {
          sequence_->elements[e].changed = true;
        }
        sequences_.mark_around(*sequence_);
      } else if (!refused) {
        const Group& one = groups[base];
        refused = {first, end - base, count(items_of(one)).executed};
      }
      base = end;
    }
    return any;
  }

  /// One after the last group that can be a trip of a loop that starts with group `base`.
  template <class F>
  std::size_t
  end_of_alike(const std::vector<Group>& groups, std::size_t base, const F& is_changed) {
    if (is_changed(base)) {
      return base + 1;
    }
    likeness_.set_base(groups[base]);
    std::size_t end = base + 1;
    for (; end < groups.size() && end - base < most_trips; ++end) {
      // A group that others follow holds its own values alone.
      if ((end - base > 1 && !likeness_.keeps_to_itself(groups[end - 1])) || is_changed(end) ||
          !likeness_.is_alike(groups[end], end - base)) {
        break;
      }
    }
    return end;
  }

  // ---- the loop

  /// A number in the loop's body that changes.
  struct Advance {
    std::size_t item = 0;    ///< of the body
    std::size_t operand = 0; ///< the number
    std::uint32_t start = 0;
  };

  /// Replaces groups [first, end) if that is worth it.
  bool form_loop(const std::vector<Group>& groups, std::size_t first, std::size_t end) {
    const Group& base = groups[first];
    const Group& last = groups[end - 1];
    const std::uint64_t trips = end - first;
    // For steps and names of the groups that are left, the last comparison may have been another one.
    likeness_.set_base(base);
    likeness_.is_alike(groups[first + 1], 1);
    likeness_.is_alike(last, end - 1 - first);

    const std::array<std::uint32_t, lower::reg_classes> registers = registers_;
    std::vector<Item> body;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Advance>> advances; // base, step
    std::size_t next_step = 0;
    std::uint64_t same_words = 0; ///< of values that are the same in all groups
    for (std::size_t p = base.begin; p < base.end; ++p) {
      Item item = listing_.items[p];
      bool advanced = false;
      for (std::size_t i = 0; i < item.operands.size() && item.kind != Item::Kind::Comment; ++i) {
        Operand& operand = item.operands[i];
        if (const auto reg_class = lower::class_of(operand)) {
          operand.reg = likeness_.name(static_cast<std::size_t>(*reg_class), operand.reg);
        } else if (may_advance(item, i)) {
          const std::uint32_t step = likeness_.steps()[next_step++];
          if (step != 0) {
            const auto from = base_of(item, i);
            advances[{from ? item.operands[*from].reg : 0, step}].push_back(
              {body.size(), i, static_cast<std::uint32_t>(operand.value)}
            );
            advanced = true;
          }
        }
      }
      const bool value = item.kind == Item::Kind::Set ||
                         (item.kind == Item::Kind::Insn && item.op == Opcode::S_LD_FP);
      same_words += value && !advanced ? words_of(item) : 0;
      body.push_back(item);
    }

    const std::uint32_t node = listing_.items[last.end - 1].node;
    std::vector<Item> items; // those before the loop
    std::vector<Item> steps;
    std::map<std::uint32_t, std::uint32_t> amounts; // in registers
    std::uint64_t copies = 0;
    for (auto& [key, all] : advances) {
      const auto& [from, step] = key;
      std::stable_sort(all.begin(), all.end(), [](const Advance& a, const Advance& b) {
        return a.start < b.start;
      });
      for (std::size_t i = 0; i < all.size();) {
        const std::uint32_t start = all[i].start;
        const Operand pointer = gp(registers_[gp_class]++);
        items.push_back(
          from != 0 ? added(pointer, gp(from), start, node) : set(pointer, start, node)
        );
        bool copied = false;
        for (; i < all.size() && all[i].start - start <= most_offset; ++i) {
          Item& item = body[all[i].item];
          const std::uint32_t distance = all[i].start - start;
          if (item.kind == Item::Kind::Set || item.op == Opcode::S_ADDI_INT) {
            item = added(item.operands[0], pointer, distance, item.node);
            copied = copied || distance == 0;
          } else {
            item.operands[*base_of(item, all[i].operand)] = pointer;
            item.operands[all[i].operand] = number(distance);
          }
        }
        copies += copied ? 1 : 0;
        steps.push_back(stepped(pointer, step, node, amounts, items));
      }
    }
    const Operand counter = gp(registers_[gp_class]++);
    items.push_back({Item::Kind::LoopBegin, {}, {counter, number(trips)}, node});
    const std::size_t start_of_body = items.size();
    items.insert(items.end(), body.begin(), body.end());
    items.insert(items.end(), steps.begin(), steps.end());
    const Counts trip = count(std::span(items).subspan(start_of_body));
    items.push_back({Item::Kind::LoopEnd, {}, {counter}, node});

    const Counts before = count(items_of({base.begin, last.end}));
    const Counts after = count(items);
    const bool shorter = after.words + (trips - 1) * same_words < before.words;
    // A value that starts as its pointer is read from there.
    const std::uint64_t executed = after.executed - std::min(trips * copies, after.executed);
    const bool fast =
      executed <= before.executed || (executed - before.executed) * share_of_cost <= before.executed;
    if (!shorter || !fast || trip.executed + 1 > settings_.iteration_instructions ||
        !registers_suffice(items, base, last) ||
        !sequences_.replace(*sequence_, before.executed, after.executed)) {
      registers_ = registers;
      return false;
    }
    edits_.push_back({{base.begin, last.end}, std::move(items)});
    return true;
  }

  /// Instructions add numbers that are neither negative nor large; others are in registers.
  Item stepped(
    Operand pointer,
    std::uint32_t step,
    std::uint32_t node,
    std::map<std::uint32_t, std::uint32_t>& amounts,
    std::vector<Item>& before
  ) {
    if (step <= most_offset) {
      return added(pointer, pointer, step, node);
    }
    const bool back = step > 0x7FFFFFFF;
    const std::uint32_t amount = back ? 0 - step : step;
    const auto [held, fresh] = amounts.try_emplace(amount, registers_[gp_class]);
    if (fresh) {
      before.push_back(set(gp(registers_[gp_class]++), amount, node));
    }
    return {
      Item::Kind::Insn,
      back ? Opcode::S_SUB_INT : Opcode::S_ADD_INT,
      {pointer, pointer, gp(held->second)},
      node};
  }

  /// Whether there are as many registers as the loop needs, whose last trip has the names of the last
  /// group. Values that live when the loop starts are taken to live until it ends.
  bool registers_suffice(const std::vector<Item>& items, const Group& base, const Group& last) {
    Listing loop;
    numbers_.clear();
    std::array<std::int32_t, lower::reg_classes> outside{};
    std::array<std::vector<bool>, lower::reg_classes> stays; // to the end of the loop
    std::array<std::map<std::uint32_t, std::uint32_t>, lower::reg_classes> fresh;
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      loop.registers[c] = 1;
      stays[c].push_back(false);
      outside[c] = base.begin == 0 ? 0 : held_[c][base.begin - 1];
    }
    loop.items = items;
    for (Item& item : loop.items) {
      for (Operand& operand : item.operands) {
        const auto reg_class = lower::class_of(operand);
        if (!reg_class || is_zero_register(operand)) {
          continue;
        }
        const std::size_t c = static_cast<std::size_t>(*reg_class);
        const bool known = operand.reg < listing_.registers[c];
        std::uint32_t& name = known ? numbers_.at(c, operand.reg) : fresh[c][operand.reg];
        const Range* range = known ? &ranges_[c][operand.reg] : nullptr;
        const bool lives_before = range != nullptr && range->first < base.begin;
        if (lives_before) {
          operand = {}; // counted as outside
          continue;
        }
        if (name == 0) {
          name = loop.registers[c]++;
          stays[c].push_back(range != nullptr && range->last >= last.end);
        }
        operand.reg = name;
      }
    }
    Ranges ranges = live_ranges(loop);
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      for (std::uint32_t reg = 0; reg < ranges[c].size(); ++reg) {
        if (stays[c][reg]) {
          ranges[c][reg].last = loop.items.size() - 1;
        }
      }
    }
    const Held inside = held_after(loop.items.size(), ranges);
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      for (std::size_t p = 0; p < loop.items.size(); ++p) {
        if (outside[c] + inside[c][p] > static_cast<std::int32_t>(register_files[c].capacity())) {
          return false;
        }
      }
    }
    return true;
  }

  Listing rewritten() {
    std::sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) {
      return a.where.begin < b.where.begin;
    });
    Listing out;
    out.comments = listing_.comments;
    out.registers = registers_;
    std::size_t next = 0;
    const auto keep = [&](std::size_t end) {
      out.items.insert(
        out.items.end(),
        listing_.items.begin() + static_cast<std::ptrdiff_t>(next),
        listing_.items.begin() + static_cast<std::ptrdiff_t>(end)
      );
    };
    for (const Edit& edit : edits_) {
      keep(edit.where.begin);
      out.items.insert(out.items.end(), edit.items.begin(), edit.items.end());
      next = edit.where.end;
    }
    keep(listing_.items.size());
    return out;
  }

  const Listing& listing_;
  const PassSettings& settings_;
  Ranges ranges_;
  Held held_;
  std::array<std::uint32_t, lower::reg_classes> registers_;
  Sequences sequences_;
  Likeness likeness_;
  RegisterTable<Life> lives_;
  RegisterTable<std::uint32_t> numbers_; ///< in the loop that is counted
  Sequence* sequence_ = nullptr;
  std::vector<Edit> edits_;
};

} // namespace

Result<Listing> roll(Listing listing, const PassSettings& asked) {
  if (asked.unroll == Unroll::All) {
    return listing;
  }
  for (int round = 0; round < most_rounds; ++round) {
    std::optional<Listing> rolled = Round(listing, asked).run();
    if (!rolled) {
      break;
    }
    listing = std::move(*rolled);
  }
  return listing;
}

} // namespace plena::codegen
