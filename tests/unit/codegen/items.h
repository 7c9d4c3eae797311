// What the items of a tile program do, one after the other, with as many registers as it names.
#pragma once

#include "lower/lir.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

namespace plena::tests {

struct Registers {
  explicit Registers(const lower::Program& program)
      : gp(program.registers[0]),
        f(program.registers[1]) {}

  std::vector<std::uint32_t> gp;
  std::vector<float> f;
};

/// Goes through the program, loops as often as they say; instructions are `execute`'s.
template <class Execute>
void run_items(const lower::Program& program, Registers& registers, Execute execute) {
  struct Open {
    std::size_t begin = 0;
    std::uint64_t left = 0;
  };
  std::vector<Open> open;
  for (std::size_t i = 0; i < program.items.size(); ++i) {
    const lower::Item& item = program.items[i];
    switch (item.kind) {
    case lower::Item::Kind::Comment:
      break;
    case lower::Item::Kind::Set:
      registers.gp[item.operands[0].reg] = static_cast<std::uint32_t>(item.operands[1].value);
      break;
    case lower::Item::Kind::LoopBegin:
      open.push_back({i, item.operands[1].value});
      break;
    case lower::Item::Kind::LoopEnd:
      if (--open.back().left == 0) {
        open.pop_back();
      } else {
        i = open.back().begin;
      }
      break;
    case lower::Item::Kind::Insn:
      execute(item);
      break;
    }
  }
}

/// What a scalar instruction does; others are not known. Of memory it needs `integer(at)`, a
/// reference, `number(at)` and `set_number(at, value)`.
template <class Memory>
void run_scalar(const lower::Item& item, Registers& registers, Memory& memory) {
  const auto& op = item.operands;
  const auto gp = [&](std::size_t i) -> std::uint32_t& { return registers.gp[op[i].reg]; };
  const auto f = [&](std::size_t i) -> float& { return registers.f[op[i].reg]; };
  const auto at = [&] { return std::size_t{static_cast<std::uint32_t>(gp(1) + op[2].value)}; };
  switch (item.op) {
  case isa::Opcode::S_ADD_INT:
    gp(0) = gp(1) + gp(2);
    break;
  case isa::Opcode::S_SUB_INT:
    gp(0) = gp(1) - gp(2);
    break;
  case isa::Opcode::S_MUL_INT:
    gp(0) = gp(1) * gp(2);
    break;
  case isa::Opcode::S_ADDI_INT:
    gp(0) = gp(1) + static_cast<std::uint32_t>(op[2].value);
    break;
  case isa::Opcode::S_LD_INT:
    gp(0) = memory.integer(at());
    break;
  case isa::Opcode::S_ST_INT:
    memory.integer(at()) = gp(0);
    break;
  case isa::Opcode::S_ADD_FP:
    f(0) = numerics::round_to_bf16(f(1) + f(2));
    break;
  case isa::Opcode::S_SUB_FP:
    f(0) = numerics::round_to_bf16(f(1) - f(2));
    break;
  case isa::Opcode::S_MAX_FP:
    f(0) = f(2) > f(1) ? f(2) : f(1);
    break;
  case isa::Opcode::S_LD_FP:
    f(0) = memory.number(at());
    break;
  case isa::Opcode::S_ST_FP:
    memory.set_number(at(), f(0));
    break;
  default:
    FAIL("the test does not know " << isa::to_string(item.op));
  }
}

} // namespace plena::tests
