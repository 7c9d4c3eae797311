// Random tile programs with few to too many values alive at once: what codegen makes of them leaves
// the same numbers in memory as their plain meaning, or is refused because registers do not suffice.
#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "harness.h"
#include "lower/builder.h"
#include "lower/verify.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "unit/emu/random.h"

#include <array>

using namespace plena;
using namespace plena::tests;

namespace {

constexpr std::size_t slots = 16;
constexpr std::size_t machine_gps = 15;
constexpr std::size_t machine_fps = 7;
constexpr std::size_t max_depth = 3;

struct Memories {
  std::array<std::uint32_t, slots> ints{};
  std::array<float, slots> floats{};

  bool operator==(const Memories&) const = default;
};

Memories initial() {
  Memories memories;
  for (std::size_t i = 0; i < slots; ++i) {
    memories.floats[i] = 0.25f * static_cast<float>(i) - 1.5f;
  }
  return memories;
}

/// Runs the items with as many registers as they name.
Memories meaning(const lower::Program& program) {
  Memories m = initial();
  std::vector<std::uint32_t> gp(program.registers[0]);
  std::vector<float> f(program.registers[1]);
  struct Open {
    std::size_t begin = 0;
    std::uint64_t left = 0;
  };
  std::vector<Open> open;
  for (std::size_t i = 0; i < program.items.size(); ++i) {
    const lower::Item& item = program.items[i];
    const auto& op = item.operands;
    switch (item.kind) {
    case lower::Item::Kind::Comment:
      break;
    case lower::Item::Kind::Set:
      gp[op[0].reg] = static_cast<std::uint32_t>(op[1].value);
      break;
    case lower::Item::Kind::LoopBegin:
      open.push_back({i, op[1].value});
      break;
    case lower::Item::Kind::LoopEnd:
      if (--open.back().left == 0) {
        open.pop_back();
      } else {
        i = open.back().begin;
      }
      break;
    case lower::Item::Kind::Insn:
      switch (item.op) {
      case isa::Opcode::S_ADD_INT:
        gp[op[0].reg] = gp[op[1].reg] + gp[op[2].reg];
        break;
      case isa::Opcode::S_SUB_INT:
        gp[op[0].reg] = gp[op[1].reg] - gp[op[2].reg];
        break;
      case isa::Opcode::S_MUL_INT:
        gp[op[0].reg] = gp[op[1].reg] * gp[op[2].reg];
        break;
      case isa::Opcode::S_ADDI_INT:
        gp[op[0].reg] = gp[op[1].reg] + static_cast<std::uint32_t>(op[2].value);
        break;
      case isa::Opcode::S_LD_INT:
        gp[op[0].reg] = m.ints[to_size(op[2].value)];
        break;
      case isa::Opcode::S_ST_INT:
        m.ints[to_size(op[2].value)] = gp[op[0].reg];
        break;
      case isa::Opcode::S_ADD_FP:
        f[op[0].reg] = numerics::round_to_bf16(f[op[1].reg] + f[op[2].reg]);
        break;
      case isa::Opcode::S_SUB_FP:
        f[op[0].reg] = numerics::round_to_bf16(f[op[1].reg] - f[op[2].reg]);
        break;
      case isa::Opcode::S_MAX_FP:
        f[op[0].reg] = f[op[2].reg] > f[op[1].reg] ? f[op[2].reg] : f[op[1].reg];
        break;
      case isa::Opcode::S_LD_FP:
        f[op[0].reg] = m.floats[to_size(op[2].value)];
        break;
      case isa::Opcode::S_ST_FP:
        m.floats[to_size(op[2].value)] = f[op[0].reg];
        break;
      default:
        FAIL("the test does not know " << isa::to_string(item.op));
      }
      break;
    }
  }
  return m;
}

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
    switch (random_.below(4)) {
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
      if (depth_ < max_depth) {
        ++depth_;
        builder_.loop(1 + random_.below(5), 1 + random_.below(3), [&] { steps(1 + random_.below(12)); });
        --depth_;
      }
      break;
    }
  }

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
  config::Config config = machine(16, 4);
  config.max_loop_instructions = static_cast<std::uint32_t>(loop_limit);
  const Memories start = initial();
  std::vector<std::uint8_t> fp_image;
  for (const float value : start.floats) {
    const std::uint16_t half = numerics::f32_to_half(value);
    fp_image.push_back(static_cast<std::uint8_t>(half & 0xFF));
    fp_image.push_back(static_cast<std::uint8_t>(half >> 8));
  }
  emu::Images images;
  images.fp_sram = fp_image;
  Result<emu::Machine> machine = emu::Machine::create(config, images);
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(emitted->program).has_value());
  REQUIRE(machine->run(1u << 24).reason == emu::RunResult::Reason::Done);
  Memories end;
  for (std::size_t i = 0; i < slots; ++i) {
    end.ints[i] = machine->int_sram()[i];
    end.floats[i] = numerics::widen_bf16(machine->fp_sram()[i]);
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
    const Memories wanted = meaning(random.program());
    const std::uint64_t loop_limit = seed % 3 == 0 ? 60 : 100'000;
    for (const codegen::Unroll unroll : {codegen::Unroll::None, codegen::Unroll::All}) {
      const std::optional<Memories> got = by_codegen(random.program(), loop_limit, unroll);
      ++(got ? made : refused);
      if (got) {
        CHECK((*got == wanted));
      }
      // A counter for every loop, and the values.
      if (gps + max_depth <= machine_gps && fps <= machine_fps) {
        CHECK(got.has_value());
      }
    }
  }
  CHECK(made > 1000);
  CHECK(refused > 20);
}
