// The files of configs/, compiled in; the build writes their table (embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace plena::config {

struct EmbeddedFile {
  std::string_view name; ///< without suffix
  std::string_view text;
};

/// In order of name.
std::span<const EmbeddedFile> embedded_files();

} // namespace plena::config
