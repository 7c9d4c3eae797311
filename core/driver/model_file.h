// Files of models as callers give them.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plena::driver {

/// A file of a model that is read in pieces, whenever some of it is needed.
struct ModelFile {
  std::string name; ///< with directories or without
  std::uint64_t size = 0;
  /// Fills `bytes` from `offset` on.
  std::function<Status(std::uint64_t offset, std::span<std::uint8_t> bytes)> read;
};

/// A file beside a model's own, by its name without directories; nothing when there is none.
using FileFinder = std::function<std::optional<ModelFile>(std::string_view name)>;

} // namespace plena::driver
