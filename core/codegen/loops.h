// Writes out loops of a listing, whole or in part: the work shared by the passes that decide how.
#pragma once

#include "base/result.h"
#include "codegen/instructions.h"
#include "codegen/passes.h"

#include <cstdint>
#include <functional>
#include <string>

namespace plena::codegen {

/// A loop with what its body has become, inner loops as decided.
struct LoopInfo {
  std::uint64_t trips = 0;
  std::uint64_t copies = 1; ///< that the operator asks for in one trip
  std::uint32_t node = lower::no_node;
  std::uint64_t executed = 0; ///< instructions of one iteration, without the end of the loop
  std::uint64_t steps = 0;    ///< of these, in the body itself: steps and copies of registers
};

/// Copies of the body in one trip of the loop that is left; as many as there are trips leave none.
/// Trips that do not fill a trip of copies follow the loop.
using CopiesOf = std::function<std::uint64_t(const LoopInfo&)>;

bool has_loops(const Listing& listing);

/// In time linear in the result. No loop of a single trip is left, and none with more trips than
/// C_LOOP_START can say. E_RESOURCE with `hint` when the result would be longer than allowed.
Result<Listing> write_out(
  const Listing& listing, const PassSettings& settings, const CopiesOf& copies_of, std::string hint
);

} // namespace plena::codegen
