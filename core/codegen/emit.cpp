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

std::uint32_t encoded(const isa::Instr& instr) {
  const Result<std::uint32_t> word = isa::encode(instr);
  PLENA_CHECK(word.ok()); // the listing has been verified
  return *word;
}

std::uint32_t word_of(const Item& item, const Registers& registers) {
  isa::Instr instr;
  instr.op = opcode_of(item);
  const isa::OperandList& reads = isa::def(instr.op).reads;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    instr.set(reads[i].field, field_value(item.operands[i], registers));
  }
  return encoded(instr);
}

/// How an absolute value is made: S_ADDI_INT from register 0 when it fits there, else S_LUI_INT and an
/// S_ADDI_INT for the bits below. The only place that knows how wide immediates are.
struct Absolute {
  std::uint64_t upper = 0;
  std::uint64_t low = 0;

  explicit Absolute(std::uint64_t value) {
    constexpr unsigned upper_shift = 12; // of S_LUI_INT
    const bool wide = value > isa::max_of(isa::Field::imm18);
    upper = wide ? value >> upper_shift : 0;
    low = wide ? value & ((1u << upper_shift) - 1) : value;
  }
  std::uint64_t words() const { return upper != 0 && low != 0 ? 2 : 1; }
};

void append_set(std::vector<std::uint32_t>& words, const Item& item, const Registers& registers) {
  const Absolute value(item.operands[1].value);
  isa::Instr instr;
  instr.rd = registers.of(item.operands[0]);
  if (value.upper != 0) {
    instr.op = isa::Opcode::S_LUI_INT;
    instr.imm = static_cast<std::uint32_t>(value.upper);
    words.push_back(encoded(instr));
    instr.rs1 = instr.rd;
  }
  if (value.upper == 0 || value.low != 0) {
    instr.op = isa::Opcode::S_ADDI_INT;
    instr.imm = static_cast<std::uint32_t>(value.low);
    words.push_back(encoded(instr));
  }
}

} // namespace

std::uint64_t words_of(const Item& item) {
  switch (item.kind) {
  case Item::Kind::Comment:
    return 0;
  case Item::Kind::Set:
    return Absolute(item.operands[1].value).words();
  case Item::Kind::Insn:
  case Item::Kind::LoopBegin:
  case Item::Kind::LoopEnd:
    break;
  }
  return 1;
}

Counts count(std::span<const Item> items) {
  Counts counts;
  std::vector<std::uint64_t> times{1};
  for (const Item& item : items) {
    const std::uint64_t words = words_of(item);
    counts.words += words;
    counts.executed += words * times.back();
    if (item.kind == Item::Kind::LoopBegin) {
      ++counts.loops;
      times.push_back(times.back() * item.operands[1].value);
    } else if (item.kind == Item::Kind::LoopEnd) {
      times.pop_back();
    }
  }
  return counts;
}

Result<Emitted> emit(const Listing& listing) {
  Result<Registers> registers = allocate(listing);
  if (!registers) {
    return registers.diagnostics();
  }
  Emitted out;
  const std::size_t words = to_size(count(listing).words);
  out.program.words.reserve(words);
  out.node_of_word.reserve(words);
  for (const Item& item : listing.items) {
    switch (item.kind) {
    case Item::Kind::Comment:
      out.comments.push_back(
        {static_cast<std::uint32_t>(out.program.words.size()),
         listing.comments[to_size(item.operands[0].value)]}
      );
      break;
    case Item::Kind::Set:
      append_set(out.program.words, item, *registers);
      break;
    case Item::Kind::Insn:
    case Item::Kind::LoopBegin:
    case Item::Kind::LoopEnd:
      out.program.words.push_back(word_of(item, *registers));
      break;
    }
    out.node_of_word.resize(out.program.words.size(), item.node);
  }
  return out;
}

} // namespace plena::codegen
