// The overlap schedule: by hand, and on random programs against tables of ends per entry.
#include "assemble.h"
#include "emu/costs.h"
#include "emu/scoreboard.h"
#include "random.h"
#include "random_program.h"

#include <algorithm>
#include <map>
#include <utility>

using namespace plena;
using emu::Access;
using emu::Scoreboard;
using emu::Space;
using isa::Opcode;

namespace {

constexpr bool reads = false;
constexpr bool writes = true;

Access row(bool write, std::uint64_t first, std::uint64_t count = 1) {
  return {Space::vector_row, write, first, count};
}
Access tile(bool write, std::uint64_t index) { return {Space::matrix_tile, write, index, 1}; }

/// Places instructions by opcode, accesses and cycles.
class Board {
 public:
  /// The start; the pc is the number of instructions before.
  std::uint64_t run(Opcode op, std::uint64_t cycles, const std::vector<Access>& accesses) {
    last = board_.place(pc_++, {op}, accesses);
    board_.settle(last.start + cycles);
    return last.start;
  }
  std::uint64_t end() const { return board_.end(); }
  std::uint32_t last_to_end() const { return board_.last_to_end(); }

  Scoreboard::Slot last;

 private:
  std::uint32_t pc_ = 0;
  Scoreboard board_{tests::small_machine()};
};

} // namespace

TEST_CASE("what is read has been written", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::V_ADD_VV, 7, {row(reads, 0, 2), row(writes, 3)}) == 0);
  CHECK(board.run(Opcode::M_MM, 20, {row(reads, 8, 4), tile(reads, 0)}) == 0); // other rows
  CHECK(board.run(Opcode::H_STORE_V, 30, {row(reads, 3)}) == 7);
  CHECK(board.last.waited_for == 0);
  CHECK(board.end() == 37);
  CHECK(board.last_to_end() == 2);
}

TEST_CASE("what is written is no longer read", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::H_STORE_V, 50, {row(reads, 4, 4)}) == 0);
  CHECK(board.run(Opcode::V_ADD_VV, 5, {row(reads, 4), row(writes, 8)}) == 0); // both read
  CHECK(board.run(Opcode::V_ADD_VV, 5, {row(reads, 8), row(writes, 7)}) == 50);
  CHECK(board.last.waited_for == 0);
}

TEST_CASE("what is written is no longer written", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::H_PREFETCH_V, 40, {row(writes, 0, 4)}) == 0);
  CHECK(board.run(Opcode::M_MM_WO, 1, {row(writes, 4)}) == 0);
  CHECK(board.run(Opcode::M_MM_WO, 1, {row(writes, 3)}) == 40);
  CHECK(board.last.waited_for == 0);
}

TEST_CASE("registers are read at the start and written until the end", "[unit][timing]") {
  for (const Space space : {Space::gp, Space::f, Space::a, Space::special}) {
    Board board;
    CHECK(board.run(Opcode::H_PREFETCH_V, 40, {{space, reads, 2, 1}}) == 0);
    CHECK(board.run(Opcode::S_ADD_INT, 9, {{space, writes, 2, 1}}) == 0);
    CHECK(board.run(Opcode::V_ADD_VF, 5, {{space, reads, 2, 1}}) == 9);
    CHECK(board.last.waited_for == 1);
    CHECK(board.run(Opcode::S_ADD_FP, 5, {{space, writes, 2, 1}}) == 9);
    CHECK(board.run(Opcode::M_MM, 5, {{space, writes, 2, 1}}) == 14); // not two at once
  }
  // Accumulators and entries of the SRAMs are read until the end.
  for (const Space space : {Space::accumulator, Space::fp_sram, Space::int_sram}) {
    Board board;
    CHECK(board.run(Opcode::M_MM, 40, {{space, reads, 2, 1}}) == 0);
    CHECK(board.run(Opcode::V_TOPK, 5, {{space, writes, 2, 1}}) == 40);
  }
}

TEST_CASE("a unit does one instruction at a time", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::M_MM, 10, {}) == 0);
  CHECK(board.run(Opcode::M_BMM, 10, {}) == 10);
  CHECK(board.last.waited_for == 0);
  CHECK(board.run(Opcode::V_EXP_V, 3, {}) == 10);
  CHECK(board.run(Opcode::S_MAP_V_FP, 3, {}) == 13); // of the vector unit
  CHECK(board.run(Opcode::S_ADD_FP, 2, {}) == 13);
  CHECK(board.run(Opcode::S_ADD_INT, 4, {}) == 13);
  CHECK(board.run(Opcode::C_LOOP_END, 1, {}) == 17); // integer and control share one
  CHECK(board.last.waited_for == 5);
  CHECK(board.run(Opcode::H_STORE_V, 9, {}) == 17);
  CHECK(board.run(Opcode::H_PREFETCH_M, 9, {}) == 26);
  CHECK(board.end() == 35);
}

TEST_CASE("instructions start in order", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::H_PREFETCH_M, 100, {tile(writes, 0)}) == 0);
  CHECK(board.run(Opcode::M_MM, 20, {tile(reads, 0)}) == 100);
  // Nothing keeps it but the one before.
  CHECK(board.run(Opcode::S_ADD_INT, 1, {{Space::gp, writes, 3, 1}}) == 100);
}

TEST_CASE("a prefetch runs beside what does not need its tile", "[unit][timing]") {
  Board board;
  const Access accumulator_read{Space::accumulator, reads, 0, 1};
  const Access accumulator_write{Space::accumulator, writes, 0, 1};
  const auto product = [&](std::uint64_t index) {
    return std::vector{row(reads, 0, 4), tile(reads, index), accumulator_read, accumulator_write};
  };
  CHECK(board.run(Opcode::H_PREFETCH_M, 64, {tile(writes, 1), {Space::gp, reads, 1, 1}}) == 0);
  CHECK(board.run(Opcode::M_MM, 20, product(0)) == 0);
  CHECK(board.run(Opcode::M_MM, 20, product(0)) == 20);
  // The prefetch took gp1 when it started.
  CHECK(board.run(Opcode::S_ADDI_INT, 1, {{Space::gp, writes, 1, 1}}) == 20);
  CHECK(board.run(Opcode::M_MM, 20, product(1)) == 64);
  CHECK(board.last.waited_for == 0);
  CHECK(board.run(Opcode::M_MM_WO, 1, {accumulator_read, accumulator_write, row(writes, 9)}) == 84);
  CHECK(board.last.waited_for == 4);
  CHECK(board.end() == 85);
}

TEST_CASE("the last one waited for is named, its own unit's first", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::H_PREFETCH_V, 30, {row(writes, 0)}) == 0);
  CHECK(board.run(Opcode::M_MM, 30, {row(reads, 4, 4)}) == 0);
  CHECK(board.run(Opcode::M_MM, 1, {row(reads, 0, 4)}) == 30); // both end at 30
  CHECK(board.last.waited_for == 1);

  Board other;
  CHECK(other.run(Opcode::H_PREFETCH_V, 31, {row(writes, 0)}) == 0);
  CHECK(other.run(Opcode::M_MM, 30, {row(reads, 4, 4)}) == 0);
  CHECK(other.run(Opcode::M_MM, 1, {row(reads, 0, 4)}) == 31);
  CHECK(other.last.waited_for == 0);
}

TEST_CASE("what takes no time holds nothing up", "[unit][timing]") {
  Board board;
  CHECK(board.run(Opcode::H_PREFETCH_V, 0, {row(writes, 0, 4)}) == 0);
  CHECK(board.run(Opcode::V_ADD_VV, 0, {row(reads, 0), row(writes, 1)}) == 0);
  CHECK(board.run(Opcode::V_ADD_VV, 6, {row(reads, 1), row(writes, 2)}) == 0);
  CHECK(board.end() == 6);
  CHECK(board.run(Opcode::S_ADD_FP, 6, {}) == 0);
  CHECK(board.last_to_end() == 2); // the first that ends at 6
}

TEST_CASE("very many rows are one range", "[unit][timing]") {
  Board board;
  constexpr std::uint64_t all_rows = std::uint64_t{1} << 32;
  for (std::uint64_t i = 0; i < 100; ++i) {
    CHECK(board.run(Opcode::H_PREFETCH_V, 10, {row(writes, i << 24, 1 << 24)}) == 10 * i);
  }
  CHECK(board.run(Opcode::V_ADD_VV, 1, {row(reads, (std::uint64_t{100} << 24))}) == 990);
  CHECK(board.run(Opcode::V_ADD_VV, 1, {row(reads, (std::uint64_t{100} << 24) - 1)}) == 1000);
  CHECK(board.run(Opcode::H_STORE_V, 10, {row(reads, 0, all_rows)}) == 1000);
  CHECK(board.run(Opcode::V_ADD_VV, 1, {row(writes, all_rows - 1)}) == 1010);
}

TEST_CASE("an instruction that faults leaves no trace", "[unit][timing]") {
  Scoreboard board(tests::small_machine());
  const std::vector<Access> accesses{row(writes, 0)};
  CHECK(board.place(0, {Opcode::V_ADD_VV}, accesses).start == 0);
  board.settle(5);
  CHECK(board.place(1, {Opcode::V_ADD_VV}, accesses).start == 5);
  // Not settled: placed again, as another one.
  CHECK(board.place(2, {Opcode::M_MM}, std::vector<Access>{}).start == 0);
  board.settle(3);
  CHECK(board.end() == 5);
  CHECK(board.last_to_end() == 0);
}

namespace {

int unit_of(Opcode op) {
  const isa::Unit unit = isa::def(op).unit;
  return static_cast<int>(unit == isa::Unit::Integer ? isa::Unit::Control : unit);
}

struct Placed {
  std::uint32_t pc = 0;
  int unit = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::vector<Access> accesses;
};

/// Whether an entry is held until the instruction ends; operands in registers are taken at its
/// start.
bool is_held(const Access& access) {
  const bool is_register = access.space == Space::gp || access.space == Space::a ||
                           access.space == Space::f || access.space == Space::special;
  return access.write || !is_register;
}

/// The rule of scoreboard.h word by word: ends per entry of every memory.
class Tables {
 public:
  std::uint64_t start(const Placed& next) const {
    std::uint64_t start = last_start_;
    if (const auto unit = units_.find(next.unit); unit != units_.end()) {
      start = std::max(start, unit->second);
    }
    each(next, [&](const Access& access, std::uint64_t entry) {
      const auto found = entries_.find({access.space, entry});
      if (found != entries_.end()) {
        start = std::max(start, found->second.written);
        start = access.write ? std::max(start, found->second.read) : start;
      }
    });
    return start;
  }
  void settle(const Placed& done) {
    last_start_ = done.start;
    units_[done.unit] = done.end;
    each(done, [&](const Access& access, std::uint64_t entry) {
      Ends& ends = entries_[{access.space, entry}];
      std::uint64_t& end = access.write ? ends.written : ends.read;
      end = std::max(end, is_held(access) ? done.end : done.start);
    });
  }

 private:
  struct Ends {
    std::uint64_t written = 0;
    std::uint64_t read = 0;
  };
  template <class Visit> static void each(const Placed& placed, Visit visit) {
    for (const Access& access : placed.accesses) {
      // The memory unit keeps transfers in order.
      for (std::uint64_t i = 0; access.space != Space::hbm_byte && i < access.count; ++i) {
        visit(access, access.first + i);
      }
    }
  }

  std::uint64_t last_start_ = 0;
  std::map<int, std::uint64_t> units_;
  std::map<std::pair<Space, std::uint64_t>, Ends> entries_;
};

/// Whether `later` has to wait for the end of `earlier`.
bool conflict(const Placed& earlier, const Placed& later) {
  return std::any_of(earlier.accesses.begin(), earlier.accesses.end(), [&](const Access& a) {
    return is_held(a) &&
           std::any_of(later.accesses.begin(), later.accesses.end(), [&](const Access& b) {
             return a.space == b.space && (a.write || b.write) && a.first < b.first + b.count &&
                    b.first < a.first + a.count;
           });
  });
}

/// Schedules a run; transfers take random times.
class Scheduler final : public emu::Observer {
 public:
  Scheduler(const config::Machine& machine, std::uint64_t seed)
      : machine_(machine),
        board_(machine),
        random_{seed} {}

  bool needs_operands() const override { return true; }
  void
  executing(std::uint32_t pc, const isa::Instr& instr, const emu::Operands& operands) override {
    Placed& next = placed.emplace_back();
    next.pc = pc;
    next.unit = unit_of(instr.op);
    emu::accesses_of(instr, operands, machine_, next.accesses);
    const auto [start, waited_for] = board_.place(pc, instr, next.accesses);
    next.start = start;
    REQUIRE(start == tables_.start(next));
    if (placed.size() > 1 && start > placed[placed.size() - 2].start) {
      check_waited_for(next, waited_for);
    }
  }
  void executed(std::uint32_t, const isa::Instr& instr, emu::CostClass cost) override {
    const std::uint64_t cycles =
      emu::is_transfer(cost) ? random_.below(300) : emu::cycles(instr, machine_);
    sum += cycles;
    placed.back().end = placed.back().start + cycles;
    board_.settle(placed.back().end);
    tables_.settle(placed.back());
  }

  std::vector<Placed> placed;
  std::uint64_t sum = 0;
  std::uint64_t end() const { return board_.end(); }
  std::uint32_t last_to_end() const { return board_.last_to_end(); }

 private:
  /// Somebody of that pc ended at the start and was in the way; the unit's own, when it did.
  void check_waited_for(const Placed& next, std::uint32_t waited_for) const {
    bool named = false;
    const Placed* own = nullptr;
    for (std::size_t i = 0; i + 1 < placed.size(); ++i) {
      const Placed& earlier = placed[i];
      if (earlier.end == next.start && earlier.end > earlier.start) {
        own = earlier.unit == next.unit ? &earlier : own;
        const bool in_the_way = earlier.unit == next.unit || conflict(earlier, next);
        named = named || (earlier.pc == waited_for && in_the_way);
      }
    }
    CHECK(named);
    if (own != nullptr) {
      CHECK(own->pc == waited_for);
    }
  }

  config::Machine machine_;
  Scoreboard board_;
  Tables tables_;
  tests::Random random_;
};

} // namespace

TEST_CASE("random programs keep the rules of the overlap schedule", "[unit][timing]") {
  std::uint64_t shorter = 0;
  std::uint64_t executed = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    INFO("seed " << seed);
    const tests::RandomProgram random = tests::random_legal_program(seed);
    emu::Machine machine = tests::make(random.machine, random.program, {.hbm = random.hbm});
    Scheduler scheduler(random.machine, seed);
    const auto result = machine.run(100'000, &scheduler);
    if (machine.fault()) {
      FAIL(machine.fault()->instruction << ": " << machine.fault()->message);
    }
    REQUIRE(result.reason == emu::RunResult::Reason::Done);
    const std::vector<Placed>& placed = scheduler.placed;
    executed += placed.size();
    std::uint64_t last_end = 0;
    std::uint32_t last_pc = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < placed.size(); ++i) {
      if (placed[i].end > last_end) {
        last_end = placed[i].end;
        last_pc = placed[i].pc;
      }
      wrong += i > 0 && placed[i].start < placed[i - 1].start ? 1u : 0u;
      // Those that start before this one ends run beside it.
      for (std::size_t j = i + 1; j < placed.size() && placed[j].start < placed[i].end; ++j) {
        wrong += placed[i].unit == placed[j].unit || conflict(placed[i], placed[j]) ? 1u : 0u;
      }
    }
    CHECK(wrong == 0);
    CHECK(scheduler.end() == last_end);
    CHECK(scheduler.last_to_end() == last_pc);
    CHECK(scheduler.end() <= scheduler.sum);
    shorter += scheduler.end() < scheduler.sum ? 1u : 0u;
  }
  CHECK(executed > 40'000);
  CHECK(shorter > 900);
}
