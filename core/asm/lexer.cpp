#include "asm/lexer.h"

#include <algorithm>
#include <array>

namespace plena::assembly {

namespace {

/// The zeros of all runs of ten decimal digits outside ASCII, Unicode 14.
constexpr std::array<char32_t, 65> digit_zeros{
  0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,   0xCE6,
  0xD66,   0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,  0x19D0,
  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,  0xA9F0,
  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
  0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0,
  0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

constexpr std::size_t max_digits = 4300;

std::optional<char> digit_of(char32_t c) {
  if (c < 0x80) {
    return c >= '0' && c <= '9' ? std::optional(static_cast<char>(c)) : std::nullopt;
  }
  const auto above = std::upper_bound(digit_zeros.begin(), digit_zeros.end(), c);
  if (above == digit_zeros.begin() || c - *(above - 1) > 9) {
    return std::nullopt;
  }
  return static_cast<char>('0' + (c - *(above - 1)));
}

std::string_view trim_spaces(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t end = text.find_last_not_of(' ') + 1;
  return text.substr(begin, std::max(begin, end) - begin);
}

/// Length of the register prefix at the start of an operand, 0 if there is none.
std::size_t register_prefix(std::string_view text) {
  if (text.substr(0, 2) == "gp") {
    return 2;
  }
  return !text.empty() && (text[0] == 'f' || text[0] == 'a') ? 1 : 0;
}

void classify(OperandText& operand) {
  const std::size_t prefix = register_prefix(operand.text);
  std::optional<Integer> value = parse_integer(std::string_view(operand.text).substr(prefix));
  if (prefix != 0) {
    operand.bank = operand.text[0];
    operand.form = value ? Form::Register : Form::BadRegister;
  } else {
    operand.form = value ? Form::Integer : Form::Other;
  }
  if (value) {
    operand.value = *std::move(value);
  }
}

/// The tokens after the mnemonic joined by single spaces, with the place of each byte in the line.
struct Joined {
  std::string text;
  std::vector<std::size_t> places;

  void push_back(char c, std::size_t place) {
    text += c;
    places.push_back(place);
  }
};

void split_operands(const Joined& joined, std::size_t line_end, std::vector<OperandText>& out) {
  const std::string_view text = joined.text;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    std::size_t first = begin;
    std::size_t last = comma;
    while (first < last && text[first] == ' ') {
      ++first;
    }
    while (last > first && text[last - 1] == ' ') {
      --last;
    }
    OperandText operand;
    operand.text = text.substr(first, last - first);
    if (first < last) {
      operand.extent = {joined.places[first], joined.places[last - 1] + 1};
    } else {
      const std::size_t place = comma < text.size() ? joined.places[comma] : line_end;
      operand.extent = {place, place};
    }
    classify(operand);
    out.push_back(std::move(operand));
    if (comma == text.size()) {
      return;
    }
    begin = comma + 1;
  }
}

} // namespace

CodePoint code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned lead = byte(at);
  const auto tail = [&](std::size_t i) { return static_cast<char32_t>(byte(at + i) & 0x3F); };
  if (lead < 0xC0) {
    return {lead, 1};
  }
  if (lead < 0xE0) {
    return {static_cast<char32_t>(lead & 0x1F) << 6 | tail(1), 2};
  }
  if (lead < 0xF0) {
    return {static_cast<char32_t>(lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3};
  }
  return {static_cast<char32_t>(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

std::optional<Integer> parse_integer(std::string_view text) {
  text = trim_spaces(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::string digits;
  bool after_digit = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    at += c.bytes;
    if (const std::optional<char> digit = digit_of(c.value)) {
      digits += *digit;
      after_digit = true;
    } else if (c.value == '_' && after_digit) {
      after_digit = false;
    } else {
      return std::nullopt;
    }
  }
  if (!after_digit || digits.size() > max_digits) {
    return std::nullopt;
  }
  return Integer::from_digits(digits, negative);
}

LineTokens split_line(std::string_view line) {
  // Comments: from the first `//`, then from the first `;` of what is left.
  std::string_view code = line.substr(0, line.find("//"));
  code = code.substr(0, code.find(';'));

  LineTokens tokens;
  Joined joined;
  bool in_token = false;
  bool in_mnemonic = false;
  for (std::size_t at = 0; at < code.size();) {
    const CodePoint c = code_point(code, at);
    if (is_space(c.value)) {
      in_token = false;
      in_mnemonic = false;
    } else {
      if (!in_token && tokens.mnemonic.empty()) {
        in_mnemonic = true;
        tokens.mnemonic_extent.begin = at;
      } else if (!in_token && !joined.text.empty()) {
        joined.push_back(' ', at);
      }
      in_token = true;
      if (in_mnemonic) {
        tokens.mnemonic_extent.end = at + c.bytes;
        tokens.mnemonic = code.substr(
          tokens.mnemonic_extent.begin, tokens.mnemonic_extent.end - tokens.mnemonic_extent.begin
        );
      } else {
        for (std::size_t i = 0; i < c.bytes && at + i < code.size(); ++i) {
          joined.push_back(code[at + i], at + i);
        }
      }
    }
    at += c.bytes;
  }
  if (!joined.text.empty()) {
    split_operands(joined, joined.places.back() + 1, tokens.operands);
  }
  return tokens;
}

} // namespace plena::assembly
