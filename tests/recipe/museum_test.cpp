// Every kind of link that was ever made opens for ever. A file of the museum has a link in its
// first line and its recipe in the second; `--update` is not for them.
#include "folders.h"
#include "recipe/codec.h"
#include "recipe/link.h"
#include "shared_data.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

using namespace plena;

TEST_CASE("museum: every link opens as the recipe that it was made from", "[unit][recipe]") {
  const tests::TestCodec codec;
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests::source_dir() / "tests/recipe/museum")) {
    if (entry.path().extension() == ".link") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    INFO(file.string());
    const std::string text = tests::read_text(file);
    const std::size_t end = text.find('\n');
    REQUIRE(end != std::string::npos);
    const std::string link = text.substr(0, end);
    const std::string json = text.substr(end + 1, text.size() - end - 2);
    const Result<recipe::Recipe> read = recipe::read_link(link, codec);
    REQUIRE(read);
    CHECK(recipe::write(*read) == json);
  }
  // What was put in stays in.
  CHECK(files.size() >= 16);
}
