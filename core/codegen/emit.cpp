#include "base/check.h"
#include "base/size.h"
#include "codegen/instructions.h"
#include "codegen/regalloc.h"
#include "isa/codec.h"

namespace plena::codegen {

namespace {

using lower::Item;
using lower::Operand;

std::uint32_t field_value(const Operand& operand, const Registers& registers) {
  switch (operand.kind) {
  case Operand::Kind::Gp:
  case Operand::Kind::Fp:
  case Operand::Kind::Addr:
    return registers.of(operand);
  case Operand::Kind::Immediate:
    return static_cast<std::uint32_t>(operand.value);
  case Operand::Kind::None:
  case Operand::Kind::Address:
    break;
  }
  PLENA_CHECK(false);
  return 0;
}

isa::Opcode opcode_of(const Item& item) {
  switch (item.kind) {
  case Item::Kind::LoopBegin:
    return isa::Opcode::C_LOOP_START;
  case Item::Kind::LoopEnd:
    return isa::Opcode::C_LOOP_END;
  case Item::Kind::Insn:
  case Item::Kind::Set:
  case Item::Kind::Comment:
    break;
  }
  return item.op;
}

std::uint32_t word_of(const Item& item, const Registers& registers) {
  isa::Instr instr;
  instr.op = opcode_of(item);
  const isa::OperandList& reads = isa::def(instr.op).reads;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    instr.set(reads[i].field, field_value(item.operands[i], registers));
  }
  const Result<std::uint32_t> word = isa::encode(instr);
  PLENA_CHECK(word.ok()); // the tile program has been verified
  return *word;
}

} // namespace

Result<Emitted> emit(const Listing& listing) {
  Result<Registers> registers = allocate(listing);
  if (!registers) {
    return registers.diagnostics();
  }
  Emitted out;
  out.program.words.reserve(to_size(listing.words));
  out.node_of_word.reserve(to_size(listing.words));
  for (const Item& item : listing.items) {
    if (item.kind == Item::Kind::Comment) {
      out.comments.push_back(
        {static_cast<std::uint32_t>(out.program.words.size()),
         listing.comments[to_size(item.operands[0].value)]}
      );
      continue;
    }
    out.program.words.push_back(word_of(item, *registers));
    out.node_of_word.push_back(item.node);
  }
  return out;
}

} // namespace plena::codegen
