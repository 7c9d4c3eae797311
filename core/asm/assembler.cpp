// The two ways through a text: ordinary lines take quick_line(), which knows only the canonical
// form with values that fit; every other line takes assemble_line(), which knows all rules.
#include "asm/assembler.h"

#include "asm/line.h"
#include "asm/traps.h"
#include "base/text.h"
#include "isa/isa.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace plena::assembly {

namespace {

static_assert(std::endian::native == std::endian::little, "SWAR below loads little-endian");

std::uint64_t load8(const char* p) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}

/// The low `count` bytes of `bytes`, count at most 8.
std::uint64_t low_bytes(std::uint64_t bytes, std::size_t count) {
  return count >= 8 ? bytes : bytes & ((std::uint64_t{1} << (count * 8)) - 1);
}

// ---- mnemonics: a table indexed by a hash that has no collision among the rows
// --------------------

constexpr std::size_t slot_bits = 10;

/// `head` is the first 8 bytes of the name (fewer when it is shorter), `tail` the last 4.
constexpr std::size_t slot_of(std::uint64_t head, std::uint32_t tail, std::uint64_t seed) {
  const std::uint64_t mixed = (head ^ (std::uint64_t{tail} << 29)) * seed;
  return static_cast<std::size_t>(mixed >> (64 - slot_bits));
}

/// One operand of an ordinary line.
struct QuickOperand {
  std::uint16_t prefix = 0; ///< its bytes, little-endian
  std::uint8_t prefix_bytes = 0;
  std::uint8_t shift = 0;
  std::uint32_t limit = 0;
};

struct QuickRow {
  const char* name = nullptr;
  std::uint8_t name_bytes = 0;
  std::uint8_t opcode = 0;
  std::uint8_t operands = 0;
  std::uint8_t required = 0; ///< operands that may not be left out
  std::array<QuickOperand, isa::OperandList::capacity> operand{};
};

struct QuickTable {
  static constexpr std::uint8_t no_row = 0xFF;

  std::uint64_t seed = 0;
  std::array<std::uint8_t, std::size_t{1} << slot_bits> slots{};
  std::vector<QuickRow> rows;
};

constexpr std::size_t shortest_name = 4; // slot_of takes the last four bytes

std::size_t slot_of_name(std::string_view name, std::uint64_t seed) {
  std::uint64_t head = 0;
  std::uint32_t tail = 0;
  std::memcpy(&head, name.data(), std::min<std::size_t>(name.size(), 8));
  std::memcpy(&tail, name.data() + name.size() - 4, 4);
  return slot_of(head, tail, seed);
}

std::optional<QuickRow> quick_row(const isa::InsnDef& def) {
  QuickRow row;
  row.name = def.name.data();
  row.name_bytes = static_cast<std::uint8_t>(def.name.size());
  row.opcode = static_cast<std::uint8_t>(def.code);
  for (const isa::Operand& operand : def.operands) {
    const auto limit = quiet_limit(def, operand);
    if (!limit) {
      return std::nullopt;
    }
    const std::string_view prefix = isa::info_of(operand.kind).prefix;
    QuickOperand& quick = row.operand[row.operands++];
    std::memcpy(&quick.prefix, prefix.data(), prefix.size());
    quick.prefix_bytes = static_cast<std::uint8_t>(prefix.size());
    quick.shift = static_cast<std::uint8_t>(isa::bits_of(operand.field).low);
    quick.limit = *limit;
    row.required = static_cast<std::uint8_t>(row.required + (operand.optional ? 0 : 1));
  }
  return row;
}

QuickTable make_quick_table() {
  QuickTable table;
  for (const isa::InsnDef& def : isa::all()) {
    if (const auto row = quick_row(def); row && row->name_bytes >= shortest_name) {
      table.rows.push_back(*row);
    }
  }
  // Odd multipliers until no two names share a slot; some are found within a few dozen.
  for (table.seed = 0x9E3779B97F4A7C15;; table.seed += 0x632BE59BD9B4E01A) {
    table.slots.fill(QuickTable::no_row);
    bool free = true;
    for (std::size_t i = 0; i < table.rows.size() && free; ++i) {
      const QuickRow& row = table.rows[i];
      std::uint8_t& slot = table.slots[slot_of_name({row.name, row.name_bytes}, table.seed)];
      free = slot == QuickTable::no_row;
      slot = static_cast<std::uint8_t>(i);
    }
    if (free) {
      return table;
    }
  }
}

const QuickTable& quick_table() {
  static const QuickTable table = make_quick_table();
  return table;
}

// ---- ordinary lines
// ------------------------------------------------------------------------------

/// Decimal digits at `p`, at most 7: their value and number. Reads 8 bytes.
struct Digits {
  std::uint32_t value;
  std::uint32_t count;
};
Digits read_digits(const char* p) {
  const std::uint64_t bytes = load8(p);
  const std::uint64_t flipped = bytes ^ 0x3030303030303030;
  // The high bit of each byte that is not 0..9.
  const std::uint64_t others = ((flipped + 0x7676767676767676) | flipped) & 0x8080808080808080;
  const auto count = static_cast<std::uint32_t>(std::countr_zero(others)) / 8;
  if (count == 0 || count >= 8) {
    return {0, 0};
  }
  // Zeros in front, then pairs, fours, eights are joined.
  std::uint64_t v = flipped << (64 - count * 8);
  v = (v * 10 + (v >> 8)) & 0x00FF00FF00FF00FF;
  v = (v * 100 + (v >> 16)) & 0x0000FFFF0000FFFF;
  v = v * 10000 + (v >> 32);
  return {static_cast<std::uint32_t>(v), count};
}

const char* skip_blanks(const char* p) {
  while (*p == ' ' || *p == '\t') {
    ++p;
  }
  return p;
}

/// The line end at or after `p`; one exists.
template <bool has_cr> const char* find_line_end(const char* p, const char* end) {
  if constexpr (has_cr) {
    while (*p != '\n' && *p != '\r') {
      ++p;
    }
    return p;
  } else {
    return static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
  }
}

bool starts_comment(const char* p) { return *p == ';' || (*p == '/' && p[1] == '/'); }

/// What quick_line() made of a line: where it ends, or null when it is not ordinary.
struct Quick {
  const char* line_end = nullptr;
  bool has_word = false;
  std::uint32_t word = 0;
};

/// `p` is the start of a line that ends before `end`, with at least 16 bytes after its line end.
template <bool has_cr> Quick quick_line(const char* p, const char* end, const QuickTable& table) {
  p = skip_blanks(p);
  const std::uint64_t head = load8(p);
  const char* q = p;
  while (static_cast<unsigned char>(*q) > ' ') {
    ++q;
  }
  const auto length = static_cast<std::size_t>(q - p);
  if (length < shortest_name || *p == ';' || *p == '/') {
    if (starts_comment(p)) {
      return {find_line_end<has_cr>(p, end)};
    }
    return {*p == '\n' || *p == '\r' ? p : nullptr};
  }
  std::uint32_t tail = 0;
  std::memcpy(&tail, q - 4, sizeof tail);
  const std::uint8_t slot = table.slots[slot_of(low_bytes(head, length), tail, table.seed)];
  if (slot == QuickTable::no_row) {
    return {};
  }
  const QuickRow& row = table.rows[slot];
  if (length != row.name_bytes || std::memcmp(p, row.name, length) != 0) {
    return {};
  }
  std::uint32_t word = row.opcode;
  std::size_t index = 0;
  for (; index < row.operands; ++index) {
    q = skip_blanks(q);
    if (index != 0) {
      if (*q != ',') {
        break;
      }
      q = skip_blanks(q + 1);
    }
    const QuickOperand& operand = row.operand[index];
    std::uint16_t prefix = 0;
    std::memcpy(&prefix, q, sizeof prefix);
    if (low_bytes(prefix, operand.prefix_bytes) != operand.prefix) {
      return {};
    }
    q += operand.prefix_bytes;
    const Digits digits = read_digits(q);
    if (digits.count == 0 || digits.value > operand.limit) {
      return {};
    }
    q += digits.count;
    word |= digits.value << operand.shift;
  }
  q = skip_blanks(q);
  if (index < row.required) {
    return {};
  }
  if (*q != '\n' && *q != '\r') {
    if (!starts_comment(q)) {
      return {};
    }
    q = find_line_end<has_cr>(q, end);
  }
  return {q, true, word};
}

// ---- the whole text
// ------------------------------------------------------------------------------

/// Bytes that quick_line() may read past the line end.
constexpr std::ptrdiff_t overread = 16;

bool has_high_bit(std::string_view text) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    seen |= load8(text.data() + i);
  }
  for (; i < text.size(); ++i) {
    seen |= static_cast<unsigned char>(text[i]);
  }
  return (seen & 0x8080808080808080) != 0;
}

class Pass {
 public:
  Pass(std::string_view text, const Options& options)
      : options_(options),
        report_(options.mode),
        begin_(text.data()),
        end_(begin_ + text.size()),
        text_(text) {}

  Assembled run(bool take_quick_path) {
    if (has_high_bit(text_) && !is_valid_utf8(text_)) {
      report_not_utf8();
      return finish();
    }
    const bool has_cr = text_.find('\r') != std::string_view::npos;
    const auto lines = std::count(text_.begin(), text_.end(), '\n') +
                       (has_cr ? std::count(text_.begin(), text_.end(), '\r') : 0) + 1;
    result_.program.words.resize(static_cast<std::size_t>(lines));
    result_.program.lines.resize(static_cast<std::size_t>(lines));
    const char* p = begin_;
    if (take_quick_path) {
      p = has_cr ? quick_lines<true>() : quick_lines<false>();
    }
    while (p < end_) {
      p = careful_line(p);
    }
    return finish();
  }

 private:
  void push(std::uint32_t word) {
    result_.program.words[words_] = word;
    result_.program.lines[words_] = line_;
    ++words_;
  }

  const char* after_line_end(const char* p) const {
    if (p == end_) {
      return p;
    }
    return p + (*p == '\r' && p + 1 < end_ && p[1] == '\n' ? 2 : 1);
  }

  /// All lines but the last few, whose end is too near to the end of the text.
  template <bool has_cr> const char* quick_lines() {
    const char* p = begin_;
    const QuickTable& table = quick_table();
    const std::size_t last = text_.size() > overread
                               ? text_.substr(0, text_.size() - overread).rfind('\n')
                               : std::string_view::npos;
    if (last == std::string_view::npos) {
      return p;
    }
    const char* const stop = begin_ + last + 1;
    while (p < stop) {
      const Quick quick = quick_line<has_cr>(p, stop, table);
      if (quick.line_end == nullptr) {
        p = careful_line(p);
        continue;
      }
      if (quick.has_word) {
        push(quick.word);
      }
      ++line_;
      p = after_line_end(quick.line_end);
    }
    return p;
  }

  const char* careful_line(const char* p) {
    const std::string_view rest(p, static_cast<std::size_t>(end_ - p));
    const std::size_t length = std::min(rest.find_first_of("\r\n"), rest.size());
    const LineResult line = assemble_line({line_, rest.substr(0, length)}, options_, report_);
    switch (line.kind) {
    case LineResult::Kind::Nothing:
      break;
    case LineResult::Kind::Word:
      if (!line.negative.empty()) {
        result_.negative.push_back({static_cast<std::uint32_t>(words_), line.negative});
      }
      push(line.word);
      break;
    case LineResult::Kind::Error:
      if (std::string_view& first = line.parse_phase ? parse_error_ : encode_error_;
          first.empty()) {
        first = line.code;
      }
      break;
    }
    ++line_;
    return after_line_end(p + length);
  }

  void report_not_utf8() {
    parse_error_ = code::not_utf8;
    std::uint32_t number = 1;
    for (const char* p = begin_; p < end_; ++number) {
      const std::string_view rest(p, static_cast<std::size_t>(end_ - p));
      const std::size_t length = std::min(rest.find_first_of("\r\n"), rest.size());
      const std::string_view line = rest.substr(0, length);
      if (!is_valid_utf8(line)) {
        std::size_t at = 0;
        for (std::size_t bytes = code_point(line, at).bytes; is_valid_utf8(line.substr(at, bytes));
             bytes = code_point(line, at).bytes) {
          at += bytes;
        }
        report_.count(Severity::Error, code::not_utf8);
        report_.add(
          Severity::Error,
          code::not_utf8,
          {number, line},
          {at, at + 1},
          "the file is not UTF-8 text",
          "save it as UTF-8; this holds for comments too"
        );
        return;
      }
      p = after_line_end(p + length);
    }
  }

  Assembled finish() {
    result_.upstream_error = !parse_error_.empty() ? parse_error_ : encode_error_;
    result_.errors = report_.errors();
    result_.warnings = report_.warnings();
    result_.diagnostics = report_.take();
    result_.ok = result_.errors == 0;
    if (!result_.ok) {
      words_ = 0;
      result_.negative.clear();
    }
    result_.program.words.resize(words_);
    result_.program.lines.resize(words_);
    return std::move(result_);
  }

  const Options& options_;
  Report report_;
  const char* begin_;
  const char* end_;
  std::string_view text_;
  Assembled result_;
  std::size_t words_ = 0;
  std::uint32_t line_ = 1;
  std::string_view parse_error_;
  std::string_view encode_error_;
};

} // namespace

Assembled assemble(std::string_view text, const Options& options) {
  return Pass(text, options).run(true);
}

Assembled assemble(std::string_view text, Mode mode) {
  return assemble(text, Options{.mode = mode});
}

Assembled assemble_by_line(std::string_view text, const Options& options) {
  return Pass(text, options).run(false);
}

} // namespace plena::assembly
