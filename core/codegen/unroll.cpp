// Writes out the loops of the operators that --unroll names, and of the others as many copies as
// they ask for, as far as their bodies are short and MAX_LOOP_INSTRUCTIONS allows. Loops of two trips
// that are as short without a start and an end are written out as well.
#include "codegen/loops.h"

#include <algorithm>

namespace plena::codegen {

namespace {

/// Beyond this a loop's end costs little against its body.
constexpr std::uint64_t short_iteration = 16;
constexpr std::uint64_t words_of_loop = 2;

} // namespace

Result<Listing> unroll(Listing listing, const PassSettings& settings) {
  return write_out(
    listing,
    settings,
    [&](const LoopInfo& loop) {
      if (settings.writes_out(loop.node)) {
        return loop.trips;
      }
      // The steps of the second trip are for nobody.
      if (loop.trips == 2 && loop.executed <= loop.steps + words_of_loop) {
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
