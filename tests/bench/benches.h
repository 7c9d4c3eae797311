// All benchmarks. Each prints its ratio to a baseline that runs in the same process.
#pragma once

namespace plena::bench {

/// One JSON object per line on standard output. False when a benchmark could not run.
bool run_all();

} // namespace plena::bench
