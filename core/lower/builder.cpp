#include "lower/builder.h"

#include "base/check.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace plena::lower {

namespace {

std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Nearest bf16, ties to even; infinities stay, the compiler uses no NaN.
std::uint32_t rounded_to_bf16(float value) {
  const std::uint32_t bits = bits_of(value);
  return (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;
}

} // namespace

void Builder::emit(isa::Opcode op, std::initializer_list<Operand> operands) {
  Item item;
  item.op = op;
  std::copy(operands.begin(), operands.end(), item.operands.begin());
  // Operands left out are written as immediate 0, so that every item is complete.
  const std::size_t expected = isa::def(op).reads.size();
  for (std::size_t i = operands.size(); i < expected; ++i) {
    item.operands[i] = detail::operand(0);
  }
  push(item);
}

void Builder::push(Item item) {
  item.node = node_;
  program_.items.push_back(item);
}

void Builder::set(Gp destination, Imm value) {
  push({Item::Kind::Set, {}, {detail::operand(destination), value.operand}});
}

Gp Builder::set(Imm value) {
  const Gp destination = gp();
  set(destination, value);
  return destination;
}

void Builder::step(Gp reg, std::uint64_t amount) {
  if (amount == 0) {
    return;
  }
  if (amount <= isa::max_of(isa::Field::imm18)) {
    S_ADDI_INT(reg, reg, amount);
    return;
  }
  const Gp wide = set(amount);
  S_ADD_INT(reg, reg, wide);
}

Gp Builder::plus(Gp source, std::uint64_t amount) {
  if (amount > isa::max_of(isa::Field::imm18)) {
    const Gp sum = set(amount);
    S_ADD_INT(sum, sum, source);
    return sum;
  }
  const Gp sum = gp();
  S_ADDI_INT(sum, source, amount);
  return sum;
}

Gp Builder::copy(Gp source) {
  const Gp destination = gp();
  copy(destination, source);
  return destination;
}

Fp Builder::constant(float value) {
  const std::uint32_t bits = rounded_to_bf16(value);
  auto found = constants_.find(bits);
  if (found == constants_.end()) {
    const float rounded = float_of(bits);
    const SymbolId id =
      symbol(fmt::format("constant {}", rounded), Memory::FpSram, 1, rounded);
    found = constants_.emplace(bits, id).first;
  }
  const Fp destination = fp();
  S_LD_FP(destination, zero_gp, Address{found->second});
  return destination;
}

SymbolId Builder::table(std::string name, std::vector<float> values) {
  const SymbolId id = symbol(std::move(name), Memory::FpSram, values.size());
  program_.symbols.back().table = std::move(values);
  return id;
}

Addr Builder::address_of(SymbolId hbm) {
  const Addr destination = addr();
  const Gp low = set(Address{hbm});
  C_SET_ADDR_REG(destination, zero_gp, low);
  return destination;
}

SymbolId Builder::symbol(
  std::string name, Memory memory, std::uint64_t size, std::optional<float> constant
) {
  const SymbolId id{static_cast<std::uint32_t>(program_.symbols.size())};
  program_.symbols.push_back({std::move(name), memory, size, constant});
  return id;
}

void Builder::comment(std::string text) {
  const std::size_t number = program_.comments.size();
  program_.comments.push_back(std::move(text));
  push({Item::Kind::Comment, {}, {detail::operand(number)}});
}

} // namespace plena::lower
