// A program as the machine sees it: words, and where each came from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plena::isa {

struct Program {
  std::vector<std::uint32_t> words;
  /// Source line of each word, from 1; empty when the program did not come from text.
  std::vector<std::uint32_t> lines{};

  bool operator==(const Program&) const = default;
};

/// A comment line of emitted assembly, printed before the word at `before`.
struct Comment {
  std::uint32_t before = 0;
  std::string text; ///< without the leading semicolon
};

} // namespace plena::isa
