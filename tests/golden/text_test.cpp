// Text tests: tests/asm and tests/isa hold inputs and, behind `;;; EXPECT`, what comes out.
//
// `;;; RUN: asm [--strict] [--word]` (also without any RUN line): the words, or the diagnostics as
// a terminal shows them. `;;; RUN: exec ..`: what executing the program changes. With --update,
// expectations are rewritten instead.
#include "asm/assembler.h"
#include "asm/image.h"
#include "golden/exec_case.h"
#include "golden/text_file.h"
#include "isa/isa.h"
#include "shared_data.h"
#include "update.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace plena;

namespace {

std::filesystem::path folder(std::string_view name) {
  return tests::source_dir() / "tests" / name;
}

std::vector<std::filesystem::path> text_files(std::string_view name) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder(name))) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "opcodes.txt") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string run_asm(const std::string& name, const std::string& head, const std::string& source) {
  const auto runs = tests::directives(head, source, "RUN");
  const auto has = [&](std::string_view option) {
    return !runs.empty() && runs.back().find(option) != std::string::npos;
  };
  const assembly::Options options{
    .mode = has("--strict") ? assembly::Mode::Strict : assembly::Mode::Compatible,
    .allow_word = has("--word")};
  const assembly::Assembled assembled = assembly::assemble(source, options);
  std::string text;
  for (Diagnostic diagnostic : assembled.diagnostics) {
    diagnostic.file = name;
    text += render(diagnostic, source) + "\n";
  }
  return text + (assembled.ok ? write_mem(assembled) : "no program\n");
}

/// Runs the cases of a file, or rewrites what they expect.
template <class Run> void check_file(const std::filesystem::path& path, Run run) {
  INFO(path.filename().string());
  const std::string text = tests::read_text(path);
  CHECK(tests::unknown_directives(text).empty());
  tests::TextFile file = tests::split_text(text);
  for (tests::TextCase& one : file.cases) {
    INFO(one.source);
    const std::string found = run(file.head, one);
    if (tests::update_expectations) {
      one.expected = found;
    } else {
      CHECK(found == one.expected);
    }
  }
  if (tests::update_expectations) {
    std::ofstream(path, std::ios::binary) << tests::join_text(file);
  }
}

} // namespace

TEST_CASE("asm: text tests", "[golden][asm]") {
  const auto files = text_files("asm");
  CHECK(files.size() >= 8);
  for (const auto& path : files) {
    const std::string name = path.stem().string() + ".asm";
    check_file(path, [&](const std::string& head, const tests::TextCase& one) {
      const std::string found = run_asm(name, head, one.source);
      // A file named bad- must not assemble, any other must.
      CHECK(name.starts_with("bad-") == found.ends_with("no program\n"));
      return found;
    });
  }
}

TEST_CASE("isa: text tests, one file per instruction", "[golden][isa]") {
  for (const auto& path : text_files("isa")) {
    const std::string name = path.stem().string();
    bool used = false;
    check_file(path, [&](const std::string& head, const tests::TextCase& one) {
      used = used || one.source.find("\n" + name) != std::string::npos;
      return tests::run_exec(head, one);
    });
    INFO(name << " is used by its file");
    CHECK(used);
  }
  for (const isa::InsnDef& row : isa::all()) {
    INFO(row.name);
    CHECK(std::filesystem::exists(folder("isa") / (std::string(row.name) + ".txt")));
  }
}
