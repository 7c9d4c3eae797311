// No table of ends per entry is needed: starts never go back and a unit does one instruction at a
// time, so that whoever still holds an entry when the next instruction could start is the occupant
// of a unit. Memory is bounded by the accesses of one instruction per unit, however many rows it
// touches, and placing compares with five instructions at most.
#include "emu/scoreboard.h"

#include "isa/isa.h"

#include <algorithm>
#include <array>
#include <vector>

namespace plena::emu {

namespace {

/// Units that work side by side. Integer and control instructions share one.
enum class Station : std::uint8_t { matrix, vector, scalar_float, control, memory };
constexpr std::size_t station_count = 5;

constexpr Station station_of(isa::Unit unit) {
  switch (unit) {
  case isa::Unit::Matrix:
    return Station::matrix;
  case isa::Unit::Vector:
    return Station::vector;
  case isa::Unit::Float:
    return Station::scalar_float;
  case isa::Unit::Memory:
    return Station::memory;
  case isa::Unit::Integer:
  case isa::Unit::Control:
  case isa::Unit::None:
    break;
  }
  return Station::control;
}

/// Indexed by opcode.
constexpr std::array<Station, isa::opcode_space> stations = [] {
  std::array<Station, isa::opcode_space> table{};
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  table[code] = station_of(isa::Unit::unit);
#include "isa/instructions.def"
  return table;
}();

struct Range {
  Space space{};
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

bool overlap(const Range& x, const Range& y) {
  // No sums, which could wrap.
  return x.space == y.space &&
         (x.first <= y.first ? y.first - x.first < x.count : x.first - y.first < y.count);
}

bool overlap(const std::vector<Range>& xs, const std::vector<Range>& ys) {
  return std::any_of(xs.begin(), xs.end(), [&](const Range& x) {
    return std::any_of(ys.begin(), ys.end(), [&](const Range& y) { return overlap(x, y); });
  });
}

/// First bit in the set of registers, or where the entries are too many for a bit each.
constexpr unsigned in_ranges = 64;
constexpr unsigned first_bit(Space space) {
  switch (space) {
  case Space::gp:
    return 0;
  case Space::a:
    return 16;
  case Space::f:
    return 32;
  case Space::special:
    return 40;
  case Space::accumulator:
    return 44;
  case Space::fp_sram:
  case Space::int_sram:
  case Space::vector_row:
  case Space::matrix_tile:
  case Space::hbm_byte:
    break;
  }
  return in_ranges;
}

/// The registers among them: gp, a, f and the special ones, but no accumulators.
constexpr std::uint64_t operand_registers = (std::uint64_t{1} << first_bit(Space::accumulator)) - 1;

/// Registers and accumulators one bit each, the entries of memories as ranges.
struct Entries {
  std::uint64_t registers = 0;
  std::vector<Range> ranges;

  void clear() {
    registers = 0;
    ranges.clear();
  }
  void add(const Access& access) {
    const unsigned bit = first_bit(access.space);
    if (bit == in_ranges) {
      ranges.push_back({access.space, access.first, access.count});
    } else {
      registers |= ((std::uint64_t{1} << access.count) - 1) << (bit + access.first);
    }
  }
  bool meets(const Entries& other) const {
    return (registers & other.registers) != 0 || overlap(ranges, other.ranges);
  }
};

/// The latest instruction of a unit.
struct Occupant {
  std::uint64_t end = 0;
  std::uint32_t pc = 0;
  Entries reads;
  Entries writes;
};

bool conflict(const Occupant& x, const Occupant& y) {
  return x.writes.meets(y.writes) || x.writes.meets(y.reads) || x.reads.meets(y.writes);
}

} // namespace

struct Scoreboard::Impl {
  std::array<Occupant, station_count> occupants;
  Occupant placed; ///< not settled yet
  std::size_t station = 0;
  std::uint64_t start = 0;      ///< of `placed`
  std::uint64_t last_start = 0; ///< of what was settled
  std::uint64_t end = 0;
  std::uint32_t last_to_end = 0;
};

Scoreboard::Scoreboard(const config::Machine&) : impl_(std::make_unique<Impl>()) {}
Scoreboard::~Scoreboard() = default;
Scoreboard::Scoreboard(const Scoreboard& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}

Scoreboard::Slot
Scoreboard::place(std::uint32_t pc, const isa::Instr& instr, std::span<const Access> accesses) {
  Impl& board = *impl_;
  board.station = static_cast<std::size_t>(stations[static_cast<std::size_t>(instr.op) & 63]);
  Occupant& placed = board.placed;
  placed.pc = pc;
  placed.reads.clear();
  placed.writes.clear();
  for (const Access& access : accesses) {
    // Transfers are in order as it is.
    if (access.space != Space::hbm_byte && access.count > 0) {
      (access.write ? placed.writes : placed.reads).add(access);
    }
  }
  const Occupant& own = board.occupants[board.station];
  Slot slot{board.last_start, 0};
  if (own.end > slot.start) {
    slot = {own.end, own.pc};
  }
  for (const Occupant& other : board.occupants) {
    if (other.end > slot.start && conflict(other, placed)) {
      slot = {other.end, other.pc};
    }
  }
  board.start = slot.start;
  return slot;
}

void Scoreboard::settle(std::uint64_t end) {
  Impl& board = *impl_;
  board.placed.end = end;
  board.last_start = board.start;
  if (end > board.end) {
    board.end = end;
    board.last_to_end = board.placed.pc;
  }
  // Operands in registers are taken at the start: nobody has to wait for them to be read.
  board.placed.reads.registers &= ~operand_registers;
  // The one that leaves gives its room to the next.
  std::swap(board.placed, board.occupants[board.station]);
}

std::uint64_t Scoreboard::end() const { return impl_->end; }
std::uint32_t Scoreboard::last_to_end() const { return impl_->last_to_end; }

} // namespace plena::emu
