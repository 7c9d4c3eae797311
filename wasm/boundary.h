// The edge between the engine and JavaScript: arguments are checked here, results and diagnostics
// become plain objects in the shapes of plena.d.ts, and nothing crosses as a thrown exception.
// JavaScript can pass anything whatever the types say, so every argument arrives as a `val`.
#pragma once

#include "driver/session.h"

#include <cstdint>
#include <emscripten/val.h>
#include <exception>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plena::wasm {

using emscripten::val;

inline val to_js(const Span& span) {
  if (span.line == 0) {
    return val::null();
  }
  val out = val::object();
  out.set("line", span.line);
  out.set("column", span.column);
  out.set("endLine", span.end_line);
  out.set("endColumn", span.end_column);
  return out;
}

inline val to_js(const Diagnostic& diagnostic) {
  val out = val::object();
  out.set("severity", std::string(to_string(diagnostic.severity)));
  out.set("code", diagnostic.code);
  out.set("message", diagnostic.message);
  out.set("hint", diagnostic.hint);
  out.set("file", diagnostic.file);
  out.set("span", to_js(diagnostic.span));
  out.set("where", diagnostic.where);
  return out;
}

inline val to_js(const Diagnostics& diagnostics) {
  val out = val::array();
  for (const Diagnostic& diagnostic : diagnostics) {
    out.call<void>("push", to_js(diagnostic));
  }
  return out;
}

inline val success(val value, const Diagnostics& diagnostics) {
  val out = val::object();
  out.set("ok", true);
  out.set("value", value);
  out.set("diagnostics", to_js(diagnostics));
  return out;
}

inline val failure(const Diagnostics& diagnostics) {
  val out = val::object();
  out.set("ok", false);
  out.set("diagnostics", to_js(diagnostics));
  return out;
}

/// A result that is a value as it is, not JSON.
struct Text {
  std::string text;
};

inline val to_js(const Result<Text>& result) {
  return result ? success(val(result->text), result.diagnostics()) : failure(result.diagnostics());
}

inline val to_js(const Status& status) {
  return status ? success(val::null(), status.diagnostics()) : failure(status.diagnostics());
}

/// A copy, since memory may grow while the page works.
inline val copy_of(std::span<const std::uint8_t> bytes) {
  return val::global("Uint8Array")
    .new_(val(emscripten::typed_memory_view(bytes.size(), bytes.data())));
}

/// `{json, bytes}`.
inline val to_js(const Result<driver::Session::ModelDocument>& document) {
  if (!document) {
    return failure(document.diagnostics());
  }
  val out = val::object();
  out.set("json", document->json);
  out.set("bytes", copy_of(document->bytes));
  return success(out, document.diagnostics());
}

/// `{name, bytes}[]`.
inline val to_js(const Result<std::vector<driver::ProgramFile>>& files) {
  if (!files) {
    return failure(files.diagnostics());
  }
  val out = val::array();
  for (const driver::ProgramFile& file : *files) {
    val one = val::object();
    one.set("name", std::string(file.name));
    one.set("bytes", copy_of(file.bytes()));
    out.call<void>("push", one);
  }
  return success(out, files.diagnostics());
}

/// `{text, next}`.
inline val to_js(const Result<driver::TracePiece>& piece) {
  if (!piece) {
    return failure(piece.diagnostics());
  }
  val out = val::object();
  out.set("text", piece->text);
  out.set("next", piece->next ? val(static_cast<double>(*piece->next)) : val::null());
  return success(out, piece.diagnostics());
}

/// Documents of the session are JSON; JavaScript receives the objects.
inline val to_js(const Result<std::string>& result) {
  if (!result) {
    return failure(result.diagnostics());
  }
  return success(val::global("JSON").call<val>("parse", *result), result.diagnostics());
}

inline Diagnostic internal_error(std::string_view what) {
  return {
    .code = "E_INTERNAL",
    .message = "the engine failed: " + std::string(what),
    .hint = "This is a defect of the engine, not of your input. Start a new session to go on."};
}

inline Diagnostic out_of_memory() {
  return {
    .code = "E_MEMORY",
    .message = "the engine ran out of memory",
    .hint = "WebAssembly memory ends at 2 GB; use a smaller model, or the command line."};
}

/// `maker`: the function that makes one.
inline Diagnostic no_such(std::string_view what, std::string_view maker) {
  return {
    .code = "E_HANDLE",
    .message = "there is no " + std::string(what) + " with this handle",
    .hint = "It may have been freed already; make one with " + std::string(maker) + "().",
    .where = std::string(what)};
}

/// The live objects of one kind in this module instance. Handles are never used twice.
template <class T> class Handles {
public:
  T* find(const val& handle) {
    const double number = handle.isNumber() ? handle.as<double>() : 0.0;
    if (!(number >= 1.0 && number < static_cast<double>(next_))) {
      return nullptr;
    }
    const auto found = live_.find(static_cast<int>(number));
    const bool whole = static_cast<double>(static_cast<int>(number)) == number;
    return found != live_.end() && whole ? &found->second : nullptr;
  }

  /// Makes one of these arguments.
  template <class... Args> std::pair<int, T&> add(Args&&... args) {
    T& made = live_.try_emplace(next_, std::forward<Args>(args)...).first->second;
    return {next_++, made};
  }

  void free(const val& handle) {
    if (find(handle) != nullptr) {
      live_.erase(handle.as<int>());
    }
  }

  std::size_t size() const { return live_.size(); }

private:
  std::map<int, T> live_{};
  int next_ = 1;
};

inline Diagnostic bad_argument(std::string_view name, std::string_view expected) {
  return {
    .code = "E_ARGUMENT",
    .message = "argument `" + std::string(name) + "` must be " + std::string(expected),
    .hint = "See plena.d.ts for what each function takes.",
    .where = std::string(name)};
}

/// What may be thrown on the way becomes a failure. One function for all calls: there are many.
inline val guarded(val (*call)(void*), void* context) {
  try {
    return call(context);
  } catch (const std::bad_alloc&) {
    return failure({out_of_memory()});
  } catch (const std::length_error&) { // a container asked for more than an address can reach
    return failure({out_of_memory()});
  } catch (const std::exception& error) {
    return failure({internal_error(error.what())});
  } catch (...) {
    return failure({internal_error("unknown exception")});
  }
}

/// Runs `call`, which yields a Result or a Status, and returns the object that JavaScript sees.
template <class F> val guard(F call) {
  return guarded([](void* context) { return to_js((*static_cast<F*>(context))()); }, &call);
}

/// Up to which JavaScript's numbers are exact.
inline constexpr double max_exact_integer = 9007199254740992.0; // 2^53

/// A whole number in [0, limit]; `limit` is at most max_exact_integer.
inline Result<std::uint64_t> to_count(const val& value, std::string_view name, double limit) {
  const double number = value.isNumber() ? value.as<double>() : -1.0;
  if (!(number >= 0.0 && number <= limit)) {
    return bad_argument(name, "a whole number that is not negative and in range");
  }
  const auto count = static_cast<std::uint64_t>(number);
  if (static_cast<double>(count) != number) {
    return bad_argument(name, "a whole number");
  }
  return count;
}

inline Result<Text> to_text(const val& value, std::string_view name) {
  if (!value.isString()) {
    return bad_argument(name, "a string");
  }
  return Text{value.as<std::string>()};
}

inline Result<bool> to_bool(const val& value, std::string_view name) {
  if (!value.isTrue() && !value.isFalse()) {
    return bad_argument(name, "true or false");
  }
  return value.isTrue();
}

inline Result<std::vector<std::uint8_t>> to_bytes(const val& value, std::string_view name) {
  if (!value.instanceof (val::global("Uint8Array"))) {
    return bad_argument(name, "a Uint8Array");
  }
  return emscripten::convertJSArrayToNumberVector<std::uint8_t>(value);
}

/// A whole number, or nothing for null.
inline Result<std::optional<std::int64_t>> to_maybe_count(const val& value, std::string_view name) {
  if (value.isNull()) {
    return std::optional<std::int64_t>{};
  }
  const auto count = to_count(value, name, max_exact_integer);
  return count ? Result<std::optional<std::int64_t>>(static_cast<std::int64_t>(*count))
               : Result<std::optional<std::int64_t>>(count.diagnostics());
}

inline bool is_object(const val& value) {
  return value.typeOf().as<std::string>() == "object" && !value.isNull();
}

/// `{firstLayer, lastLayer, rows, ids, batch}`; the last one may be missing.
inline Result<driver::ModelPart> to_part(const val& value, std::string_view name) {
  if (!is_object(value) || !value["ids"].isArray()) {
    return bad_argument(name, "a ModelPart");
  }
  driver::ModelPart part;
  const auto first = to_maybe_count(value["firstLayer"], "firstLayer");
  const auto last = to_maybe_count(value["lastLayer"], "lastLayer");
  const auto rows = to_maybe_count(value["rows"], "rows");
  const auto batch = value["batch"].isUndefined() ? Result<std::optional<std::int64_t>>(std::optional<std::int64_t>{})
                                                  : to_maybe_count(value["batch"], "batch");
  if (!first || !last || !rows || !batch) {
    return (!first ? first : !last ? last : !rows ? rows : batch).diagnostics();
  }
  part.first_layer = *first;
  part.last_layer = *last;
  part.rows = *rows;
  part.batch = *batch;
  const auto count = value["ids"]["length"].as<std::size_t>();
  for (std::size_t i = 0; i < count; ++i) {
    constexpr double max_id = 16777216.0; // 2^24: f32 holds them exactly
    const auto id = to_count(value["ids"][i], "ids", max_id);
    if (!id) {
      return id.diagnostics();
    }
    part.ids.push_back(static_cast<std::int64_t>(*id));
  }
  return part;
}

/// The session with this handle, or none (bindings.cpp).
driver::Session* find_session(const val& handle);

/// `{name, size, read}`; what `read` returns is judged whenever it is called.
inline Result<driver::ModelFile> to_file(const val& value, std::string_view argument) {
  if (!is_object(value) || value["read"].typeOf().as<std::string>() != "function") {
    return bad_argument(argument, "a list of ModelFile");
  }
  const auto name = to_text(value["name"], "name");
  const auto size = to_count(value["size"], "size", max_exact_integer);
  if (!name || !size) {
    return name ? size.diagnostics() : name.diagnostics();
  }
  const auto read =
    [value, name = name->text](std::uint64_t offset, std::span<std::uint8_t> bytes) -> Status {
    const val piece =
      value.call<val>("read", static_cast<double>(offset), static_cast<double>(bytes.size()));
    const bool fits = piece.instanceof
      (val::global("Uint8Array")) &&
        piece["length"].as<double>() == static_cast<double>(bytes.size());
    if (!fits) {
      return Diagnostic{
        .code = "E_FILE",
        .message = piece.isString() ? piece.as<std::string>() : "the file ends early",
        .hint = "It may have changed or gone since it was chosen; open it again.",
        .file = name};
    }
    val(emscripten::typed_memory_view(bytes.size(), bytes.data())).call<void>("set", piece);
    return Done{};
  };
  return driver::ModelFile{name->text, *size, read};
}

} // namespace plena::wasm
