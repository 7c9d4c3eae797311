#include "isa/isa.h"

#include "base/check.h"

#include <array>

namespace plena::isa {

namespace {

constexpr InsnDef table[] = {
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  {#name,                                                                                          \
   static_cast<Opcode>(code),                                                                      \
   Unit::unit,                                                                                     \
   #cost,                                                                                          \
   parse_operands(operands),                                                                       \
   parse_operands(reads),                                                                          \
   effect,                                                                                         \
   summary},
#include "isa/instructions.def"
};

constexpr std::uint32_t opcode_mask = (std::uint32_t{1} << opcode_bits) - 1;

constexpr bool codes_are_unique() {
  std::array<bool, opcode_space> seen{};
  for (const InsnDef& row : table) {
    const auto code = static_cast<std::size_t>(row.code);
    if (code >= opcode_space || seen[code]) {
      return false;
    }
    seen[code] = true;
  }
  return true;
}

constexpr bool names_are_unique() {
  for (const InsnDef& a : table) {
    for (const InsnDef& b : table) {
      if (&a != &b && a.name == b.name) {
        return false;
      }
    }
  }
  return true;
}

/// No two operands share a bit, none touches the opcode, none leaves the word.
constexpr bool fields_fit(const OperandList& list) {
  std::uint64_t used = opcode_mask;
  for (const Operand& operand : list) {
    const std::uint64_t bits = mask_of(operand.field);
    if (bits_of(operand.field).low + bits_of(operand.field).width > word_bits || (used & bits) != 0) {
      return false;
    }
    used |= bits;
  }
  return true;
}

/// Operands ascend without a gap, so that the last one can hold all remaining bits (isa.md 6), and
/// only the last may be left out.
constexpr bool operands_ascend(const OperandList& list) {
  unsigned next = opcode_bits;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (bits_of(list[i].field).low != next || (list[i].optional && i + 1 != list.size())) {
      return false;
    }
    next += bits_of(list[i].field).width;
  }
  return true;
}

/// Every `{field}` of an effect is a field that the machine reads.
constexpr bool placeholders_are_read(const InsnDef& row) {
  std::string_view text = row.effect;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      return false;
    }
    const std::string_view name = text.substr(open + 1, close - open - 1);
    bool found = false;
    for (const Operand& operand : row.reads) {
      found = found || bits_of(operand.field).name == name;
    }
    if (!found) {
      return false;
    }
    text.remove_prefix(close + 1);
  }
  return true;
}

template <class Predicate> constexpr bool every_row(Predicate predicate) {
  for (const InsnDef& row : table) {
    if (!predicate(row)) {
      return false;
    }
  }
  return true;
}

static_assert(codes_are_unique());
static_assert(names_are_unique());
static_assert(every_row([](const InsnDef& row) { return fields_fit(row.operands); }));
static_assert(every_row([](const InsnDef& row) { return fields_fit(row.reads); }));
static_assert(every_row([](const InsnDef& row) { return operands_ascend(row.operands); }));
static_assert(every_row(placeholders_are_read));
static_assert(
  every_row([](const InsnDef& row) { return (row.unit == Unit::None) == (row.cost == "none"); }),
  "an instruction that nothing executes has no cost, and every other has one"
);
static_assert(every_row([](const InsnDef& row) {
  return row.unit != Unit::None || row.reads.empty();
}));

constexpr std::uint8_t no_row = 0xFF;

constexpr std::array<std::uint8_t, opcode_space> make_rows_by_code() {
  std::array<std::uint8_t, opcode_space> rows{};
  rows.fill(no_row);
  for (std::size_t i = 0; i < std::size(table); ++i) {
    rows[static_cast<std::size_t>(table[i].code)] = static_cast<std::uint8_t>(i);
  }
  return rows;
}

constexpr std::array<std::uint8_t, opcode_space> rows_by_code = make_rows_by_code();

} // namespace

std::span<const InsnDef> all() { return table; }

const InsnDef* find(std::uint32_t code) {
  return code < opcode_space && rows_by_code[code] != no_row ? &table[rows_by_code[code]] : nullptr;
}

const InsnDef& def(Opcode opcode) {
  const InsnDef* row = find(static_cast<std::uint32_t>(opcode));
  PLENA_CHECK(row != nullptr);
  return *row;
}

const InsnDef* find(std::string_view name) {
  for (const InsnDef& row : table) {
    if (row.name == name) {
      return &row;
    }
  }
  return nullptr;
}

std::string_view to_string(Opcode opcode) { return def(opcode).name; }

std::string_view to_string(Unit unit) {
  switch (unit) {
  case Unit::None:
    return "None";
  case Unit::Matrix:
    return "Matrix";
  case Unit::Vector:
    return "Vector";
  case Unit::Float:
    return "Float";
  case Unit::Integer:
    return "Integer";
  case Unit::Memory:
    return "Memory";
  case Unit::Control:
    return "Control";
  }
  return "None";
}

} // namespace plena::isa
