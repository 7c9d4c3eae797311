// Cycles that instructions take, from costs.def (timing.md 1.3). HBM transfers have no fixed part.
#pragma once

#include "config/config.h"
#include "isa/instr.h"

#include <cstdint>
#include <string_view>

namespace plena::emu {

enum class CostClass : std::uint8_t {
#define COST(name, key, cycles, f0) name,
#include "emu/costs.def"
};

std::string_view to_string(CostClass cost);
/// The settings key that the class depends on, empty when there is none.
std::string_view latency_key(CostClass cost);
CostClass cost_class(isa::Opcode opcode);

/// Cycles of one instruction of the class; `logits` only matters for `topk`. 0 for `hbm`, whose
/// time the memory model decides.
std::uint64_t cycles(CostClass cost, const config::Machine& machine, std::uint64_t logits = 1);

/// Whether the machine drops the instruction: its result would go to f0.
bool is_dropped(const isa::Instr& instr);
/// Logits that V_TOPK reads under a policy, 0 when there is no such policy.
std::uint32_t topk_logits(std::uint32_t policy);

/// Cycles of a decoded instruction, dropped instructions and the policy of V_TOPK included.
std::uint64_t cycles(const isa::Instr& instr, const config::Machine& machine);

} // namespace plena::emu
