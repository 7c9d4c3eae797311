// The closed list of causes of cycles and the lanes of the timeline, from causes.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace plena::cost {

enum class Lane : std::uint8_t {
#define LANE(name, title) name,
#include "cost/causes.def"
};

enum class Cause : std::uint8_t {
#define CAUSE(name, lane, title, meaning) name,
#include "cost/causes.def"
};

struct LaneRow {
  std::string_view name;
  std::string_view title;
};

struct CauseRow {
  std::string_view name;
  Lane lane;
  std::string_view title;
  std::string_view meaning;
};

inline constexpr std::array lane_rows{
#define LANE(name, title) LaneRow{#name, title},
#include "cost/causes.def"
};

inline constexpr std::array cause_rows{
#define CAUSE(name, lane, title, meaning) CauseRow{#name, Lane::lane, title, meaning},
#include "cost/causes.def"
};

inline constexpr std::size_t lane_count = lane_rows.size();
inline constexpr std::size_t cause_count = cause_rows.size();

/// Cycles by cause, indexed by Cause.
using CauseCycles = std::array<std::uint64_t, cause_count>;

constexpr std::uint64_t& at(CauseCycles& cycles, Cause cause) {
  return cycles[static_cast<std::size_t>(cause)];
}
constexpr std::uint64_t at(const CauseCycles& cycles, Cause cause) {
  return cycles[static_cast<std::size_t>(cause)];
}
constexpr std::uint64_t total(const CauseCycles& cycles) {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : cycles) {
    sum += part;
  }
  return sum;
}
constexpr const CauseRow& row_of(Cause cause) {
  return cause_rows[static_cast<std::size_t>(cause)];
}

} // namespace plena::cost
