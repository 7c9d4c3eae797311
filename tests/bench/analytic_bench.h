// How many machines the closed-form model prices in a second.
#pragma once

#include <cstddef>

namespace plena::bench {

struct AnalyticRow {
  std::size_t configurations = 0;
  double seconds = 0;
  double baseline_seconds =
    0; ///< a thousand divisions that wait for each other, for each configuration
};

/// LLaMA 3.1 8B, 1,024 tokens after 2,048, on machines that all differ. 0 configurations when it
/// failed.
AnalyticRow analytic_rate(int repetitions);

} // namespace plena::bench
