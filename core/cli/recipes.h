// Links and recipe files of the command line.
#pragma once

#include "cli/model.h"
#include "driver/reproduce.h"

namespace plena::cli {

/// Whether this names a link or a file with a recipe.
bool names_recipe(const std::string& what);

/// Of a link or of a file.
Result<recipe::Recipe> read_recipe(const std::string& what);

/// A session where the recipe's run starts. `files`: paths of what the recipe names only by its
/// hash.
Status open_named(
  driver::Session& session, const recipe::Recipe& recipe, const std::vector<std::string>& files
);

/// Where links lead: what the environment's PLENA_PLAYGROUND says, else nowhere in particular.
std::string playground();

/// Prints how a run that went wrong is run again, when there is a link of it.
void print_reproduction(const driver::Session& session, const std::string& path);

/// The recipe of what a session has done. `embed`: the model, from `path`, is in it unless it comes
/// with the project.
Result<recipe::Recipe>
recipe_of(const driver::Session& session, const std::string& path, bool embed);

} // namespace plena::cli
