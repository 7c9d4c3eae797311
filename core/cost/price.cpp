#include "cost/price.h"

#include "base/check.h"
#include "cost/costs.h"
#include "isa/codec.h"

namespace plena::cost {

namespace {

/// Tells `visit` of every word its number, its instruction and how often it is executed.
template <class F> void visit_executed(const isa::Program& program, F&& visit) {
  std::vector<std::uint64_t> times{1};
  for (std::size_t pc = 0; pc < program.words.size(); ++pc) {
    const isa::Instr instr = isa::decode_word(program.words[pc]).instr;
    visit(pc, instr, times.back());
    if (instr.op == isa::Opcode::C_LOOP_START) {
      times.push_back(times.back() * instr.imm);
    } else if (instr.op == isa::Opcode::C_LOOP_END) {
      times.pop_back();
      PLENA_CHECK(!times.empty());
    }
  }
}

void add(
  Price& price,
  const isa::Instr& instr,
  std::uint64_t times,
  const config::Machine& machine,
  config::CostProfile profile
) {
  price.cycles += times * cycles(instr, machine, profile);
  price.executed += times;
  price.transfers += is_transfer(cost_class(instr.op)) ? times : 0;
}

} // namespace

Price price(
  const isa::Program& program, const config::Machine& machine, config::CostProfile profile
) {
  Price sum;
  visit_executed(program, [&](std::size_t, const isa::Instr& instr, std::uint64_t times) {
    add(sum, instr, times, machine, profile);
  });
  return sum;
}

std::vector<Price> price_by_part(
  const isa::Program& program,
  std::span<const std::uint32_t> part_of_word,
  std::size_t parts,
  const config::Machine& machine,
  config::CostProfile profile
) {
  PLENA_CHECK(part_of_word.size() == program.words.size());
  std::vector<Price> sums(parts);
  visit_executed(program, [&](std::size_t pc, const isa::Instr& instr, std::uint64_t times) {
    if (part_of_word[pc] < parts) {
      add(sums[part_of_word[pc]], instr, times, machine, profile);
    }
  });
  return sums;
}

} // namespace plena::cost
