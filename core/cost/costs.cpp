#include "cost/costs.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace plena::cost {

namespace {

enum class F0 : std::uint8_t { Skipped, Charged };

enum class Source : std::uint8_t { Upstream, Assumed };

struct CostRow {
  std::string_view name;
  std::string_view key;
  Cause cause;
  F0 f0;
  Source analytic_source;
};

constexpr std::array cost_rows{
#define COST(name, key, cause, emulator, analytic, f0, analytic_source)                            \
  CostRow{#name, key, Cause::cause, F0::f0, Source::analytic_source},
#include "cost/costs.def"
};

const CostRow& row_of(CostClass cost) { return cost_rows[static_cast<std::size_t>(cost)]; }

/// Indexed by opcode. A cost class without a row in costs.def does not compile.
constexpr std::array<CostClass, 64> classes = [] {
  std::array<CostClass, 64> table{};
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  table[code] = CostClass::cost;
#include "isa/instructions.def"
  return table;
}();

} // namespace

std::string_view to_string(CostClass cost) { return row_of(cost).name; }
std::string_view latency_key(CostClass cost) { return row_of(cost).key; }

CostClass cost_class(isa::Opcode opcode) { return classes[static_cast<std::size_t>(opcode) & 63]; }

Cause cause_of(CostClass cost) { return row_of(cost).cause; }
Cause cause_of(isa::Opcode opcode) { return cause_of(cost_class(opcode)); }
Lane lane_of(isa::Opcode opcode) { return row_of(cause_of(opcode)).lane; }

std::uint64_t cycles(
  CostClass cost, const config::Machine& machine, config::CostProfile profile, std::uint64_t logits
) {
  const config::Machine& m = machine;
  const bool analytic_profile = profile == config::CostProfile::analytic;
#define lat(field) static_cast<unsigned long long>(m.cycles(m.field))
#define en(field)                                                                                  \
  std::uint64_t { m.field.dc_lib_en }
  switch (cost) {
#define COST(name, key, cause, emulator, analytic, f0, analytic_source)                            \
  case CostClass::name:                                                                            \
    return analytic_profile ? std::uint64_t{analytic} : std::uint64_t{emulator};
#include "cost/costs.def"
  }
#undef lat
#undef en
  return 0;
}

bool is_price_assumed(CostClass cost, config::CostProfile profile) {
  return profile == config::CostProfile::analytic &&
         row_of(cost).analytic_source == Source::Assumed;
}

bool is_dropped(const isa::Instr& instr) {
  if (instr.rd != 0 || row_of(cost_class(instr.op)).f0 != F0::Skipped) {
    return false;
  }
  const isa::InsnDef* def = isa::find(static_cast<std::uint32_t>(instr.op));
  const isa::Operand* destination = def == nullptr ? nullptr : def->reads.find(isa::Field::rd);
  return destination != nullptr && destination->kind == isa::Kind::fp;
}

bool is_price_of_opcode(isa::Opcode opcode) {
  const CostClass cost = cost_class(opcode);
  return row_of(cost).f0 == F0::Charged && cost != CostClass::topk;
}

std::uint32_t topk_logits(std::uint32_t policy) {
  constexpr std::array<std::uint32_t, topk_policies> logits{32, 128};
  return policy < logits.size() ? logits[policy] : 0;
}

std::uint32_t topk_chosen(std::uint32_t policy) {
  constexpr std::array<std::uint32_t, topk_policies> chosen{4, 8};
  return policy < chosen.size() ? chosen[policy] : 0;
}

std::uint64_t
cycles(const isa::Instr& instr, const config::Machine& machine, config::CostProfile profile) {
  if (profile == config::CostProfile::emulator && is_dropped(instr)) {
    return 0;
  }
  return cycles(cost_class(instr.op), machine, profile, topk_logits(instr.rs3));
}

} // namespace plena::cost
