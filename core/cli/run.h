// A run on the command line: slices short enough to stop within an instant, with progress.
#pragma once

#include "driver/session.h"

namespace plena::cli {

enum class RunEnd { Finished, Interrupted, Failed };

/// Runs a session that has been reset to its end or to an interrupt. Problems are printed.
RunEnd run_to_end(driver::Session& session);

} // namespace plena::cli
