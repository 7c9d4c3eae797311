#include "isa/codec.h"

#include <charconv>
#include <fmt/format.h>

namespace plena::isa {

namespace {

constexpr std::uint32_t opcode_mask = (std::uint32_t{1} << opcode_bits) - 1;

void append_number(std::string& out, std::uint32_t value) {
  char digits[10];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

/// The operand as an effect line names it.
std::string decoded_text(const Operand& operand, std::uint32_t value) {
  switch (operand.kind) {
  case Kind::gp:
  case Kind::fp:
  case Kind::addr:
    return fmt::format("{}{}", info_of(operand.kind).prefix, value);
  case Kind::step:
    return value == 0 ? std::string("1") : fmt::format("gp{}", value);
  case Kind::integer:
  case Kind::mask:
  case Kind::policy:
  case Kind::order:
  case Kind::precision:
  case Kind::stride:
  case Kind::zero:
    return fmt::format("{}", value);
  }
  return {};
}

/// What a selector adds to the effect when it is not at its default.
std::string_view selector_note(Kind kind, std::uint32_t value) {
  switch (kind) {
  case Kind::mask:
    return value != 0 ? ", only lanes selected by v_mask" : "";
  case Kind::precision:
    return value != 0 ? ", KV type" : "";
  case Kind::stride:
    return value == 1 ? ", rows stride apart" : "";
  case Kind::gp:
  case Kind::fp:
  case Kind::addr:
  case Kind::integer:
  case Kind::policy:
  case Kind::order:
  case Kind::zero:
  case Kind::step:
    return "";
  }
  return "";
}

Diagnostic range_error(const InsnDef& row, std::string message) {
  return {
    .severity = Severity::Error,
    .code = "E_ISA_RANGE",
    .message = fmt::format("{}: {}", row.name, message),
    .hint = "build the value in a register"};
}

/// Fields of `instr` by name; both immediates are one value.
constexpr Field register_fields[] = {Field::rd, Field::rs1, Field::rs2, Field::rs3, Field::funct};

} // namespace

Decoded decode_word(std::uint32_t word) {
  const InsnDef* row = find(word & opcode_mask);
  if (row == nullptr || row->unit == Unit::None) {
    return {};
  }
  Decoded decoded{DecodeStatus::Ok, {}};
  decoded.instr.op = row->code;
  for (const Operand& operand : row->reads) {
    const std::uint32_t value = extract(word, operand.field);
    decoded.instr.set(operand.field, value);
    if (operand.kind == Kind::zero && value != 0) {
      decoded.status = DecodeStatus::Refused;
    }
  }
  return decoded;
}

std::optional<Instr> decode(std::uint32_t word) {
  const Decoded decoded = decode_word(word);
  if (decoded.status != DecodeStatus::Ok) {
    return std::nullopt;
  }
  return decoded.instr;
}

Result<std::uint32_t> encode(const Instr& instr) {
  const InsnDef* row = find(static_cast<std::uint32_t>(instr.op));
  if (row == nullptr || row->unit == Unit::None) {
    return Diagnostic{
      .severity = Severity::Error,
      .code = "E_ISA_INVALID",
      .message =
        fmt::format("the machine has no instruction {:#04x}", static_cast<unsigned>(instr.op))};
  }
  for (const Field field : register_fields) {
    if (row->reads.find(field) == nullptr && instr.get(field) != 0) {
      return range_error(*row, fmt::format("{} is not read and must be 0", bits_of(field).name));
    }
  }
  const bool has_imm =
    row->reads.find(Field::imm18) != nullptr || row->reads.find(Field::imm22) != nullptr;
  if (!has_imm && instr.imm != 0) {
    return range_error(*row, "no immediate is read; it must be 0");
  }
  std::uint32_t word = static_cast<std::uint32_t>(row->code);
  for (const Operand& operand : row->reads) {
    const FieldBits& bits = bits_of(operand.field);
    const std::uint32_t value = instr.get(operand.field);
    const std::uint32_t limit = operand.kind == Kind::zero ? 0 : max_of(operand.field);
    if (value > limit) {
      return range_error(
        *row, fmt::format("{} is {}, but the highest is {}", bits.name, value, limit)
      );
    }
    word |= value << bits.low;
  }
  return word;
}

bool expressible(std::uint32_t word) {
  const InsnDef* row = find(word & opcode_mask);
  return row != nullptr && (!row->operands.empty() || (word >> opcode_bits) == 0);
}

void disassemble_to(std::uint32_t word, std::string& out) {
  if (!expressible(word)) {
    fmt::format_to(std::back_inserter(out), ".word 0x{:08X}", word);
    return;
  }
  const InsnDef& row = *find(word & opcode_mask);
  out += row.name;
  for (std::size_t i = 0; i < row.operands.size(); ++i) {
    const Operand& operand = row.operands[i];
    const bool last = i + 1 == row.operands.size();
    out += i == 0 ? " " : ", ";
    out += info_of(operand.kind).prefix;
    append_number(out, last ? word >> bits_of(operand.field).low : extract(word, operand.field));
  }
}

std::string disassemble(std::uint32_t word) {
  std::string text;
  disassemble_to(word, text);
  return text;
}

std::string effect_text(std::uint32_t word) {
  const Decoded decoded = decode_word(word);
  if (decoded.status == DecodeStatus::Invalid) {
    return "faults when executed";
  }
  const InsnDef& row = def(decoded.instr.op);
  if (decoded.status == DecodeStatus::Refused) {
    return fmt::format("refused when the program is loaded: rd of {} must be 0", row.name);
  }
  std::string text;
  std::string_view rest = row.effect;
  for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const std::size_t close = rest.find('}', open);
    text += rest.substr(0, open);
    const std::string_view name = rest.substr(open + 1, close - open - 1);
    for (const Operand& operand : row.reads) {
      if (bits_of(operand.field).name == name) {
        text += decoded_text(operand, decoded.instr.get(operand.field));
      }
    }
    rest.remove_prefix(close + 1);
  }
  text += rest;
  for (const Operand& operand : row.reads) {
    text += selector_note(operand.kind, decoded.instr.get(operand.field));
  }
  return text;
}

} // namespace plena::isa
