// Edits of a text by lines, anchored on content: they find their place again when lines above were
// added or taken away, and say so when what they change is no longer there.
#pragma once

#include "recipe/recipe.h"

#include <string>
#include <string_view>
#include <vector>

namespace plena::recipe {

/// What turns `before` into `after`. Not always the fewest lines: two texts that have little in
/// common differ in one edit.
std::vector<Edit> edits_between(std::string_view before, std::string_view after);

struct Patched {
  std::string text;
  std::vector<std::size_t> lost; ///< edits, by position, that found no place
};

Patched patched(std::string_view before, const std::vector<Edit>& edits);

} // namespace plena::recipe
