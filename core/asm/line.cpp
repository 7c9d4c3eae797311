#include "asm/line.h"

#include "asm/traps.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>

namespace plena::assembly {

namespace {

using isa::Field;
using isa::Operand;

/// Operands beyond this many void all of them; the last of these is never looked at.
constexpr std::size_t max_operands = 6;

LineResult failed(std::string_view code, bool parse_phase) {
  return {LineResult::Kind::Error, 0, {}, code, parse_phase};
}

/// At most 40 bytes of what the user wrote, cut between characters.
std::string quoted(std::string_view text) {
  constexpr std::size_t limit = 40;
  if (text.size() <= limit) {
    return fmt::format("'{}'", text);
  }
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return fmt::format("'{}...'", text.substr(0, end));
}

std::string mnemonic_hint(std::string_view name) {
  if (name.substr(0, 3) == "\xEF\xBB\xBF") {
    return "remove the byte order mark at the start of the file";
  }
  if (name == ".word") {
    return "`.word` is an extension of this assembler, off in compatible mode";
  }
  if (name[0] == '#' || name[0] == '/' || name.substr(0, 2) == "--") {
    return "comments start with ; or //";
  }
  if (name.back() == ':') {
    return "there are no labels; repeat with C_LOOP_START and C_LOOP_END";
  }
  if (name.find(',') != std::string_view::npos) {
    return "put a space between the mnemonic and its first operand, and no comma";
  }
  const std::string raised = upper_case(name);
  if (isa::find(raised) != nullptr) {
    return fmt::format("mnemonics are upper-case: {}", raised);
  }
  std::vector<std::string_view> names;
  for (const isa::InsnDef& row : isa::all()) {
    names.push_back(row.name);
  }
  if (name.size() <= 64) {
    if (const auto candidate = nearest(raised, names)) {
      return fmt::format("did you mean {}?", *candidate);
    }
  }
  return "see the instruction reference for the mnemonics";
}

void report_unknown(const LineTokens& tokens, const Place& place, Report& report) {
  if (report.count(Severity::Error, code::unknown_mnemonic)) {
    report.add(
      Severity::Error,
      code::unknown_mnemonic,
      place,
      tokens.mnemonic_extent,
      fmt::format("no instruction is called {}", quoted(tokens.mnemonic)),
      mnemonic_hint(tokens.mnemonic)
    );
  }
}

void report_bad_number(const OperandText& operand, const Place& place, Report& report) {
  if (!report.count(Severity::Error, code::bad_number)) {
    return;
  }
  const std::string_view bank = operand.bank == 'g' ? "gp" : operand.bank == 'f' ? "f" : "a";
  const std::string_view rest = std::string_view(operand.text).substr(bank.size());
  const bool comma = rest.find(' ') != std::string_view::npos && !rest.empty();
  report.add(
    Severity::Error,
    code::bad_number,
    place,
    operand.extent,
    fmt::format("{} is not a register: {} is no number", quoted(operand.text), quoted(rest)),
    comma ? "separate operands with commas"
          : fmt::format("write the prefix and a decimal index, such as {}1", bank)
  );
}

/// Which operand sets what (isa.md 4.4). Entries are operand positions; `none` when nothing does.
struct Slots {
  static constexpr std::size_t none = 99;
  std::size_t rd = none, rs1 = none, rs2 = none, imm = none, x = none, y = none;

  std::size_t supplier(Field field) const {
    switch (field) {
    case Field::rd:
      return rd;
    case Field::rs1:
      return rs1;
    case Field::rs2:
      return rs2;
    case Field::rs3:
      return x;
    case Field::funct:
      return y;
    case Field::imm18:
    case Field::imm22:
      return imm;
    }
    return none;
  }
};

Slots assign(const std::vector<OperandText>& operands) {
  Slots slots;
  if (operands.size() > max_operands) {
    return slots;
  }
  const auto is = [&](std::size_t i, Form form) {
    return i < operands.size() && operands[i].form == form;
  };
  if (is(0, Form::Register) || is(0, Form::Integer)) {
    slots.rd = 0;
  }
  if (is(1, Form::Register)) {
    slots.rs1 = 1;
  } else if (is(1, Form::Integer)) {
    slots.imm = 1;
  }
  if (is(2, Form::Register)) {
    slots.rs2 = 2;
  } else if (is(2, Form::Integer)) {
    slots.imm = 2;
  }
  if (is(3, Form::Integer)) {
    slots.x = 3;
  }
  if (is(4, Form::Integer)) {
    slots.y = 4;
  }
  return slots;
}

/// "S_ADDI_INT rd, rs1, imm18", the shape a line should have.
std::string usage(const isa::InsnDef& row) {
  std::string text(row.name);
  for (const Operand& operand : row.operands) {
    const std::string_view prefix = isa::info_of(operand.kind).prefix;
    text += operand.field == row.operands[0].field ? " " : ", ";
    if (operand.kind == isa::Kind::zero) {
      text += "0";
    } else if (!prefix.empty()) {
      text += fmt::format("{}N", prefix);
    } else {
      text += isa::info_of(operand.kind).name;
    }
  }
  return text;
}

void report_missing(
  const isa::InsnDef& row,
  std::size_t index,
  const LineTokens& tokens,
  const Place& place,
  Report& report
) {
  if (!report.count(Severity::Error, code::missing_operand)) {
    return;
  }
  const Operand& operand = row.operands[index];
  const bool register_wanted = !isa::info_of(operand.kind).prefix.empty();
  const std::string wanted = operand.kind == isa::Kind::zero ? "0"
                             : register_wanted
                               ? fmt::format("a register ({}N)", isa::info_of(operand.kind).prefix)
                               : fmt::format("a number ({})", isa::info_of(operand.kind).name);
  std::string message;
  std::string hint = fmt::format("write {}", usage(row));
  Extent extent = tokens.mnemonic_extent;
  if (tokens.operands.size() > max_operands) {
    message = fmt::format(
      "{} operands: seven or more make the assembler drop all of them", tokens.operands.size()
    );
    extent = {tokens.operands[max_operands].extent.begin, tokens.operands.back().extent.end};
  } else if (index >= tokens.operands.size()) {
    message = fmt::format("operand {} of {} is missing: {}", index + 1, row.name, wanted);
  } else {
    const OperandText& found = tokens.operands[index];
    extent = found.extent;
    message =
      found.text.empty()
        ? fmt::format("operand {} of {} is empty, expected {}", index + 1, row.name, wanted)
        : fmt::format(
            "operand {} of {} is {}, expected {}", index + 1, row.name, quoted(found.text), wanted
          );
    const std::string lowered = lower_case(found.text);
    const auto bare = found.form == Form::Integer ? found.value.as_u64() : std::nullopt;
    if (register_wanted && bare && *bare < isa::info_of(operand.kind).count) {
      hint =
        fmt::format("for a register write {}{}", isa::info_of(operand.kind).prefix, found.text);
    } else if (register_wanted && lowered != found.text &&
               lowered.substr(0, 1) == isa::info_of(operand.kind).prefix.substr(0, 1)) {
      hint = fmt::format("registers are lower-case: {}", quoted(lowered));
    } else if (!register_wanted && found.text.substr(0, 2) == "0x") {
      hint = "numbers are decimal";
    }
  }
  report.add(
    Severity::Error, code::missing_operand, place, extent, std::move(message), std::move(hint)
  );
}

/// `.word N`: an unsigned 32-bit number, hexadecimal after 0x, else decimal.
std::optional<std::uint32_t> word_value(const LineTokens& tokens) {
  if (tokens.operands.size() != 1) {
    return std::nullopt;
  }
  std::string_view text = tokens.operands[0].text;
  const bool hex = text.substr(0, 2) == "0x";
  text.remove_prefix(hex ? 2 : 0);
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool decimal = c >= '0' && c <= '9';
    const int letter = c >= 'a' && c <= 'f' ? c - 'a' : c >= 'A' && c <= 'F' ? c - 'A' : -1;
    if (!decimal && (!hex || letter < 0)) {
      return std::nullopt;
    }
    value = value * (hex ? 16 : 10) + static_cast<std::uint64_t>(decimal ? c - '0' : letter + 10);
    if (value > 0xFFFFFFFF) {
      return std::nullopt;
    }
  }
  return text.empty() ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
}

LineResult assemble_word(const LineTokens& tokens, const Place& place, Report& report) {
  if (const auto value = word_value(tokens)) {
    return {LineResult::Kind::Word, *value};
  }
  if (report.count(Severity::Error, code::word)) {
    const Extent extent =
      tokens.operands.empty()
        ? tokens.mnemonic_extent
        : Extent{tokens.operands.front().extent.begin, tokens.operands.back().extent.end};
    report.add(
      Severity::Error,
      code::word,
      place,
      extent,
      ".word takes one number of at most 32 bits",
      "write .word 0x0000003F"
    );
  }
  return failed(code::word, false);
}

void report_overflow(
  const isa::InsnDef& row,
  const Assigned& assigned,
  const LineTokens& tokens,
  const Place& place,
  const Integer& sum,
  Report& report
) {
  if (!report.count(Severity::Error, code::overflow)) {
    return;
  }
  // The first operand that is too wide for its field; there is one, or the sum would fit.
  std::size_t culprit = 0;
  for (std::size_t i = 0; i < row.operands.size(); ++i) {
    if (!assigned.has(i)) {
      continue;
    }
    const auto value = assigned.value(i).as_u64();
    if (!assigned.value(i).negative() && (!value || *value > isa::max_of(row.operands[i].field))) {
      culprit = i;
    }
  }
  const Operand& operand = row.operands[culprit];
  const unsigned width = isa::bits_of(operand.field).width;
  const bool immediate = operand.kind == isa::Kind::integer;
  std::string shown = sum.hex(9);
  if (shown.size() > 16) {
    shown = "a sum of more than 64 bits";
  } else {
    shown = "0x" + shown;
  }
  std::string hint =
    "the highest index of a register is " + std::to_string(isa::max_of(operand.field));
  if (immediate && operand.field == Field::imm18) {
    hint = fmt::format(
      "the highest immediate is {}: build larger ones with S_LUI_INT and S_ADDI_INT",
      isa::max_of(operand.field)
    );
  } else if (isa::info_of(operand.kind).prefix.empty()) {
    hint = fmt::format("the highest value here is {}", isa::max_of(operand.field));
  }
  report.add(
    Severity::Error,
    code::overflow,
    place,
    tokens.operands[assigned.positions[culprit]].extent,
    fmt::format(
      "{} needs {} bits, the field {} has {}; the instruction becomes {}",
      immediate ? "the immediate" : "the value",
      bit_length(assigned.value(culprit)),
      isa::bits_of(operand.field).name,
      width,
      shown
    ),
    std::move(hint)
  );
}

LineResult
encode_line(const isa::InsnDef& row, const LineTokens& tokens, const Place& place, Report& report) {
  const Slots slots = assign(tokens.operands);
  Assigned assigned{row, tokens, {}};
  bool missing = false;
  for (std::size_t i = 0; i < row.operands.size(); ++i) {
    const Operand& operand = row.operands[i];
    const std::size_t supplier = slots.supplier(operand.field);
    assigned.positions[i] = supplier == Slots::none ? Assigned::absent : supplier;
    if (supplier == Slots::none && !operand.optional) {
      report_missing(row, i, tokens, place, report);
      missing = true;
    }
  }
  if (missing) {
    return failed(code::missing_operand, false);
  }
  Integer sum(static_cast<std::uint64_t>(row.code));
  for (std::size_t i = 0; i < row.operands.size(); ++i) {
    if (assigned.positions[i] != Assigned::absent) {
      sum.add_shifted(assigned.value(i), isa::bits_of(row.operands[i].field).low);
    }
  }
  LineResult result{LineResult::Kind::Word, sum.low_word()};
  if (sum.negative()) {
    // The minus sign counts as one of eight characters.
    result.negative = sum.hex(7);
  } else if (const auto value = sum.as_u64(); !value || *value > 0xFFFFFFFF) {
    report_overflow(row, assigned, tokens, place, sum, report);
    return failed(code::overflow, false);
  }
  warn_about_traps(assigned, result, place, report);
  return result;
}

} // namespace

LineResult assemble_line(const Place& place, const Options& options, Report& report) {
  const LineTokens tokens = split_line(place.text);
  if (tokens.mnemonic.empty()) {
    return {};
  }
  if (options.allow_word && tokens.mnemonic == ".word") {
    return assemble_word(tokens, place, report);
  }
  const isa::InsnDef* row = isa::find(tokens.mnemonic);
  if (row == nullptr) {
    report_unknown(tokens, place, report);
  }
  bool bad_number = false;
  if (tokens.operands.size() <= max_operands) {
    for (std::size_t i = 0; i < std::min<std::size_t>(tokens.operands.size(), 3); ++i) {
      if (tokens.operands[i].form == Form::BadRegister) {
        report_bad_number(tokens.operands[i], place, report);
        bad_number = true;
      }
    }
  }
  if (bad_number) {
    return failed(code::bad_number, true);
  }
  if (row == nullptr) {
    return failed(code::unknown_mnemonic, false);
  }
  return encode_line(*row, tokens, place, report);
}

} // namespace plena::assembly
