// No input makes the readers fail in any other way than with diagnostics.
#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/line.h"
#include "asm/printer.h"
#include "base/text.h"
#include "damaged.h"
#include "isa/isa.h"

#include <catch2/catch.hpp>

using namespace plena;
using namespace plena::assembly;
using plena::tests::damaged;
using plena::tests::random_text;

namespace {

void check_spans(const std::string& text, const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.span.line != 0) {
      const std::uint32_t width = utf16_length(line_of(text, diagnostic.span.line));
      REQUIRE(diagnostic.span.column >= 1);
      REQUIRE(diagnostic.span.end_column <= width + 1);
      REQUIRE(diagnostic.span.column <= diagnostic.span.end_column);
    }
    REQUIRE(is_valid_utf8(diagnostic.message));
    REQUIRE_FALSE(render(diagnostic, text).empty());
  }
}

} // namespace

TEST_CASE("asm: random texts", "[unit][asm]") {
  std::mt19937_64 random(7);
  constexpr std::string_view alphabets[] = {
    "", "gpfa0123456789, \n\r;/-+_", "S_ADDI_INT gp1,\n02", " \t\n\r;/\xC2\xA0\xE2\x80\x83"};
  for (int i = 0; i < 8000; ++i) {
    const std::string text =
      random_text(random, random() % 200, alphabets[static_cast<std::size_t>(i) % 4]);
    const Assembled assembled = assemble(text);
    REQUIRE(assembled.ok == (assembled.errors == 0));
    REQUIRE(assembled.ok == assembled.upstream_error.empty());
    check_spans(text, assembled.diagnostics);
    const Assembled careful = assemble_by_line(text, {});
    REQUIRE(careful.program == assembled.program);
    REQUIRE(careful.diagnostics == assembled.diagnostics);
    const auto loaded = parse_mem(text);
    check_spans(text, loaded.diagnostics());
  }
}

TEST_CASE("asm: damaged programs", "[unit][asm]") {
  std::mt19937_64 random(8);
  isa::Program program;
  for (const isa::InsnDef& row : isa::all()) {
    program.words.push_back(static_cast<std::uint32_t>(row.code) | 0x00044440);
  }
  const std::string good = print(program);
  REQUIRE(assemble(good, Options{.allow_word = true}).ok);
  for (int i = 0; i < 3000; ++i) {
    const std::string text =
      damaged(good, random, 5, 9, [&] { return random_text(random, random() % 9); });
    const Assembled assembled = assemble(text);
    check_spans(text, assembled.diagnostics);
    REQUIRE(assembled.ok == (assembled.errors == 0));
  }
}

TEST_CASE("asm: every size of buffer end", "[unit][asm]") {
  // The quick path reads ahead; a copy of the exact size lets a sanitizer see the bytes behind it.
  const std::string text =
    "S_ADDI_INT gp1, gp0, 128\nM_MM 0, gp1, gp2\n; note\nC_BREAK\nV_ADD_VV gp1, gp2, gp3\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string_view view(exact.data(), exact.size());
    CHECK(assemble(view).program == assemble_by_line(view, {}).program);
  }
}

TEST_CASE("asm: long lines and numbers", "[unit][asm]") {
  const std::string blanks(1'000'000, ' ');
  CHECK(assemble(blanks + "C_BREAK" + blanks).program.words.size() == 1);
  CHECK_FALSE(assemble(std::string(1'000'000, 'A')).ok);
  CHECK_FALSE(assemble("S_ADD_INT " + std::string(1'000'000, ',')).ok);
  CHECK_FALSE(assemble("S_LUI_INT gp1, " + std::string(1'000'000, '9')).ok);
  CHECK_FALSE(parse_mem(std::string(1'000'000, '1')).ok());
  std::string many;
  for (int i = 0; i < 5000; ++i) {
    many += "z\n";
  }
  const auto refused = parse_mem(many);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.diagnostics().size() == 21);
  CHECK(refused.diagnostics().back().message == "4980 more are not listed");
}
