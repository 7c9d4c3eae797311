// Older recipes are lifted version by version, so that each reads as if it were new.
#pragma once

#include "recipe/recipe.h"

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>

namespace plena::recipe {

/// Lifts the JSON of a recipe from version `from` to the next one.
struct Upgrade {
  std::uint64_t from;
  void (*apply)(nlohmann::json& recipe);
};

/// One step for each version before `current`, in order.
constexpr bool complete(std::span<const Upgrade> steps, std::uint64_t current) {
  if (steps.size() + 1 != current) {
    return false;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].from != i + 1 || steps[i].apply == nullptr) {
      return false;
    }
  }
  return true;
}

/// Applies the steps from `version` on.
void lift(nlohmann::json& recipe, std::uint64_t version, std::span<const Upgrade> steps);

/// The steps of this engine.
std::span<const Upgrade> upgrades();

} // namespace plena::recipe
