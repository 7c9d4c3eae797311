// A recipe: the smallest input that makes the engine do the same again, and what must come of it.
// As JSON it is canonical: one text per recipe, keys sorted, defaults left out.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plena::recipe {

/// Raised when the meaning of a recipe's JSON changes; upgrade.h then needs another step.
inline constexpr std::uint64_t current_version = 1;

using Scalar = std::variant<bool, std::uint64_t, std::string>;
/// Values by name, e.g. settings that differ from a preset.
using Values = std::map<std::string, Scalar>;

/// Which model. At most one of `gallery`, `address`, `file` and `json` is set; none is a program
/// that stands alone.
struct Model {
  std::string gallery{}; ///< name of a model that comes with the project
  std::string address{}; ///< public address
  std::string file{};    ///< name of a file that only its owner has
  std::uint64_t bytes{}; ///< of the file, 0 for a folder
  std::string sha256{};  ///< 16 digits for the gallery, else 64
  std::string json{};    ///< the model itself, as canonical JSON

  bool operator==(const Model&) const = default;
};

struct Settings {
  std::string preset{};
  Values changed{}; ///< config/changes.h

  bool operator==(const Settings&) const = default;
};

/// The part of a transformer that becomes a graph.
struct Part {
  std::optional<std::uint64_t> first{};
  std::optional<std::uint64_t> last{};
  std::optional<std::uint64_t> rows{};
  std::vector<std::uint64_t> ids{};
  std::optional<std::uint64_t> batch{};

  bool operator==(const Part&) const = default;
};

/// Values of a graph input that a file gives instead of the seeded generator: a small one as it is, base64
/// of its bytes, else its size and hash.
struct Input {
  std::string name{};
  std::uint64_t bytes{};
  std::string sha256{};
  std::string values{};

  bool operator==(const Input&) const = default;
};

/// A change of the compiled program's text (patch.h).
struct Edit {
  std::uint64_t line{};    ///< first line that goes, from 1; where the change was made
  std::uint64_t removed{}; ///< lines that go
  std::string anchor{};    ///< of these lines and the ones around them
  std::string added{};     ///< lines that come, each with its line end

  bool operator==(const Edit&) const = default;
};

/// First 16 hexadecimal digits of each; empty where not known.
struct Digests {
  std::string words{};
  std::string state{};
  std::string cycles{};

  bool any() const { return !words.empty() || !state.empty() || !cycles.empty(); }
  bool operator==(const Digests&) const = default;
};

/// What is computed, and what must come of it.
struct Way {
  Model model{};
  Settings settings{};
  Values options{}; ///< of the compiler, as far as the caller chose
  Values dims{};    ///< sizes of symbolic dimensions
  Part part{};
  std::vector<Input> inputs{};
  std::optional<std::uint64_t> seed{}; ///< of inputs that are made up
  std::vector<Edit> edits{};
  std::optional<std::uint64_t> stop{}; ///< after so many instructions
  Digests digests{};

  bool operator==(const Way&) const = default;
};

/// What the closed-form models were asked, by the names and in the words of AnalyticRequest of
/// wasm/plena.d.ts. None when `shown` is empty.
struct Prediction {
  std::string shown{}; ///< which of the sheet's tables
  std::string model{};
  std::string dims{}; ///< as canonical JSON
  std::string dims_name{};
  std::string part{};
  std::string form{};
  std::string latencies{};
  std::string section{};
  Values numbers{};
  Values prices{};
  std::vector<std::string> sweep{};

  bool operator==(const Prediction&) const = default;
};

/// A text that the model goes on with, token by token. None: there are no ids.
struct Text {
  std::vector<std::uint64_t> ids{}; ///< of the prompt
  std::uint64_t count{};            ///< tokens to come
  std::uint64_t temperature{};      ///< in thousandths; 0: always the likeliest
  std::uint64_t seed{};
  std::uint64_t context{}; ///< tokens that the caches have room for; they have a part in the cycles
  std::string digest{};    ///< of what must come of it, 16 digits; empty where not known

  bool operator==(const Text&) const = default;
};
/// Contexts of more tokens are refused, as driver::Generation does.
inline constexpr std::uint64_t max_context = 1 << 16;
/// Files of inputs up to this size go into the recipe.
inline constexpr std::size_t max_input_bytes = 4096;

/// Where the reader was. It has no part in what is computed.
struct View {
  std::string tab{};
  std::optional<std::uint64_t> pc{};
  std::optional<std::uint64_t> node{};
  std::optional<std::uint64_t> cycle{};
  Prediction prediction{};

  bool operator==(const View&) const = default;
};

struct Recipe : Way {
  std::string release{};
  std::optional<Way> baseline{}; ///< what it is to be compared with
  Text text{};
  View view{};

  bool operator==(const Recipe&) const = default;
};

/// Strict but for the view: one that cannot be read is left out, with W_RECIPE_VIEW. Every problem
/// has a JSON pointer. E_JSON, E_RECIPE_FOREIGN (not a recipe at all), E_RECIPE_NEWER (of a later
/// version), E_RECIPE_KEY, E_RECIPE_TYPE, E_RECIPE_VALUE, E_RECIPE_MISSING.
Result<Recipe> parse(std::string_view json, std::string_view name = {});

/// What `parse` would refuse of the JSON that `write` makes of it; E_RECIPE_VALUE when that is too
/// long.
Status check(const Recipe& recipe);

/// The canonical JSON; bytes of a name that are no UTF-8 are replaced in it.
std::string write(const Recipe& recipe);

/// JSON with sorted keys and no white space, for a model that goes into a recipe; nothing when it
/// is no JSON object.
std::optional<std::string> canonical_json(std::string_view json);

/// The baseline as a recipe of its own.
std::optional<Recipe> baseline_of(const Recipe& recipe);

/// Whether this JSON claims to be a recipe.
bool is_recipe(std::string_view json);

/// What a caller adds to what a session knows, from JSON: `{"gallery": NAME, "address": ADDRESS,
/// "json": the model's text, "view": {}, "text": {}, "baseline": {}}`, at most one of the first three;
/// `view` may have a `prediction`, as `prediction_json` writes it, a text is as recipes have it, and a
/// baseline is a recipe: that of the run that was kept. E_ARGUMENT, and what `parse` says of a prediction
/// or a recipe.
struct Wish {
  std::string gallery{};
  std::string address{};
  std::string json{};
  View view{};
  Text text{};
  std::optional<Way> baseline{};
};
Result<Wish> parse_wish(std::string_view json);

/// An AnalyticRequest with `shown`, and `dims` as an object; empty when nothing was asked.
std::string prediction_json(const Prediction& prediction);

/// The table of fields as Markdown.
std::string fields_markdown();

} // namespace plena::recipe
