#include "config/timing.h"

#include <array>
#include <cstddef>
#include <fmt/format.h>

namespace plena::config {

namespace {

constexpr std::array profiles{
#define PROFILE(name, title, meaning) Choice{#name, title, meaning},
#include "config/timing.def"
};
constexpr std::array memories{
#define MEMORY(name, title, meaning) Choice{#name, title, meaning},
#include "config/timing.def"
};
constexpr std::array schedules{
#define SCHEDULE(name, title, meaning) Choice{#name, title, meaning},
#include "config/timing.def"
};

template <class Rows, class E> const Choice& row_of(const Rows& rows, E value) {
  return rows[static_cast<std::size_t>(value)];
}

} // namespace

std::span<const Choice> choices(CostProfile) { return profiles; }
std::span<const Choice> choices(MemoryModel) { return memories; }
std::span<const Choice> choices(Schedule) { return schedules; }

std::string_view to_string(CostProfile profile) { return row_of(profiles, profile).name; }
std::string_view to_string(MemoryModel memory) { return row_of(memories, memory).name; }
std::string_view to_string(Schedule schedule) { return row_of(schedules, schedule).name; }

bool Timing::is_upstream() const {
  return cost_profile == CostProfile::emulator && memory_model == MemoryModel::hbm2 &&
         schedule == Schedule::serial;
}

std::string Timing::title() const {
  return fmt::format(
    "{}, {}, {}",
    row_of(profiles, cost_profile).title,
    has_memory() ? row_of(memories, memory_model).title : "no memory",
    row_of(schedules, schedule).title
  );
}

} // namespace plena::config
