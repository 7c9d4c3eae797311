// What counting time costs: the emulator with its clock and with the full trace against the
// emulator without, in the same process; and how many requests the HBM2 model serves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace plena::bench {

struct ClockRow {
  std::string name;
  std::uint64_t instructions = 0;
  std::uint64_t cycles = 0;
  double plain_seconds = 0; ///< median of runs without a clock
  double clock_ratio = 0;   ///< with the clock, against that
  double trace_ratio = 0;   ///< with the clock and every instruction recorded, against that
};

/// Of the case that model_case (cases.h) gives for BLEN 4.
ClockRow clock_cost(const std::filesystem::path& recorded, int repetitions);

struct MemoryRow {
  std::string name;           ///< of the pattern of addresses
  std::uint64_t requests = 0; ///< 16-byte transfers
  double seconds = 0;
  double requests_per_second = 0;
};

std::vector<MemoryRow> hbm2_rate(int repetitions);

} // namespace plena::bench
