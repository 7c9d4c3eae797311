// Random tile programs with few to too many values alive at once: what codegen makes of them leaves
// the same numbers in memory as their plain meaning, or is refused for want of registers.
#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "codegen/regalloc.h"
#include "harness.h"
#include "items.h"
#include "lower/builder.h"
#include "lower/verify.h"
#include "numerics/reduce.h"
#include "unit/emu/random.h"

#include <array>

using namespace plena;
using namespace plena::tests;

namespace {

constexpr std::size_t slots = 16;  ///< cells that instructions name by their numbers
constexpr std::size_t cells = 256; ///< that pointers reach
constexpr std::size_t table = 16;  ///< numbers below `table` in the INT SRAM, after the cells
constexpr std::size_t rows = 256;
constexpr std::size_t lanes = 16;
constexpr std::size_t mask_lanes = 4; ///< for each bit of the mask
constexpr std::size_t max_depth = 3;

struct Memories {
  std::array<std::uint32_t, cells + table> ints{};
  std::array<std::uint16_t, cells> floats{}; ///< bf16
  std::array<std::array<float, lanes>, rows> vectors{};

  std::uint32_t& integer(std::size_t at) { return ints.at(at); }
  float number(std::size_t at) const { return numerics::widen_bf16(floats.at(at)); }
  void set_number(std::size_t at, float value) { floats.at(at) = numerics::narrow_bf16(value); }
};

/// Which NaN it is, is not codegen's to decide.
std::uint32_t bits(float value) {
  return numerics::bits_of(numerics::is_nan(value) ? numerics::invalid_nan() : value);
}

bool same(const Memories& a, const Memories& b) {
  bool equal = a.ints == b.ints;
  for (std::size_t i = 0; i < cells; ++i) {
    equal = equal && bits(a.number(i)) == bits(b.number(i));
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      equal = equal && bits(a.vectors[r][lane]) == bits(b.vectors[r][lane]);
    }
  }
  return equal;
}

Memories initial() {
  Memories memories;
  for (std::size_t i = 0; i < table; ++i) {
    memories.ints[cells + i] = static_cast<std::uint32_t>(i * 5 % table);
  }
  for (std::size_t i = 0; i < cells; ++i) {
    memories.floats[i] = numerics::narrow_bf16(0.25f * static_cast<float>(i % slots) - 1.5f);
  }
  return memories;
}

class Meaning {
 public:
  explicit Meaning(const lower::Program& program)
      : program_(program),
        registers_(program) {}

  Memories run() {
    run_items(program_, registers_, [&](const lower::Item& item) { execute(item); });
    return m_;
  }

 private:
  void execute(const lower::Item& item) {
    const auto& op = item.operands;
    const auto gp = [&](std::size_t i) { return registers_.gp[op[i].reg]; };
    const auto f = [&](std::size_t i) -> float& { return registers_.f[op[i].reg]; };
    const auto row = [&](std::size_t i) -> std::array<float, lanes>& {
      REQUIRE(gp(i) % lanes == 0);
      return m_.vectors.at(gp(i) / lanes);
    };
    switch (item.op) {
    case isa::Opcode::S_MAP_V_FP:
      for (std::size_t i = 0; i < lanes; ++i) {
        // Addresses wrap, as registers do.
        row(0)[i] = m_.number(static_cast<std::uint32_t>(gp(1) + op[2].value) + i);
      }
      break;
    case isa::Opcode::V_ADD_VF: {
      const std::array<float, lanes> x = row(1);
      for (std::size_t i = 0; i < lanes; ++i) {
        row(0)[i] = op[3].value == 0 || selects(i / mask_lanes) ? numerics::round_to_bf16(x[i] + f(2)) : x[i];
      }
      break;
    }
    case isa::Opcode::V_RED_SUM: {
      std::array<float, lanes> x = row(1);
      for (std::size_t g = 0; g < lanes / mask_lanes && op[2].value != 0; ++g) {
        if (selects(g)) {
          const auto first = x.begin() + static_cast<std::ptrdiff_t>(g * mask_lanes);
          std::fill_n(first, mask_lanes, numerics::sum_in_order({first, mask_lanes}));
        }
      }
      f(0) = numerics::round_to_bf16(f(0) + numerics::sum_in_order(x));
      break;
    }
    case isa::Opcode::V_RED_MAX: {
      const float most = numerics::max_in_order(row(1));
      if (!numerics::is_nan(most) && (numerics::is_nan(f(0)) || most >= f(0))) {
        f(0) = most;
      }
      break;
    }
    case isa::Opcode::C_SET_V_MASK_REG:
      mask_ = gp(0);
      break;
    default:
      run_scalar(item, registers_, m_);
    }
  }

  bool selects(std::size_t group) const { return ((mask_ >> group) & 1) != 0; }

  const lower::Program& program_;
  Memories m_ = initial();
  Registers registers_;
  std::uint32_t mask_ = 0;
};

class RandomProgram {
 public:
  RandomProgram(std::uint64_t seed, std::size_t gps, std::size_t fps)
      : random_{seed}, gps_(gps), fps_(fps), builder_(program_) {
    ints_.push_back(builder_.set(random_.next()));
    floats_.push_back(builder_.fp());
    builder_.S_LD_FP(floats_.back(), lower::zero_gp, slot());
    steps(12 + random_.below(30));
    for (std::size_t i = 0; i < ints_.size(); ++i) {
      builder_.S_ST_INT(ints_[i], lower::zero_gp, i % slots);
    }
    for (std::size_t i = 0; i < floats_.size(); ++i) {
      builder_.S_ST_FP(floats_[i], lower::zero_gp, i % slots);
    }
  }

  const lower::Program& program() const { return program_; }

 private:
  std::uint64_t slot() { return random_.below(slots); }
  template <class T> T any(const std::vector<T>& values) {
    return values[random_.below(static_cast<std::uint32_t>(values.size()))];
  }
  /// A register that stays alive from here on: a new one while there may be more, or an old one.
  template <class T> T target(std::vector<T>& values, std::size_t limit, T fresh) {
    return values.size() < limit && random_.once_in(2) ? fresh : any(values);
  }
  template <class T> void keep(std::vector<T>& values, T value) {
    for (const T& one : values) {
      if (one.id == value.id) {
        return;
      }
    }
    values.push_back(value);
  }
  /// Values made in the loop at hand may be dropped; older ones live to its end anyway.
  template <class T> void drop(std::vector<T>& values, std::size_t older) {
    if (values.size() > std::max<std::size_t>(older, 1)) {
      values.pop_back();
    }
  }

  void steps(std::uint32_t count) {
    const std::size_t older_ints = ints_.size();
    const std::size_t older_floats = floats_.size();
    for (std::uint32_t i = 0; i < count; ++i) {
      const lower::Gp a = any(ints_);
      const lower::Gp b = any(ints_);
      const lower::Fp x = any(floats_);
      const lower::Fp y = any(floats_);
      const lower::Gp to = target(ints_, gps_, builder_.gp());
      const lower::Fp fto = target(floats_, fps_, builder_.fp());
      bool made_int = true;
      bool made_float = false;
      switch (random_.below(16)) {
      case 0:
        builder_.set(to, random_.next());
        break;
      case 1:
        builder_.set(to, random_.below(1 << 18));
        break;
      case 2:
        builder_.S_ADD_INT(to, a, b);
        break;
      case 3:
        builder_.S_SUB_INT(to, a, b);
        break;
      case 4:
        builder_.S_MUL_INT(to, a, b);
        break;
      case 5:
        builder_.copy(to, a);
        break;
      case 6:
        builder_.S_LD_INT(to, lower::zero_gp, slot());
        break;
      case 7:
        builder_.S_ADDI_INT(to, a, random_.below(1 << 18));
        break;
      default:
        made_int = false;
      }
      if (!made_int) {
        made_float = true;
        switch (random_.below(8)) {
        case 0:
          builder_.S_ADD_FP(fto, x, y);
          break;
        case 1:
          builder_.S_SUB_FP(fto, x, y);
          break;
        case 2:
          builder_.S_MAX_FP(fto, x, y);
          break;
        case 3:
          builder_.S_LD_FP(fto, lower::zero_gp, slot());
          break;
        default:
          made_float = false;
        }
      }
      if (made_int) {
        keep(ints_, to);
      } else if (made_float) {
        keep(floats_, fto);
      } else {
        other_step(older_ints, older_floats);
      }
    }
  }

  void other_step(std::size_t older_ints, std::size_t older_floats) {
    switch (random_.below(8)) {
    case 0:
      builder_.S_ST_INT(any(ints_), lower::zero_gp, slot());
      break;
    case 1:
      builder_.S_ST_FP(any(floats_), lower::zero_gp, slot());
      break;
    case 2:
      drop(ints_, older_ints);
      drop(floats_, older_floats);
      break;
    case 3:
      builder_.C_SET_V_MASK_REG(random_.once_in(2) ? any(ints_) : builder_.set(random_.below(16)));
      break;
    case 4: {
      const Cell at = cell();
      access(Memory::Floats, at.base, at.offset);
      break;
    }
    case 5: {
      const Cell at = cell();
      access(Memory::Ints, at.base, at.offset);
      break;
    }
    case 6:
      pointer_nest();
      break;
    case 7:
      if (depth_ < max_depth) {
        ++depth_;
        builder_.loop(1 + random_.below(5), 1 + random_.below(3), [&] {
          steps(1 + random_.below(12));
        });
        --depth_;
      }
      break;
    }
  }

  enum class Memory { Floats, Ints, Rows };
  struct Cell {
    lower::Gp base;
    std::uint64_t offset = 0;
  };

  /// One of the first cells, whose address is in the instruction, in a register or in both.
  Cell cell() {
    const std::uint64_t to = slot();
    switch (random_.below(4)) {
    case 0:
      return {lower::zero_gp, to};
    case 1: {
      const std::uint64_t part = random_.below(static_cast<std::uint32_t>(to) + 1);
      return {builder_.set(to - part), part};
    }
    case 2: { // around the end of the addresses
      const std::uint64_t before = 1 + random_.below(100);
      return {builder_.set((std::uint64_t{1} << 32) - before), before + to};
    }
    default: { // nothing in the program tells which
      const lower::Gp base = builder_.gp();
      builder_.S_LD_INT(base, lower::zero_gp, cells + random_.below(table));
      return {base, to};
    }
    }
  }

  void access(Memory memory, lower::Gp base, std::uint64_t offset) {
    const bool load = random_.once_in(2);
    const std::uint32_t masked = random_.below(2);
    switch (memory) {
    case Memory::Floats:
      if (load) {
        const lower::Fp to = target(floats_, fps_, builder_.fp());
        builder_.S_LD_FP(to, base, offset);
        keep(floats_, to);
      } else {
        builder_.S_ST_FP(any(floats_), base, offset);
      }
      break;
    case Memory::Ints:
      if (load) {
        const lower::Gp to = target(ints_, gps_, builder_.gp());
        builder_.S_LD_INT(to, base, offset);
        keep(ints_, to);
      } else {
        builder_.S_ST_INT(any(ints_), base, offset);
      }
      break;
    case Memory::Rows:
      switch (random_.below(4)) {
      case 0:
        builder_.V_ADD_VF(base, base, any(floats_), masked);
        break;
      case 1:
        builder_.V_RED_SUM(any(floats_), base, masked);
        break;
      case 2:
        builder_.V_RED_MAX(any(floats_), base);
        break;
      default: {
        const Cell from = cell();
        builder_.S_MAP_V_FP(base, from.base, from.offset);
      }
      }
      break;
    }
  }

  /// Loops that step a pointer, or copies of it, to places that none of them leaves the memory by.
  void pointer_nest() {
    const Memory memory = random_.pick({Memory::Floats, Memory::Ints, Memory::Rows});
    level(memory, builder_.set(random_.below(8) * unit_of(memory)), 1 + random_.below(max_depth));
  }
  void level(Memory memory, lower::Gp pointer, std::size_t depth) {
    const std::uint64_t unit = unit_of(memory);
    const auto touch = [&] {
      access(memory, pointer, memory == Memory::Rows ? 0 : random_.below(8));
    };
    builder_.loop(1 + random_.below(3), 1 + random_.below(2), [&] {
      if (depth == 1 || random_.once_in(4)) {
        touch();
      }
      if (depth > 1) {
        level(
          memory,
          random_.once_in(4) ? pointer : builder_.plus(pointer, random_.below(3) * unit),
          depth - 1
        );
        if (random_.once_in(8)) {
          touch();
        }
      }
      builder_.step(pointer, random_.below(4) * unit);
    });
  }
  static std::uint64_t unit_of(Memory memory) { return memory == Memory::Rows ? lanes : 1; }

  Random random_;
  std::size_t gps_;
  std::size_t fps_;
  lower::Program program_;
  lower::Builder builder_;
  std::vector<lower::Gp> ints_;
  std::vector<lower::Fp> floats_;
  std::size_t depth_ = 0;
};

/// Memories after a run of the words that codegen makes; nothing when it refuses.
std::optional<Memories> by_codegen(
  const lower::Program& program, std::uint64_t loop_limit, codegen::Unroll unroll
) {
  const Result<codegen::Listing> listing =
    codegen::run_passes(codegen::resolve(program, {}), {loop_limit, 1'000'000, unroll});
  REQUIRE(listing.ok());
  const Result<codegen::Emitted> emitted = codegen::emit(*listing);
  if (!emitted.ok()) {
    CHECK(emitted.diagnostics().front().code == "E_RESOURCE");
    return std::nullopt;
  }
  config::Config config = machine(lanes, 4);
  config.hlen = mask_lanes;
  config.broadcast_amount = lanes / mask_lanes;
  config.vector_sram_size = rows;
  config.max_loop_instructions = static_cast<std::uint32_t>(loop_limit);
  const Memories start = initial();
  std::vector<std::uint8_t> fp_image;
  for (const std::uint16_t value : start.floats) {
    const std::uint16_t half = numerics::f32_to_half(numerics::widen_bf16(value));
    fp_image.push_back(static_cast<std::uint8_t>(half & 0xFF));
    fp_image.push_back(static_cast<std::uint8_t>(half >> 8));
  }
  std::vector<std::uint8_t> int_image;
  for (const std::uint32_t value : start.ints) {
    for (unsigned byte = 0; byte < 4; ++byte) {
      int_image.push_back(static_cast<std::uint8_t>(value >> (8 * byte)));
    }
  }
  emu::Images images;
  images.fp_sram = fp_image;
  images.int_sram = int_image;
  Result<emu::Machine> machine = emu::Machine::create(config, images);
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(emitted->program).has_value());
  REQUIRE(machine->run(1u << 24).reason == emu::RunResult::Reason::Done);
  Memories end;
  std::copy_n(machine->int_sram().begin(), end.ints.size(), end.ints.begin());
  std::copy_n(machine->fp_sram().begin(), end.floats.size(), end.floats.begin());
  for (std::size_t r = 0; r < rows; ++r) {
    std::copy_n(machine->vector_row(r).begin(), lanes, end.vectors[r].begin());
  }
  return end;
}

} // namespace

TEST_CASE("random programs mean the same in words, whatever the pressure on registers") {
  std::size_t made = 0;
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::size_t gps = 2 + seed % 17;
    const std::size_t fps = 2 + seed % 9;
    const RandomProgram random(seed, gps, fps);
    INFO("seed " << seed << ", " << gps << " integer and " << fps << " scalar values");
    REQUIRE(lower::verify(random.program()).empty());
    const Memories wanted = Meaning(random.program()).run();
    const bool fits = codegen::allocate(codegen::resolve(random.program(), {})).ok();
    const std::uint64_t loop_limit = seed % 3 == 0 ? 60 : 100'000;
    for (const codegen::Unroll unroll : {codegen::Unroll::None, codegen::Unroll::All}) {
      const std::optional<Memories> got = by_codegen(random.program(), loop_limit, unroll);
      ++(got ? made : refused);
      if (got) {
        CHECK(same(*got, wanted));
      }
      // What fits as it is written still does after the passes.
      if (fits) {
        CHECK(got.has_value());
      }
    }
  }
  CHECK(made > 1000);
  CHECK(refused > 20);
}
