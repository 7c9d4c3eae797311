// Where the assembler points, and what it says.
#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/printer.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace plena;
using namespace plena::assembly;

namespace {

struct Mistake {
  const char* text;
  const char* code;
  std::uint32_t line;
  std::uint32_t column;
  std::uint32_t end_column;
  const char* hint; ///< part of it
};

constexpr Mistake mistakes[] = {
  {"FOO gp1", "E_ASM_UNKNOWN_MNEMONIC", 1, 1, 4, "reference"},
  {"S_ADD_IN gp1, gp2, gp3", "E_ASM_UNKNOWN_MNEMONIC", 1, 1, 9, "S_ADD_INT"},
  {"\n\n  s_add_int gp1, gp2, gp3", "E_ASM_UNKNOWN_MNEMONIC", 3, 3, 12, "upper-case: S_ADD_INT"},
  {"C_BREAK\r\nloop: C_BREAK", "E_ASM_UNKNOWN_MNEMONIC", 2, 1, 6, "no labels"},
  {"# note", "E_ASM_UNKNOWN_MNEMONIC", 1, 1, 2, "comments start with"},
  {"S_ADD_INT, gp1, gp2, gp3", "E_ASM_UNKNOWN_MNEMONIC", 1, 1, 11, "no comma"},
  {"\xEF\xBB\xBF"
   "C_BREAK",
   "E_ASM_UNKNOWN_MNEMONIC",
   1,
   1,
   9,
   "byte order mark"},
  {".word 0x0000003F", "E_ASM_UNKNOWN_MNEMONIC", 1, 1, 6, "extension"},
  {"S_ADD_INT gpx, gp2, gp3", "E_ASM_BAD_NUMBER", 1, 11, 14, "decimal index"},
  {"S_ADD_INT gp1, gp2 gp3", "E_ASM_BAD_NUMBER", 1, 16, 23, "commas"},
  {"S_ADD_INT gp1, gp2,  foo ; x", "E_ASM_BAD_NUMBER", 1, 22, 25, "f1"},
  {"S_ADD_INT \xF0\x9F\x98\x80, gp2, addr", "E_ASM_BAD_NUMBER", 1, 20, 24, "a1"},
  {"S_ADD_INT gp1, gp2", "E_ASM_MISSING_OPERAND", 1, 1, 10, "S_ADD_INT gpN, gpN, gpN"},
  {"S_ADDI_INT gp1, 0, 5", "E_ASM_MISSING_OPERAND", 1, 17, 18, "register write gp0"},
  {"S_ADDI_INT gp1, gp2, 0x10", "E_ASM_MISSING_OPERAND", 1, 22, 26, "decimal"},
  {"S_ADD_INT GP1, gp2, gp3", "E_ASM_MISSING_OPERAND", 1, 11, 14, "lower-case: 'gp1'"},
  {"S_ADD_INT gp1,, gp3", "E_ASM_MISSING_OPERAND", 1, 15, 15, "S_ADD_INT gpN"},
  {"S_ADD_INT gp1, gp2, gp3, 0, 0, 0, 0", "E_ASM_MISSING_OPERAND", 1, 35, 36, "S_ADD_INT"},
  {"S_ADDI_INT gp1, gp2, 262144", "E_ASM_OVERFLOW", 1, 22, 28, "S_LUI_INT and S_ADDI_INT"},
  {"S_LUI_INT gp1, 4194304", "E_ASM_OVERFLOW", 1, 16, 23, "highest value here is 4194303"},
  {"S_ADD_INT gp16, gp0, gp0", "W_ASM_CARRY", 1, 11, 15, "highest is gp15"},
  {"V_ADD_VV gp1, gp2, gp3, 16", "W_ASM_CARRY", 1, 25, 27, "highest value is 15"},
  {"V_SUB_VF gp1, gp2, f3, -1, 1", "W_ASM_BORROW", 1, 24, 26, "S_SUB_INT"},
  {"S_ADDI_INT gp5, gp5, -64", "W_ASM_NOT_LOADABLE", 1, 1, 11, "unsigned"},
  {"S_ADD_FP f8, f1, f2", "W_ASM_REGISTER_RANGE", 1, 10, 12, "highest is f7"},
  {"S_ADD_INT f1, gp2, gp3", "W_ASM_REGISTER_CLASS", 1, 11, 13, "gp"},
  {"S_ADD_INT 1, gp2, gp3", "W_ASM_REGISTER_CLASS", 1, 11, 12, "gp"},
  {"H_PREFETCH_V gp1, gp2, gp0, 1, 0", "W_ASM_REGISTER_CLASS", 1, 24, 27, "write a"},
  {"V_EXP_V gp1, gp2, 1", "W_ASM_MISPLACED", 1, 19, 20, "16 times"},
  {"M_MV_WO gp1, 64", "W_ASM_MISPLACED", 1, 14, 16, "16 times"},
  {"V_RED_SUM f1, gp2, 1, 0", "W_ASM_DROPPED_OPERAND", 1, 20, 21, "2 operands"},
  {"M_MV_WO gp1, gp3, 0", "W_ASM_DROPPED_OPERAND", 1, 14, 17, "2 operands"},
  {"C_BREAK 0, 0, 0", "W_ASM_DROPPED_OPERAND", 1, 9, 10, "no operands"},
  {"V_ADD_VV gp1, gp2, gp3, gp4", "W_ASM_NO_VALUE", 1, 25, 28, "number"},
  {"M_MM 7, gp2, gp4", "W_ASM_NOT_ZERO", 1, 6, 7, "write 0"},
  {"M_BMM gp1, gp2, gp3", "W_ASM_NOT_ZERO", 1, 7, 10, "write 0"},
  {"H_PREFETCH_V gp1, gp2, a0, 2, 0", "W_ASM_SELECTOR", 1, 28, 29, "stride register"},
  {"V_TOPK gp1, gp2, gp3, 2", "W_ASM_FAULTS", 1, 23, 24, "policies"},
  {"V_PS_V gp1, gp2, gp3", "W_ASM_FAULTS", 1, 1, 7, "does not have"},
  {"M_BMV gp1, gp2, gp3", "W_ASM_FAULTS", 1, 1, 6, "does not have"},
  {"C_LOOP_START gp1, 0", "W_ASM_FAULTS", 1, 1, 13, "at least once"},
  {"; \xC3\n", "E_ASM_NOT_UTF8", 1, 3, 4, "UTF-8"},
};

} // namespace

TEST_CASE("asm: each mistake has its code, place and hint", "[unit][asm]") {
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.text);
    const Assembled compatible = assemble(mistake.text);
    REQUIRE_FALSE(compatible.diagnostics.empty());
    const Diagnostic* found = nullptr;
    for (const Diagnostic& diagnostic : compatible.diagnostics) {
      if (found == nullptr && diagnostic.code == mistake.code) {
        found = &diagnostic;
      }
    }
    REQUIRE(found != nullptr);
    CHECK(found->span == Span{mistake.line, mistake.column, mistake.line, mistake.end_column});
    CHECK_THAT(found->hint, Catch::Contains(mistake.hint));
    CHECK_FALSE(found->message.empty());
    const bool warning = mistake.code[0] == 'W';
    CHECK(compatible.ok == warning);
    CHECK((found->severity == Severity::Warning) == warning);
    // Strict: the same findings, all errors.
    const Assembled strict = assemble(mistake.text, Mode::Strict);
    CHECK_FALSE(strict.ok);
    CHECK(strict.program.words.empty());
    CHECK(strict.diagnostics.size() == compatible.diagnostics.size());
    CHECK(strict.warnings == 0);
    CHECK(strict.upstream_error == compatible.upstream_error);
  }
}

TEST_CASE("asm: clean lines say nothing, in either mode", "[unit][asm]") {
  for (const char* line :
       {"M_MM 0, gp2, gp4",
        "M_MM_WO gp1, gp0, 0",
        "V_EXP_V gp2, gp1, 0",
        "V_EXP_V gp2, gp1, 16",
        "V_ADD_VV gp1, gp2, gp3",
        "S_LUI_INT gp3, 4194303",
        "S_ADDI_INT gp1, gp2, 262143",
        "H_STORE_V gp1, gp2, a2, 1, 1",
        "C_LOOP_START gp4, 8",
        "C_BREAK",
        "M_BMM_WO gp5, 0",
        ""}) {
    INFO(line);
    const Assembled strict = assemble(line, Mode::Strict);
    CHECK(strict.ok);
    CHECK(strict.diagnostics.empty());
  }
}

TEST_CASE("asm: all errors of a file, in order, parse errors first for upstream", "[unit][asm]") {
  const Assembled assembled =
    assemble("FOO\nC_BREAK\nS_ADD_INT gp1\nS_ADDI_INT gp1, gp1, 262144\nS_ADD_INT gpx, gpy, gp1\n");
  std::vector<std::string> found;
  for (const Diagnostic& diagnostic : assembled.diagnostics) {
    found.push_back(fmt::format("{} {}", diagnostic.span.line, diagnostic.code));
  }
  CHECK(
    found ==
    std::vector<std::string>{
      "1 E_ASM_UNKNOWN_MNEMONIC",
      "3 E_ASM_MISSING_OPERAND",
      "3 E_ASM_MISSING_OPERAND",
      "4 E_ASM_OVERFLOW",
      "5 E_ASM_BAD_NUMBER",
      "5 E_ASM_BAD_NUMBER"}
  );
  CHECK(assembled.errors == 6);
  CHECK(assembled.upstream_error == "E_ASM_BAD_NUMBER");
}

TEST_CASE("asm: repeated findings are listed 100 times and counted", "[unit][asm]") {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text += "C_LOOP_END gp4, 0\nV_EXP_V gp1, gp1, 1\n";
  }
  const Assembled assembled = assemble(text);
  CHECK(assembled.ok);
  CHECK(assembled.warnings == 10000);
  CHECK(assembled.diagnostics.size() == 202);
  CHECK(assembled.diagnostics.back().message == "4900 more of W_ASM_MISPLACED are not listed");
}

TEST_CASE("asm: lines of words, and comments of printed programs", "[unit][asm]") {
  const Assembled assembled = assemble("; head\n\nC_BREAK\r\n// x\rC_BREAK\n");
  CHECK(assembled.program.lines == std::vector<std::uint32_t>{3, 5});
  const std::vector<isa::Comment> comments{{0, "start"}, {1, "two\nlines"}, {2, ""}};
  CHECK(print(assembled.program, comments) == "; start\nC_BREAK\n; two\n; lines\nC_BREAK\n;\n");
}

TEST_CASE("asm: .word only as an extension", "[unit][asm]") {
  const Options extended{.allow_word = true};
  CHECK(assemble(".word 0xFFFFFFFF", extended).program.words.at(0) == 0xFFFFFFFF);
  CHECK(assemble(".word 63 ; note", extended).program.words.at(0) == 63);
  for (const char* bad :
       {".word", ".word 1, 2", ".word 0x100000000", ".word -1", ".word 0x", ".word x"}) {
    INFO(bad);
    const Assembled assembled = assemble(bad, extended);
    CHECK_FALSE(assembled.ok);
    CHECK(assembled.diagnostics.at(0).code == "E_ASM_WORD");
  }
  CHECK_FALSE(assemble(".word 63").ok);
}

TEST_CASE("asm: numbers without limit, as upstream computes", "[unit][asm]") {
  // -(10^30) << 14, plus the rest, computed with Python's integers.
  const Assembled huge = assemble("S_ADDI_INT gp1, gp2, -1000000000000000000000000000000");
  REQUIRE(huge.ok);
  CHECK(write_mem(huge) == "0x-327CB2734119D3B7A8FFFFFFFF79E\n");
  CHECK_FALSE(huge.loadable());
  // Two wide operands that cancel.
  const Assembled cancel =
    assemble("S_ADD_INT gp1, gp16000000000000000000000000, gp-1000000000000000000000000");
  REQUIRE(cancel.ok);
  CHECK(write_mem(cancel) == "0x00000061\n");
  const std::string digits(4300, '0');
  CHECK(assemble("S_LUI_INT gp1, " + digits).ok);
  CHECK(assemble("S_LUI_INT gp1, 0" + digits).upstream_error == "E_ASM_MISSING_OPERAND");
  // Digits of other scripts count, as do single underscores.
  CHECK(assemble("S_LUI_INT gp1, \xD9\xA3").program.words.at(0) == 0x00000C65);
  CHECK(assemble("S_LUI_INT gp1_0, 3").program.words.at(0) == 0x00000EA5);
}
