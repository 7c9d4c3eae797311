// The models that come with the project, compiled in.
#pragma once

#include "base/embedded.h"

#include <span>

namespace plena::cli {

/// In order of name.
std::span<const EmbeddedFile> gallery();

} // namespace plena::cli
