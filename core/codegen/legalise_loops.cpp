// A loop whose iterations execute more than MAX_LOOP_INSTRUCTIONS is written out; others stay as
// they are.
#include "codegen/loops.h"

namespace plena::codegen {

Result<Listing> legalise_loops(Listing listing, const PassSettings& settings) {
  if (!has_loops(listing)) {
    return listing;
  }
  return write_out(
    listing,
    settings,
    [&](const LoopInfo& loop) {
      return loop.executed + 1 > settings.iteration_instructions ? loop.trips : 1;
    },
    "loops longer than MAX_LOOP_INSTRUCTIONS are written out: raise it, or use fewer rows"
  );
}

} // namespace plena::codegen
