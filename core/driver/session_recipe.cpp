// The recipe of a session, and a session from a recipe.
#include "base/sha256.h"
#include "config/changes.h"
#include "driver/analytic.h"
#include "driver/reproduce.h"
#include "driver/session_state.h"
#include "driver/tools.h"
#include "io/base64.h"
#include "recipe/patch.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

namespace plena::driver {

namespace {

constexpr std::size_t short_hash = 16;

/// The preset that differs least, and how.
recipe::Settings settings_from(const config::Config& config) {
  recipe::Settings best;
  bool found = false;
  for (const config::Preset& preset : config::presets()) {
    const Result<config::Config> loaded = config::load(preset.toml, preset.name);
    if (!loaded) {
      continue;
    }
    const config::Changes changes = config::changes_between(*loaded, config);
    if (found && changes.size() >= best.changed.size()) {
      continue;
    }
    found = true;
    best = {.preset = std::string(preset.name)};
    for (const auto& [key, value] : changes) {
      best.changed[key] = std::visit([](const auto& one) { return recipe::Scalar(one); }, value);
    }
  }
  return best;
}

Diagnostic wrong_file(const recipe::Model& model, const report::ModelFacts& found) {
  const std::string name = !model.gallery.empty()   ? model.gallery
                           : !model.address.empty() ? model.address
                                                    : model.file;
  return {
    .code = "E_RECIPE_FILE",
    .message = fmt::format(
      "this is another file than the link's: its SHA-256 starts with {}, the link wants {}",
      found.sha256.substr(0, short_hash),
      model.sha256.substr(0, short_hash)
    ),
    .hint = !model.gallery.empty()
              ? "the model has changed since the link was made: open it with that release"
              : "ask whoever made the link for the file as it was",
    .file = found.name,
    .where = name};
}

std::optional<std::int64_t> signed_of(const std::optional<std::uint64_t>& value) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  return value ? std::optional(static_cast<std::int64_t>(std::min(*value, most))) : std::nullopt;
}

std::optional<std::uint64_t> unsigned_of(const std::optional<std::int64_t>& value) {
  return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

} // namespace

Result<recipe::Recipe> Session::recipe(const recipe::Wish& wish) const {
  const State& state = *state_;
  if (!state.has_program) {
    return missing(
      "E_NO_PROGRAM", "there is nothing to make a link of", "compile a model or assemble a text"
    );
  }
  if (state.text.empty() && !state.program.words.empty()) {
    return missing(
      "E_RECIPE_PROGRAM",
      "machine words cannot be put into a link",
      "link their assembly text (plena disasm)"
    );
  }
  if (!state.compiled && state.graph) {
    return missing(
      "E_NO_PROGRAM",
      "the program does not come of the model and the settings as they are now",
      "compile the model"
    );
  }
  if (!state.changes.empty()) {
    return missing(
      "E_CHANGED",
      "the run was changed by hand, which a link does not tell",
      "run it again from its start"
    );
  }
  recipe::Recipe made;
  made.release = version();
  if (state.compiled) {
    made.model.sha256 = state.model.sha256;
    // The document alone would not be the model.
    if (const bool beside = state.model_bytes == 0; !wish.json.empty() && !beside) {
      const auto json = recipe::canonical_json(wish.json);
      if (!json) {
        return missing(
          "E_RECIPE_MODEL", "only models in the project's JSON fit into a link", "link it as a file"
        );
      }
      made.model = {.json = *json};
    } else if (!wish.gallery.empty()) {
      made.model.gallery = wish.gallery;
      made.model.sha256.resize(std::min(made.model.sha256.size(), short_hash));
    } else if (!wish.address.empty()) {
      made.model.address = wish.address;
    } else {
      made.model.file = file_name_of(state.model.name);
      made.model.bytes = state.model_bytes;
    }
    ir::visit_choices(state.asked, [&](const char* name, const auto& chosen) {
      if constexpr (std::is_same_v<std::decay_t<decltype(chosen)>, std::string>) {
        if (!chosen.empty()) {
          made.options[name] = chosen;
        }
      } else if (chosen) {
        made.options[name] = *chosen;
      }
    });
    for (const auto& [name, value] : state.dimensions) {
      made.dims[name] = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
    }
    made.part.first = unsigned_of(state.part.first_layer);
    made.part.last = unsigned_of(state.part.last_layer);
    made.part.rows = unsigned_of(state.part.rows);
    made.part.batch = unsigned_of(state.part.batch);
    for (const std::int64_t id : state.part.ids) {
      made.part.ids.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(id, 0)));
    }
    for (const auto& [name, file] : state.input_files) {
      made.inputs.push_back(
        file.small.empty() ? recipe::Input{.name = name, .bytes = file.bytes, .sha256 = file.sha256}
                           : recipe::Input{.name = name, .values = io::base64_encode(file.small)}
      );
    }
    made.seed = state.seed;
  }
  config::Config config = state.given_config.value_or(config::Config{});
  config.timing = state.timing_settings();
  made.settings = settings_from(config);
  const std::string& before = state.compiled ? state.compiled_text : std::string();
  if (state.text != before) {
    made.edits = recipe::edits_between(before, state.text);
  }
  recipe::Digests found = recipe_digests();
  if (state.reason == RunStatus::Reason::Ready || !state.machine) {
    found.state.clear();
    found.cycles.clear();
  } else if (state.reason == RunStatus::Reason::Slice) {
    made.stop = state.machine->counters().executed;
  }
  made.digests = recipe::shortened(std::move(found));
  made.view = wish.view;
  if (const auto text = settings_of(made)) {
    if (const auto opener = config::load(text->toml, text->name)) {
      if (const Status told = complete_prediction(made.view.prediction, *this, *opener); !told) {
        return told.diagnostics();
      }
    }
  }
  made.text = wish.text;
  made.baseline = wish.baseline;
  if (const Status readable = recipe::check(made); !readable) {
    return readable.diagnostics();
  }
  return made;
}

recipe::Digests Session::recipe_digests() const {
  const report::Digests digests = state_->digests();
  return {digests.words, digests.state, digests.cycles};
}

void Session::set_seed(std::optional<std::uint64_t> seed) { state_->seed = seed; }

void Session::prepare_recipe(const recipe::Recipe& recipe) {
  State& state = *state_;
  state.seed = recipe.seed;
  state.part = {};
  state.part.first_layer = signed_of(recipe.part.first);
  state.part.last_layer = signed_of(recipe.part.last);
  state.part.rows = signed_of(recipe.part.rows);
  state.part.batch = signed_of(recipe.part.batch);
  for (const std::uint64_t id : recipe.part.ids) {
    state.part.ids.push_back(*signed_of(id));
  }
  state.dimensions.clear();
  for (const auto& [name, value] : recipe.dims) {
    if (const auto* number = std::get_if<std::uint64_t>(&value)) {
      state.dimensions[name] = *signed_of(*number);
    }
  }
}

Status Session::check_recipe_model(const recipe::Recipe& recipe) const {
  const recipe::Model& model = recipe.model;
  if (model.sha256.empty() || state_->model.sha256.starts_with(model.sha256)) {
    return Done{};
  }
  return wrong_file(model, state_->model);
}

Result<std::string> Session::recipe_text(const recipe::Recipe& recipe) const {
  const recipe::Patched patched =
    recipe::patched(state_->compiled ? state_->compiled_text : std::string(), recipe.edits);
  Diagnostics notes;
  for (const std::size_t lost : patched.lost) {
    notes.push_back(
      {.severity = Severity::Warning,
       .code = "W_RECIPE_EDIT",
       .message = fmt::format(
         "the edit at line {} finds no place: the compiled program has changed there",
         recipe.edits[lost].line
       ),
       .hint = "open the link with the release that made it, or make the edit again",
       .where = fmt::format("/a/{}", lost)}
    );
  }
  return {patched.text, std::move(notes)};
}

Result<SettingsText> settings_of(const recipe::Recipe& recipe) {
  const config::Preset* preset = config::find_preset(recipe.settings.preset);
  if (preset == nullptr) {
    std::vector<std::string_view> names;
    for (const config::Preset& one : config::presets()) {
      names.push_back(one.name);
    }
    return Diagnostic{
      .code = "E_RECIPE_PRESET",
      .message = fmt::format("there is no machine '{}' here", recipe.settings.preset),
      .hint = fmt::format("this release has {}", fmt::join(names, ", ")),
      .where = "/s/p"};
  }
  if (recipe.settings.changed.empty()) {
    return SettingsText{std::string(preset->name), std::string(preset->toml)};
  }
  const Result<config::Config> standard = config::load(preset->toml, preset->name);
  if (!standard) {
    return standard.diagnostics();
  }
  config::Changes changes;
  for (const auto& [key, value] : recipe.settings.changed) {
    if (const auto* number = std::get_if<std::uint64_t>(&value)) {
      changes[key] = *number;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      changes[key] = *text;
    } else {
      changes[key] = std::string(std::get<bool>(value) ? "true" : "false");
    }
  }
  const Result<config::Config> config = config::changed(*standard, changes);
  if (!config) {
    return config.diagnostics();
  }
  const std::string title = fmt::format(
    "{} with {} changed",
    preset->name,
    fmt::join(
      [&] {
        std::vector<std::string> keys;
        for (const auto& [key, value] : changes) {
          keys.push_back(key);
        }
        return keys;
      }(),
      ", "
    )
  );
  return SettingsText{fmt::format("{}*", preset->name), config::to_toml(*config, title)};
}

Diagnostics release_notes(const recipe::Recipe& recipe) {
  if (recipe.release == version()) {
    return {};
  }
  return {
    {.severity = Severity::Warning,
     .code = "W_RECIPE_RELEASE",
     .message = fmt::format(
       "the link was made with release {}, which is not here; this is {}", recipe.release, version()
     ),
     .hint = "what comes of it may differ for that reason alone",
     .where = "/e"}};
}

Result<std::string> recipe_info(const recipe::Recipe& recipe) {
  const Result<SettingsText> settings = settings_of(recipe);
  if (!settings) {
    return settings.diagnostics();
  }
  return {recipe::info_json(recipe, settings->name, settings->toml), release_notes(recipe)};
}

namespace {

/// Appends what `result` has to say; false when it is an error.
template <class T> bool took(const Result<T>& result, Diagnostics& notes) {
  notes.insert(notes.end(), result.diagnostics().begin(), result.diagnostics().end());
  return result.ok();
}

} // namespace

Status open_recipe(Session& session, const recipe::Recipe& recipe, const RecipeFiles& files) {
  Diagnostics notes = release_notes(recipe);
  const Result<SettingsText> settings = settings_of(recipe);
  if (!took(settings, notes) || !took(session.set_settings(settings->name, settings->toml), notes)) {
    return notes;
  }
  session.prepare_recipe(recipe);
  if (recipe.model != recipe::Model{}) {
    const std::string& json = recipe.model.json;
    const std::span<const std::uint8_t> bytes(
      reinterpret_cast<const std::uint8_t*>(json.data()), json.size()
    );
    const bool loaded = json.empty() ? took(files.model(session), notes)
                                     : took(session.load_model("model.json", bytes), notes);
    if (!loaded || !took(session.check_recipe_model(recipe), notes)) {
      return notes;
    }
    for (const recipe::Input& input : recipe.inputs) {
      const auto inside = io::base64_decode(input.values);
      const Result<std::vector<std::uint8_t>> values =
        input.values.empty() || !inside ? files.input(input) : *inside;
      if (!took(values, notes)) {
        return notes;
      }
      if (input.values.empty() && sha256_hex(*values) != input.sha256) {
        notes.push_back(
          {.code = "E_RECIPE_FILE",
           .message = "the values of this input are others than the link's",
           .hint = "ask whoever made the link for the file as it was",
           .where = input.name}
        );
        return notes;
      }
      if (!took(session.set_input(input.name, *values), notes)) {
        return notes;
      }
    }
    if (!took(session.compile(recipe::options_json(recipe)), notes)) {
      return notes;
    }
  }
  if (!recipe.edits.empty() || recipe.model == recipe::Model{}) {
    const Result<std::string> text = session.recipe_text(recipe);
    if (!took(text, notes) || !took(session.assemble(*text, AsmMode::Compatible), notes)) {
      return notes;
    }
  }
  return {Done{}, std::move(notes)};
}

} // namespace plena::driver
