#include "asm/image.h"

#include "asm/lexer.h"
#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace plena::assembly {

namespace {

constexpr std::size_t line_bytes = 11; // 0x, eight digits, LF
constexpr std::size_t listed_errors = 20;

void append_word(std::string& out, std::uint32_t word) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  char line[line_bytes] = {'0', 'x'};
  for (std::size_t i = 0; i < 8; ++i) {
    line[2 + i] = digits[word >> (28 - 4 * i) & 15];
  }
  line[line_bytes - 1] = '\n';
  out.append(line, line_bytes);
}

/// White space between words; unlike in assembly, U+001C to U+001F are not.
bool separates(char32_t c) { return is_space(c) && !(c >= 0x1C && c <= 0x1F); }

std::optional<std::uint32_t> parse_token(std::string_view token) {
  while (token.substr(0, 2) == "0x") {
    token.remove_prefix(2);
  }
  if (token.substr(0, 1) == "+") {
    token.remove_prefix(1);
  }
  if (token.empty() || token[0] == '-') {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value, 16);
  if (error != std::errc() || end != token.data() + token.size()) {
    return std::nullopt;
  }
  return value;
}

std::string token_hint(std::string_view token) {
  if (token.find('-') != std::string_view::npos) {
    return "the assembler wrote a negative sum; its warning names the line";
  }
  if (token.substr(0, 2) == "0X") {
    return "write the prefix as 0x";
  }
  if (token.find_first_of(";/#") != std::string_view::npos) {
    return "there are no comments in .mem files";
  }
  return "words are hexadecimal, at most 0xFFFFFFFF, separated by white space";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<isa::Program> run() {
    while (at_ < text_.size()) {
      const CodePoint c = code_point(text_, at_);
      if (separates(c.value)) {
        pass_space(c);
      } else {
        token();
      }
    }
    if (errors_ == 0) {
      return std::move(program_);
    }
    if (errors_ > listed_errors) {
      diagnostics_.push_back(
        {.severity = Severity::Note,
         .code = "N_MEM_MORE",
         .message = fmt::format("{} more are not listed", errors_ - listed_errors)}
      );
    }
    return std::move(diagnostics_);
  }

 private:
  void pass_space(CodePoint c) {
    const bool crlf = c.value == '\n' && at_ > 0 && text_[at_ - 1] == '\r';
    at_ += c.bytes;
    if (c.value == '\n' || c.value == '\r') {
      line_ += crlf ? 0 : 1;
      line_begin_ = at_;
    }
  }

  void token() {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const CodePoint c = code_point(text_, at_);
      if (separates(c.value)) {
        break;
      }
      at_ += c.bytes;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (const auto value = parse_token(word)) {
      program_.words.push_back(*value);
      program_.lines.push_back(line_);
      return;
    }
    if (++errors_ > listed_errors) {
      return;
    }
    constexpr std::size_t shown = 32;
    const std::uint32_t column = utf16_length(text_.substr(line_begin_, begin - line_begin_)) + 1;
    Diagnostic diagnostic{
      .severity = Severity::Error,
      .code = "E_MEM_TOKEN",
      .message = fmt::format(
        "'{}{}' is not a 32-bit hexadecimal word",
        is_valid_utf8(word.substr(0, shown)) ? word.substr(0, shown) : "(text)",
        word.size() > shown ? "..." : ""
      ),
      .hint = token_hint(word)};
    diagnostic.span = {line_, column, line_, column + utf16_length(word)};
    diagnostics_.push_back(std::move(diagnostic));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  std::uint32_t line_ = 1;
  std::size_t errors_ = 0;
  isa::Program program_;
  Diagnostics diagnostics_;
};

} // namespace

std::string write_mem(const isa::Program& program) {
  std::string out;
  out.reserve(program.words.size() * line_bytes);
  for (const std::uint32_t word : program.words) {
    append_word(out, word);
  }
  return out;
}

std::string write_mem(const Assembled& assembled) {
  if (assembled.negative.empty()) {
    return write_mem(assembled.program);
  }
  std::string out;
  out.reserve(assembled.program.words.size() * line_bytes);
  auto negative = assembled.negative.begin();
  for (std::size_t i = 0; i < assembled.program.words.size(); ++i) {
    if (negative != assembled.negative.end() && negative->index == i) {
      out += "0x" + negative->text + "\n";
      ++negative;
    } else {
      append_word(out, assembled.program.words[i]);
    }
  }
  return out;
}

Result<isa::Program> parse_mem(std::string_view text) {
  if (!is_valid_utf8(text)) {
    return Diagnostic{
      .severity = Severity::Error,
      .code = "E_MEM_UTF8",
      .message = "the file is not text: its bytes are not UTF-8",
      .hint = ".mem files hold one hexadecimal word per line, such as 0x0000C861"};
  }
  return Reader(text).run();
}

} // namespace plena::assembly
