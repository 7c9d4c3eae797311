// Cycles that instructions take, from costs.def (timing.md 1.3). HBM transfers have no fixed part.
#pragma once

#include "config/config.h"
#include "cost/causes.h"
#include "isa/instr.h"

#include <cstdint>
#include <string_view>

namespace plena::cost {

enum class CostClass : std::uint8_t {
#define COST(name, key, cause, emulator, analytic, f0, analytic_source) name,
#include "cost/costs.def"
};

std::string_view to_string(CostClass cost);
/// The settings key that the class depends on, empty when there is none.
std::string_view latency_key(CostClass cost);
CostClass cost_class(isa::Opcode opcode);

/// What the time of an instruction of the class is charged to; of a transfer, its data.
Cause cause_of(CostClass cost);
Cause cause_of(isa::Opcode opcode);
/// The lane of the timeline that shows an instruction.
Lane lane_of(isa::Opcode opcode);

/// Whether the memory is asked for the time.
constexpr bool is_transfer(CostClass cost) {
  return cost == CostClass::hbm_load || cost == CostClass::hbm_store;
}

/// Cycles of one instruction of the class; `logits` only matters for `topk`. 0 for transfers under
/// the emulator's profile: the memory model decides.
std::uint64_t cycles(
  CostClass cost,
  const config::Machine& machine,
  config::CostProfile profile = config::CostProfile::emulator,
  std::uint64_t logits = 1
);
/// Whether upstream gives no price of the class under the profile.
bool is_price_assumed(CostClass cost, config::CostProfile profile);

/// Whether the machine drops the instruction: its result would go to f0.
bool is_dropped(const isa::Instr& instr);
/// Logits that V_TOPK reads under a policy, 0 when there is no such policy.
std::uint32_t topk_logits(std::uint32_t policy);
/// Logits that it selects, 0 when there is no such policy.
std::uint32_t topk_chosen(std::uint32_t policy);
inline constexpr std::uint32_t topk_policies = 2;

/// Whether all instructions of an opcode cost the same: none is dropped, none has a policy.
bool is_price_of_opcode(isa::Opcode opcode);

/// Cycles of a decoded instruction, the policy of V_TOPK and, under the emulator's profile, dropped
/// instructions included. The analytic profile prices instructions by their name alone.
std::uint64_t cycles(
  const isa::Instr& instr,
  const config::Machine& machine,
  config::CostProfile profile = config::CostProfile::emulator
);

} // namespace plena::cost
