// Writes out the loops of the operators that --unroll names, and of the others as many copies as
// they ask for, as far as their bodies are short and MAX_LOOP_INSTRUCTIONS allows.
#include "codegen/loops.h"

#include <algorithm>

namespace plena::codegen {

namespace {

/// Beyond this a loop's end costs little against its body.
constexpr std::uint64_t short_iteration = 16;

bool is_written_out(const LoopInfo& loop, const PassSettings& settings) {
  const bool attention = loop.node < settings.attention.size() && settings.attention[loop.node];
  switch (settings.unroll) {
  case Unroll::None:
    break;
  case Unroll::Ops:
    return !attention;
  case Unroll::Attention:
    return attention;
  case Unroll::All:
    return true;
  }
  return false;
}

} // namespace

Result<Listing> unroll(Listing listing, const PassSettings& settings) {
  return write_out(
    listing,
    settings,
    [&](const LoopInfo& loop) {
      if (is_written_out(loop, settings)) {
        return loop.trips;
      }
      const std::uint64_t room =
        std::min(short_iteration, settings.iteration_instructions - 1); // the end of the loop
      std::uint64_t copies = loop.copies;
      while (copies > 1 && copies * loop.executed > room) {
        copies /= 2;
      }
      return copies;
    },
    "write out fewer loops, or use fewer rows"
  );
}

} // namespace plena::codegen
