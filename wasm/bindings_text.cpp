// The functions of texts that are written token by token, as plena.d.ts declares them.
#include "boundary.h"
#include "driver/text.h"

#include <cmath>
#include <emscripten/bind.h>
#include <utility>
#include <vector>

namespace plena::wasm {
namespace {

using driver::Text;

constexpr double max_id = 16777216.0; // 2^24: f32 holds them exactly

Handles<Text>& texts() {
  static Handles<Text> instance;
  return instance;
}

template <class R, class F> val with_text(const val& handle, F&& action) {
  return guard([&]() -> R {
    Text* text = texts().find(handle);
    return text == nullptr ? R(no_such("text", "text_new")) : action(*text);
  });
}

Result<std::string> step_of(const Result<report::TextStep>& step) {
  return step ? Result<std::string>(report::text_step(*step), step.diagnostics())
              : Result<std::string>(step.diagnostics());
}

Result<std::vector<driver::ModelFile>> to_files(const val& files) {
  if (!files.isArray()) {
    return bad_argument("files", "a list of ModelFile");
  }
  std::vector<driver::ModelFile> given;
  for (std::size_t i = 0; i < files["length"].as<std::size_t>(); ++i) {
    auto file = to_file(files[i], "files");
    if (!file) {
      return file.diagnostics();
    }
    given.push_back(std::move(file).value());
  }
  return given;
}

val text_new(
  const val& session,
  const val& name,
  const val& files,
  const val& options_json,
  const val& capacity,
  const val& references
) {
  return guard([&]() -> Result<std::string> {
    driver::Session* owner = find_session(session);
    if (owner == nullptr) {
      return no_such("session", "session_new");
    }
    const auto name_text = to_text(name, "name");
    const auto given = to_files(files);
    const auto options = to_text(options_json, "optionsJson");
    const auto room = to_count(capacity, "capacity", max_exact_integer);
    const auto beside = to_bool(references, "references");
    for (const Diagnostics& wrong :
         {name_text.diagnostics(), given.diagnostics(), options.diagnostics(), room.diagnostics(), beside.diagnostics()}) {
      if (!wrong.empty()) {
        return wrong;
      }
    }
    driver::GenerationOptions wanted;
    wanted.choices = options->text;
    wanted.capacity = static_cast<std::int64_t>(*room);
    wanted.references = *beside;
    Result<Text> made = Text::create(*owner, name_text->text, *given, std::move(wanted));
    if (!made) {
      return made.diagnostics();
    }
    const auto [handle, kept] = texts().add(std::move(made).value());
    return report::text_info(kept.basics(), handle);
  });
}

void text_free(const val& handle) { texts().free(handle); }

val text_start(const val& handle, const val& temperature, const val& seed) {
  return with_text<Status>(handle, [&](Text& text) -> Status {
    const double heat = temperature.isNumber() ? temperature.as<double>() : -1.0;
    if (!(heat >= 0.0) || std::isinf(heat)) {
      return bad_argument("temperature", "a number that is not negative");
    }
    const auto chance = to_count(seed, "seed", max_exact_integer);
    if (!chance) {
      return chance.diagnostics();
    }
    text.start({heat, *chance});
    return Done{};
  });
}

val text_feed(const val& handle, const val& ids) {
  return with_text<Result<std::string>>(handle, [&](Text& text) -> Result<std::string> {
    if (!ids.isArray()) {
      return bad_argument("ids", "a list of token ids");
    }
    std::vector<std::int64_t> given;
    for (std::size_t i = 0; i < ids["length"].as<std::size_t>(); ++i) {
      const auto id = to_count(ids[i], "ids", max_id);
      if (!id) {
        return id.diagnostics();
      }
      given.push_back(static_cast<std::int64_t>(*id));
    }
    return step_of(text.feed(given));
  });
}

val text_next(const val& handle) {
  return with_text<Result<std::string>>(handle, [](Text& text) { return step_of(text.next()); });
}

} // namespace
} // namespace plena::wasm

EMSCRIPTEN_BINDINGS(plena_text) {
  using namespace plena::wasm;
  emscripten::function("text_new", &text_new);
  emscripten::function("text_free", &text_free);
  emscripten::function("text_start", &text_start);
  emscripten::function("text_feed", &text_feed);
  emscripten::function("text_next", &text_next);
}
