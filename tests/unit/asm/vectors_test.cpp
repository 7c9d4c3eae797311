// Recorded results of upstream's assembler and of its emulator's front end.
#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/line.h"
#include "asm/printer.h"
#include "base/sha256.h"
#include "isa/codec.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

using namespace plena;
using namespace plena::assembly;
using nlohmann::json;

namespace {

json read_json(const char* name) {
  return json::parse(tests::read_text(tests::shared_dir() / name));
}

std::string sha256_of(const std::string& text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

/// What the emulator makes of a word of a `.mem` text.
std::string emulator_status(const std::string& token) {
  const auto program = parse_mem(token);
  if (!program.ok()) {
    return "token-rejected";
  }
  REQUIRE(program->words.size() == 1);
  switch (isa::decode_word(program->words[0]).status) {
  case isa::DecodeStatus::Ok:
    return "ok";
  case isa::DecodeStatus::Invalid:
    return "decodes-invalid";
  case isa::DecodeStatus::Refused:
    return "decode-refused";
  }
  return {};
}

const std::map<std::string, std::string> code_of_class{
  {"not-utf8", "E_ASM_NOT_UTF8"},
  {"bad-number", "E_ASM_BAD_NUMBER"},
  {"unknown-mnemonic", "E_ASM_UNKNOWN_MNEMONIC"},
  {"missing-operand", "E_ASM_MISSING_OPERAND"},
  {"overflow", "E_ASM_OVERFLOW"}};

} // namespace

TEST_CASE("asm: recorded vectors, one by one and as a file", "[unit][asm]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::string file;
  std::size_t agreed = 0;
  for (const json& vector : read_json("isa_vectors.json")) {
    const std::string line = vector["asm"];
    INFO(line);
    const Assembled one = assemble(line);
    REQUIRE(one.ok);
    REQUIRE(one.loadable());
    REQUIRE(one.program.words.size() == 1);
    REQUIRE(fmt::format("0x{:08X}", one.program.words[0]) == vector["word"].get<std::string>());
    file += line + "\n";
    ++agreed;
  }
  CHECK(agreed == 1022);
  const std::string mem = write_mem(assemble(file));
  CHECK(mem.size() == 11242);
  CHECK(sha256_of(mem) == "62330dfe18b40d9145e9a8e75c60e8fe3af01723db12dd99135935ba5b69e247");
}

TEST_CASE("asm: recorded malformed files", "[unit][asm]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::size_t agreed = 0;
  for (const json& vector : read_json("isa_malformed.json")) {
    INFO(vector.dump());
    const std::string text =
      vector.contains("asm") ? vector["asm"].get<std::string>() : from_hex(vector["asm_hex"]);
    for (const std::string& padding : {std::string(), "\n" + std::string(40, ' ')}) {
      // With padding behind it the text takes the quick path; the meaning stays.
      const Assembled assembled = assemble(text + padding);
      if (vector["outcome"] == "error") {
        REQUIRE_FALSE(assembled.ok);
        REQUIRE(assembled.upstream_error == code_of_class.at(vector["class"]));
        const bool parse = assembled.upstream_error == "E_ASM_NOT_UTF8" ||
                           assembled.upstream_error == "E_ASM_BAD_NUMBER";
        REQUIRE(parse == (vector["phase"] == "parse"));
        REQUIRE(has_errors(assembled.diagnostics));
        REQUIRE(assembled.program.words.empty());
        for (const Diagnostic& diagnostic : assembled.diagnostics) {
          REQUIRE(diagnostic.span.line > 0);
          REQUIRE_FALSE(diagnostic.hint.empty());
        }
        continue;
      }
      REQUIRE(assembled.ok);
      REQUIRE(assembled.upstream_error.empty());
      const std::string mem = write_mem(assembled);
      REQUIRE(mem == vector["mem"].get<std::string>());
      std::istringstream tokens(mem);
      std::string token;
      std::size_t i = 0;
      for (; tokens >> token; ++i) {
        REQUIRE(emulator_status(token) == vector["emulator"][i].get<std::string>());
      }
      REQUIRE(i == vector["emulator"].size());
      REQUIRE(assembled.loadable() == parse_mem(mem).ok());
    }
    ++agreed;
  }
  CHECK(agreed == 270);
}

TEST_CASE("asm: recorded .mem snippets", "[unit][asm]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::size_t agreed = 0;
  const json data = read_json("isa_decode_vectors.json");
  for (const json& vector : data["mem_text"]) {
    INFO(vector.dump());
    const auto program = parse_mem(vector["text"].get<std::string>());
    if (vector["words"] == json::array({"rejected"})) {
      REQUIRE_FALSE(program.ok());
      CHECK(program.diagnostics()[0].code == "E_MEM_TOKEN");
      CHECK(program.diagnostics()[0].span.line == 1);
    } else {
      REQUIRE(program.ok());
      json words = json::array();
      for (const std::uint32_t word : program->words) {
        words.push_back(fmt::format("0x{:08X}", word));
      }
      CHECK(words == vector["words"]);
    }
    ++agreed;
  }
  CHECK(agreed == 37);
}

TEST_CASE("asm: recorded decode vectors print and assemble to themselves", "[unit][asm]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const json data = read_json("isa_decode_vectors.json");
  for (const json& vector : data["words"]) {
    INFO(vector.dump());
    const auto word =
      static_cast<std::uint32_t>(std::stoul(vector["word"].get<std::string>(), nullptr, 16));
    const std::string text = print({{word}});
    const Assembled compatible = assemble(text);
    REQUIRE(compatible.ok == vector["upstream_assembles"].get<bool>());
    const Assembled extended = assemble(text, Options{.allow_word = true});
    REQUIRE(extended.ok);
    REQUIRE(extended.program.words == std::vector<std::uint32_t>{word});
  }
}

TEST_CASE("asm: disassembly of random words assembles to the same words", "[unit][asm]") {
  std::mt19937_64 random(20);
  constexpr std::size_t count = 1'000'000;

  SECTION("instructions with every field in range") {
    isa::Program program;
    const auto rows = isa::all();
    while (program.words.size() < count) {
      const isa::InsnDef& row = rows[random() % rows.size()];
      auto word = static_cast<std::uint32_t>(row.code);
      for (const isa::Operand& operand : row.operands) {
        word |= static_cast<std::uint32_t>(random()) << isa::bits_of(operand.field).low &
                isa::mask_of(operand.field);
      }
      program.words.push_back(word);
    }
    const Assembled again = assemble(print(program));
    REQUIRE(again.ok);
    CHECK(again.program.words == program.words);
  }
  SECTION("any words, with the extension for those that have no text") {
    isa::Program program;
    while (program.words.size() < count) {
      program.words.push_back(static_cast<std::uint32_t>(random()));
    }
    const Assembled again = assemble(print(program), Options{.allow_word = true});
    REQUIRE(again.ok);
    CHECK(again.program.words == program.words);
    const auto loaded = parse_mem(write_mem(again));
    REQUIRE(loaded.ok());
    CHECK(loaded->words == program.words);
  }
}

TEST_CASE("asm: the quick path and the careful path agree", "[unit][asm]") {
  // Lines made from pieces that are mostly right, so that both paths are taken often.
  constexpr const char* pieces[] = {"gp1",  "gp15", "gp16",   "f7",      "f8",      "a3",
                                    "0",    "1",    "7",      "16",      "262143",  "262144",
                                    " gp2", "f1 ",  "\tgp3 ", "4194303", "",        "-1",
                                    "+5",   "1_0",  "xyz",    "00012",   "99999999"};
  constexpr const char* ends[] = {
    "\n", "\n", "\r\n", "\r", " ; note\n", " // note\n", "  \n", ";\n"};
  std::mt19937_64 random(3);
  const auto rows = isa::all();
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    const isa::InsnDef& row = rows[random() % rows.size()];
    text += random() % 16 == 0 ? "  " : "";
    text += row.name;
    const bool exact = random() % 4 != 0;
    const std::size_t operands = exact ? row.operands.size() : random() % 7;
    for (std::size_t k = 0; k < operands; ++k) {
      text += k == 0 ? " " : random() % 4 == 0 ? "," : ", ";
      if (exact && random() % 16 != 0) {
        const isa::KindInfo& kind = isa::info_of(row.operands[k].kind);
        const std::uint64_t range = random() % 4 == 0 ? 20 : kind.count != 0 ? kind.count : 2;
        text += fmt::format("{}{}", kind.prefix, random() % range);
      } else {
        text += pieces[random() % std::size(pieces)];
      }
    }
    text += ends[random() % std::size(ends)];
  }
  for (const Mode mode : {Mode::Compatible, Mode::Strict}) {
    const Assembled quick = assemble(text, mode);
    const Assembled careful = assemble_by_line(text, Options{.mode = mode});
    CHECK(quick.ok == careful.ok);
    CHECK(quick.errors == careful.errors);
    CHECK(quick.errors > 1000);
    CHECK(quick.warnings == careful.warnings);
    CHECK(quick.upstream_error == careful.upstream_error);
    CHECK(quick.diagnostics == careful.diagnostics);
  }
  // The same line by line, for the words.
  std::istringstream lines(text);
  std::string line;
  std::size_t accepted = 0;
  std::string good;
  while (std::getline(lines, line)) {
    if (assemble_by_line(line, {}).ok) {
      good += line + "\n";
      ++accepted;
    }
  }
  CHECK(accepted > 50'000);
  const Assembled quick = assemble(good + std::string(32, '\n'));
  const Assembled careful = assemble_by_line(good, {});
  REQUIRE(quick.ok);
  CHECK(quick.program == careful.program);
  CHECK(write_mem(quick) == write_mem(careful));
}
