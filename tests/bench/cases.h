// What the emulator's benchmarks run, and how they measure.
#pragma once

#include "config/config.h"
#include "isa/program.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace plena::bench {

struct Case {
  std::string name;
  config::Machine settings{};
  isa::Program program{};
  std::vector<std::uint8_t> hbm{};
  std::vector<std::uint8_t> fp_sram{};
  std::uint64_t hbm_bytes = 0;
};

/// The recorded program clm60m_l0_m64b4 or, with `blen` 16, clm60m_l0_m64b16 below `recorded` (a
/// folder with one folder per model); when it is absent a generated program of the same kind of
/// products, with "generated" in its name.
Case model_case(const std::filesystem::path& recorded, std::uint32_t blen);

/// Processor time of `work`, so that other work on the machine counts less; the engine has one
/// thread.
double seconds_of(const std::function<void()>& work);

struct Seconds {
  double median = 0;
  double spread = 0; ///< (slowest - fastest) / median
};

/// Of `repetitions` calls, after one that touches memory and fills caches.
Seconds measure(int repetitions, const std::function<void()>& work);
/// Several works in turn, so that they meet the same state of the host.
std::vector<Seconds>
measure_in_turn(int repetitions, const std::vector<std::function<void()>>& works);

} // namespace plena::bench
