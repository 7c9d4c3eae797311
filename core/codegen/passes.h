// Passes over listings, in the order of passes.def: each keeps what the program leaves in the
// memories, and is followed by the verifier of tile programs.
#pragma once

#include "base/result.h"
#include "codegen/instructions.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plena::codegen {

/// Operators whose loops are written out; ir/choices.def says which.
enum class Unroll : std::uint8_t {
#define UNROLL(value, name, meaning) value,
#include "ir/choices.def"
};

struct PassSettings {
  std::uint64_t iteration_instructions = 0; ///< that one iteration of a loop may execute
  std::uint64_t program_words = 0;          ///< that the program may have
  Unroll unroll = Unroll::None;
  std::vector<bool> attention{}; ///< by graph node: whether it is an attention operator

  /// Whether the loops of this graph node are to be written out.
  bool writes_out(std::uint32_t node) const;
};

/// Rewrites the listing. E_RESOURCE when it gets longer than allowed.
using Pass = Result<Listing> (*)(Listing, const PassSettings&);

#define PASS(name, meaning) Result<Listing> name(Listing, const PassSettings&);
#include "codegen/passes.def"

struct PassInfo {
  std::string_view name;
  std::string_view meaning;
  Pass run;
};
const std::vector<PassInfo>& pass_table();

/// The listing as text after a pass.
struct Dump {
  std::string_view pass; ///< `resolve` for the listing as it starts
  std::string text;
};

/// All passes of the table; `dumps` may be null. E_INTERNAL when a pass leaves an illegal listing.
Result<Listing>
run_passes(Listing listing, const PassSettings& settings, std::vector<Dump>* dumps = nullptr);

} // namespace plena::codegen
