// Follows what registers hold through the listing: a number, or a value that is not known and a
// number added to it. What a register holds already is not made again, zeros come from register 0,
// offsets go into instructions that add a number to an address, and values are made from those that
// stay rather than from those that pass. A register is kept longer only where one is free for it.
#include "codegen/loop_nest.h"
#include "codegen/passes.h"
#include "codegen/ranges.h"
#include "codegen/registers.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Item;
using lower::Operand;

/// `base` stands for a number that is not known, 0 for zero.
struct Value {
  std::uint32_t base = 0;
  std::uint32_t offset = 0;

  bool operator==(const Value&) const = default;
  bool is_number() const { return base == 0; }
  std::uint64_t key() const { return (std::uint64_t{base} << 32) | offset; }
  Value plus(std::uint32_t amount) const { return {base, offset + amount}; }
};

constexpr Value unwritten{0xFFFFFFFF, 0};

/// A register that holds each value, the last that got it; it still does if its value says so. What
/// is looked up one after the other lies together, as long listings have more values than caches hold.
class Homes {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  std::uint32_t find(Value value) const { return entries_[place_of(value)].reg; }
  void set(Value value, std::uint32_t reg) {
    Entry& entry = entries_[place_of(value)];
    const bool fresh = entry.reg == none;
    entry = {value, reg};
    if (fresh && ++used_ * 2 > entries_.size()) {
      grow();
    }
  }

 private:
  struct Entry {
    Value value{};
    std::uint32_t reg = none;
  };

  /// Where the value is, or would be.
  std::size_t place_of(Value value) const {
    const std::size_t last = entries_.size() - 1; // a power of two less one
    const auto mixed = static_cast<std::size_t>((value.key() * 0x9E3779B97F4A7C15) >> 32);
    std::size_t place = (value.offset + value.base * std::size_t{0x9E3779B1}) & last;
    while (entries_[place].reg != none && entries_[place].value != value) {
      place = (place + (mixed | 1)) & last;
    }
    return place;
  }
  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.reg != none) {
        entries_[place_of(entry.value)] = entry;
      }
    }
  }

  std::vector<Entry> entries_ = std::vector<Entry>(16);
  std::size_t used_ = 0;
};

/// A register that a loop writes and does not always make anew.
struct Changed {
  Register reg;
  bool steps_only = true; ///< only numbers are added to it
  std::uint32_t step = 0; ///< in one trip, all together

  bool is_pointer() const { return steps_only && reg.reg_class == gp_class; }
};

struct LoopEffects {
  Loop where;
  std::vector<Changed> changed{};
  std::array<bool, settings.size()> sets{};
  std::vector<std::uint64_t> stores{}; ///< entries of the FP SRAM
  bool stores_anywhere = false;        ///< there
  std::vector<Value> at_start{};       ///< of `changed`, before the first trip

  std::uint32_t total(const Changed& one) const {
    return one.step * static_cast<std::uint32_t>(where.trips);
  }
};

/// What the listing says before any of it is changed.
struct Survey {
  std::vector<LoopEffects> loops; ///< in the order of their starts
  Writes writes;
  struct Use {
    std::uint32_t reads = 0;               ///< other than by steps
    bool needs_number_in_register = false; ///< read where register 0 means something else
    bool addresses_only = true;            ///< read only where a number can be added
  };
  std::vector<Use> uses; ///< by Gp

  explicit Survey(const Listing& listing);

 private:
  using Places = std::map<std::pair<std::size_t, std::uint32_t>, std::size_t>;

  void note_uses(const Item& item);
  void find_effects(const Listing& listing);
  void end_loop(std::vector<std::size_t>& open);
  Changed& changed_in(LoopEffects& loop, Register reg);

  std::vector<Places> places_; ///< in `changed`, of the loops that are open
};

/// The operand with the number that an instruction adds to the address in operand `i`, if it does,
/// in words and in text alike.
std::optional<std::size_t> addend_of(const Item& item, std::size_t i) {
  if (item.kind != Item::Kind::Insn) {
    return std::nullopt;
  }
  std::size_t address = 0;
  switch (item.op) {
  case Opcode::M_MM_WO:
    address = 0;
    break;
  case Opcode::S_LD_FP:
  case Opcode::S_ST_FP:
  case Opcode::S_MAP_V_FP:
  case Opcode::S_LD_INT:
  case Opcode::S_ST_INT:
    address = 1;
    break;
  default:
    return std::nullopt;
  }
  return i == address ? std::optional<std::size_t>(2) : std::nullopt;
}

Survey::Survey(const Listing& listing) : uses(listing.registers[gp_class]) {
  // Long listings take their time to go through: once for everything.
  std::vector<std::pair<Register, std::size_t>> written;
  written.reserve(listing.items.size());
  std::size_t open = no_loop;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::LoopBegin) {
      loops.push_back({{p, 0, item.operands[1].value, open}});
      open = loops.size() - 1;
    } else if (item.kind == Item::Kind::LoopEnd) {
      loops[open].where.end = p;
      open = loops[open].where.parent;
    } else if (const auto reg = written_by(item)) {
      written.emplace_back(*reg, p);
    }
    if (item.kind == Item::Kind::Insn && !is_step(item)) {
      note_uses(item);
    }
  }
  writes = Writes(listing, written);
  if (!loops.empty()) {
    find_effects(listing);
  }
}

void Survey::note_uses(const Item& item) {
  each_operand(lower::accesses_of(item).read, [&](std::size_t i) {
    if (item.operands[i].kind != Operand::Kind::Gp) {
      return;
    }
    Use& use = uses[item.operands[i].reg];
    ++use.reads;
    if (isa::def(item.op).reads[i].kind == isa::Kind::step) {
      use.needs_number_in_register = true;
    }
    if (!addend_of(item, i)) {
      use.addresses_only = false;
    }
  });
}

Changed& Survey::changed_in(LoopEffects& loop, Register reg) {
  const auto [found, fresh] =
    places_.back().emplace(std::pair(reg.reg_class, reg.number), loop.changed.size());
  if (fresh) {
    loop.changed.push_back({reg});
  }
  return loop.changed[found->second];
}

void Survey::find_effects(const Listing& listing) {
  std::vector<std::size_t> open;
  std::size_t next = 0;
  for (const Item& item : listing.items) {
    if (item.kind == Item::Kind::LoopBegin) {
      open.push_back(next++);
      places_.emplace_back();
      continue;
    }
    if (item.kind == Item::Kind::LoopEnd) {
      end_loop(open);
      continue;
    }
    if (open.empty()) {
      continue;
    }
    LoopEffects& loop = loops[open.back()];
    if (const auto setting = setting_of(item)) {
      loop.sets[setting->number] = true;
    } else if (const auto reg = written_by(item); reg && !writes.is_made_once(*reg)) {
      Changed& changed = changed_in(loop, *reg);
      changed.steps_only = changed.steps_only && is_step(item);
      changed.step += is_step(item) ? static_cast<std::uint32_t>(item.operands[2].value) : 0;
    }
    if (is(item, Opcode::S_ST_FP) && item.operands[1].reg == 0) {
      loop.stores.push_back(item.operands[2].value);
    } else if (stores_fp(item)) {
      loop.stores_anywhere = true;
    }
  }
}

/// What a loop does, its outer loop does.
void Survey::end_loop(std::vector<std::size_t>& open) {
  const LoopEffects& inner = loops[open.back()];
  open.pop_back();
  places_.pop_back();
  if (open.empty()) {
    return;
  }
  LoopEffects& outer = loops[open.back()];
  for (const Changed& one : inner.changed) {
    Changed& changed = changed_in(outer, one.reg);
    changed.steps_only = changed.steps_only && one.steps_only;
    changed.step += inner.total(one);
  }
  for (std::size_t i = 0; i < settings.size(); ++i) {
    outer.sets[i] = outer.sets[i] || inner.sets[i];
  }
  outer.stores.insert(outer.stores.end(), inner.stores.begin(), inner.stores.end());
  outer.stores_anywhere = outer.stores_anywhere || inner.stores_anywhere;
}

class KnownValues {
 public:
  explicit KnownValues(Listing listing)
      : listing_(std::move(listing)),
        survey_(listing_),
        ranges_(live_ranges(listing_)),
        pressure_(listing_, ranges_),
        removed_(listing_.items.size(), false),
        steps_(listing_.registers[gp_class]) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      values_[c].assign(listing_.registers[c], unwritten);
      values_[c][0] = {};
      stand_ins_[c].resize(listing_.registers[c]);
      std::iota(stand_ins_[c].begin(), stand_ins_[c].end(), 0);
    }
    roots_.push_back(0); // zero
    for (std::size_t i = 0; i < settings.size(); ++i) {
      settings_[i] = {0, settings[i].at_start};
    }
  }

  Listing run() {
    std::size_t next_loop = 0;
    for (at_ = 0; at_ < listing_.items.size(); ++at_) {
      Item& item = listing_.items[at_];
      switch (item.kind) {
      case Item::Kind::LoopBegin:
        begin_loop(survey_.loops[next_loop++]);
        break;
      case Item::Kind::LoopEnd:
        end_loop();
        break;
      case Item::Kind::Insn:
      case Item::Kind::Set:
        visit(item);
        break;
      case Item::Kind::Comment:
        break;
      }
    }
    drop(listing_, removed_);
    return std::move(listing_);
  }

 private:
  struct Step {
    std::size_t position = 0;
    std::size_t block = 0; ///< 0: the register has been read since
  };

  // --- values ---

  Value fresh(std::uint32_t root) {
    roots_.push_back(root);
    return {static_cast<std::uint32_t>(roots_.size() - 1), 0};
  }
  /// The same value for the same key.
  Value interned(std::size_t reg_class, std::array<std::uint64_t, 3> key) {
    const auto [found, made] = interned_.try_emplace(std::pair(reg_class, key));
    if (made) {
      found->second = fresh(0);
    }
    return found->second;
  }

  Value value_of(const Operand& operand) const {
    const Register reg = register_of(operand);
    return values_[reg.reg_class][stand_ins_[reg.reg_class][reg.number]];
  }

  /// What the item leaves in its target; nothing when it is not known.
  std::optional<Value> result_of(const Item& item) {
    const auto number = [&](std::size_t i) {
      return static_cast<std::uint32_t>(item.operands[i].value);
    };
    if (item.kind == Item::Kind::Set) {
      return Value{0, number(1)};
    }
    const auto value = [&](std::size_t i) { return value_of(item.operands[i]); };
    switch (item.op) {
    case Opcode::S_ADDI_INT:
      return value(1).plus(number(2));
    case Opcode::S_ADD_INT:
      if (value(2).is_number()) {
        return value(1).plus(value(2).offset);
      }
      return value(1).is_number() ? std::optional(value(2).plus(value(1).offset)) : std::nullopt;
    case Opcode::S_SUB_INT:
      if (value(2).is_number()) {
        return value(1).plus(0 - value(2).offset);
      }
      return value(1).base == value(2).base
               ? std::optional(Value{0, value(1).offset - value(2).offset})
               : std::nullopt;
    case Opcode::S_MUL_INT:
      return value(1).is_number() && value(2).is_number()
               ? std::optional(Value{0, value(1).offset * value(2).offset})
               : std::nullopt;
    case Opcode::S_LD_FP:
      return loaded(value(1).plus(number(2)));
    case Opcode::S_ADD_FP: // +0 + +0, which is how a scalar is cleared
      return item.operands[1].reg == 0 && item.operands[2].reg == 0 ? std::optional(Value{})
                                                                    : std::nullopt;
    case Opcode::C_SET_ADDR_REG:
      return interned(addr_class, {value(1).key(), value(2).key(), 0});
    default:
      return std::nullopt;
    }
  }

  /// An entry of the FP SRAM as it is now.
  Value loaded(Value address) {
    std::uint64_t since = stores_; // an address that is not known may be that of any entry
    if (address.is_number()) {
      const auto stored = stored_.find(address.offset);
      since = std::max(stored_anywhere_, stored == stored_.end() ? 0 : stored->second);
    }
    return interned(fp_class, {address.key(), since, 0});
  }

  void note_store(std::uint64_t entry) { stored_[entry] = ++stores_; }
  void note_stores(const Item& item) {
    if (is(item, Opcode::V_TOPK)) {
      stored_anywhere_ = ++stores_;
    } else if (is(item, Opcode::S_ST_FP)) {
      const Value address = value_of(item.operands[1]);
      if (address.is_number()) {
        note_store(address.plus(static_cast<std::uint32_t>(item.operands[2].value)).offset);
      } else {
        stored_anywhere_ = ++stores_;
      }
    }
  }

  // --- registers ---

  /// Whether nothing is written to the register after this item and before `last`.
  bool stays(std::size_t c, std::uint32_t reg, std::size_t last) const {
    return survey_.writes.is_made_once({c, reg}) ||
           !survey_.writes.any_between({c, reg}, at_, last);
  }

  /// How far a register reaches that is read at `last`: in a loop that it was made before, to the
  /// loop's end.
  std::size_t reach(std::size_t c, std::uint32_t reg, std::size_t last) const {
    const std::size_t first = ranges_[c][reg].first;
    for (const LoopEffects* loop : open_) {
      if (loop->where.begin > first) {
        return std::max(last, loop->where.end);
      }
    }
    return last;
  }

  /// Keeps the register until this item, if there is room.
  bool keep(std::size_t c, std::uint32_t reg) {
    if (reg == 0) {
      return true;
    }
    Range& range = ranges_[c][reg];
    const std::size_t last = reach(c, reg, at_);
    if (last <= range.last) {
      return true;
    }
    if (!pressure_.has_room(c, range.last, last)) {
      return false;
    }
    pressure_.add(c, range.last, last, 1);
    range.last = last;
    return true;
  }

  /// The register that holds the value, if one does.
  std::optional<std::uint32_t> home_of(std::size_t c, Value value) const {
    if (c != addr_class && value == Value{}) {
      return 0;
    }
    const std::uint32_t reg = homes_[c].find(value);
    return reg != Homes::none && values_[c][reg] == value ? std::optional(reg) : std::nullopt;
  }

  /// Whether what `reg`, made here, is read for can be read from the register that already holds
  /// the value; then it is from here on.
  bool stand_in(std::size_t c, std::uint32_t reg, Value value) {
    const auto home = home_of(c, value);
    if (!home || !survey_.writes.is_made_once({c, reg})) {
      return false;
    }
    Range& range = ranges_[c][reg];
    if (*home == 0 && c != addr_class) {
      if (c == gp_class && survey_.uses[reg].needs_number_in_register) {
        return false;
      }
      pressure_.add(c, at_, std::max(range.last, at_ + 1), -1);
      stand_ins_[c][reg] = 0;
      return true;
    }
    if (range.last <= at_ || !stays(c, *home, range.last)) {
      return false;
    }
    Range& longer = ranges_[c][*home];
    const std::size_t last = std::max(longer.last, reach(c, *home, range.last));
    if (!pressure_.has_room(c, longer.last, last, at_, range.last)) {
      return false;
    }
    pressure_.add(c, longer.last, last, 1);
    pressure_.add(c, at_, range.last, -1);
    longer.last = last;
    stand_ins_[c][reg] = *home;
    return true;
  }

  void hold(std::size_t c, std::uint32_t reg, Value value) {
    values_[c][reg] = value;
    homes_[c].set(value, reg);
  }

  void note_read(const Operand& operand) {
    if (operand.kind == Operand::Kind::Gp) {
      steps_[operand.reg].block = 0;
    }
  }

  // --- items ---

  void visit(Item& item) {
    if (const auto setting = setting_of(item)) {
      Value& held = settings_[setting->number];
      const Value value = value_of(item.operands[0]);
      if (held == value) {
        removed_[at_] = true;
        return;
      }
      held = value;
    }
    const lower::Accesses accesses = lower::accesses_of(item);
    if (accesses.written == 0) {
      note_stores(item);
      read_operands(item, accesses);
      return;
    }
    const auto [c, reg] = register_of(item.operands[0]);
    const std::optional<Value> result = result_of(item);
    if (result && (values_[c][reg] == *result || stand_in(c, reg, *result))) {
      removed_[at_] = true;
      return;
    }
    if (c == gp_class && is_step(item) && merge_step(item)) {
      hold(c, reg, *result);
      return;
    }
    read_operands(item, accesses);
    if (result && c == gp_class) {
      simplify(item, *result);
    }
    for (std::size_t i = 1; i < item.operands.size(); ++i) {
      note_read(item.operands[i]);
    }
    if (c == gp_class) {
      steps_[reg] = is_step(item) ? Step{at_, block_} : Step{};
    }
    hold(c, reg, result ? *result : fresh(reg));
  }

  /// A step right after another one of the same register is one step.
  bool merge_step(Item& item) {
    Step& step = steps_[item.operands[0].reg];
    if (step.block != block_) {
      return false;
    }
    const Item& before = listing_.items[step.position];
    const std::uint64_t sum = before.operands[2].value + item.operands[2].value;
    if (sum > most_offset) {
      return false;
    }
    removed_[step.position] = true;
    item.operands[2].value = sum;
    step.position = at_;
    return true;
  }

  void read_operands(Item& item, lower::Accesses accesses) {
    each_operand(accesses.read, [&](std::size_t i) {
      if (((accesses.written >> i) & 1) != 0) {
        return;
      }
      Operand& operand = item.operands[i];
      const std::size_t c = register_of(operand).reg_class;
      operand.reg = stand_ins_[c][operand.reg];
      if (const auto addend = addend_of(item, i)) {
        fold_address(operand, item.operands[*addend]);
      }
      const bool may_be_zero =
        c != addr_class && isa::def(item.op).reads[i].kind != isa::Kind::step;
      if (may_be_zero && values_[c][operand.reg] == Value{}) {
        operand.reg = 0;
      }
      note_read(operand);
    });
  }

  /// The address from register 0, or from a register that is needed anyway.
  void fold_address(Operand& address, Operand& addend) {
    const Value value = values_[gp_class][address.reg];
    const std::uint64_t number = value.offset + addend.value;
    if (value.is_number()) {
      if (number <= most_offset) {
        address.reg = 0;
        addend.value = number;
      }
      return;
    }
    const std::uint32_t root = roots_[value.base];
    if (root == 0 || root == address.reg || !survey_.uses[address.reg].addresses_only) {
      return;
    }
    const Value held = values_[gp_class][root];
    const std::uint64_t distance = std::uint32_t{value.offset - held.offset} + addend.value;
    if (held.base == value.base && distance <= most_offset && keep(gp_class, root)) {
      address.reg = root;
      addend.value = distance;
    }
  }

  /// The shortest way to the value, and from registers that stay.
  void simplify(Item& item, Value value) {
    const Operand target = item.operands[0];
    const auto add = [&](std::uint32_t source, std::uint32_t number) {
      item.kind = Item::Kind::Insn;
      item.op = Opcode::S_ADDI_INT;
      item.operands = {
        target,
        {Operand::Kind::Gp, source, 0, {}},
        {Operand::Kind::Immediate, 0, number, {}}};
    };
    if (value.is_number()) {
      if (item.kind != Item::Kind::Set) {
        Item set{Item::Kind::Set, Opcode::INVALID_OPCODE, {target}, item.node};
        set.operands[1] = {Operand::Kind::Immediate, 0, value.offset, {}};
        if (words_of(set) == 1) {
          item = set;
        }
        return;
      }
      if (words_of(item) == 1) {
        return;
      }
      const auto near = large_.upper_bound(value.offset);
      if (near != large_.begin()) {
        const auto [number, source] = *std::prev(near);
        if (value.offset - number <= most_offset) {
          if (values_[gp_class][source] == Value{0, number} && keep(gp_class, source)) {
            add(source, value.offset - number);
            return;
          }
          large_.erase(std::prev(near));
        }
      }
      large_[value.offset] = target.reg;
      return;
    }
    if (item.kind != Item::Kind::Insn || is_step(item)) {
      return;
    }
    // From the value's root, when the source is there for nothing else.
    const std::uint32_t root = roots_[value.base];
    const auto source_of = [&](std::size_t i) { return item.operands[i].reg; };
    const auto distance = [&](std::uint32_t source) {
      return std::uint32_t{value.offset - values_[gp_class][source].offset};
    };
    if (item.op == Opcode::S_ADD_INT || item.op == Opcode::S_SUB_INT) {
      for (std::size_t i = 1; i <= 2; ++i) {
        if (values_[gp_class][source_of(i)].base == value.base &&
            distance(source_of(i)) <= most_offset) {
          add(source_of(i), distance(source_of(i)));
          break;
        }
      }
    }
    if (item.op != Opcode::S_ADDI_INT) {
      return;
    }
    const std::uint32_t source = source_of(1);
    if (root == 0 || root == source || values_[gp_class][root].base != value.base ||
        distance(root) > most_offset || !survey_.writes.is_made_once({gp_class, source}) ||
        survey_.uses[source].reads != 1) {
      return;
    }
    if (keep(gp_class, root)) {
      add(root, distance(root));
    }
  }

  // --- loops ---

  void begin_loop(LoopEffects& loop) {
    ++block_;
    open_.push_back(&loop);
    for (std::size_t i = 0; i < settings.size(); ++i) {
      if (loop.sets[i]) {
        settings_[i] = fresh(0);
      }
    }
    if (loop.stores_anywhere) {
      stored_anywhere_ = ++stores_;
    }
    for (const std::uint64_t entry : loop.stores) {
      note_store(entry);
    }
    // Registers that go together stay at their distance. Those that are needed as they are come
    // first, so that the others may be reached from them.
    std::stable_sort(
      loop.changed.begin(), loop.changed.end(), [&](const Changed& a, const Changed& b) {
        const auto as_it_is = [&](const Changed& one) {
          return one.reg.reg_class == gp_class && !survey_.uses[one.reg.number].addresses_only;
        };
        return as_it_is(a) && !as_it_is(b);
      }
    );
    loop.at_start.clear();
    for (const Changed& one : loop.changed) {
      loop.at_start.push_back(values_[one.reg.reg_class][one.reg.number]);
    }
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<Value, Value>> together;
    for (std::size_t i = 0; i < loop.changed.size(); ++i) {
      const Changed& one = loop.changed[i];
      const Value before = loop.at_start[i];
      Value now = fresh(one.reg.number);
      if (one.is_pointer()) {
        const auto [first, alone] =
          together.try_emplace({before.base, one.step}, std::pair(before, now));
        if (!alone) {
          now = first->second.second.plus(before.offset - first->second.first.offset);
        }
      }
      hold(one.reg.reg_class, one.reg.number, now);
    }
  }

  void end_loop() {
    ++block_;
    const LoopEffects& loop = *open_.back();
    open_.pop_back();
    for (std::size_t i = 0; i < loop.changed.size(); ++i) {
      const Changed& one = loop.changed[i];
      if (one.is_pointer()) {
        hold(gp_class, one.reg.number, loop.at_start[i].plus(loop.total(one)));
      }
    }
  }

  Listing listing_;
  Survey survey_;
  Ranges ranges_;
  Pressure pressure_;
  std::vector<std::uint8_t> removed_;
  std::vector<Step> steps_; ///< by Gp: the last step
  std::array<std::vector<Value>, lower::reg_classes> values_;
  /// By register: the one that is read in its place, mostly itself.
  std::array<std::vector<std::uint32_t>, lower::reg_classes> stand_ins_;
  std::array<Homes, lower::reg_classes> homes_;
  std::vector<std::uint32_t> roots_; ///< by base, the register that it was first held by
  std::map<std::uint32_t, std::uint32_t> large_; ///< numbers that take two words, registers
  std::map<std::pair<std::size_t, std::array<std::uint64_t, 3>>, Value> interned_;
  std::array<Value, settings.size()> settings_{};
  std::map<std::uint64_t, std::uint64_t> stored_; ///< by entry of the FP SRAM, a store's number
  std::uint64_t stored_anywhere_ = 0;
  std::uint64_t stores_ = 0;
  std::vector<LoopEffects*> open_;
  std::size_t block_ = 1; ///< of items that are executed one after the other
  std::size_t at_ = 0;
};

} // namespace

Result<Listing> known_values(Listing listing, const PassSettings&) {
  return KnownValues(std::move(listing)).run();
}

} // namespace plena::codegen
