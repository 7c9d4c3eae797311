// Writes a tile program. One method per row of instructions.def, named like it; number and kinds of
// its arguments follow the row's `reads` and are checked at compile time. Trailing selectors (mask,
// policy, order, precision, stride) and immediates may be left out and are then 0.
#pragma once

#include "lower/lir.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace plena::lower {

/// An immediate: a number, or the entry of an FP SRAM symbol.
struct Imm {
  Imm(std::uint64_t number) : operand{Operand::Kind::Immediate, 0, number, {}} {}
  Imm(Address address) : operand{Operand::Kind::Address, 0, address.offset, address.symbol} {}
  Operand operand;
};

namespace detail {

constexpr isa::OperandList reads_of(isa::Opcode op) {
  switch (op) {
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  case isa::Opcode::name:                                                                          \
    return isa::parse_operands(reads);
#include "isa/instructions.def"
  }
  return {};
}

/// Whether an argument of type A may stand for an operand of this kind.
template <class A> constexpr bool accepts(isa::Kind kind) {
  switch (kind) {
  case isa::Kind::gp:
  case isa::Kind::step:
    return std::is_same_v<A, Gp>;
  case isa::Kind::fp:
    return std::is_same_v<A, Fp>;
  case isa::Kind::addr:
    return std::is_same_v<A, Addr>;
  case isa::Kind::integer:
    return std::is_integral_v<A> || std::is_same_v<A, Address> || std::is_same_v<A, Imm>;
  case isa::Kind::mask:
  case isa::Kind::policy:
  case isa::Kind::order:
  case isa::Kind::precision:
  case isa::Kind::stride:
  case isa::Kind::zero:
    return std::is_integral_v<A>;
  }
  return false;
}

constexpr bool is_register(isa::Kind kind) {
  return kind == isa::Kind::gp || kind == isa::Kind::step || kind == isa::Kind::fp ||
         kind == isa::Kind::addr;
}

template <isa::Opcode op, class... A> constexpr bool arguments_fit() {
  constexpr isa::OperandList reads = reads_of(op);
  if (sizeof...(A) > reads.size()) {
    return false;
  }
  std::size_t i = 0;
  bool fit = (true && ... && accepts<A>(reads[i++].kind));
  for (; i < reads.size(); ++i) {
    fit = fit && !is_register(reads[i].kind);
  }
  return fit;
}

inline Operand operand(Gp reg) { return {Operand::Kind::Gp, reg.id, 0, {}}; }
inline Operand operand(Fp reg) { return {Operand::Kind::Fp, reg.id, 0, {}}; }
inline Operand operand(Addr reg) { return {Operand::Kind::Addr, reg.id, 0, {}}; }
inline Operand operand(Imm imm) { return imm.operand; }
inline Operand operand(Address address) { return Imm(address).operand; }
template <class T>
requires std::is_integral_v<T> Operand operand(T number) {
  return Imm(static_cast<std::uint64_t>(number)).operand;
}

} // namespace detail

class Builder {
 public:
  explicit Builder(Program& program) : program_(program) {}

#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  template <class... A> void name(A... arguments) {                                                \
    static_assert(detail::arguments_fit<isa::Opcode::name, A...>(), #name " reads " reads);        \
    emit(isa::Opcode::name, {detail::operand(arguments)...});                                      \
  }
#include "isa/instructions.def"

  Gp gp() { return {fresh(RegClass::Gp)}; }
  Fp fp() { return {fresh(RegClass::Fp)}; }
  Addr addr() { return {fresh(RegClass::Addr)}; }

  /// Register = any 32-bit value or address; one or two instructions.
  void set(Gp destination, Imm value);
  Gp set(Imm value);
  /// Register += amount. Amounts beyond 18 bits go through a register of their own.
  void step(Gp reg, std::uint64_t amount);
  void copy(Gp destination, Gp source) { S_ADDI_INT(destination, source, 0); }
  Gp copy(Gp source);
  /// A register with source + amount.
  Gp plus(Gp source, std::uint64_t amount);
  void clear(Fp destination) { S_ADD_FP(destination, zero_fp, zero_fp); }
  /// A register with this value, rounded to bf16, from the FP SRAM.
  Fp constant(float value);
  /// Entries of the FP SRAM next to each other; the values are rounded to binary16.
  SymbolId table(std::string name, std::vector<float> values);
  /// An HBM address register that holds the start of the symbol.
  Addr address_of(SymbolId hbm);

  /// `body` runs `trips` times; no loop is made for a single trip and nothing for none. One trip of
  /// the loop in the program does the work of `copies`, or a part of them when the body is long, where
  /// it is not written out anyway.
  template <class F> void loop(std::uint64_t trips, std::uint64_t copies, F&& body) {
    if (trips == 0) {
      return;
    }
    if (trips == 1) {
      body();
      return;
    }
    const Gp counter = gp();
    push(
      {Item::Kind::LoopBegin,
       {},
       {detail::operand(counter), detail::operand(trips), detail::operand(copies)}}
    );
    body();
    push({Item::Kind::LoopEnd, {}, {detail::operand(counter)}});
  }
  template <class F> void loop(std::uint64_t trips, F&& body) {
    loop(trips, 1, std::forward<F>(body));
  }
  /// The same, written out when that is short.
  template <class F> void repeat(std::uint64_t trips, F&& body) {
    if (trips > unrolled_trips) {
      loop(trips, std::forward<F>(body));
      return;
    }
    for (std::uint64_t i = 0; i < trips; ++i) {
      body();
    }
  }

  SymbolId symbol(
    std::string name,
    Memory memory,
    std::uint64_t size,
    std::optional<float> constant = std::nullopt
  );
  void comment(std::string text);
  /// Items from here on belong to this graph node.
  void node(std::uint32_t id) { node_ = id; }

 private:
  static constexpr std::uint64_t unrolled_trips = 4;

  std::uint32_t fresh(RegClass reg_class) {
    return program_.registers[static_cast<std::size_t>(reg_class)]++;
  }
  void emit(isa::Opcode op, std::initializer_list<Operand> operands);
  void push(Item item);

  Program& program_;
  std::uint32_t node_ = no_node;
  std::map<std::uint32_t, SymbolId> constants_; ///< by f32 bits of the rounded value
};

} // namespace plena::lower
