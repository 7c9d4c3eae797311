// From a placed tile program to machine words: symbols become numbers, the passes of passes.h improve
// and legalise what is left, virtual registers and absolute values become words.
#pragma once

#include "base/result.h"
#include "codegen/layout.h"
#include "isa/program.h"
#include "lower/lir.h"

#include <cstdint>
#include <span>
#include <vector>

namespace plena::codegen {

/// A tile program without symbols: operands are registers and numbers, absolute values still one item
/// each, so that passes see them whole.
using Listing = lower::Program;

/// Operands and items as passes make them.
inline lower::Operand gp(std::uint32_t reg) { return {lower::Operand::Kind::Gp, reg, 0, {}}; }
inline lower::Operand number(std::uint64_t value) {
  return {lower::Operand::Kind::Immediate, 0, value, {}};
}
/// target = value
inline lower::Item set(lower::Operand target, std::uint64_t value, std::uint32_t node) {
  return {lower::Item::Kind::Set, isa::Opcode::INVALID_OPCODE, {target, number(value)}, node};
}
/// target = source + amount
inline lower::Item
added(lower::Operand target, lower::Operand source, std::uint64_t amount, std::uint32_t node) {
  return {lower::Item::Kind::Insn, isa::Opcode::S_ADDI_INT, {target, source, number(amount)}, node};
}

/// Puts in the addresses. The listing starts with the instructions that make the constants which
/// binary16 lacks.
Listing resolve(const lower::Program& program, const Layout& layout);

/// Words that an item becomes: an absolute value one or two, a comment none.
std::uint64_t words_of(const lower::Item& item);

struct Counts {
  std::uint64_t words = 0;
  std::uint64_t executed = 0; ///< instructions that a run executes
  std::uint64_t loops = 0;    ///< static
};
/// Of items with whole loops.
Counts count(std::span<const lower::Item> items);
inline Counts count(const Listing& listing) { return count(std::span(listing.items)); }

struct Emitted {
  isa::Program program;
  std::vector<isa::Comment> comments;
  std::vector<std::uint32_t> node_of_word; ///< lower::no_node for words of no node
};

/// E_RESOURCE naming the graph node when more values are live at once than there are registers.
Result<Emitted> emit(const Listing& listing);

} // namespace plena::codegen
