// What accesses_of says, against the machine: nothing changes that is not written, nothing matters
// that is not read, and, over many states, nothing is said to be accessed that never is.
#include "assemble.h"
#include "emu/accesses.h"
#include "numerics/bits.h"
#include "random.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

using namespace plena;
using emu::Access;
using emu::Space;
using isa::Opcode;
using tests::Random;

namespace {

constexpr std::size_t scalar_entries = 1024;
constexpr std::uint32_t accumulators = 4;

/// All that an instruction can read. Tiles and accumulators can only be filled by running
/// instructions; they are given by seeds.
struct State {
  emu::RegisterView registers;
  std::vector<std::uint16_t> fp;
  std::vector<std::uint32_t> ints;
  std::vector<std::vector<std::uint16_t>> rows; // (rows, vlen)
  std::vector<std::uint32_t> tile_seeds;
  std::array<std::uint32_t, accumulators> accumulator_seeds{};
  std::vector<std::uint8_t> hbm;
};

using Values = std::vector<std::uint64_t>;

/// All that an instruction can write: per space, per entry.
using Outcome = std::map<Space, std::vector<Values>>;

/// bf16, mostly numbers that leave a trace in sums.
std::uint16_t random_bf16(Random& random) {
  const std::uint32_t bits = random.next();
  if (random.once_in(200)) {
    return static_cast<std::uint16_t>(bits);
  }
  return static_cast<std::uint16_t>((bits & 0x807F) | (124 + bits / 65536 % 6) << 7);
}

std::uint32_t random_register(Random& random, const config::Machine& m) {
  const auto tile = static_cast<std::uint32_t>(m.tile_elems());
  const auto tiles = static_cast<std::uint32_t>(m.matrix_tiles());
  const auto rows = static_cast<std::uint32_t>(m.vector_sram_size);
  switch (random.below(9)) {
  case 0:
  case 1:
    return random.below(rows) * m.vlen;
  case 2:
    return random.below(rows / 4) * m.vlen + random.below(m.vlen / m.blen) * m.blen;
  case 3:
    return random.below(tiles) * tile;
  case 4:
    return random.below(tiles) * tile + random.below(m.mlen / m.blen) * m.blen;
  case 5:
    return random.below(tiles) * tile + random.below(m.mlen / m.blen) * m.blen * m.mlen;
  case 6:
    return random.below(4);
  case 7:
    return random.below(1024);
  default:
    return random.once_in(3) ? random.next() : random.below(64) * 8;
  }
}

std::uint64_t random_address(Random& random) {
  return random.once_in(8) ? random.next() : random.below(48) * 32;
}

State random_state(Random& random, const config::Machine& m) {
  State state;
  for (std::uint32_t& value : state.registers.gp) {
    value = random_register(random, m);
  }
  for (std::uint16_t& value : state.registers.f) {
    value = random_bf16(random);
  }
  for (std::uint64_t& value : state.registers.a) {
    value = random_address(random);
  }
  state.registers.scale = random.below(64) * 32;
  state.registers.stride = random.once_in(4) ? random.below(100) : random.below(16) * 8;
  state.registers.v_mask = random.next() & random.next();
  state.fp.resize(scalar_entries);
  for (std::uint16_t& value : state.fp) {
    value = random_bf16(random);
  }
  state.ints.resize(scalar_entries);
  for (std::uint32_t& value : state.ints) {
    value = random.next();
  }
  state.rows.resize(static_cast<std::size_t>(m.vector_sram_size));
  for (auto& row : state.rows) {
    row.resize(m.vlen);
    for (std::uint16_t& value : row) {
      value = random_bf16(random);
    }
  }
  state.tile_seeds.resize(static_cast<std::size_t>(m.matrix_tiles()));
  for (std::uint32_t& seed : state.tile_seeds) {
    seed = random.next();
  }
  for (std::uint32_t& seed : state.accumulator_seeds) {
    seed = random.next();
  }
  state.hbm.resize(static_cast<std::size_t>(m.hbm_size));
  for (std::uint8_t& byte : state.hbm) {
    byte = static_cast<std::uint8_t>(random.next() & 0xBF);
  }
  return state;
}

/// Entries of a space in a state.
std::uint64_t entries_of(const State& state, Space space) {
  switch (space) {
  case Space::gp:
    return state.registers.gp.size();
  case Space::f:
    return state.registers.f.size();
  case Space::a:
    return state.registers.a.size();
  case Space::special:
    return 3;
  case Space::accumulator:
    return accumulators;
  case Space::fp_sram:
    return state.fp.size();
  case Space::int_sram:
    return state.ints.size();
  case Space::vector_row:
    return state.rows.size();
  case Space::matrix_tile:
    return state.tile_seeds.size();
  case Space::hbm_byte:
    return state.hbm.size();
  }
  return 0;
}

constexpr std::initializer_list<Space> all_spaces{
  Space::gp,
  Space::f,
  Space::a,
  Space::special,
  Space::accumulator,
  Space::fp_sram,
  Space::int_sram,
  Space::vector_row,
  Space::matrix_tile,
  Space::hbm_byte};

/// Gives an entry another value.
void perturb(
  State& state, Space space, std::uint64_t index, Random& random, const config::Machine& m
) {
  const auto i = static_cast<std::size_t>(index);
  emu::RegisterView& r = state.registers;
  switch (space) {
  case Space::gp: {
    const std::uint32_t old = r.gp[i];
    while (r.gp[i] == old) {
      r.gp[i] = random_register(random, m);
    }
    return;
  }
  case Space::f:
    r.f[i] = static_cast<std::uint16_t>(
      random.once_in(2) ? r.f[i] ^ (0x8000u >> random.below(16))
                        : random.pick<std::uint32_t>({0x7F00, 0xFF00}) + random.below(64)
    );
    return;
  case Space::a:
    r.a[i] ^= 32u << random.below(5);
    return;
  case Space::special: {
    std::uint32_t& value = index == 0 ? r.scale : index == 1 ? r.stride : r.v_mask;
    value ^= index == 2 ? 1 + random.next() % 15 : 8u << random.below(5);
    return;
  }
  case Space::accumulator:
    ++state.accumulator_seeds[i];
    return;
  case Space::fp_sram:
    state.fp[i] = static_cast<std::uint16_t>(state.fp[i] ^ 0x8040u);
    return;
  case Space::int_sram:
    state.ints[i] ^= 1 + random.below(1000);
    return;
  case Space::vector_row:
    for (std::uint16_t& value : state.rows[i]) {
      value = random_bf16(random);
    }
    return;
  case Space::matrix_tile:
    ++state.tile_seeds[i];
    return;
  case Space::hbm_byte:
    state.hbm[i] = static_cast<std::uint8_t>(state.hbm[i] ^ (0x80u >> random.below(8)));
    return;
  }
}

void run_words(emu::Machine& machine, const std::vector<std::uint32_t>& words) {
  REQUIRE_FALSE(machine.load({words}).has_value());
  REQUIRE(machine.run(1'000'000).reason == emu::RunResult::Reason::Done);
}

void set_gp(emu::Machine& machine, std::initializer_list<std::uint32_t> values) {
  emu::RegisterView registers;
  std::copy(values.begin(), values.end(), registers.gp.begin() + 1);
  registers.scale = 2048;
  machine.set_registers(registers);
}

/// Rows from the first on, through the FP SRAM.
void fill_rows(emu::Machine& machine, const std::vector<std::vector<std::uint16_t>>& rows) {
  const std::size_t vlen = rows.front().size();
  const std::size_t at_once = scalar_entries / vlen;
  for (std::size_t first = 0; first < rows.size(); first += at_once) {
    std::vector<std::uint32_t> words;
    set_gp(machine, {static_cast<std::uint32_t>(first * vlen), 0});
    const std::size_t end = std::min(rows.size(), first + at_once);
    for (std::size_t row = first; row < end; ++row) {
      machine.write_fp_sram((row - first) * vlen, rows[row]);
      const auto step = static_cast<std::uint32_t>(vlen);
      words.push_back(tests::word(Opcode::S_MAP_V_FP, {.rd = 1, .rs1 = 2}));
      words.push_back(tests::word(Opcode::S_ADDI_INT, {.rd = 1, .rs1 = 1, .imm = step}));
      words.push_back(tests::word(Opcode::S_ADDI_INT, {.rd = 2, .rs1 = 2, .imm = step}));
    }
    run_words(machine, words);
  }
}

/// The tiles that one prefetch loads, from `index` on.
void fill_tiles(
  emu::Machine& machine, const config::Machine& m, std::uint64_t index, const std::uint32_t* seeds
) {
  std::vector<std::uint8_t> elements;
  for (std::uint64_t t = 0; t < m.m_prefetch_tiles(); ++t) {
    Random random{seeds[t]};
    random.next();
    for (std::uint64_t i = 0; i < m.tile_elems(); ++i) {
      elements.push_back(static_cast<std::uint8_t>(random.next() & 0xBF));
    }
  }
  REQUIRE(machine.write_hbm(0, elements).ok());
  REQUIRE(machine.write_hbm(2048, std::vector<std::uint8_t>(512, 124)).ok());
  set_gp(machine, {static_cast<std::uint32_t>(index * m.tile_elems()), 0});
  run_words(machine, {tests::word(Opcode::H_PREFETCH_M, {.rd = 1, .rs1 = 2, .rs2 = 0})});
}

constexpr std::array<Opcode, accumulators> accumulate{
  Opcode::M_MM, Opcode::M_BMM, Opcode::M_MV, Opcode::M_BTMV};
constexpr std::array<Opcode, accumulators> write_out{
  Opcode::M_MM_WO, Opcode::M_BMM_WO, Opcode::M_MV_WO, Opcode::M_BMV_WO};

/// A machine in the state, with two loops open, before the instruction at pc 2.
emu::Machine in_state(const config::Machine& m, const State& state, std::uint32_t word) {
  std::vector<std::uint8_t> ints;
  for (const std::uint32_t value : state.ints) {
    for (unsigned i = 0; i < 4; ++i) {
      ints.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }
  auto created = emu::Machine::create(m, {.hbm = {}, .fp_sram = {}, .int_sram = ints, .vram = {}});
  REQUIRE(created.ok());
  emu::Machine machine = std::move(created).value();
  const bool products = m.vlen == m.mlen;
  for (std::size_t k = 0; products && k < accumulators; ++k) {
    Random random{state.accumulator_seeds[k]};
    random.next();
    std::vector<std::vector<std::uint16_t>> rows(accumulate[k] == Opcode::M_BMM ? m.mlen : m.blen);
    for (auto& row : rows) {
      row.resize(m.vlen);
      for (std::uint16_t& value : row) {
        value = static_cast<std::uint16_t>((random.next() & 0x807F) | 126u << 7);
      }
    }
    fill_rows(machine, rows);
    const std::vector<std::uint32_t> seeds(
      static_cast<std::size_t>(m.m_prefetch_tiles()), state.accumulator_seeds[k]
    );
    fill_tiles(machine, m, 0, seeds.data());
    set_gp(machine, {0});
    run_words(machine, {tests::word(accumulate[k], {.rs1 = 1, .rs2 = 1})});
  }
  for (std::size_t t = 0; t < state.tile_seeds.size(); t += m.m_prefetch_tiles()) {
    fill_tiles(machine, m, t, state.tile_seeds.data() + t);
  }
  fill_rows(machine, state.rows);
  REQUIRE(machine.write_hbm(0, state.hbm).ok());
  machine.write_fp_sram(0, state.fp);
  REQUIRE_FALSE(machine
                  .load(
                    {{tests::word(Opcode::C_LOOP_START, {.rd = 3, .imm = 3}),
                      tests::word(Opcode::C_LOOP_START, {.rd = 5, .imm = 2}),
                      word}}
                  )
                  .has_value());
  REQUIRE(machine.run(2).executed == 2);
  machine.set_registers(state.registers);
  return machine;
}

template <class T> void append_values(std::vector<Values>& entries, const T& values) {
  for (const auto value : values) {
    entries.push_back({value});
  }
}

Values row_bits(std::span<const float> row) {
  Values values;
  for (const float lane : row) {
    values.push_back(numerics::bits_of(lane));
  }
  return values;
}

/// Everything that can be seen of a machine. Uses the machine up: accumulators show when they are
/// written out.
Outcome outcome_of(emu::Machine& machine, const config::Machine& m) {
  Outcome out;
  const emu::RegisterView r = machine.registers();
  append_values(out[Space::gp], r.gp);
  append_values(out[Space::f], r.f);
  append_values(out[Space::a], r.a);
  append_values(out[Space::special], std::array{r.scale, r.stride, r.v_mask});
  append_values(out[Space::fp_sram], machine.fp_sram());
  append_values(out[Space::int_sram], machine.int_sram());
  for (std::uint64_t row = 0; row < machine.vector_rows(); ++row) {
    out[Space::vector_row].push_back(row_bits(machine.vector_row(row)));
  }
  for (std::uint64_t tile = 0; tile < machine.matrix_tiles(); ++tile) {
    out[Space::matrix_tile].push_back(row_bits(machine.matrix_tile(tile)));
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(m.hbm_size));
  machine.read_hbm(0, bytes);
  append_values(out[Space::hbm_byte], bytes);
  for (std::size_t k = 0; k < accumulators; ++k) {
    Values& values = out[Space::accumulator].emplace_back();
    const bool broadcast = write_out[k] == Opcode::M_BMM_WO || write_out[k] == Opcode::M_BMV_WO;
    if (broadcast && m.vlen != m.mlen) {
      continue;
    }
    // Rows of VLEN lanes where the machine counts in MLEN.
    set_gp(machine, {0, m.vlen / m.mlen});
    const unsigned step = write_out[k] == Opcode::M_MM_WO ? 2 : 0;
    run_words(machine, {tests::word(write_out[k], {.rd = 1, .rs1 = step})});
    const std::uint64_t rows = broadcast ? std::uint64_t{m.broadcast_amount} * m.mlen : m.blen;
    const std::size_t lanes = broadcast ? m.vlen : m.blen;
    for (std::uint64_t row = 0; row < std::min(rows, machine.vector_rows()); ++row) {
      const Values lane_bits = row_bits(machine.vector_row(row).first(lanes));
      values.insert(values.end(), lane_bits.begin(), lane_bits.end());
      if (write_out[k] == Opcode::M_MV_WO || (write_out[k] == Opcode::M_BMV_WO && row + 1 == m.broadcast_amount)) {
        break;
      }
    }
  }
  return out;
}

bool covered(const std::vector<Access>& accesses, bool write, Space space, std::uint64_t index) {
  return std::any_of(accesses.begin(), accesses.end(), [&](const Access& access) {
    return access.write == write && access.space == space && index >= access.first &&
           index - access.first < access.count;
  });
}

std::string name_of(Space space) {
  constexpr std::array names{
    "gp", "f", "a", "special", "accumulator", "fp_sram", "int_sram", "row", "tile", "hbm"};
  return names[static_cast<std::size_t>(space)];
}

/// A claim of accesses_of that some state has to bear out: an opcode reads (writes) a space; of
/// reads the first, the last and any entry on their own.
struct Claims {
  std::map<std::string, bool> borne_out;

  void add(const std::string& claim, bool seen) { borne_out[claim] = borne_out[claim] || seen; }
  bool open(const std::string& opcode) const {
    return std::any_of(borne_out.begin(), borne_out.end(), [&](const auto& claim) {
      return !claim.second && claim.first.starts_with(opcode + " ");
    });
  }
  void check() const {
    for (const auto& [claim, seen] : borne_out) {
      INFO(claim);
      CHECK(seen);
    }
  }
};

/// Runs the instruction that stands next. False when it faults.
bool step(emu::Machine& machine) { return machine.run(1).executed == 1; }

class Proof {
 public:
  Proof(const config::Machine& machine, Claims& claims) : m_(machine), claims_(claims) {}

  /// Random states of an instruction, more of them while a claim is not borne out; returns in how
  /// many it was executed.
  unsigned prove(Opcode op, Random& random, unsigned wanted, unsigned tries);

 private:
  isa::Instr random_instr(Opcode op, Random& random) const;
  void check_state(const isa::Instr& instr, const State& state, Random& random);
  /// Accumulators stay zero where no product fits.
  bool never_filled(Space space) const { return space == Space::accumulator && m_.vlen != m_.mlen; }
  void check_outcome(const Outcome& before, const Outcome& after, const isa::Instr& instr);

  config::Machine m_;
  Claims& claims_;
  std::vector<Access> accesses_;
};

isa::Instr Proof::random_instr(Opcode op, Random& random) const {
  isa::Instr instr{op};
  for (const isa::Operand& operand : isa::def(op).reads) {
    std::uint32_t value = random.below(isa::max_of(operand.field) + 1);
    if (operand.kind == isa::Kind::zero) {
      value = 0;
    } else if (operand.kind == isa::Kind::integer) {
      value = random.pick<std::uint32_t>({0, 1, m_.vlen, m_.blen, 3 * m_.vlen, value % 64, value});
    } else if (operand.kind == isa::Kind::fp) {
      value %= 8;
    } else if (isa::info_of(operand.kind).count == 0 && !random.once_in(4)) {
      value %= 2; // selectors
    }
    instr.set(operand.field, value);
  }
  return instr;
}

void Proof::check_outcome(const Outcome& before, const Outcome& after, const isa::Instr& instr) {
  const std::string name(isa::to_string(instr.op));
  for (const Space space : all_spaces) {
    const auto& old_entries = before.at(space);
    const auto& new_entries = after.at(space);
    bool changed = false;
    bool claimed = false;
    for (std::size_t i = 0; i < old_entries.size(); ++i) {
      const bool differs = old_entries[i] != new_entries[i];
      const bool written = covered(accesses_, true, space, i);
      claimed = claimed || written;
      changed = changed || differs;
      if (differs && !written) {
        INFO(name_of(space) << " " << i << " changes and is not written");
        CHECK(written);
      }
    }
    if (claimed && !never_filled(space)) {
      claims_.add(name + " writes " + name_of(space), changed);
    }
  }
}

void Proof::check_state(const isa::Instr& instr, const State& state, Random& random) {
  const std::uint32_t word = isa::encode(instr).value();
  const std::string name(isa::to_string(instr.op));
  emu::Machine untouched = in_state(m_, state, word);
  const Outcome before = outcome_of(untouched, m_);
  emu::Machine machine = in_state(m_, state, word);
  REQUIRE(step(machine));
  const std::uint32_t pc = machine.pc();
  const Outcome after = outcome_of(machine, m_);
  check_outcome(before, after, instr);

  // What is not read is changed, about half of it.
  State other = state;
  for (const Space space : all_spaces) {
    for (std::uint64_t i = 0; i < entries_of(state, space); ++i) {
      if (!covered(accesses_, false, space, i) && random.once_in(2)) {
        perturb(other, space, i, random, m_);
      }
    }
  }
  emu::Machine perturbed = in_state(m_, other, word);
  REQUIRE(step(perturbed));
  CHECK(perturbed.pc() == pc);
  const Outcome result = outcome_of(perturbed, m_);
  for (const Space space : all_spaces) {
    for (std::size_t i = 0; i < after.at(space).size(); ++i) {
      if (covered(accesses_, true, space, i) && after.at(space)[i] != result.at(space)[i]) {
        INFO(name_of(space) << " " << i << " depends on what is not read");
        CHECK(after.at(space)[i] == result.at(space)[i]);
      }
    }
  }

  // What is read is changed alone, and makes a difference sooner or later.
  std::vector<Access> reads;
  std::copy_if(accesses_.begin(), accesses_.end(), std::back_inserter(reads), [&](const Access& a) {
    return !a.write && !never_filled(a.space) && a.first < entries_of(state, a.space);
  });
  if (reads.empty() || instr.op == Opcode::C_BREAK) {
    return;
  }
  const Access& access = reads[random.below(static_cast<std::uint32_t>(reads.size()))];
  const std::uint64_t count =
    std::min(access.count, entries_of(state, access.space) - access.first);
  const unsigned which = random.below(3);
  const std::uint64_t index = which == 0   ? access.first
                              : which == 1 ? access.first + count - 1
                                           : access.first + random.next() % count;
  State single = state;
  perturb(single, access.space, index, random, m_);
  emu::Machine touched = in_state(m_, single, word);
  bool matters = !step(touched) || touched.pc() != pc;
  if (!matters) {
    const Outcome changed = outcome_of(touched, m_);
    for (const Space space : all_spaces) {
      for (std::size_t i = 0; i < after.at(space).size(); ++i) {
        const bool itself = space == access.space && i == index;
        const bool in_base = covered(accesses_, true, space, i);
        matters = matters || ((!itself || in_base) && after.at(space)[i] != changed.at(space)[i]);
      }
    }
  }
  constexpr std::array places{" first", " last", " any"};
  claims_.add(name + " reads " + name_of(access.space) + places[which], matters);
}

unsigned Proof::prove(Opcode op, Random& random, unsigned wanted, unsigned tries) {
  unsigned proved = 0;
  State state = random_state(random, m_);
  const std::string name(isa::to_string(op));
  const auto enough = [&] {
    return proved >= wanted && (proved >= 40 * wanted || !claims_.open(name));
  };
  for (unsigned i = 0; i < tries && !enough(); ++i) {
    const isa::Instr instr = random_instr(op, random);
    // Registers decide whether it faults, and are cheap to change.
    for (std::uint32_t& value : state.registers.gp) {
      value = random_register(random, m_);
    }
    for (std::uint64_t& value : state.registers.a) {
      value = random_address(random);
    }
    state.registers.scale = random.below(64) * 32;
    state.registers.stride = random.once_in(4) ? random.below(100) : random.below(16) * 8;
    state.registers.v_mask = random.next() & random.next();
    auto trial = emu::Machine::create(m_, {});
    REQUIRE(trial.ok());
    REQUIRE_FALSE(trial
                    ->load(
                      {{tests::word(Opcode::C_LOOP_START, {.rd = 3, .imm = 3}),
                        tests::word(Opcode::C_LOOP_START, {.rd = 5, .imm = 2}),
                        isa::encode(instr).value()}}
                    )
                    .has_value());
    REQUIRE(trial->run(2).executed == 2);
    trial->set_registers(state.registers);
    const emu::RegisterView& r = state.registers;
    emu::accesses_of(instr, {r.gp, r.a, r.scale, r.stride, r.v_mask}, m_, accesses_);
    // Whether it faults or not, what is said lies inside.
    for (const Access& access : accesses_) {
      CHECK(access.count > 0);
      if (access.space != Space::hbm_byte) {
        CHECK(access.first + access.count <= entries_of(state, access.space));
      }
    }
    if (!step(*trial)) {
      continue;
    }
    INFO(isa::disassemble(isa::encode(instr).value()) << " in state " << i);
    check_state(instr, state, random);
    ++proved;
  }
  return proved;
}

} // namespace

TEST_CASE("accesses are those of the machine", "[unit][emu]") {
  const config::Machine small = [] {
    config::Machine m = tests::small_machine();
    m.hbm_v_prefetch_amount = 3;
    m.hbm_v_writeback_amount = 2;
    m.hbm_v_kv_type = {numerics::bf16, false, 1, numerics::e8m0};
    m.hbm_m_kv_type = {numerics::e5m2, true, 4, numerics::e8m0};
    return m;
  }();
  config::Machine full_rows = small; // write-outs fill rows, prefetches two tiles
  full_rows.blen = 16;
  full_rows.hbm_m_prefetch_amount = 20;
  config::Machine odd = small; // rows and tiles differ, lanes without a mask group, other elements
  odd.vlen = 24;
  odd.hlen = 5;
  odd.blen = 3;
  odd.mlen = 12;
  odd.matrix_sram_size = 48;
  odd.hbm_m_weight_type.block = 4;
  odd.vector_sram_type.element = numerics::ScalarFormat::fp(true, 8, 3);

  Random random{17};
  for (const config::Machine& settings : {small, full_rows, odd}) {
    INFO("VLEN " << settings.vlen << " BLEN " << settings.blen);
    Claims claims;
    Proof proof(settings, claims);
    for (const isa::InsnDef& row : isa::all()) {
      INFO(row.name);
      const bool products = settings.vlen == settings.mlen;
      const bool never = row.unit == isa::Unit::None || row.code == Opcode::M_BMV;
      const bool needs_tile_rows =
        row.unit == isa::Unit::Matrix && row.code != Opcode::M_MM_WO && row.code != Opcode::M_MV_WO;
      if (never || (needs_tile_rows && !products)) {
        continue;
      }
      constexpr unsigned wanted = 12;
      CHECK(proof.prove(row.code, random, wanted, 20'000) >= wanted);
    }
    claims.check();
  }
}

namespace {

/// The accesses of an instruction with gp1 .. set, other than those of gp.
std::vector<Access> found(
  const config::Machine& machine,
  const isa::Instr& instr,
  std::initializer_list<std::uint32_t> gp,
  std::uint32_t stride = 1
) {
  emu::RegisterView r;
  std::copy(gp.begin(), gp.end(), r.gp.begin() + 1);
  r.a[2] = 1 << 20;
  r.scale = 4096 + 62;
  r.stride = stride;
  std::vector<Access> accesses{{Space::f, true, 9, 9}}; // replaced
  emu::accesses_of(instr, {r.gp, r.a, r.scale, r.stride, r.v_mask}, machine, accesses);
  std::erase_if(accesses, [](const Access& access) { return access.space == Space::gp; });
  return accesses;
}

using Accesses = std::vector<Access>;

} // namespace

TEST_CASE("accesses of a strided prefetch, row by row", "[unit][emu]") {
  config::Machine m = tests::small_machine();
  m.hbm_v_prefetch_amount = 3;
  const isa::Instr prefetch{
    .op = Opcode::H_PREFETCH_V, .rd = 1, .rs1 = 2, .rs2 = 2, .rs3 = 1, .funct = 0};
  // 16 elements of a byte and 2 scales; the scales of the third row pass their block.
  const std::uint64_t base = 1 << 20;
  CHECK(
    found(m, prefetch, {32, 8}, 64) ==
    Accesses{
      {Space::a, false, 2, 1},
      {Space::special, false, 1, 1},
      {Space::special, false, 0, 1},
      {Space::hbm_byte, false, base + 8, 16},
      {Space::hbm_byte, false, base + 72, 16},
      {Space::hbm_byte, false, base + 136, 16},
      {Space::hbm_byte, false, base + 4096 + 62 + 1, 1},
      {Space::hbm_byte, false, base + 4096 + 62 + 9, 2},
      {Space::hbm_byte, false, base + 4096 + 62 + 17, 2},
      {Space::vector_row, true, 2, 3}}
  );
  // Rows that follow each other are one range; those past the end are dropped.
  isa::Instr dense = prefetch;
  dense.rs3 = 0;
  CHECK(
    found(m, dense, {62 * 16, 0}) ==
    Accesses{
      {Space::a, false, 2, 1},
      {Space::special, false, 0, 1},
      {Space::hbm_byte, false, base, 48},
      {Space::hbm_byte, false, base + 4096 + 62, 6},
      {Space::vector_row, true, 62, 2}}
  );
}

TEST_CASE("accesses of very many rows stay few", "[unit][emu]") {
  config::Machine m = tests::small_machine();
  m.vector_sram_size = std::uint64_t{1} << 32;
  m.hbm_v_prefetch_amount = 1 << 24;
  const isa::Instr prefetch{
    .op = Opcode::H_PREFETCH_V, .rd = 1, .rs1 = 2, .rs2 = 2, .rs3 = 1, .funct = 0};
  const Accesses accesses = found(m, prefetch, {16, 0}, 128);
  REQUIRE(accesses.size() == 5);
  const std::uint64_t rows = 1 << 24;
  // The scales lie between the elements here.
  CHECK(accesses[3] == Access{Space::hbm_byte, false, 1 << 20, (rows - 1) * 128 + 16});
  CHECK(accesses[4] == Access{Space::vector_row, true, 1, rows});
}

TEST_CASE("rows of write-outs are apart, wrap, and end with the memory", "[unit][emu]") {
  config::Machine m = tests::small_machine();
  const isa::Instr write_out_rows{.op = Opcode::M_MM_WO, .rd = 1, .rs1 = 2, .imm = 20};
  const Accesses accumulator{{Space::accumulator, false, 0, 1}, {Space::accumulator, true, 0, 1}};
  const auto rows = [&](std::initializer_list<std::uint64_t> indices) {
    Accesses expected = accumulator;
    for (const bool write : {false, true}) {
      for (const std::uint64_t index : indices) {
        expected.push_back({Space::vector_row, write, index, 1});
      }
    }
    return expected;
  };
  CHECK(found(m, write_out_rows, {16, 3}) == rows({2, 5, 8, 11}));
  CHECK(found(m, write_out_rows, {16 * 57, 3}) == rows({58, 61}));

  // 2^24 rows of 256 lanes: addresses wrap to the first row.
  m.vlen = 256;
  m.mlen = 256;
  m.matrix_sram_size = 256;
  m.vector_sram_size = 1 << 24;
  CHECK(
    found(m, {.op = Opcode::M_MM, .rs1 = 1, .rs2 = 2}, {0, 0u - 512}) ==
    Accesses{
      {Space::matrix_tile, false, 0, 1},
      {Space::vector_row, false, (1 << 24) - 2, 2},
      {Space::vector_row, false, 0, 2},
      {Space::accumulator, false, 0, 1},
      {Space::accumulator, true, 0, 1}}
  );
  m.matrix_sram_size = 0; // no tile
  CHECK(found(m, {.op = Opcode::M_MM, .rs1 = 1, .rs2 = 2}, {0, 1}) == accumulator);
}

TEST_CASE("what is dropped accesses nothing", "[unit][emu]") {
  const config::Machine m = tests::small_machine();
  CHECK(found(m, {.op = Opcode::S_ADD_FP, .rd = 0, .rs1 = 1, .rs2 = 2}, {}).empty());
  CHECK(found(m, {.op = Opcode::V_RED_SUM, .rd = 0, .rs1 = 1, .rs3 = 1}, {}).empty());
  CHECK(
    found(m, {.op = Opcode::S_LD_FP, .rd = 0, .rs1 = 1, .imm = 2}, {3}) ==
    Accesses{{Space::f, true, 0, 1}, {Space::fp_sram, false, 5, 1}}
  );
}
