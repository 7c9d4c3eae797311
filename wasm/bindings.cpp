// The functions of the engine module, as plena.d.ts declares them. Each is a few lines over
// driver/session.h; handles keep the C++ objects on this side. bindings_text.cpp has those of
// texts.
#include "boundary.h"
#include "driver/analytic.h"
#include "driver/reproduce.h"
#include "driver/tools.h"

#include <array>
#include <emscripten/bind.h>
#include <limits>
#include <utility>

namespace plena::wasm {
namespace {

using driver::Session;

constexpr double max_u32 = std::numeric_limits<std::uint32_t>::max();

Handles<Session>& sessions() {
  static Handles<Session> instance;
  return instance;
}

/// Finds the session and calls `action` on it. R is the Result or Status that the call yields.
template <class R, class F> val with_session(const val& handle, F&& action) {
  return guard([&]() -> R {
    Session* session = sessions().find(handle);
    return session == nullptr ? R(no_such("session", "session_new")) : action(*session);
  });
}

int api_version() { return driver::api_version; }

val describe() {
  return guard([] { return Result<std::string>(Session::describe()); });
}

int session_new() {
  try {
    return sessions().add().first;
  } catch (...) {
    return 0; // never a valid handle: the next call with it says E_HANDLE
  }
}

void session_free(const val& handle) { sessions().free(handle); }

int session_count() { return static_cast<int>(sessions().size()); }

val change_settings(const val& name, const val& toml, const val& changes) {
  return guard([&]() -> Result<std::string> {
    const auto name_text = to_text(name, "name");
    const auto toml_text = to_text(toml, "toml");
    const auto changes_text = to_text(changes, "changesJson");
    for (const auto* text : {&name_text, &toml_text, &changes_text}) {
      if (!*text) {
        return text->diagnostics();
      }
    }
    return Session::change_settings(name_text->text, toml_text->text, changes_text->text);
  });
}

val set_settings(const val& handle, const val& name, const val& toml) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    auto name_text = to_text(name, "name");
    auto toml_text = to_text(toml, "toml");
    if (!name_text || !toml_text) {
      return (name_text ? toml_text : name_text).diagnostics();
    }
    return session.set_settings(name_text->text, toml_text->text);
  });
}

val load_model(const val& handle, const val& name, const val& bytes) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto name_text = to_text(name, "name");
    if (!name_text) {
      return name_text.diagnostics();
    }
    const auto data = to_bytes(bytes, "bytes");
    if (!data) {
      return data.diagnostics();
    }
    return session.load_model(name_text->text, *data);
  });
}

val choose_part(const val& handle, const val& part) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    auto chosen = to_part(part, "part");
    if (!chosen) {
      return chosen.diagnostics();
    }
    session.choose_part(std::move(chosen).value());
    return Done{};
  });
}

val bind_dimension(const val& handle, const val& name, const val& value) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto name_text = to_text(name, "name");
    const auto size = to_count(value, "value", max_u32);
    if (!name_text || !size) {
      return name_text ? size.diagnostics() : name_text.diagnostics();
    }
    session.bind_dimension(name_text->text, static_cast<std::int64_t>(*size));
    return Done{};
  });
}

val load_files(const val& handle, const val& name, const val& files) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto name_text = to_text(name, "name");
    if (!name_text) {
      return name_text.diagnostics();
    }
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
    return session.load_files(name_text->text, given);
  });
}

val model_json(const val& handle) {
  return with_session<Result<Text>>(handle, [](Session& session) -> Result<Text> {
    Result<std::string> text = session.model_json();
    return text ? Result<Text>(Text{std::move(text).value()}) : Result<Text>(text.diagnostics());
  });
}

val model_document(const val& handle, const val& weights) {
  return with_session<Result<Session::ModelDocument>>(
    handle,
    [&](Session& session) -> Result<Session::ModelDocument> {
      const auto name = to_text(weights, "weightsName");
      if (!name) {
        return name.diagnostics();
      }
      return session.model_document(name->text);
    }
  );
}

using TensorSetter =
  Status (Session::*)(std::string_view, std::span<const std::uint8_t>, driver::TensorForm);

val set_tensor(const val& handle, const val& name, const val& bytes, TensorSetter set) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto name_text = to_text(name, "name");
    if (!name_text) {
      return name_text.diagnostics();
    }
    const auto data = to_bytes(bytes, "bytes");
    if (!data) {
      return data.diagnostics();
    }
    return (session.*set)(name_text->text, *data, driver::TensorForm::Detect);
  });
}

val set_input(const val& handle, const val& name, const val& bytes) {
  return set_tensor(handle, name, bytes, &Session::set_input);
}

val set_expected(const val& handle, const val& name, const val& bytes) {
  return set_tensor(handle, name, bytes, &Session::set_expected);
}

val compile(const val& handle, const val& options_json) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto options = to_text(options_json, "optionsJson");
    if (!options) {
      return options.diagnostics();
    }
    return session.compile(options->text);
  });
}

val assemble(const val& handle, const val& text, const val& strict) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto source = to_text(text, "text");
    if (!source) {
      return source.diagnostics();
    }
    const auto is_strict = to_bool(strict, "strict");
    if (!is_strict) {
      return is_strict.diagnostics();
    }
    return session.assemble(
      source->text, *is_strict ? driver::AsmMode::Strict : driver::AsmMode::Compatible
    );
  });
}

val program_text(const val& handle) {
  return with_session<Result<Text>>(handle, [](Session& session) -> Result<Text> {
    return Text{session.program_text()};
  });
}

val rows(const val& handle, const val& first, const val& count) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto first_row = to_count(first, "first", max_u32);
    const auto row_count = to_count(count, "count", max_u32);
    if (!first_row || !row_count) {
      return (first_row ? row_count : first_row).diagnostics();
    }
    return session.rows(
      static_cast<std::uint32_t>(*first_row), static_cast<std::uint32_t>(*row_count)
    );
  });
}

val reset(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.reset();
  });
}

val run(const val& handle, const val& max_instructions) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto budget = to_count(max_instructions, "maxInstructions", max_exact_integer);
    if (!budget) {
      return budget.diagnostics();
    }
    return session.run(*budget);
  });
}

val registers(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return Result<std::string>(session.registers());
  });
}

val verify(const val& handle, const val& precision) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto name = to_text(precision, "precision");
    return name ? session.verify(name->text) : name.diagnostics();
  });
}

val attention(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.attention();
  });
}

val ablation(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.ablation();
  });
}

val record_trace(const val& handle, const val& events, const val& first_cycle) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto count = to_count(events, "events", max_exact_integer);
    const auto cycle = to_count(first_cycle, "firstCycle", max_exact_integer);
    if (!count || !cycle) {
      return (count ? cycle : count).diagnostics();
    }
    session.record_trace(*count, *cycle);
    return Done{};
  });
}

val profile(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.profile();
  });
}

val heat(const val& handle, const val& first, const val& count) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto first_row = to_count(first, "first", max_u32);
    const auto row_count = to_count(count, "count", max_u32);
    if (!first_row || !row_count) {
      return (first_row ? row_count : first_row).diagnostics();
    }
    return session.heat(
      static_cast<std::uint32_t>(*first_row), static_cast<std::uint32_t>(*row_count)
    );
  });
}

/// A timeline, by the session's function for it.
val lanes_by(
  Result<std::string> (Session::*of)(std::uint64_t, std::uint64_t, std::uint32_t) const,
  const val& handle,
  const val& from,
  const val& to,
  const val& pixels
) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto first = to_count(from, "from", max_exact_integer);
    const auto last = to_count(to, "to", max_exact_integer);
    const auto count = to_count(pixels, "pixels", max_u32);
    if (!first || !last || !count) {
      return (!first ? first : !last ? last : count).diagnostics();
    }
    return (session.*of)(*first, *last, static_cast<std::uint32_t>(*count));
  });
}

val lanes(const val& handle, const val& from, const val& to, const val& pixels) {
  return lanes_by(&Session::lanes, handle, from, to, pixels);
}

val pinned_lanes(const val& handle, const val& from, const val& to, const val& pixels) {
  return lanes_by(&Session::pinned_lanes, handle, from, to, pixels);
}

val moment(const val& handle, const val& cycle) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto at = to_count(cycle, "cycle", max_exact_integer);
    return at ? session.moment(*at) : at.diagnostics();
  });
}

val export_trace(const val& handle, const val& form, const val& from) {
  return with_session<Result<driver::TracePiece>>(
    handle,
    [&](Session& session) -> Result<driver::TracePiece> {
      const auto name = to_text(form, "form");
      if (!name || (name->text != "perfetto" && name->text != "konata")) {
        return bad_argument("form", "`perfetto` or `konata`");
      }
      const auto first = to_count(from, "from", max_exact_integer);
      if (!first) {
        return first.diagnostics();
      }
      const bool perfetto = name->text == "perfetto";
      return session.export_trace(
        perfetto ? driver::TraceForm::Perfetto : driver::TraceForm::Konata, *first
      );
    }
  );
}

val profile_csv(const val& handle) {
  return with_session<Result<Text>>(handle, [](Session& session) -> Result<Text> {
    Result<std::string> csv = session.profile_csv();
    return csv ? Result<Text>(Text{std::move(csv).value()}) : Result<Text>(csv.diagnostics());
  });
}

val pin(const val& handle, const val& name) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto text = to_text(name, "name");
    return text ? session.pin(text->text) : Status(text.diagnostics());
  });
}

val keep_pinned_of(const val& handle, const val& other) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const Session* from = sessions().find(other);
    if (from == nullptr) {
      return bad_argument("other", "the handle of a session");
    }
    session.keep_pinned_of(*from);
    return Done{};
  });
}

val unpin(const val& handle) {
  return with_session<Status>(handle, [](Session& session) -> Status {
    session.unpin();
    return Done{};
  });
}

val compare_with_pinned(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.compare_with_pinned();
  });
}

val diff_with_pinned(const val& handle, const val& first, const val& count, const val& everything) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto from = to_count(first, "first", max_exact_integer);
    const auto rows = to_count(count, "count", max_u32);
    const auto all = to_bool(everything, "everything");
    if (!from || !rows || !all) {
      return !from ? from.diagnostics() : !rows ? rows.diagnostics() : all.diagnostics();
    }
    return session.diff_with_pinned(*from, static_cast<std::uint32_t>(*rows), *all);
  });
}

val spans_with_pinned(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.spans_with_pinned();
  });
}

val program_files(const val& handle) {
  return with_session<Result<std::vector<driver::ProgramFile>>>(handle, [](Session& session) {
    return session.program_files();
  });
}

/// Deflate by a library of the page.
class PageCodec final : public recipe::Codec {
 public:
  explicit PageCodec(val codec) : codec_(std::move(codec)) {}

  recipe::Bytes deflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary
  ) const override {
    return bytes_of(codec_.call<val>("deflate", copy_of(bytes), copy_of(dictionary)));
  }
  Inflated inflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary, std::size_t limit
  ) const override {
    const val inflated =
      codec_.call<val>("inflate", copy_of(bytes), copy_of(dictionary), static_cast<double>(limit));
    const auto name = inflated["end"].as<std::string>();
    const End end = name == "done"   ? End::Done
                    : name == "cut"  ? End::Cut
                    : name == "long" ? End::TooLong
                                     : End::Broken;
    return {end, end == End::Done ? bytes_of(inflated["bytes"]) : recipe::Bytes()};
  }

 private:
  static recipe::Bytes bytes_of(const val& bytes) {
    return emscripten::convertJSArrayToNumberVector<std::uint8_t>(bytes);
  }

  val codec_;
};

Result<PageCodec> to_codec(const val& value) {
  if (value.isNull() || value.isUndefined() || value["deflate"].typeOf().as<std::string>() != "function" ||
      value["inflate"].typeOf().as<std::string>() != "function") {
    return bad_argument("codec", "an object with the functions deflate and inflate");
  }
  return PageCodec(value);
}

Result<recipe::Recipe> to_recipe(const val& json) {
  const auto text = to_text(json, "recipe");
  return text ? recipe::parse(text->text) : Result<recipe::Recipe>(text.diagnostics());
}

/// The document, with what the reader had to say before it.
Result<std::string> info_of(const Result<recipe::Recipe>& read) {
  if (!read) {
    return read.diagnostics();
  }
  Result<std::string> info = driver::recipe_info(*read);
  if (!info) {
    return info;
  }
  Diagnostics notes = read.diagnostics();
  notes.insert(notes.end(), info.diagnostics().begin(), info.diagnostics().end());
  return {std::move(info).value(), std::move(notes)};
}

val read_link(const val& link, const val& codec) {
  return guard([&]() -> Result<std::string> {
    const auto text = to_text(link, "link");
    const auto packing = to_codec(codec);
    if (!text || !packing) {
      return (text ? packing.diagnostics() : text.diagnostics());
    }
    return info_of(recipe::read_link(text->text, *packing));
  });
}

val read_recipe(const val& json) {
  return guard([&]() -> Result<std::string> { return info_of(to_recipe(json)); });
}

val read_baseline(const val& json) {
  return guard([&]() -> Result<std::string> {
    const auto recipe = to_recipe(json);
    if (!recipe) {
      return recipe.diagnostics();
    }
    const std::optional<recipe::Recipe> baseline = recipe::baseline_of(*recipe);
    return baseline ? driver::recipe_info(*baseline) : std::string("null");
  });
}

val make_link(const val& json, const val& codec) {
  return guard([&]() -> Result<Text> {
    const auto recipe = to_recipe(json);
    const auto packing = to_codec(codec);
    if (!recipe || !packing) {
      return recipe ? packing.diagnostics() : recipe.diagnostics();
    }
    return Text{recipe::link_of(*recipe, *packing)};
  });
}

val make_recipe(const val& handle, const val& wish_json) {
  return with_session<Result<Text>>(handle, [&](Session& session) -> Result<Text> {
    const auto text = to_text(wish_json, "wishJson");
    const auto wish =
      text ? recipe::parse_wish(text->text) : Result<recipe::Wish>(text.diagnostics());
    if (!wish) {
      return wish.diagnostics();
    }
    const auto made = session.recipe(*wish);
    return made ? Result<Text>(Text{recipe::write(*made)}) : Result<Text>(made.diagnostics());
  });
}

/// Calls `action` with the session and the recipe.
template <class R, class F> val with_recipe(const val& handle, const val& json, F&& action) {
  return with_session<R>(handle, [&](Session& session) -> R {
    const auto recipe = to_recipe(json);
    if (!recipe) {
      return recipe.diagnostics();
    }
    return action(session, *recipe);
  });
}

val prepare_recipe(const val& handle, const val& json) {
  return with_recipe<Status>(
    handle,
    json,
    [](Session& session, const recipe::Recipe& recipe) -> Status {
      session.prepare_recipe(recipe);
      return Done{};
    }
  );
}

val check_recipe_model(const val& handle, const val& json) {
  return with_recipe<Status>(handle, json, [](Session& session, const recipe::Recipe& recipe) {
    return session.check_recipe_model(recipe);
  });
}

val recipe_text(const val& handle, const val& json) {
  return with_recipe<Result<Text>>(
    handle,
    json,
    [](Session& session, const recipe::Recipe& recipe) -> Result<Text> {
      const Result<std::string> text = session.recipe_text(recipe);
      return text ? Result<Text>(Text{*text}, text.diagnostics())
                  : Result<Text>(text.diagnostics());
    }
  );
}

val judge(const val& handle, const val& json) {
  return with_recipe<Result<std::string>>(
    handle,
    json,
    [](Session& session, const recipe::Recipe& recipe) -> Result<std::string> {
      return recipe::judgement_json(
        recipe::judge(recipe.digests, session.recipe_digests()), recipe, driver::version(), {}
      );
    }
  );
}

val analytic(const val& handle, const val& request_json) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto request = to_text(request_json, "requestJson");
    return request ? driver::analytic_document(session, request->text) : request.diagnostics();
  });
}

val analytic_run(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return driver::run_comparison_document(session);
  });
}

val static_profile(const val& handle, const val& latencies, const val& first, const val& count) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto name = to_text(latencies, "latencies");
    const auto from = to_count(first, "first", max_exact_integer);
    const auto told = to_count(count, "count", max_u32);
    if (!name || !from || !told) {
      return (!name ? name.diagnostics() : !from ? from.diagnostics() : told.diagnostics());
    }
    return driver::static_profile_document(session, name->text, {*from, *told});
  });
}

/// A document that a call with counts yields.
template <std::size_t N, class F>
val with_counts(
  const val& handle, const std::array<std::pair<const char*, const val*>, N>& given, F&& action
) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    std::array<std::uint64_t, N> counts{};
    for (std::size_t i = 0; i < N; ++i) {
      const auto count = to_count(*given[i].second, given[i].first, max_exact_integer);
      if (!count) {
        return count.diagnostics();
      }
      counts[i] = *count;
    }
    return action(session, counts);
  });
}

template <std::size_t N> using Given = std::array<std::pair<const char*, const val*>, N>;

val keep_history(const val& handle, const val& bytes) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto limit = to_count(bytes, "bytes", max_exact_integer);
    if (!limit) {
      return limit.diagnostics();
    }
    session.keep_history(*limit);
    return Done{};
  });
}

val seek(const val& handle, const val& executed, const val& budget) {
  return with_counts(
    handle,
    Given<2>{{{"executed", &executed}, {"maxInstructions", &budget}}},
    [](Session& session, const auto& counts) { return session.seek(counts[0], counts[1]); }
  );
}

val seek_cycle(const val& handle, const val& cycle, const val& budget) {
  return with_counts(
    handle,
    Given<2>{{{"cycle", &cycle}, {"maxInstructions", &budget}}},
    [](Session& session, const auto& counts) { return session.seek_cycle(counts[0], counts[1]); }
  );
}

val move(const val& handle, const val& condition, const val& back, const val& budget) {
  return with_counts(
    handle,
    Given<1>{{{"maxInstructions", &budget}}},
    [&](Session& session, const auto& counts) -> Result<std::string> {
      const auto text = to_text(condition, "condition");
      const auto backwards = to_bool(back, "back");
      if (!text || !backwards) {
        return text ? backwards.diagnostics() : text.diagnostics();
      }
      return session.move(text->text, *backwards, counts[0]);
    }
  );
}

val set_breakpoints(const val& handle, const val& conditions) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto text = to_text(conditions, "conditions");
    return text ? session.set_breakpoints(text->text) : Status(text.diagnostics());
  });
}

val change(const val& handle, const val& what) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto text = to_text(what, "what");
    return text ? session.change(text->text) : text.diagnostics();
  });
}

val memory_map(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.memory_map();
  });
}

val cells(const val& handle, const val& memory, const val& first, const val& count) {
  return with_counts(
    handle,
    Given<2>{{{"first", &first}, {"count", &count}}},
    [&](Session& session, const auto& counts) -> Result<std::string> {
      const auto name = to_text(memory, "memory");
      return name ? session.cells(name->text, counts[0], counts[1]) : name.diagnostics();
    }
  );
}

val tensor(
  const val& handle,
  const val& region,
  const val& row,
  const val& rows,
  const val& row_step,
  const val& col,
  const val& cols,
  const val& col_step
) {
  return with_counts(
    handle,
    Given<7>{
      {{"region", &region},
       {"row", &row},
       {"rows", &rows},
       {"rowStep", &row_step},
       {"col", &col},
       {"cols", &cols},
       {"colStep", &col_step}}},
    [](Session& session, const auto& n) -> Result<std::string> {
      if (n[0] > std::numeric_limits<std::uint32_t>::max()) {
        return bad_argument("region", "the place of a region in the memory map");
      }
      return session.tensor(static_cast<std::size_t>(n[0]), {n[1], n[2], n[3]}, {n[4], n[5], n[6]});
    }
  );
}

val touches(const val& handle) {
  return with_session<Result<std::string>>(handle, [](Session& session) {
    return session.touches();
  });
}

val origin(const val& handle, const val& memory, const val& first, const val& count) {
  return with_counts(
    handle,
    Given<2>{{{"first", &first}, {"count", &count}}},
    [&](Session& session, const auto& counts) -> Result<std::string> {
      const auto name = to_text(memory, "memory");
      return name ? session.origin(name->text, counts[0], counts[1]) : name.diagnostics();
    }
  );
}

val anchor(const val& handle, const val& pc) {
  return with_session<Result<Text>>(handle, [&](Session& session) -> Result<Text> {
    const auto at = to_count(pc, "pc", max_u32);
    return at ? Text{session.anchor(static_cast<std::uint32_t>(*at))}
              : Result<Text>(at.diagnostics());
  });
}

val find_anchor(const val& handle, const val& text) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto words = to_text(text, "anchor");
    if (!words) {
      return words.diagnostics();
    }
    const std::optional<std::uint32_t> found = session.find_anchor(words->text);
    return found ? std::to_string(*found) : std::string("null");
  });
}

} // namespace

Session* find_session(const val& handle) { return sessions().find(handle); }

} // namespace plena::wasm

EMSCRIPTEN_BINDINGS(plena) {
  using namespace plena::wasm;
  emscripten::function("api_version", &api_version);
  emscripten::function("describe", &describe);
  emscripten::function("session_new", &session_new);
  emscripten::function("session_free", &session_free);
  emscripten::function("session_count", &session_count);
  emscripten::function("change_settings", &change_settings);
  emscripten::function("set_settings", &set_settings);
  emscripten::function("load_model", &load_model);
  emscripten::function("choose_part", &choose_part);
  emscripten::function("bind_dimension", &bind_dimension);
  emscripten::function("load_files", &load_files);
  emscripten::function("model_json", &model_json);
  emscripten::function("model_document", &model_document);
  emscripten::function("set_input", &set_input);
  emscripten::function("set_expected", &set_expected);
  emscripten::function("compile", &compile);
  emscripten::function("assemble", &assemble);
  emscripten::function("program_text", &program_text);
  emscripten::function("rows", &rows);
  emscripten::function("reset", &reset);
  emscripten::function("run", &run);
  emscripten::function("registers", &registers);
  emscripten::function("verify", &verify);
  emscripten::function("ablation", &ablation);
  emscripten::function("attention", &attention);
  emscripten::function("record_trace", &record_trace);
  emscripten::function("profile", &profile);
  emscripten::function("heat", &heat);
  emscripten::function("lanes", &lanes);
  emscripten::function("moment", &moment);
  emscripten::function("export_trace", &export_trace);
  emscripten::function("profile_csv", &profile_csv);
  emscripten::function("pin", &pin);
  emscripten::function("keep_pinned_of", &keep_pinned_of);
  emscripten::function("unpin", &unpin);
  emscripten::function("compare_with_pinned", &compare_with_pinned);
  emscripten::function("diff_with_pinned", &diff_with_pinned);
  emscripten::function("pinned_lanes", &pinned_lanes);
  emscripten::function("spans_with_pinned", &spans_with_pinned);
  emscripten::function("program_files", &program_files);
  emscripten::function("read_link", &read_link);
  emscripten::function("read_recipe", &read_recipe);
  emscripten::function("read_baseline", &read_baseline);
  emscripten::function("make_link", &make_link);
  emscripten::function("make_recipe", &make_recipe);
  emscripten::function("prepare_recipe", &prepare_recipe);
  emscripten::function("check_recipe_model", &check_recipe_model);
  emscripten::function("recipe_text", &recipe_text);
  emscripten::function("judge", &judge);
  emscripten::function("analytic", &analytic);
  emscripten::function("analytic_run", &analytic_run);
  emscripten::function("static_profile", &static_profile);
  emscripten::function("keep_history", &keep_history);
  emscripten::function("seek", &seek);
  emscripten::function("seek_cycle", &seek_cycle);
  emscripten::function("move", &move);
  emscripten::function("set_breakpoints", &set_breakpoints);
  emscripten::function("change", &change);
  emscripten::function("memory_map", &memory_map);
  emscripten::function("cells", &cells);
  emscripten::function("tensor", &tensor);
  emscripten::function("touches", &touches);
  emscripten::function("origin", &origin);
  emscripten::function("anchor", &anchor);
  emscripten::function("find_anchor", &find_anchor);
}
