// What can be said of a JSON text before its meaning is known.
#pragma once

#include "base/result.h"
#include "io/importer.h"

namespace plena::io {

inline constexpr std::size_t max_json_depth = 64;

/// E_JSON for texts that are too long, not UTF-8, not JSON (with line and column), nested more than
/// `max_json_depth` deep, or that give a key twice (with the JSON pointer). At most 50.
Status check_json_syntax(std::string_view name, Bytes bytes, const ImportOptions& options);

/// A key as a step of a JSON pointer: `~` and `/` escaped.
std::string pointer_step(std::string_view key);

} // namespace plena::io
