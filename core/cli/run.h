// A run on the command line: slices short enough to stop within an instant, with progress.
#pragma once

#include "driver/session.h"

#include <cstdint>
#include <optional>

namespace plena::cli {

/// Runs a session that has been reset to its end, for at most `limit` instructions, or to an interrupt.
/// Problems are printed. Returns the exit status of the command where it did not come there.
std::optional<int> run_to_end(
  driver::Session& session, std::optional<std::uint64_t> limit = {}
);

} // namespace plena::cli
