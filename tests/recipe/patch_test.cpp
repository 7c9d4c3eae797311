// Edits: they turn one text into the other, find their place again, or say that it is gone.
#include "recipe/patch.h"
#include "recipe/samples.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <string>
#include <vector>

using namespace plena;
using namespace plena::recipe;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

std::vector<std::string> random_lines(tests::Random& random, std::uint64_t count) {
  std::vector<std::string> lines;
  for (std::uint64_t i = 0; i < count; ++i) {
    lines.push_back(fmt::format("S_ADDI_INT gp{}, gp0, {}", random.below(4), random.below(8)));
  }
  return lines;
}

} // namespace

TEST_CASE("patch: the edits between two texts turn one into the other", "[unit][recipe]") {
  tests::Random random(1);
  for (int i = 0; i < 400; ++i) {
    std::vector<std::string> lines = random_lines(random, random.below(60));
    const std::string before = joined(lines);
    for (std::uint64_t edits = random.below(6); edits > 0; --edits) {
      const auto at = lines.begin() + static_cast<std::ptrdiff_t>(random.below(lines.size() + 1));
      if (random.often(4) && at != lines.end()) {
        lines.erase(at);
      } else {
        lines.insert(at, fmt::format("new {}", random.below(100)));
      }
    }
    std::string after = joined(lines);
    if (random.often(2) && !after.empty()) {
      after.pop_back(); // the last line without its end
    }
    const std::vector<Edit> edits = edits_between(before, after);
    const Patched result = patched(before, edits);
    INFO(before << "---\n" << after);
    CHECK(result.lost.empty());
    CHECK(result.text == after);
  }
}

TEST_CASE("patch: few lines make few edits", "[unit][recipe]") {
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) {
    lines.push_back(fmt::format("line {}", i));
  }
  const std::string before = joined(lines);
  lines[500] = "changed";
  lines.erase(lines.begin() + 900);
  lines.insert(lines.begin() + 10, "added");
  const std::vector<Edit> edits = edits_between(before, joined(lines));
  REQUIRE(edits.size() == 3);
  CHECK(edits[0].line == 11);
  CHECK(edits[0].removed == 0);
  CHECK(edits[0].added == "added\n");
  CHECK(edits[1].removed == 1);
  CHECK(edits[2].added.empty());
  CHECK(edits_between(before, before).empty());
}

TEST_CASE("patch: an edit finds its place when lines above it have changed", "[unit][recipe]") {
  const std::string before = "a\nb\nc\nd\ne\n";
  const std::vector<Edit> edits = edits_between(before, "a\nb\nC\nd\ne\n");
  REQUIRE(edits.size() == 1);
  CHECK(patched("x\ny\nz\n" + before, edits).text == "x\ny\nz\na\nb\nC\nd\ne\n");
  CHECK(patched("b\nc\nd\ne\n", edits).text == "b\nC\nd\ne\n");
  const Patched gone = patched("a\nb\nd\ne\n", edits);
  CHECK(gone.lost == std::vector<std::size_t>{0});
  CHECK(gone.text == "a\nb\nd\ne\n");
}

TEST_CASE("patch: a whole program stands as one edit of nothing", "[unit][recipe]") {
  const std::vector<Edit> edits = edits_between("", "C_BREAK\nS_ADDI_INT gp1, gp0, 1");
  REQUIRE(edits.size() == 1);
  CHECK(patched("", edits).text == "C_BREAK\nS_ADDI_INT gp1, gp0, 1");
}

TEST_CASE("patch: hostile edits take no time and break nothing", "[unit][recipe]") {
  tests::Random random(2);
  const std::string before = joined(random_lines(random, 20000));
  std::vector<Edit> edits;
  for (int i = 0; i < 1000; ++i) {
    edits.push_back(
      {random.next(), random.often(5) ? random.next() : random.below(9), "00000000", "x\n"}
    );
  }
  const Patched result = patched(before, edits);
  CHECK(result.lost.size() == edits.size());
  CHECK(result.text == before);
  // The largest numbers there are, with an anchor that is found.
  const std::vector<Edit> good = edits_between("a\nb\nc\nd\ne\n", "a\nB\nc\nd\nE\n");
  REQUIRE(good.size() == 2);
  for (const std::uint64_t line : {UINT64_MAX, UINT64_MAX / 2 + 1, std::uint64_t{1} << 41}) {
    std::vector<Edit> far = good;
    far[0].line = line;
    CHECK(patched("a\nb\nc\nd\ne\n", far).text == "a\nB\nc\nd\nE\n");
    far[1].line = line;
    CHECK(patched("a\nb\nc\nd\ne\n", far).text == "a\nB\nc\nd\nE\n");
  }
  // Anchors that are none.
  for (const char* anchor : {"", "1234567", "123456789", "0x123456", "-1234567", "zzzzzzzz"}) {
    CHECK(patched(before, {{1, 1, anchor, "x\n"}}).lost.size() == 1);
  }
  // More lines than it looks for the fewest edits of.
  const std::string other = joined(random_lines(random, 20000));
  CHECK(patched(before, edits_between(before, other)).text == other);
}
