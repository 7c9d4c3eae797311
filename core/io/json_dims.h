// JSON models by their dimensions: all families but `graph`. Parameters are seeded, and single ones given.
// Internal to the JSON importer.
#pragma once

#include "io/importer.h"
#include "io/json_tensors.h"

#include <optional>
#include <string>
#include <string_view>

namespace plena::io {

/// "llama, llada, siglip_vision, vlm"
std::string dims_families();
bool is_dims_family(std::string_view family);

/// Nothing after an error, which is among the problems of `fields`.
std::optional<ir::Graph> read_json_dims(
  JsonFields& fields,
  JsonTensors& tensors,
  const json& document,
  std::string_view family,
  const ImportOptions& options
);

} // namespace plena::io
