// Files that callers give, as importers read them.
#pragma once

#include "driver/session.h"
#include "io/companions.h"

#include <span>
#include <string_view>
#include <vector>

namespace plena::driver {

std::vector<io::ModelFile> sources_of(std::span<const ModelFile> files);

/// By plain name, first among these files.
io::Companions::Find finder(std::vector<io::ModelFile> beside, const FileFinder& more);

/// A model that is one file, and what was given with it.
struct OneModel {
  std::string name;
  std::vector<std::uint8_t> bytes;
  std::vector<io::ModelFile> beside;
};
/// E_FORMAT when none of several files, or more than one, is a model. `name` is for messages.
Result<OneModel> one_model(std::string_view name, std::span<const io::ModelFile> files);

} // namespace plena::driver
