// The files of configs/, compiled in.
#pragma once

#include "base/embedded.h"

#include <span>

namespace plena::config {

/// In order of name.
std::span<const EmbeddedFile> embedded_files();

} // namespace plena::config
