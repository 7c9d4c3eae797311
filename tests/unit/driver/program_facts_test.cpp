#include "asm/assembler.h"
#include "driver/program_facts.h"

#include <catch2/catch.hpp>

using namespace plena;
using namespace plena::driver;

namespace {
std::vector<std::uint32_t> words_of(const char* text) {
  const assembly::Assembled assembled = assembly::assemble(text);
  REQUIRE(assembled.ok);
  return assembled.program.words;
}
} // namespace

TEST_CASE("executions of nested loops are foreseen", "[unit][driver]") {
  const auto words = words_of("S_ADDI_INT gp1, gp0, 1\n"
                              "C_LOOP_START gp2, 3\n"
                              "C_LOOP_START gp3, 4\n"
                              "S_ADDI_INT gp1, gp1, 1\n"
                              "C_LOOP_END gp3\n"
                              "C_LOOP_END gp2\n");
  // 1 + 1 + 3 * (1 + 4 * 2 + 1)
  CHECK(expected_executions(words) == 32u);
  CHECK(count_loops(words) == 2);
  CHECK(loop_depths(words) == std::vector<std::uint32_t>{0, 0, 1, 2, 1, 0});
}

TEST_CASE("executions are not guessed", "[unit][driver]") {
  // The counter is written inside the loop.
  CHECK_FALSE(
    expected_executions(words_of("C_LOOP_START gp2, 3\nS_ADDI_INT gp2, gp0, 9\nC_LOOP_END gp2"))
  );
  CHECK_FALSE(expected_executions(words_of("C_LOOP_START gp2, 3\nC_BREAK")));
  CHECK_FALSE(expected_executions(words_of("C_LOOP_END gp2")));
  CHECK_FALSE(expected_executions(
    words_of("C_LOOP_START gp2, 3\nC_LOOP_START gp3, 3\nC_LOOP_END gp2\nC_LOOP_END gp3")
  ));
  // A loop that is left open runs its body once.
  CHECK(expected_executions(words_of("C_LOOP_START gp2, 3\nM_MM 0, gp1, gp1")) == 2u);
}

TEST_CASE("edited programs keep their nodes at both ends", "[unit][driver]") {
  const std::vector<std::uint32_t> words{1, 2, 3, 4};
  const std::vector<std::uint32_t> nodes{0, 0, 1, 1};
  CHECK(carry_nodes(words, nodes, words) == nodes);
  CHECK(carry_nodes(words, nodes, std::vector<std::uint32_t>{1, 2, 9, 4}) == nodes);
  CHECK(
    carry_nodes(words, nodes, std::vector<std::uint32_t>{1, 2, 9, 9, 4}) ==
    std::vector<std::uint32_t>{0, 0, 0, 0, 1}
  );
  CHECK(carry_nodes(words, nodes, std::vector<std::uint32_t>{4}) == std::vector<std::uint32_t>{1});
  CHECK(carry_nodes(words, nodes, std::vector<std::uint32_t>{}).empty());
  CHECK(
    carry_nodes(words, nodes, std::vector<std::uint32_t>{7, 7}) ==
    std::vector<std::uint32_t>{no_node, no_node}
  );
  // A repeated word must not be counted from both ends.
  CHECK(
    carry_nodes(
      std::vector<std::uint32_t>{5, 5},
      std::vector<std::uint32_t>{0, 1},
      std::vector<std::uint32_t>{5, 5, 5}
    ) == std::vector<std::uint32_t>{0, 1, 1}
  );
  const auto ranges = node_ranges(std::vector<std::uint32_t>{0, 0, no_node, 1, 0});
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[1].first == 3);
  CHECK(ranges[2].node == 0);
}

TEST_CASE("lines and comments are counted", "[unit][driver]") {
  const TextCounts counts = count_text("; a\nM_MM 0, gp1, gp1 ; b\n\n  // c\n");
  CHECK(counts.lines == 4);
  CHECK(counts.comments == 2);
}
