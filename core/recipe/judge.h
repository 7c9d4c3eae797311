// What came of a recipe against what it says must come of it, and documents of both.
#pragma once

#include "recipe/recipe.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::recipe {

enum class Outcome : std::uint8_t {
  Reproduced, ///< all digests that the recipe has are met
  Differs,
  Unchecked, ///< the recipe has no digests
  CannotRun, ///< something that it needs is not here
};
std::string_view to_string(Outcome outcome);

/// Stages follow from each other: words from the model, the state from the words, cycles from the
/// run.
struct StageCheck {
  std::string_view name;
  std::string_view title;
  std::string expected; ///< empty: the recipe does not say
  std::string found;
  bool same() const { return expected.empty() || expected == found; }
};

struct Judgement {
  Outcome outcome{};
  std::vector<StageCheck> stages;
  std::optional<std::size_t> first{}; ///< stage that differs
  std::string text;                   ///< as a sentence
};

/// `found` may have longer digests than a recipe keeps.
Judgement judge(const Digests& expected, const Digests& found);

/// Adds the stage of the text, whose digest was found so; nothing for recipes without one.
void judge_text(Judgement& judgement, const Text& text, const std::string& found);

/// What came in the way.
Judgement cannot_run(const Diagnostics& problems);

/// The first 16 digits of each.
Digests shortened(Digests digests);

/// `{"schema", "outcome", "stages": [{"name", "title", "expected", "found", "same"}], "first",
/// "text", "release": {"made", "here"}, "diagnostics"}`
std::string judgement_json(
  const Judgement& judgement,
  const Recipe& recipe,
  std::string_view here,
  const Diagnostics& diagnostics
);

/// `{"schema", "link", "characters", "recipe"}`; no link: it would be too long.
std::string link_json(const Recipe& recipe, const std::string& link, std::size_t characters);

/// RecipeInfo of wasm/plena.d.ts: what a page needs to open a recipe.
std::string
info_json(const Recipe& recipe, std::string_view settings_name, std::string_view settings_toml);

/// The compile options as JSON.
std::string options_json(const Recipe& recipe);

} // namespace plena::recipe
