// Speed of the compiler's back end on tile programs that are written out: passes, registers and words,
// and text.
#pragma once

#include <cstdint>
#include <vector>

namespace plena::bench {

struct EmitRow {
  std::uint64_t lines = 0;
  double pass_seconds = 0; ///< all passes over the listing, with the verifier after each
  double word_seconds = 0; ///< registers and words
  double text_seconds = 0; ///< words to assembly
  double baseline_seconds = 0; ///< a byte loop over the text
  std::uint64_t text_bytes = 0;
  std::uint64_t peak_bytes = 0; ///< memory of the whole process so far, 0 where that is not known
};

/// At an eighth, at half and at all of 2.4 million lines, best of `repetitions`; empty when the tile
/// program does not become as many lines.
std::vector<EmitRow> emission(int repetitions);

} // namespace plena::bench
