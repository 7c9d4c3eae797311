// Access to the recorded data of the reference tools, when a checkout has it beside it.
#pragma once

#include "folders.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace plena::tests {

/// True when the data is there; otherwise says that the test is skipped.
inline bool has_shared_data() {
  const bool present = std::filesystem::exists(shared_dir() / "unpacked");
  if (!present) {
    WARN("skipped: no recorded reference data at " << shared_dir().string());
  }
  return present;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  return {text.begin(), text.end()};
}

} // namespace plena::tests
