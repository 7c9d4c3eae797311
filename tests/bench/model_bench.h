// The way of a model from its file to a verified result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace plena::bench {

struct ModelRow {
  std::string name;
  double seconds = 0; ///< median
  double spread = 0;  ///< (slowest - fastest) / median
  std::uint64_t weights = 0;
  double baseline_seconds = 0; ///< of a plain rounding of as many weights to bytes
  double ratio = 0;
  std::uint64_t peak_bytes = 0; ///< of the whole process; 0 where it was not looked at
};

/// A decoder layer of CLM-60M, told in `models`: import with compilation and staging, staging
/// alone, from the file to the verdict; natively the 30 layers of SmolLM2-135M, too, compiled and
/// run. Empty when something fails.
std::vector<ModelRow> model_rows(const std::filesystem::path& models, int repetitions);

} // namespace plena::bench
