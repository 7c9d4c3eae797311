#include "asm/traps.h"

#include "isa/codec.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::assembly {

namespace {

using isa::Field;
using isa::Kind;
using isa::Operand;

constexpr std::string_view always_faults = "faults when executed";

/// One warning about part of a line; text is built only when it will be listed.
class Trap {
 public:
  Trap(const Place& place, Report& report) : place_(place), report_(report) {}

  template <class Message>
  void warn(std::string_view code, Extent extent, Message message, std::string hint) const {
    if (report_.count(Severity::Warning, code)) {
      report_.add(Severity::Warning, code, place_, extent, message(), std::move(hint));
    }
  }

 private:
  const Place& place_;
  Report& report_;
};

std::string_view bank_name(char bank) { return bank == 'g' ? "gp" : bank == 'f' ? "f" : "a"; }

/// What is wrong with how an operand is written.
void check_spelling(const Operand& operand, const OperandText& text, const Trap& trap) {
  const std::string_view prefix = isa::info_of(operand.kind).prefix;
  if (prefix.empty()) {
    return; // numbers reach the position of a register only as `zero`, checked by value
  }
  if (text.form == Form::Integer) {
    trap.warn(
      code::register_class,
      text.extent,
      [&] { return fmt::format("'{}' is taken as register {}{}", text.text, prefix, text.text); },
      fmt::format("write {} and the index", prefix)
    );
  } else if (bank_name(text.bank) != prefix) {
    trap.warn(
      code::register_class,
      text.extent,
      [&] {
        return fmt::format(
          "this operand is {} register: '{}' is read as {} with the same index",
          operand.kind == Kind::fp     ? "an f"
          : operand.kind == Kind::addr ? "an a"
                                       : "a gp",
          text.text,
          prefix
        );
      },
      fmt::format("write {} and the index", prefix)
    );
  }
}

/// A value that does not fit its field changes the fields above it.
void check_width(const Operand& operand, const OperandText& text, const Trap& trap) {
  const isa::FieldBits& bits = isa::bits_of(operand.field);
  const isa::KindInfo& kind = isa::info_of(operand.kind);
  if (text.value.negative()) {
    trap.warn(
      code::borrow,
      text.extent,
      [&] { return fmt::format("'{}' is negative and borrows from the fields above", text.text); },
      "fields are unsigned; subtract with S_SUB_INT"
    );
    return;
  }
  const auto value = text.value.as_u64();
  if (!value || *value > isa::max_of(operand.field)) {
    trap.warn(
      code::carry,
      text.extent,
      [&] {
        return fmt::format(
          "'{}' needs {} bits, the field {} has {}: the rest is added to the fields above",
          text.text,
          bit_length(text.value),
          bits.name,
          bits.width
        );
      },
      kind.prefix.empty()
        ? fmt::format("the highest value is {}", isa::max_of(operand.field))
        : fmt::format(
            "{} does not exist: the highest is {}{}", text.text, kind.prefix, kind.count - 1
          )
    );
    return;
  }
  if (kind.count != 0 && *value >= kind.count) {
    trap.warn(
      code::register_range,
      text.extent,
      [&] { return fmt::format("'{}' faults when executed", text.text); },
      fmt::format("{} does not exist: the highest is {}{}", text.text, kind.prefix, kind.count - 1)
    );
  }
}

/// A selector with a value that the machine treats as another.
void check_selector(const Operand& operand, std::uint64_t value, Extent extent, const Trap& trap) {
  if (operand.kind == Kind::stride && value > 1) {
    trap.warn(
      code::selector,
      extent,
      [&] { return fmt::format("stride selector {} acts like 0: rows are dense", value); },
      "write 1 for rows that are the stride register apart"
    );
  } else if (operand.kind == Kind::policy && value > 1) {
    trap.warn(
      code::faults,
      extent,
      [&] { return fmt::format("policy {} faults when executed", value); },
      "policies are 0 (4 of 32) and 1 (8 of 128)"
    );
  }
}

/// The operand goes to bits that the machine does not read, or reads as something else.
void check_destination(
  const isa::InsnDef& row, const Operand& operand, const OperandText& text, const Trap& trap
) {
  const Operand* read = row.reads.find(operand.field);
  if (operand.kind == Kind::zero) {
    if (!text.value.is_zero()) {
      trap.warn(
        code::not_zero,
        text.extent,
        [&] {
          return read != nullptr
                   ? fmt::format("{} with '{}' here is refused by the machine", row.name, text.text)
                   : fmt::format("'{}' is ignored by the machine", text.text);
        },
        "write 0"
      );
    }
    return;
  }
  if ((read != nullptr && read->kind == operand.kind) || text.value.is_zero() || row.unit == isa::Unit::None) {
    return;
  }
  // The machine's field that overlaps the one written, if any.
  const Operand* other = nullptr;
  for (const Operand& candidate : row.reads) {
    if ((isa::mask_of(candidate.field) & isa::mask_of(operand.field)) != 0) {
      other = &candidate;
    }
  }
  const unsigned low = isa::bits_of(operand.field).low;
  if (other == nullptr) {
    trap.warn(
      code::misplaced,
      text.extent,
      [&] { return fmt::format("{} does not read '{}'", row.name, text.text); },
      "write 0"
    );
    return;
  }
  const unsigned shift = isa::bits_of(other->field).low - low;
  const std::uint32_t placed = text.value.low_word() << low;
  const std::uint32_t seen = isa::extract(placed, other->field);
  const auto value = text.value.as_u64();
  // A mask or selector written in the machine's place on purpose is a multiple that fits.
  if (other->kind != Kind::integer && value && (std::uint64_t{seen} << shift) == *value) {
    return;
  }
  trap.warn(
    code::misplaced,
    text.extent,
    [&] {
      return fmt::format(
        "{} puts '{}' {} bits below the {} that the machine reads, which becomes {}",
        row.name,
        text.text,
        shift,
        other->kind == Kind::integer ? "immediate" : isa::info_of(other->kind).name,
        seen
      );
    },
    fmt::format("write {} times the value that the machine shall read", 1u << shift)
  );
}

/// Operands that set no field.
void check_dropped(const Assigned& assigned, const Trap& trap) {
  const isa::InsnDef& row = assigned.row;
  const auto& operands = assigned.tokens.operands;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto used = assigned.positions.begin() + static_cast<std::ptrdiff_t>(row.operands.size());
    if (std::find(assigned.positions.begin(), used, i) != used) {
      continue;
    }
    // An optional operand in its own place that has no value counts as 0.
    if (i < row.operands.size() && row.operands[i].optional) {
      trap.warn(
        code::no_value,
        operands[i].extent,
        [&] {
          return fmt::format(
            "'{}' is not a number; the {} is taken as 0",
            operands[i].text,
            isa::info_of(row.operands[i].kind).name
          );
        },
        "write a number"
      );
      continue;
    }
    trap.warn(
      code::dropped,
      operands[i].extent,
      [&] { return fmt::format("{} does not use '{}'", row.name, operands[i].text); },
      row.operands.empty() ? std::string("write no operands")
                           : fmt::format("{} takes {} operands", row.name, row.operands.size())
    );
  }
}

void check_execution(const Assigned& assigned, const LineResult& result, const Trap& trap) {
  const isa::InsnDef& row = assigned.row;
  const Extent extent = assigned.tokens.mnemonic_extent;
  if (!result.negative.empty()) {
    trap.warn(
      code::not_loadable,
      extent,
      [&] {
        return fmt::format("the word is negative and cannot be loaded: 0x{}", result.negative);
      },
      "fields are unsigned; subtract with S_SUB_INT"
    );
    return;
  }
  if (row.unit == isa::Unit::None || row.effect == always_faults) {
    trap.warn(
      code::faults,
      extent,
      [&] { return fmt::format("{} faults when executed", row.name); },
      "the machine does not have this instruction"
    );
  }
  if (row.code == isa::Opcode::C_LOOP_START && isa::extract(result.word, Field::imm22) == 0) {
    trap.warn(
      code::faults,
      extent,
      [] { return std::string("a loop of 0 iterations faults when executed"); },
      "loops run at least once"
    );
  }
}

} // namespace

std::size_t bit_length(const Integer& value) {
  const std::string digits = value.hex(1);
  const std::size_t sign = value.negative() ? 1 : 0;
  const char top = digits[sign];
  const unsigned nibble = static_cast<unsigned>(top >= 'A' ? top - 'A' + 10 : top - '0');
  const unsigned top_bits = nibble >= 8 ? 4u : nibble >= 4 ? 3u : nibble >= 2 ? 2u : nibble;
  return (digits.size() - sign - 1) * 4 + top_bits;
}

void warn_about_traps(
  const Assigned& assigned, const LineResult& result, const Place& place, Report& report
) {
  const Trap trap(place, report);
  for (std::size_t i = 0; i < assigned.row.operands.size(); ++i) {
    if (!assigned.has(i)) {
      continue;
    }
    const Operand& operand = assigned.row.operands[i];
    const OperandText& text = assigned.text(i);
    check_spelling(operand, text, trap);
    check_width(operand, text, trap);
    check_destination(assigned.row, operand, text, trap);
    if (const auto value = text.value.as_u64(); value && *value <= isa::max_of(operand.field)) {
      check_selector(operand, *value, text.extent, trap);
    }
  }
  check_dropped(assigned, trap);
  check_execution(assigned, result, trap);
}

std::optional<std::uint32_t> quiet_limit(const isa::InsnDef& row, const Operand& operand) {
  if (row.unit == isa::Unit::None || row.effect == always_faults || row.code == isa::Opcode::C_LOOP_START) {
    return std::nullopt;
  }
  const Operand* read = row.reads.find(operand.field);
  const isa::KindInfo& kind = isa::info_of(operand.kind);
  if (operand.kind == Kind::zero || read == nullptr || read->kind != operand.kind) {
    return 0;
  }
  if (kind.count != 0) {
    return kind.count - 1;
  }
  if (operand.kind == Kind::stride || operand.kind == Kind::policy) {
    return 1;
  }
  return isa::max_of(operand.field);
}

} // namespace plena::assembly
