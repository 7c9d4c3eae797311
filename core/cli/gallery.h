// The models that come with the project, compiled in; the build writes their table (embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace plena::cli {

struct GalleryModel {
  std::string_view name; ///< of the file, without suffix
  std::string_view text;
};

/// In order of name.
std::span<const GalleryModel> gallery();

} // namespace plena::cli
