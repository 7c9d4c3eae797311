// What an assembly text costs by what its lines say: instructions as often as the loops around
// them.
#pragma once

#include "analytic/count.h"
#include "analytic/hardware.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plena::analytic {

/// An instruction of the text.
struct LineCost {
  std::uint32_t line = 0; ///< from 1
  Count times;            ///< by the loops around it
  Count cycles;           ///< of all these times
  std::string_view section{}; ///< of the former profile alone
};
/// Which instructions are told one by one, from 0 in the order of the text.
struct LineRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  bool has(std::uint64_t index) const { return index >= first && index - first < count; }
};

struct StaticProfile {
  std::uint64_t source_lines = 0;
  std::uint64_t static_instructions = 0;
  std::uint64_t comments = 0; ///< lines without an instruction that are not blank
  std::uint64_t loop_starts = 0;
  Count dynamic_instructions;
  Count cycles;
  std::map<std::string, Count> types;   ///< by first letter, executed
  std::map<std::string, Count> opcodes; ///< executed
  std::map<std::string, Count> opcode_cycles;
  std::vector<LineCost> lines{};
};

/// By the prices of a machine. E_ANALYTIC_LOOPS when a loop ends that has not begun.
Result<StaticProfile>
static_profile(std::string_view assembly, const Settings& settings, LineRange told = {});

/// The opcodes whose counts upstream's report has.
std::span<const std::string_view> selected_opcodes();

struct SectionProfile {
  std::string_view name;
  Count instructions;
  Count cycles;
};
struct FormerProfile {
  std::vector<SectionProfile> sections; ///< those with instructions, in the order of the report
  Count instructions;
  Count cycles;
  std::map<std::string, Count> types; ///< S, C, H, V, M, other
  std::vector<LineCost> lines{};
};

/// As upstream's profiler of before counted: one price for each unit, sections by comments.
Result<FormerProfile> former_profile(std::string_view assembly, LineRange told = {});

} // namespace plena::analytic
