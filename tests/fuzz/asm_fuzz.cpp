// Assembly text: assembles, or says at which lines it does not; what assembles survives the way back.
#include "asm/assembler.h"
#include "asm/printer.h"
#include "fuzz/harness.h"

#include <catch2/catch.hpp>

using namespace plena;

TEST_CASE("broken assembly is survived", "[fuzz]") {
  fuzz::run("asm", ".asm", 20000, [](const fuzz::Bytes& bytes, const std::string&) {
    for (const assembly::Mode mode : {assembly::Mode::Compatible, assembly::Mode::Strict}) {
      const assembly::Assembled assembled = assembly::assemble(fuzz::text_of(bytes), mode);
      REQUIRE(assembled.ok == (assembled.errors == 0));
      for (const Diagnostic& diagnostic : assembled.diagnostics) {
        REQUIRE_FALSE(diagnostic.code.empty());
        REQUIRE_FALSE(diagnostic.hint.empty());
        REQUIRE(diagnostic.span.line > 0);
        REQUIRE_FALSE(render(diagnostic, fuzz::text_of(bytes)).empty());
      }
      if (assembled.loadable()) {
        const std::string text = assembly::print(assembled.program);
        assembly::Options words;
        words.allow_word = true;
        const assembly::Assembled again = assembly::assemble(text, words);
        REQUIRE(again.ok);
        REQUIRE(again.program.words == assembled.program.words);
      }
    }
  });
}
