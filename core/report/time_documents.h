// The JSON documents about time, and the profile as CSV. Their types are in wasm/plena.d.ts under
// the same names.
#pragma once

#include "codegen/compile.h"
#include "config/timing.h"
#include "emu/timing.h"
#include "emu/trace.h"
#include "report/profile_tables.h"

#include <cstdint>
#include <optional>
#include <string>

namespace plena::report {

/// CauseInfo[] and LaneInfo[]
std::string describe_causes();
std::string describe_lanes();

/// TimingInfo
std::string timing_info(const config::Timing& timing);

/// SHA-256 of `PROFILE MEMORY SCHEDULE CYCLES`, lower-case hexadecimal.
std::string cycles_digest(const config::Timing& timing, std::uint64_t cycles);

/// Profile
std::string profile(
  const ProfileSource& source,
  const emu::Timing& timing,
  std::uint64_t executed,
  const std::optional<codegen::ProductPrices>& products
);
/// All tables of the profile: table, key, label, pc, executions, cycles, then one column per cause.
std::string profile_csv(const ProfileSource& source);

/// Heat of instructions [first, first + count) as far as there are any.
std::string heat(const emu::Timing& timing, std::uint32_t first, std::uint32_t count);

/// Lanes
std::string lanes(const isa::Program& program, const emu::LaneView& view);

/// Moment, or null
std::string moment(const std::optional<emu::Moment>& moment);

} // namespace plena::report
