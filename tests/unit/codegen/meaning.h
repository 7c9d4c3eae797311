// The plain meaning of tile programs of scalar instructions, and what codegen makes of it.
#pragma once

#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "harness.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"

#include <array>
#include <optional>

namespace plena::tests {

constexpr std::size_t slots = 256;

struct Memories {
  std::array<std::uint32_t, slots> ints{};
  std::array<float, slots> floats{};

  bool operator==(const Memories&) const = default;
};

inline Memories initial() {
  Memories memories;
  for (std::size_t i = 0; i < slots; ++i) {
    memories.floats[i] = 0.25f * static_cast<float>(i) - 1.5f;
  }
  return memories;
}

/// Runs the items with as many registers as they name.
inline Memories meaning(const lower::Program& program) {
  Memories m = initial();
  std::vector<std::uint32_t> gp(program.registers[0]);
  std::vector<float> f(program.registers[1]);
  struct Open {
    std::size_t begin = 0;
    std::uint64_t left = 0;
  };
  std::vector<Open> open;
  const auto slot = [&](const lower::Operand& base, const lower::Operand& offset) {
    const std::uint32_t at = gp[base.reg] + static_cast<std::uint32_t>(offset.value);
    REQUIRE(at < slots);
    return std::size_t{at};
  };
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
        gp[op[0].reg] = m.ints[slot(op[1], op[2])];
        break;
      case isa::Opcode::S_ST_INT:
        m.ints[slot(op[1], op[2])] = gp[op[0].reg];
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
        f[op[0].reg] = m.floats[slot(op[1], op[2])];
        break;
      case isa::Opcode::S_ST_FP:
        m.floats[slot(op[1], op[2])] = f[op[0].reg];
        break;
      default:
        FAIL("the test does not know " << isa::to_string(item.op));
      }
      break;
    }
  }
  return m;
}

/// Memories after a run of the words that codegen makes; nothing when it refuses.
inline std::optional<Memories> by_codegen(
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

} // namespace plena::tests
