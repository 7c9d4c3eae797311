#include "driver/program_diff.h"

#include "base/check.h"
#include "base/difference.h"
#include "config/config.h"
#include "driver/program_facts.h"
#include "emu/accesses.h"
#include "isa/codec.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace plena::driver {

namespace {

using isa::Instr;
using isa::Opcode;

using Keys = std::vector<std::uint32_t>;
/// Positions of equal keys, rising on both sides.
using Matches = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Sequences that differ by more insertions and removals than this are paired by position: the
/// search takes memory with the square of it, and such texts have little in common to be shown.
constexpr std::size_t most_edits = 1500;

std::uint32_t narrow(std::size_t value) { return static_cast<std::uint32_t>(value); }

/// Pairs of equal keys: what both begin and end with, then as many of the rest as possible.
Matches aligned(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  const auto [head, tail] = common_ends(a, b);
  const std::size_t end_a = a.size() - tail;
  const std::size_t end_b = b.size() - tail;
  Matches matches;
  std::size_t x = 0;
  std::size_t y = 0;
  const auto equal_to = [&](std::size_t end) {
    for (; x < end; ++x, ++y) {
      matches.emplace_back(narrow(x), narrow(y));
    }
  };
  equal_to(head);
  const auto changes =
    shortest_edit(a.subspan(head, end_a - head), b.subspan(head, end_b - head), most_edits);
  if (changes) {
    for (const EditStep& change : *changes) {
      equal_to(head + change.a);
      ++(change.removed ? x : y);
    }
  } else {
    for (; x < std::min(end_a, end_b); ++x) {
      if (a[x] == b[x]) {
        matches.emplace_back(narrow(x), narrow(x));
      }
    }
    x = end_a;
    y = end_b;
  }
  equal_to(a.size());
  return matches;
}

/// A register operand of an opcode, by the space its number belongs to.
struct Use {
  isa::Field field{};
  emu::Space space{};
  bool reads = false;
  bool writes = false;
  bool zero_is_none = false; ///< number 0 stands for a constant
};

std::optional<emu::Space> space_of(isa::Kind kind) {
  switch (kind) {
  case isa::Kind::gp:
  case isa::Kind::step:
    return emu::Space::gp;
  case isa::Kind::fp:
    return emu::Space::f;
  case isa::Kind::addr:
    return emu::Space::a;
  default:
    return std::nullopt;
  }
}

/// What an opcode does with its register operands, from the accesses of an instruction whose
/// operands all have numbers of their own.
std::vector<Use> uses_of(const isa::InsnDef& def) {
  Instr probe{def.code};
  std::uint32_t number = 1;
  for (const isa::Operand& operand : def.reads) {
    if (space_of(operand.kind)) {
      probe.set(operand.field, number++);
    }
  }
  static const config::Machine machine;
  const std::array<std::uint32_t, 16> gp{};
  const std::array<std::uint64_t, 16> addresses{};
  std::vector<emu::Access> accesses;
  emu::accesses_of(probe, {gp, addresses}, machine, accesses);
  std::vector<Use> uses;
  for (const isa::Operand& operand : def.reads) {
    const auto space = space_of(operand.kind);
    if (!space) {
      continue;
    }
    Use use{operand.field, *space, false, false, operand.kind == isa::Kind::step};
    for (const emu::Access& access : accesses) {
      const std::uint64_t wanted = probe.get(operand.field);
      if (access.space == *space && access.first <= wanted && wanted < access.first + access.count) {
        (access.write ? use.writes : use.reads) = true;
      }
    }
    uses.push_back(use);
  }
  return uses;
}

const std::vector<Use>& uses_of(Opcode op) {
  static const std::array<std::vector<Use>, isa::opcode_space> table = [] {
    std::array<std::vector<Use>, isa::opcode_space> made;
    for (const isa::InsnDef& def : isa::all()) {
      made[static_cast<std::size_t>(def.code)] = uses_of(def);
    }
    return made;
  }();
  return table[static_cast<std::size_t>(op)];
}

constexpr std::size_t spaces = 3; ///< gp, f, a: the first of emu::Space
static_assert(static_cast<std::size_t>(emu::Space::a) == spaces - 1);

/// The row that gave each register its value; what they hold at the start has a number of its own.
class Definitions {
 public:
  Definitions() {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      rows_[i] = -1 - static_cast<std::int64_t>(i);
    }
  }
  std::int64_t& of(emu::Space space, std::uint32_t number) {
    return rows_[static_cast<std::size_t>(space) * 16 + number];
  }
  std::int64_t of(emu::Space space, std::uint32_t number) const {
    return rows_[static_cast<std::size_t>(space) * 16 + number];
  }

 private:
  std::array<std::int64_t, spaces * 16> rows_{};
};

/// Follows both programs row by row and says what each row is. Copied to try two alignments.
class Follower {
 public:
  std::size_t real() const { return real_; }

  Change removed(std::uint32_t word) { return alone(a_, word, Change::Removed); }
  Change added(std::uint32_t word) { return alone(b_, word, Change::Added); }

  Change paired(std::uint32_t a_word, std::uint32_t b_word) {
    const isa::Decoded a = isa::decode_word(a_word);
    const isa::Decoded b = isa::decode_word(b_word);
    if (a.status != isa::DecodeStatus::Ok || b.status != isa::DecodeStatus::Ok) {
      return next(a_word == b_word ? Change::Same : Change::Changed);
    }
    Change change = Change::Same;
    const auto at_least = [&](Change other) { change = std::max(change, other); };
    const std::vector<Use>& uses = uses_of(a.instr.op);
    for (const Use& use : uses) {
      const std::uint32_t x = a.instr.get(use.field);
      const std::uint32_t y = b.instr.get(use.field);
      if (use.zero_is_none && (x == 0 || y == 0)) {
        at_least(x == y ? Change::Same : Change::Changed);
        continue;
      }
      if (use.reads && !read(use.space, x, y)) {
        at_least(Change::Changed);
      }
      if (x != y) {
        at_least(Change::Renamed);
      }
    }
    for (const isa::Operand& operand : isa::def(a.instr.op).reads) {
      if (space_of(operand.kind) || a.instr.get(operand.field) == b.instr.get(operand.field)) {
        continue;
      }
      const bool constant =
        operand.kind == isa::Kind::integer && a.instr.op != Opcode::C_LOOP_START;
      at_least(constant ? Change::Shifted : Change::Changed);
    }
    for (const Use& use : uses) {
      if (use.writes) {
        a_.of(use.space, a.instr.get(use.field)) = row_;
        b_.of(use.space, b.instr.get(use.field)) = row_;
      }
    }
    if (a.instr.op == Opcode::C_LOOP_START) {
      loops_.push_back({row_, {}});
    } else if (a.instr.op == Opcode::C_LOOP_END && !close_loop()) {
      at_least(Change::Changed);
    }
    return next(change);
  }

 private:
  /// Registers that a loop's body reads as they were before it: the next iteration finds in them
  /// what this one leaves.
  struct Carried {
    emu::Space space;
    std::uint32_t a;
    std::uint32_t b;
    std::int64_t row; ///< that gave the value
  };
  struct Loop {
    std::int64_t start;
    std::vector<Carried> carried;
  };

  Change next(Change change) {
    ++row_;
    if (is_real(change)) {
      ++real_;
    }
    return change;
  }

  Change alone(Definitions& side, std::uint32_t word, Change change) {
    const isa::Decoded decoded = isa::decode_word(word);
    if (decoded.status == isa::DecodeStatus::Ok) {
      for (const Use& use : uses_of(decoded.instr.op)) {
        if (use.writes) {
          side.of(use.space, decoded.instr.get(use.field)) = row_;
        }
      }
    }
    return next(change);
  }

  bool read(emu::Space space, std::uint32_t x, std::uint32_t y) {
    const std::int64_t row = a_.of(space, x);
    if (row != b_.of(space, y)) {
      return false;
    }
    if (!loops_.empty() && row < loops_.back().start) {
      carry(loops_.back(), {space, x, y, row});
    }
    return true;
  }

  static void carry(Loop& loop, const Carried& value) {
    const bool known =
      std::any_of(loop.carried.begin(), loop.carried.end(), [&](const Carried& one) {
        return one.space == value.space && one.a == value.a && one.b == value.b;
      });
    if (!known) {
      loop.carried.push_back(value);
    }
  }

  /// Whether what the loop carries over is the same on both sides.
  bool close_loop() {
    if (loops_.empty()) {
      return true;
    }
    const Loop loop = std::move(loops_.back());
    loops_.pop_back();
    bool same = true;
    for (const Carried& value : loop.carried) {
      same = same && a_.of(value.space, value.a) == b_.of(value.space, value.b);
      if (!loops_.empty() && value.row < loops_.back().start) {
        carry(loops_.back(), value);
      }
    }
    return same;
  }

  Definitions a_;
  Definitions b_;
  std::vector<Loop> loops_;
  std::int64_t row_ = 0;
  std::size_t real_ = 0;
};

/// Words of one node, one after the other.
struct Segment {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t name = 0; ///< interned
};

using Names = std::map<std::string_view, std::uint32_t>;

std::vector<Segment> segments_of(const DiffSide& side, Names& names) {
  std::vector<Segment> segments;
  for (std::size_t pc = 0; pc < side.words.size(); ++pc) {
    const std::uint32_t node = pc < side.node_of_word.size() ? side.node_of_word[pc] : no_node;
    const std::string_view name =
      node < side.node_names.size() ? std::string_view(side.node_names[node]) : std::string_view{};
    const std::uint32_t interned = names.emplace(name, narrow(names.size())).first->second;
    if (segments.empty() || segments.back().name != interned) {
      segments.push_back({narrow(pc), 0, interned});
    }
    ++segments.back().count;
  }
  return segments;
}

std::uint32_t opcode_key(std::uint32_t word) { return word & ((1U << isa::opcode_bits) - 1); }

Keys opcode_keys(std::span<const std::uint32_t> words) {
  Keys keys(words.size());
  std::transform(words.begin(), words.end(), keys.begin(), opcode_key);
  return keys;
}

/// `matches` with pairs of equal opcodes in the gaps between them.
Matches
filled(const Matches& matches, std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  Matches all;
  std::uint32_t from_a = 0;
  std::uint32_t from_b = 0;
  const auto fill = [&](std::uint32_t to_a, std::uint32_t to_b) {
    for (const auto& [x, y] : aligned(
           opcode_keys(a.subspan(from_a, to_a - from_a)),
           opcode_keys(b.subspan(from_b, to_b - from_b))
         )) {
      all.emplace_back(from_a + x, from_b + y);
    }
  };
  for (const auto& [x, y] : matches) {
    fill(x, y);
    all.emplace_back(x, y);
    from_a = x + 1;
    from_b = y + 1;
  }
  fill(narrow(a.size()), narrow(b.size()));
  return all;
}

/// Nodes of the same name on both sides; without any, nodes say nothing of what belongs together.
bool share_nodes(const DiffSide& a, const DiffSide& b) {
  if (a.node_of_word.empty() || b.node_of_word.empty()) {
    return false;
  }
  const std::set<std::string_view> names(a.node_names.begin(), a.node_names.end());
  return std::any_of(b.node_names.begin(), b.node_names.end(), [&](const std::string& name) {
    return names.contains(name);
  });
}

DiffSide without_nodes(const DiffSide& side) { return {side.words, {}, {}}; }

class Differ {
 public:
  Differ(const DiffSide& a, const DiffSide& b) : a_(a), b_(b) {}

  std::vector<DiffRow> run() {
    Names names;
    const std::vector<Segment> of_a = segments_of(a_, names);
    const std::vector<Segment> of_b = segments_of(b_, names);
    const auto keys = [](const std::vector<Segment>& segments) {
      Keys found;
      for (const Segment& one : segments) {
        found.push_back(one.name);
      }
      return found;
    };
    std::size_t i = 0;
    std::size_t j = 0;
    const auto alone = [&](std::size_t to_i, std::size_t to_j) {
      for (; i < to_i; ++i) {
        only(of_a[i], {});
      }
      for (; j < to_j; ++j) {
        only({}, of_b[j]);
      }
    };
    for (const auto& [x, y] : aligned(keys(of_a), keys(of_b))) {
      alone(x, y);
      both(of_a[x], of_b[y]);
      i = x + 1;
      j = y + 1;
    }
    alone(of_a.size(), of_b.size());
    return std::move(rows_);
  }

 private:
  void only(const Segment& a, const Segment& b) { follow({}, a, b, follower_, rows_); }

  /// Equal words are matched first, which finds what was put in or taken out; or opcodes alone,
  /// which sees through registers that are all others. The better of the two is taken.
  void both(const Segment& a, const Segment& b) {
    const auto words_a = a_.words.subspan(a.first, a.count);
    const auto words_b = b_.words.subspan(b.first, b.count);
    const Matches by_word = filled(aligned(words_a, words_b), words_a, words_b);
    const Matches by_opcode = filled({}, words_a, words_b);
    Follower first = follower_;
    std::vector<DiffRow> first_rows;
    follow(by_word, a, b, first, first_rows);
    Follower second = follower_;
    std::vector<DiffRow> second_rows;
    follow(by_opcode, a, b, second, second_rows);
    const bool take_first = first.real() <= second.real();
    follower_ = take_first ? std::move(first) : std::move(second);
    const std::vector<DiffRow>& taken = take_first ? first_rows : second_rows;
    rows_.insert(rows_.end(), taken.begin(), taken.end());
  }

  void follow(
    const Matches& matches,
    const Segment& a,
    const Segment& b,
    Follower& follower,
    std::vector<DiffRow>& rows
  ) const {
    std::uint32_t i = a.first;
    std::uint32_t j = b.first;
    const auto alone = [&](std::uint32_t to_i, std::uint32_t to_j) {
      for (; i < to_i; ++i) {
        rows.push_back({i, no_word, follower.removed(a_.words[i])});
      }
      for (; j < to_j; ++j) {
        rows.push_back({no_word, j, follower.added(b_.words[j])});
      }
    };
    for (const auto& [x, y] : matches) {
      alone(a.first + x, b.first + y);
      rows.push_back({i, j, follower.paired(a_.words[i], b_.words[j])});
      ++i;
      ++j;
    }
    alone(a.first + a.count, b.first + b.count);
  }

  DiffSide a_;
  DiffSide b_;
  Follower follower_;
  std::vector<DiffRow> rows_;
};

} // namespace

std::vector<DiffRow> program_diff(const DiffSide& a, const DiffSide& b) {
  return share_nodes(a, b) ? Differ(a, b).run() : Differ(without_nodes(a), without_nodes(b)).run();
}

} // namespace plena::driver
