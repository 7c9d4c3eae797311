// The functions of the engine module, as plena.d.ts declares them. Each is a few lines over
// driver/session.h; handles keep the C++ objects on this side. This is the only file with Embind.
#include "boundary.h"

#include <array>
#include <emscripten/bind.h>
#include <limits>
#include <map>
#include <utility>

namespace plena::wasm {
namespace {

using driver::Session;

constexpr double max_u32 = std::numeric_limits<std::uint32_t>::max();
constexpr double max_exact_integer = 9007199254740992.0; // 2^53

/// The live sessions of this module instance, by handle. Handles are never used twice.
struct Sessions {
  std::map<int, Session> live{};
  int next = 1;
};

Sessions& sessions() {
  static Sessions instance;
  return instance;
}

Session* find(const val& handle) {
  const double number = handle.isNumber() ? handle.as<double>() : 0.0;
  if (!(number >= 1.0 && number < static_cast<double>(sessions().next))) {
    return nullptr;
  }
  const auto found = sessions().live.find(static_cast<int>(number));
  const bool whole = static_cast<double>(static_cast<int>(number)) == number;
  return found != sessions().live.end() && whole ? &found->second : nullptr;
}

/// Finds the session and calls `action` on it. R is the Result or Status that the call yields.
template <class R, class F> val with_session(const val& handle, F&& action) {
  return guard([&]() -> R {
    Session* session = find(handle);
    if (session == nullptr) {
      return Diagnostic{
        .code = "E_HANDLE",
        .message = "there is no session with this handle",
        .hint = "It may have been freed already; make one with session_new().",
        .where = "session"};
    }
    return action(*session);
  });
}

int api_version() { return driver::api_version; }

val describe() {
  return guard([] { return Result<std::string>(Session::describe()); });
}

int session_new() {
  try {
    Sessions& all = sessions();
    all.live.try_emplace(all.next);
    return all.next++;
  } catch (...) {
    return 0; // never a valid handle: the next call with it says E_HANDLE
  }
}

void session_free(const val& handle) {
  if (find(handle) != nullptr) {
    sessions().live.erase(handle.as<int>());
  }
}

int session_count() { return static_cast<int>(sessions().live.size()); }

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

val lanes(const val& handle, const val& from, const val& to, const val& pixels) {
  return with_session<Result<std::string>>(handle, [&](Session& session) -> Result<std::string> {
    const auto first = to_count(from, "from", max_exact_integer);
    const auto last = to_count(to, "to", max_exact_integer);
    const auto count = to_count(pixels, "pixels", max_u32);
    if (!first || !last || !count) {
      return (!first ? first : !last ? last : count).diagnostics();
    }
    return session.lanes(*first, *last, static_cast<std::uint32_t>(*count));
  });
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
} // namespace plena::wasm

EMSCRIPTEN_BINDINGS(plena) {
  using namespace plena::wasm;
  emscripten::function("api_version", &api_version);
  emscripten::function("describe", &describe);
  emscripten::function("session_new", &session_new);
  emscripten::function("session_free", &session_free);
  emscripten::function("session_count", &session_count);
  emscripten::function("set_settings", &set_settings);
  emscripten::function("load_model", &load_model);
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
  emscripten::function("record_trace", &record_trace);
  emscripten::function("profile", &profile);
  emscripten::function("heat", &heat);
  emscripten::function("lanes", &lanes);
  emscripten::function("moment", &moment);
  emscripten::function("export_trace", &export_trace);
  emscripten::function("profile_csv", &profile_csv);
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
