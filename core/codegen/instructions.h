// From a placed tile program to machine words: large immediates and addresses become instructions,
// loops that are too long are written out, virtual registers get numbers.
#pragma once

#include "base/result.h"
#include "codegen/layout.h"
#include "isa/program.h"
#include "lower/lir.h"

#include <cstdint>
#include <string>
#include <vector>

namespace plena::codegen {

/// Items without Set and symbolic operands.
struct Listing {
  std::vector<lower::Item> items;
  std::vector<std::string> comments;
  std::array<std::uint32_t, lower::reg_classes> registers{}; ///< ids used, by class
  std::uint64_t words = 0;
  std::uint64_t executed = 0; ///< instructions that a run executes
  std::uint64_t loops = 0;
};

/// Puts in the addresses; absolute loads become one or two instructions. The listing starts with
/// the instructions that make the constants which binary16 lacks.
Listing resolve(const lower::Program& program, const Layout& layout);

struct LoopLimits {
  std::uint64_t iteration_instructions = 0; ///< that one iteration may execute, its end included
  std::uint64_t program_words = 0;          ///< that the listing may grow to
};

/// Writes out loops whose iterations would be too long, splits those with too many trips, and
/// counts. E_RESOURCE when the program gets longer than allowed.
Result<Listing> legalise_loops(const Listing& listing, const LoopLimits& limits);

struct Emitted {
  isa::Program program;
  std::vector<isa::Comment> comments;
  std::vector<std::uint32_t> node_of_word; ///< lower::no_node for words of no node
};

/// E_RESOURCE naming the graph node when more values are live at once than there are registers.
Result<Emitted> emit(const Listing& listing);

} // namespace plena::codegen
