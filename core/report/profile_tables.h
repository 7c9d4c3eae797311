// Where the cycles went, as tables: the executions and cycles of each word of a program, summed by
// what the words have in common. The cycles of every table add up to the run's, and so do the
// executions.
#pragma once

#include "emu/timing.h"
#include "isa/program.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

enum class ProfileBy : std::uint8_t { Cause, Unit, Opcode, Node, Loop, Line };

inline constexpr std::string_view profile_by_names[]{
  "cause", "unit", "opcode", "node", "loop", "line"};
std::optional<ProfileBy> profile_by(std::string_view name);

struct ProfileRow {
  std::string key;      ///< stable within its table
  std::string label;    ///< for people
  std::int64_t pc = -1; ///< the first instruction, -1: none
  std::uint64_t executions = 0;
  std::uint64_t cycles = 0;
  emu::CauseCycles causes{};
  std::uint64_t bytes = 0; ///< moved between HBM and the chip
};

/// What the tables are made from. Spans are by pc and as long as the program, or empty.
struct ProfileSource {
  const isa::Program& program;
  std::span<const emu::PcTime> times;
  std::span<const std::uint32_t> nodes{};    ///< node of each word; more than the names: none
  std::span<const std::string> node_names{}; ///< by node
};

/// Rows with the most cycles first, but causes, units and lines in their own order; without rows
/// that never executed, but for causes and units. In the table by cause, an instruction's
/// executions count at the cause that it has most cycles of.
std::vector<ProfileRow> profile_table(const ProfileSource& source, ProfileBy by);

/// The cause with the most cycles, none when there are no cycles.
std::optional<emu::Cause> main_cause(const emu::CauseCycles& cycles);

/// The words with the most cycles, most first; at most `count`.
std::vector<std::uint32_t> hottest(std::span<const emu::PcTime> times, std::size_t count);

} // namespace plena::report
