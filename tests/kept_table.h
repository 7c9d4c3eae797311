// Tables of measured figures that are kept in the repository: measured again, they are as kept. With `--update`
// they are written.
#pragma once

#include "folders.h"
#include "shared_data.h"
#include "update.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace plena::tests {

/// The table tests/FOLDER/tables/NAME is `text`; where some rows were left out, each line is one of those kept.
inline void
check_table(const std::string& folder, const std::string& name, const std::string& text, bool whole = true) {
  const auto file = source_dir() / "tests" / folder / "tables" / name;
  INFO("tests/" << folder << "/tables/" << name << "; the test with --update rewrites it");
  if (update_expectations && whole) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  const std::string kept = "\n" + read_text(file);
  if (whole) {
    CHECK((kept.substr(1) == text));
    return;
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK((kept.find("\n" + line + "\n") != std::string::npos));
  }
}

} // namespace plena::tests
