// A program as the machine sees it: words, and where each came from.
#pragma once

#include <cstdint>
#include <vector>

namespace plena::isa {

struct Program {
  std::vector<std::uint32_t> words;
  /// Source line of each word, from 1; empty when the program did not come from text.
  std::vector<std::uint32_t> lines{};

  bool operator==(const Program&) const = default;
};

} // namespace plena::isa
