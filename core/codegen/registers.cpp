#include "codegen/registers.h"

#include <algorithm>

namespace plena::codegen {

namespace {

constexpr SettingOperands setting_operands_of(const isa::OperandList& reads) {
  SettingOperands operands{};
  for (std::size_t i = 0; i < reads.size(); ++i) {
    for (std::size_t s = 0; s < settings.size(); ++s) {
      if (reads[i].kind == settings[s].operand) {
        operands[s] = static_cast<std::uint8_t>(operands[s] | 1u << i);
      }
    }
  }
  return operands;
}

} // namespace

constinit const std::array<SettingOperands, isa::opcode_space> setting_operands = [] {
  std::array<SettingOperands, isa::opcode_space> table{};
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  table[code] = setting_operands_of(isa::parse_operands(reads));
#include "isa/instructions.def"
  return table;
}();

namespace {

std::vector<std::pair<Register, std::size_t>> writes_of(const Listing& listing) {
  std::vector<std::pair<Register, std::size_t>> writes;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    if (const auto reg = written_by(listing.items[p])) {
      writes.emplace_back(*reg, p);
    }
  }
  return writes;
}

} // namespace

Writes::Writes(const Listing& listing) : Writes(listing, writes_of(listing)) {}

Writes::Writes(
  const Listing& listing, const std::vector<std::pair<Register, std::size_t>>& writes
)
    : positions_(writes.size()) {
  for (std::size_t c = 0; c <= lower::reg_classes; ++c) {
    first_[c].assign((c == setting_class ? settings.size() : listing.registers[c]) + 1, 0);
  }
  for (const auto& [reg, position] : writes) {
    ++first_[reg.reg_class][reg.number];
  }
  // Ends of the parts first; filling them from the back leaves their starts.
  std::uint32_t sum = 0;
  for (std::vector<std::uint32_t>& first : first_) {
    for (std::uint32_t& one : first) {
      sum += one;
      one = sum;
    }
  }
  for (std::size_t i = writes.size(); i > 0; --i) {
    const auto& [reg, position] = writes[i - 1];
    positions_[--first_[reg.reg_class][reg.number]] = position;
  }
}

bool Writes::any_between(Register reg, std::size_t begin, std::size_t end) const {
  const std::span<const std::size_t> all = of(reg);
  const auto next = std::upper_bound(all.begin(), all.end(), begin);
  return next != all.end() && *next < end;
}

void drop(Listing& listing, const std::vector<std::uint8_t>& marked) {
  std::size_t kept = 0;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    if (marked[p]) {
      continue;
    }
    if (kept != p) {
      listing.items[kept] = listing.items[p];
    }
    ++kept;
  }
  listing.items.resize(kept);
}

} // namespace plena::codegen
