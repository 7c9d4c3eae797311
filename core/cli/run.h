// A run on the command line: slices short enough to stop within an instant, with progress.
#pragma once

#include "driver/session.h"

#include <cstdint>
#include <limits>

namespace plena::cli {

enum class RunEnd { Finished, Interrupted, Failed };

/// Runs a session that has been reset to its end, for at most `limit` instructions, or to an interrupt.
/// Problems are printed.
RunEnd run_to_end(
  driver::Session& session, std::uint64_t limit = std::numeric_limits<std::uint64_t>::max()
);

} // namespace plena::cli
