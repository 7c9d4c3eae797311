#include "recipe/upgrade.h"

#include <array>
#include <nlohmann/json.hpp>

namespace plena::recipe {

namespace {

// A new version of the recipe adds its row here: {version before, what changes}.
constexpr std::array<Upgrade, current_version - 1> steps{};
static_assert(complete(steps, current_version), "a version of the recipe has no upgrade");

} // namespace

std::span<const Upgrade> upgrades() { return steps; }

void lift(nlohmann::json& recipe, std::uint64_t version, std::span<const Upgrade> upgrades) {
  for (const Upgrade& step : upgrades) {
    if (step.from >= version) {
      step.apply(recipe);
    }
  }
}

} // namespace plena::recipe
