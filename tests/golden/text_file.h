// Files of text tests: what to run, the input, and behind `;;; EXPECT` what comes out.
//
// A file is one case, or a head and several cases that begin with `;;; CASE: title`. Lines
// `;;; NAME: value` are directives; those of the head hold for every case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plena::tests {

struct TextCase {
  std::string source;   ///< from the CASE line on, without the EXPECT line
  std::string expected; ///< may be empty
};

struct TextFile {
  std::string head;
  std::vector<TextCase> cases;
};

TextFile split_text(std::string_view text);
std::string join_text(const TextFile& file);

/// Values of the directives called `name`, those of `head` first.
std::vector<std::string>
directives(std::string_view head, std::string_view source, std::string_view name);

/// Lines that begin like a directive and are none: slips of the pen that would be passed over.
std::vector<std::string> unknown_directives(std::string_view text);

/// Words separated by blanks.
std::vector<std::string> words_of(std::string_view text);

} // namespace plena::tests
