// Links that name a file at a public address by its hash: `#u=ADDRESS&h=SHA-256`. Nothing is
// fetched here.
#pragma once

#include "recipe/recipe.h"

#include <string>
#include <vector>

namespace plena::cli {

bool names_remote(const std::string& link);

/// The recipe among `files` that has the link's hash. E_RECIPE_NEEDS where none has it,
/// E_LINK_DAMAGED for a link that is not whole, and what `recipe::parse` says: E_RECIPE_FOREIGN
/// where the file is a model.
Result<recipe::Recipe> read_remote(const std::string& link, const std::vector<std::string>& files);

} // namespace plena::cli
