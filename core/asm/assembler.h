// Assembly text to words, as upstream's assembler does it (isa.md 4): operands are added into place
// without masking, so some accepted lines do not mean what they say. Those get warnings.
#pragma once

#include "base/diagnostic.h"
#include "isa/program.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::assembly {

/// Compatible accepts exactly the files that upstream accepts. Strict makes its warnings errors.
enum class Mode : std::uint8_t { Compatible, Strict };

struct Options {
  Mode mode = Mode::Compatible;
  /// Accept `.word N` (hexadecimal with 0x, or decimal), which the disassembler writes for words
  /// that have no mnemonic and which upstream's assembler rejects.
  bool allow_word = false;
};

/// A line whose operands add up to less than zero. Upstream writes it with a minus sign and its
/// emulator cannot load it.
struct NegativeWord {
  std::uint32_t index = 0; ///< position in Program::words, which holds the low 32 bits
  std::string text;        ///< as written after `0x`, e.g. "-00FEA9E"
};

struct Assembled {
  isa::Program program;               ///< empty when `ok` is false
  std::vector<NegativeWord> negative; ///< in order of index
  Diagnostics diagnostics;            ///< by line and column; repeated ones are counted, not listed
  bool ok = false;
  std::size_t errors = 0;   ///< all, listed or not
  std::size_t warnings = 0; ///< all, listed or not
  /// Code of the error that upstream would stop at, empty when it accepts the file.
  std::string_view upstream_error;

  /// Every word can be loaded.
  bool loadable() const { return ok && negative.empty(); }
};

/// Never fails on any input: what is wrong is in the diagnostics.
Assembled assemble(std::string_view text, const Options& options);
Assembled assemble(std::string_view text, Mode mode = Mode::Compatible);

} // namespace plena::assembly
