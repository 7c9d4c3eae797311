// Follows what registers hold through the listing: a number, or a value that is not known and a
// number added to it. What a register holds already is not made again, zeros come from register 0,
// offsets go into instructions that add a number to an address, and values are made from those that
// stay rather than from those that pass. A register is kept longer only where one is free for it.
#include "codegen/passes.h"
#include "codegen/ranges.h"
#include "lower/verify.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Access;
using lower::Item;
using lower::Operand;

constexpr std::size_t gp_class = static_cast<std::size_t>(lower::RegClass::Gp);
constexpr std::size_t fp_class = static_cast<std::size_t>(lower::RegClass::Fp);
constexpr std::size_t addr_class = static_cast<std::size_t>(lower::RegClass::Addr);
constexpr std::uint32_t most_offset = isa::max_of(isa::Field::imm18);

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

/// The registers that no operand names.
constexpr std::array states{
  Opcode::C_SET_SCALE_REG, Opcode::C_SET_STRIDE_REG, Opcode::C_SET_V_MASK_REG};
constexpr std::array<Value, states.size()> state_at_start{{{0, 0}, {0, 1}, {0, 0}}};

std::optional<std::size_t> state_of(const Item& item) {
  const auto found = std::find(states.begin(), states.end(), item.op);
  return item.kind == Item::Kind::Insn && found != states.end()
           ? std::optional(static_cast<std::size_t>(found - states.begin()))
           : std::nullopt;
}

bool is(const Item& item, Opcode op) { return item.kind == Item::Kind::Insn && item.op == op; }

/// register += number
bool is_step(const Item& item) {
  return is(item, Opcode::S_ADDI_INT) && item.operands[0].reg == item.operands[1].reg;
}

/// A register that a loop writes and does not always make anew.
struct Changed {
  std::size_t reg_class = 0;
  std::uint32_t reg = 0;
  bool steps_only = true; ///< only numbers are added to it
  std::uint32_t step = 0; ///< in one trip, all together
};

struct Loop {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint32_t trips = 0;
  std::vector<Changed> changed{};
  std::array<bool, states.size()> sets{};
  std::vector<std::uint64_t> stores{}; ///< entries of the FP SRAM
  bool stores_anywhere = false;        ///< there
  std::vector<Value> at_start{};      ///< of `changed`, before the first trip
};

/// What the listing says before any of it is changed.
struct Survey {
  std::vector<Loop> loops; ///< in the order of their starts
  std::array<std::vector<std::uint32_t>, lower::reg_classes> writes; ///< how many
  std::array<std::vector<std::uint32_t>, lower::reg_classes> reads;  ///< other than by steps
  std::map<std::pair<std::size_t, std::uint32_t>, std::vector<std::size_t>> rewritten; ///< positions
  std::vector<bool> needs_number_in_register; ///< by Gp: read where register 0 means something else
  std::vector<bool> addresses_only;           ///< by Gp: read only where a number can be added

  explicit Survey(const Listing& listing);

 private:
  void note_loop(const Listing& listing, std::size_t position, std::vector<std::size_t>& open);
  void end_loop(std::vector<std::size_t>& open);
  Changed& changed_in(Loop& loop, std::size_t reg_class, std::uint32_t reg);

  std::vector<std::map<std::pair<std::size_t, std::uint32_t>, std::size_t>> index_; ///< of `changed`
};

/// The operand with the number that an instruction adds to the address in operand `i`, if it does, in
/// words and in text alike.
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

Survey::Survey(const Listing& listing) {
  for (std::size_t c = 0; c < lower::reg_classes; ++c) {
    writes[c].assign(listing.registers[c], 0);
    reads[c].assign(listing.registers[c], 0);
  }
  needs_number_in_register.assign(listing.registers[gp_class], false);
  addresses_only.assign(listing.registers[gp_class], true);
  for (const Item& item : listing.items) {
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      const Operand& operand = item.operands[i];
      const auto reg_class = lower::class_of(operand);
      if (!reg_class || item.kind == Item::Kind::LoopEnd) {
        continue;
      }
      const std::size_t c = static_cast<std::size_t>(*reg_class);
      writes[c][operand.reg] += lower::accesses(item, i, Access::Write) ? 1u : 0u;
      if (!lower::accesses(item, i, Access::Read) || is_step(item)) {
        continue;
      }
      ++reads[c][operand.reg];
      if (c == gp_class) {
        if (isa::def(item.op).reads[i].kind == isa::Kind::step) {
          needs_number_in_register[operand.reg] = true;
        }
        if (!addend_of(item, i)) {
          addresses_only[operand.reg] = false;
        }
      }
    }
  }
  std::vector<std::size_t> open;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    note_loop(listing, p, open);
  }
  index_.clear();
}

Changed& Survey::changed_in(Loop& loop, std::size_t reg_class, std::uint32_t reg) {
  const auto [found, fresh] = index_.back().emplace(std::pair(reg_class, reg), loop.changed.size());
  if (fresh) {
    loop.changed.push_back({reg_class, reg});
  }
  return loop.changed[found->second];
}

void Survey::note_loop(
  const Listing& listing, std::size_t position, std::vector<std::size_t>& open
) {
  const Item& item = listing.items[position];
  if (item.kind == Item::Kind::LoopBegin) {
    open.push_back(loops.size());
    loops.push_back({position, 0, static_cast<std::uint32_t>(item.operands[1].value)});
    index_.emplace_back();
    return;
  }
  if (item.kind == Item::Kind::LoopEnd) {
    loops[open.back()].end = position;
    end_loop(open);
    return;
  }
  if (item.kind == Item::Kind::Comment) {
    return;
  }
  const auto reg_class = lower::class_of(item.operands[0]);
  if (reg_class && lower::accesses(item, 0, Access::Write)) {
    const std::size_t c = static_cast<std::size_t>(*reg_class);
    const std::uint32_t reg = item.operands[0].reg;
    if (writes[c][reg] > 1) {
      rewritten[{c, reg}].push_back(position);
      if (!open.empty()) {
        Changed& changed = changed_in(loops[open.back()], c, reg);
        changed.steps_only = changed.steps_only && is_step(item);
        changed.step += is_step(item) ? static_cast<std::uint32_t>(item.operands[2].value) : 0;
      }
    }
  }
  if (open.empty()) {
    return;
  }
  Loop& loop = loops[open.back()];
  if (const auto state = state_of(item)) {
    loop.sets[*state] = true;
  }
  if (is(item, Opcode::S_ST_FP) && item.operands[1].reg == 0) {
    loop.stores.push_back(item.operands[2].value);
  } else if (is(item, Opcode::S_ST_FP) || is(item, Opcode::V_TOPK)) {
    loop.stores_anywhere = true;
  }
}

/// What a loop does, its outer loop does.
void Survey::end_loop(std::vector<std::size_t>& open) {
  const Loop& inner = loops[open.back()];
  open.pop_back();
  index_.pop_back();
  if (open.empty()) {
    return;
  }
  Loop& outer = loops[open.back()];
  for (const Changed& one : inner.changed) {
    Changed& changed = changed_in(outer, one.reg_class, one.reg);
    changed.steps_only = changed.steps_only && one.steps_only;
    changed.step += one.step * inner.trips;
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
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
      for (std::uint32_t reg = 0; reg < stand_ins_[c].size(); ++reg) {
        stand_ins_[c][reg] = reg;
      }
    }
    roots_.push_back(0); // zero
    state_ = state_at_start;
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
    std::size_t kept = 0;
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      if (!removed_[p]) {
        listing_.items[kept++] = listing_.items[p];
      }
    }
    listing_.items.resize(kept);
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
    const std::size_t c = static_cast<std::size_t>(*lower::class_of(operand));
    return values_[c][stand_ins_[c][operand.reg]];
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
        note_store(address.offset + item.operands[2].value);
      } else {
        stored_anywhere_ = ++stores_;
      }
    }
  }

  // --- registers ---

  bool is_made_once(std::size_t c, std::uint32_t reg) const { return survey_.writes[c][reg] == 1; }

  /// Whether nothing is written to the register after this item and before `last`.
  bool stays(std::size_t c, std::uint32_t reg, std::size_t last) const {
    if (is_made_once(c, reg)) {
      return true;
    }
    const std::vector<std::size_t>& positions = survey_.rewritten.at({c, reg});
    const auto next = std::upper_bound(positions.begin(), positions.end(), at_);
    return next == positions.end() || *next >= last;
  }

  /// How far a register reaches that is read at `last` or, in a loop that it was made before, there.
  std::size_t reach(std::size_t c, std::uint32_t reg, std::size_t last) const {
    const std::size_t first = ranges_[c][reg].first;
    for (const Loop* loop : open_) {
      if (loop->begin > first) {
        return std::max(last, loop->end);
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
    const auto found = homes_[c].find(value.key());
    if (found == homes_[c].end() || values_[c][found->second] != value) {
      return std::nullopt;
    }
    return found->second;
  }

  /// Whether what `reg`, made here, is read for can be read from the register that already holds the
  /// value; then it is from here on.
  bool stand_in(std::size_t c, std::uint32_t reg, Value value) {
    const auto home = home_of(c, value);
    if (!home || !is_made_once(c, reg)) {
      return false;
    }
    Range& range = ranges_[c][reg];
    if (*home == 0 && c != addr_class) {
      if (c == gp_class && survey_.needs_number_in_register[reg]) {
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
    homes_[c][value.key()] = reg;
  }

  void note_read(const Operand& operand) {
    if (operand.kind == Operand::Kind::Gp) {
      steps_[operand.reg].block = 0;
    }
  }

  // --- items ---

  void visit(Item& item) {
    const auto state = state_of(item);
    if (state && state_[*state] == value_of(item.operands[0])) {
      removed_[at_] = true;
      return;
    }
    const auto reg_class = lower::class_of(item.operands[0]);
    const bool writes = reg_class && lower::accesses(item, 0, Access::Write);
    std::optional<Value> result = writes ? result_of(item) : std::nullopt;
    if (state) {
      state_[*state] = value_of(item.operands[0]);
    }
    if (writes) {
      const std::size_t c = static_cast<std::size_t>(*reg_class);
      const std::uint32_t reg = item.operands[0].reg;
      if (result && (values_[c][reg] == *result || stand_in(c, reg, *result))) {
        removed_[at_] = true;
        return;
      }
      if (c == gp_class && is_step(item) && merge_step(item)) {
        hold(c, reg, *result);
        return;
      }
    }
    note_stores(item);
    read_operands(item);
    if (!writes) {
      return;
    }
    const std::size_t c = static_cast<std::size_t>(*reg_class);
    const std::uint32_t reg = item.operands[0].reg;
    if (result && c == gp_class) {
      simplify(item, *result);
    }
    for (std::size_t i = 1; i < item.operands.size(); ++i) {
      if (lower::class_of(item.operands[i]) && lower::accesses(item, i, Access::Read)) {
        note_read(item.operands[i]);
      }
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

  void read_operands(Item& item) {
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      Operand& operand = item.operands[i];
      const auto reg_class = lower::class_of(operand);
      if (!reg_class || !lower::accesses(item, i, Access::Read) ||
          lower::accesses(item, i, Access::Write)) {
        continue;
      }
      const std::size_t c = static_cast<std::size_t>(*reg_class);
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
    }
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
    if (root == 0 || root == address.reg || !survey_.addresses_only[address.reg]) {
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
    const auto set = [&] {
      item.kind = Item::Kind::Set;
      item.op = Opcode::INVALID_OPCODE;
      item.operands = {target, {Operand::Kind::Immediate, 0, value.offset, {}}};
    };
    const auto add = [&](std::uint32_t source, std::uint32_t number) {
      item.kind = Item::Kind::Insn;
      item.op = Opcode::S_ADDI_INT;
      item.operands = {
        target,
        {Operand::Kind::Gp, source, 0, {}},
        {Operand::Kind::Immediate, 0, number, {}}};
    };
    if (value.is_number()) {
      Item made = item;
      std::swap(made, item);
      set();
      if (words_of(item) == 1) {
        return;
      }
      if (made.kind != Item::Kind::Set) {
        std::swap(made, item);
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
        distance(root) > most_offset || !is_made_once(gp_class, source) ||
        survey_.reads[gp_class][source] != 1) {
      return;
    }
    if (keep(gp_class, root)) {
      add(root, distance(root));
    }
  }

  // --- loops ---

  void begin_loop(Loop& loop) {
    ++block_;
    open_.push_back(&loop);
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (loop.sets[i]) {
        state_[i] = fresh(0);
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
          return one.reg_class == gp_class && !survey_.addresses_only[one.reg];
        };
        return as_it_is(a) && !as_it_is(b);
      }
    );
    loop.at_start.clear();
    for (const Changed& one : loop.changed) {
      loop.at_start.push_back(values_[one.reg_class][one.reg]);
    }
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<Value, Value>> together;
    for (std::size_t i = 0; i < loop.changed.size(); ++i) {
      const Changed& one = loop.changed[i];
      const Value before = loop.at_start[i];
      Value now = fresh(one.reg);
      if (one.steps_only && one.reg_class == gp_class) {
        const auto [first, alone] =
          together.try_emplace({before.base, one.step}, std::pair(before, now));
        if (!alone) {
          now = first->second.second.plus(before.offset - first->second.first.offset);
        }
      }
      hold(one.reg_class, one.reg, now);
    }
  }

  void end_loop() {
    ++block_;
    const Loop& loop = *open_.back();
    open_.pop_back();
    for (std::size_t i = 0; i < loop.changed.size(); ++i) {
      const Changed& one = loop.changed[i];
      if (one.steps_only && one.reg_class == gp_class) {
        hold(one.reg_class, one.reg, loop.at_start[i].plus(one.step * loop.trips));
      }
    }
  }

  Listing listing_;
  Survey survey_;
  Ranges ranges_;
  Pressure pressure_;
  std::vector<bool> removed_;
  std::vector<Step> steps_; ///< by Gp: the last step
  std::array<std::vector<Value>, lower::reg_classes> values_;
  /// By register: the one that is read in its place, mostly itself.
  std::array<std::vector<std::uint32_t>, lower::reg_classes> stand_ins_;
  /// By value, a register that held it; it still does if its value says so.
  std::array<std::unordered_map<std::uint64_t, std::uint32_t>, lower::reg_classes> homes_;
  std::vector<std::uint32_t> roots_; ///< by base, the register that it was first held by
  std::map<std::uint32_t, std::uint32_t> large_; ///< numbers that take two words, registers
  std::map<std::pair<std::size_t, std::array<std::uint64_t, 3>>, Value> interned_;
  std::array<Value, states.size()> state_{};
  std::map<std::uint64_t, std::uint64_t> stored_; ///< by entry of the FP SRAM, the number of a store
  std::uint64_t stored_anywhere_ = 0;
  std::uint64_t stores_ = 0;
  std::vector<Loop*> open_;
  std::size_t block_ = 1; ///< of items that are executed one after the other
  std::size_t at_ = 0;
};

} // namespace

Result<Listing> known_values(Listing listing, const PassSettings&) {
  return KnownValues(std::move(listing)).run();
}

} // namespace plena::codegen
