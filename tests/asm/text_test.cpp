// Text tests: tests/asm/*.txt hold assembly up to the line `;;; EXPECT` and behind it what comes
// out: the words, or the diagnostics as a terminal shows them. The first line may hold options:
// `;;; RUN: asm [--strict] [--word]`. With PLENA_UPDATE set, expectations are rewritten instead.
#include "asm/assembler.h"
#include "asm/image.h"
#include "shared_data.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fmt/format.h>

using namespace plena;
using namespace plena::assembly;

namespace {

constexpr std::string_view expect_line = ";;; EXPECT\n";

std::vector<std::filesystem::path> text_files() {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(PLENA_SOURCE_DIR) / "tests/asm";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string outcome(const std::string& name, const std::string& source) {
  const std::string_view first = std::string_view(source).substr(0, source.find('\n'));
  const auto has = [&](std::string_view option) {
    return first.starts_with(";;; RUN: asm") && first.find(option) != std::string_view::npos;
  };
  const Options options{
    .mode = has("--strict") ? Mode::Strict : Mode::Compatible, .allow_word = has("--word")};
  const Assembled assembled = assemble(source, options);
  std::string text;
  for (Diagnostic diagnostic : assembled.diagnostics) {
    diagnostic.file = name;
    text += render(diagnostic, source) + "\n";
  }
  return text + (assembled.ok ? write_mem(assembled) : "no program\n");
}

} // namespace

TEST_CASE("asm: text tests", "[golden][asm]") {
  const bool update = std::getenv("PLENA_UPDATE") != nullptr;
  const auto files = text_files();
  CHECK(files.size() >= 8);
  for (const auto& path : files) {
    INFO(path.filename().string());
    const std::string text = tests::read_text(path);
    const std::size_t at = text.find(expect_line);
    const std::string source = text.substr(0, at);
    const std::string expected =
      at == std::string::npos ? "" : text.substr(at + expect_line.size());
    const std::string found = outcome(path.stem().string() + ".asm", source);
    if (update) {
      std::ofstream(path, std::ios::binary) << source << expect_line << found;
      continue;
    }
    CHECK(found == expected);
    // A file named bad- must not assemble, any other must.
    CHECK(path.filename().string().starts_with("bad-") == found.ends_with("no program\n"));
  }
}
