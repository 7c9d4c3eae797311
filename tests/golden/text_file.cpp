#include "golden/text_file.h"

#include <algorithm>
#include <iterator>

namespace plena::tests {

namespace {

constexpr std::string_view expect_line = ";;; EXPECT\n";
constexpr std::string_view case_mark = ";;; CASE:";

/// Where a line that begins with `mark` starts, at or after `from`.
std::size_t find_line(std::string_view text, std::string_view mark, std::size_t from) {
  for (std::size_t at = text.find(mark, from); at != std::string_view::npos;
       at = text.find(mark, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') {
      return at;
    }
  }
  return std::string_view::npos;
}

TextCase split_case(std::string_view text) {
  const std::size_t at = find_line(text, expect_line, 0);
  if (at == std::string_view::npos) {
    return {std::string(text), {}};
  }
  return {std::string(text.substr(0, at)), std::string(text.substr(at + expect_line.size()))};
}

} // namespace

TextFile split_text(std::string_view text) {
  TextFile file;
  std::size_t at = find_line(text, case_mark, 0);
  if (at == std::string_view::npos) {
    file.cases.push_back(split_case(text));
    return file;
  }
  file.head = text.substr(0, at);
  while (at != std::string_view::npos) {
    const std::size_t next = find_line(text, case_mark, at + 1);
    TextCase one = split_case(text.substr(at, next == std::string_view::npos ? next : next - at));
    if (next != std::string_view::npos && one.expected.ends_with("\n\n")) {
      one.expected.pop_back(); // the empty line between cases
    }
    file.cases.push_back(std::move(one));
    at = next;
  }
  return file;
}

std::string join_text(const TextFile& file) {
  std::string text = file.head;
  for (std::size_t i = 0; i < file.cases.size(); ++i) {
    text += i == 0 ? "" : "\n";
    text += file.cases[i].source;
    text += expect_line;
    text += file.cases[i].expected;
  }
  return text;
}

std::vector<std::string>
directives(std::string_view head, std::string_view source, std::string_view name) {
  const std::string mark = ";;; " + std::string(name) + ":";
  std::vector<std::string> found;
  for (const std::string_view text : {head, source}) {
    for (std::size_t at = find_line(text, mark, 0); at != std::string_view::npos;
         at = find_line(text, mark, at + 1)) {
      const std::size_t start = at + mark.size();
      const std::size_t end = text.find('\n', start);
      found.emplace_back(text.substr(start, end == std::string_view::npos ? end : end - start));
    }
  }
  return found;
}

std::vector<std::string> unknown_directives(std::string_view text) {
  constexpr std::string_view known[] = {
    ";;; RUN: ", ";;; CASE: ", ";;; SET: ", ";;; BEFORE: ", ";;; SHOW: ", expect_line};
  std::vector<std::string> found;
  for (std::size_t at = find_line(text, ";;;", 0); at != std::string_view::npos;
       at = find_line(text, ";;;", at + 1)) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at + 1);
    const auto begins = [&](std::string_view mark) { return line.starts_with(mark); };
    if (std::none_of(std::begin(known), std::end(known), begins)) {
      found.emplace_back(line);
    }
  }
  return found;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = text.find_first_not_of(' '); at != std::string_view::npos;
       at = text.find_first_not_of(' ', at)) {
    const std::size_t end = text.find(' ', at);
    words.emplace_back(text.substr(at, end == std::string_view::npos ? end : end - at));
    at = end;
    if (at == std::string_view::npos) {
      break;
    }
  }
  return words;
}

} // namespace plena::tests
