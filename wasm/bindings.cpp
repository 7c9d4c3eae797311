// The functions of the engine module, as plena.d.ts declares them. Each is a few lines over
// driver/session.h; handles keep the C++ objects on this side. This is the only file with Embind.
#include "boundary.h"

#include "driver/analytic.h"

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

val pin(const val& handle, const val& name) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const auto text = to_text(name, "name");
    return text ? session.pin(text->text) : Status(text.diagnostics());
  });
}

val keep_pinned_of(const val& handle, const val& other) {
  return with_session<Status>(handle, [&](Session& session) -> Status {
    const Session* from = find(other);
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
  emscripten::function("pin", &pin);
  emscripten::function("keep_pinned_of", &keep_pinned_of);
  emscripten::function("unpin", &unpin);
  emscripten::function("compare_with_pinned", &compare_with_pinned);
  emscripten::function("diff_with_pinned", &diff_with_pinned);
  emscripten::function("analytic", &analytic);
  emscripten::function("analytic_run", &analytic_run);
}
