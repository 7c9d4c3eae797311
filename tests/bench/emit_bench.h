// Speed of the compiler's back end on programs that are written out: operators, passes, registers and
// words, and text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plena::bench {

struct EmitRow {
  std::string name; ///< of the layer
  std::uint64_t lines = 0;
  double lower_seconds = 0; ///< graph to tile program, with its addresses
  double pass_seconds = 0;  ///< all passes over the listing, with the verifier after each
  double word_seconds = 0;  ///< registers and words
  double text_seconds = 0;  ///< words to assembly
  double baseline_seconds = 0; ///< as many bytes, line by line by fmt
  std::uint64_t text_bytes = 0;
  std::uint64_t peak_bytes = 0; ///< memory of the whole process, graph and text included
};

/// A layer of a SigLIP vision encoder at MLEN 16 and parts of it, all loops written out: about a
/// sixteenth, a quarter and all of more than 2.4 million lines, best of `repetitions`. Empty when one
/// cannot be compiled.
std::vector<EmitRow> emission(int repetitions);

} // namespace plena::bench
