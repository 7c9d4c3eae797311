// Files that the build compiles in; CMake's `plena_embed` writes their tables.
#pragma once

#include <string_view>

namespace plena {

struct EmbeddedFile {
  std::string_view name; ///< without suffix
  std::string_view text;
};

} // namespace plena
