#include "asm/printer.h"

#include "isa/codec.h"

#include <string_view>

namespace plena::assembly {

namespace {

void append_comment(std::string& out, std::string_view text) {
  while (true) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view line = text.substr(0, end);
    out += line.empty() ? ";" : "; ";
    out += line;
    out += '\n';
    if (end == std::string_view::npos) {
      return;
    }
    const bool crlf = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
    text.remove_prefix(end + (crlf ? 2 : 1));
  }
}

} // namespace

std::string print(const isa::Program& program, std::span<const isa::Comment> comments) {
  std::string out;
  out.reserve(program.words.size() * 28);
  auto comment = comments.begin();
  for (std::size_t i = 0; i < program.words.size(); ++i) {
    for (; comment != comments.end() && comment->before <= i; ++comment) {
      append_comment(out, comment->text);
    }
    isa::disassemble_to(program.words[i], out);
    out += '\n';
  }
  for (; comment != comments.end(); ++comment) {
    append_comment(out, comment->text);
  }
  return out;
}

} // namespace plena::assembly
