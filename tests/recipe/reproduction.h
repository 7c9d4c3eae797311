// What a failing test prints: a link that runs the same again, here or in a playground.
#pragma once

#include "base/sha256.h"
#include "driver/tools.h"
#include "recipe/codec.h"
#include "shared_data.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace plena::tests {

/// Of a shipped model on a preset. No digests: what should come of it is what the test is about.
inline std::string reproduction(const std::filesystem::path& model, std::string_view preset) {
  recipe::Recipe recipe;
  recipe.release = driver::version();
  recipe.model.gallery = model.stem().string();
  recipe.model.sha256 = sha256_hex(read_bytes(model)).substr(0, 16);
  recipe.settings.preset = preset;
  return "reproduce it: plena run '#" + recipe::link_of(recipe, TestCodec()) +
         "', or put this behind the address of a playground";
}

} // namespace plena::tests
