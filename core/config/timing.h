// How cycles are counted: the section PLAYGROUND.TIMING of a settings file, which upstream's reader
// ignores. None of it changes what a program computes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plena::config {

enum class CostProfile : std::uint8_t {
#define PROFILE(name, title, meaning) name,
#include "config/timing.def"
};

enum class MemoryModel : std::uint8_t {
#define MEMORY(name, title, meaning) name,
#include "config/timing.def"
};

enum class Schedule : std::uint8_t {
#define SCHEDULE(name, title, meaning) name,
#include "config/timing.def"
};

/// A value of a choice key.
struct Choice {
  std::string_view name;  ///< in the settings
  std::string_view title; ///< for people
  std::string_view meaning;
};
/// All values of the type of the argument, in the order of its enumerators.
std::span<const Choice> choices(CostProfile);
std::span<const Choice> choices(MemoryModel);
std::span<const Choice> choices(Schedule);

std::string_view to_string(CostProfile profile);
std::string_view to_string(MemoryModel memory);
std::string_view to_string(Schedule schedule);

struct Timing {
  CostProfile cost_profile = CostProfile::emulator;
  MemoryModel memory_model = MemoryModel::hbm2;
  Schedule schedule = Schedule::serial;
  std::uint32_t fixed_latency = 32;   ///< cycles of the fixed memory before the first byte
  std::uint32_t fixed_bandwidth = 64; ///< bytes per cycle of the fixed memory, not 0

  /// Whether cycles are those that upstream's emulator reports.
  bool is_upstream() const;
  /// Whether transfers ask a memory model at all.
  bool has_memory() const { return cost_profile != CostProfile::analytic; }
  /// For people, e.g. `emulator profile, HBM2, serial`.
  std::string title() const;

  bool operator==(const Timing&) const = default;
};

} // namespace plena::config
