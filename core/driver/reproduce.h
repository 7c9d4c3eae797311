// Recipes and sessions: the recipe of what a session has done, and the same again from a recipe.
#pragma once

#include "driver/session.h"
#include "recipe/judge.h"
#include "recipe/link.h"
#include "recipe/recipe.h"

#include <functional>
#include <string>

namespace plena::driver {

/// Settings of a recipe, as `Session::set_settings` takes them. E_RECIPE_PRESET, and what
/// config/changes.h says of changed keys.
struct SettingsText {
  std::string name;
  std::string toml;
};
Result<SettingsText> settings_of(const recipe::Recipe& recipe);

/// Warns of a recipe that another release has made.
Diagnostics release_notes(const recipe::Recipe& recipe);

/// RecipeInfo.
Result<std::string> recipe_info(const recipe::Recipe& recipe);

/// Where what a recipe names lies.
struct RecipeFiles {
  /// Loads the model into the session; not asked when the recipe has it.
  std::function<Status(Session&)> model{};
  std::function<Result<std::vector<std::uint8_t>>(const recipe::Input&)> input{};
};

/// A session that stands where the recipe's run starts.
Status open_recipe(Session& session, const recipe::Recipe& recipe, const RecipeFiles& files);

} // namespace plena::driver
