// Files that callers give, as importers read them.
#pragma once

#include "driver/session.h"
#include "io/byte_source.h"

#include <span>
#include <string_view>
#include <vector>

namespace plena::driver {

std::vector<io::ModelFile> sources_of(std::span<const ModelFile> files);

/// The bytes of a model that is one file; E_FORMAT when these are several. `name` is the model's.
Result<std::vector<std::uint8_t>>
only_file(std::string_view name, std::span<const io::ModelFile> files);

} // namespace plena::driver
