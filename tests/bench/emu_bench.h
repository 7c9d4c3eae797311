// The emulator against a plain blocked matrix product, in the same process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace plena::bench {

struct EmulatorRow {
  std::string name;
  double seconds = 0; ///< median of whole runs: create, load, run
  double baseline_seconds =
    0;               ///< median of a plain f32 product with as many multiplications and additions
  double ratio = 0;  ///< seconds / baseline_seconds
  double spread = 0; ///< (slowest - fastest) / median of the runs
  std::uint64_t instructions = 0;
  std::uint64_t macs = 0; ///< multiplications of the program's matrix products
};

/// Runs the recorded programs clm60m_l0_m64b16 and clm60m_l0_m64b4 below `recorded` (a folder with
/// one folder per model); each that is absent is replaced by a generated program of the same kind
/// of products, with "generated" in its name.
std::vector<EmulatorRow> emulator(const std::filesystem::path& recorded, int repetitions);

} // namespace plena::bench
