#include "asm/assembler.h"
#include "driver/program_diff.h"
#include "driver/program_facts.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <regex>

using namespace plena;
using driver::Change;
using driver::DiffRow;

namespace {

std::vector<std::uint32_t> words_of(const std::string& text) {
  const assembly::Assembled made = assembly::assemble(text, assembly::Mode::Strict);
  REQUIRE(made.loadable());
  return made.program.words;
}

struct Node {
  std::string name;
  std::uint32_t words;
};

/// A program and the nodes its words belong to.
struct Text {
  std::vector<std::uint32_t> words;
  std::vector<std::uint32_t> nodes{};
  std::vector<std::string> names{};

  explicit Text(const std::string& text, const std::vector<Node>& parts = {})
      : words(words_of(text)) {
    for (const Node& part : parts) {
      nodes.insert(nodes.end(), part.words, static_cast<std::uint32_t>(names.size()));
      names.push_back(part.name);
    }
  }
  driver::DiffSide side() const { return {words, nodes, names}; }
};

std::vector<DiffRow> diff(const Text& a, const Text& b) {
  return driver::program_diff(a.side(), b.side());
}

std::map<Change, int> counts(const std::vector<DiffRow>& rows) {
  std::map<Change, int> found;
  for (const DiffRow& row : rows) {
    ++found[row.change];
  }
  return found;
}

int real(const std::vector<DiffRow>& rows) {
  return static_cast<int>(std::count_if(rows.begin(), rows.end(), [](const DiffRow& row) {
    return driver::is_real(row.change);
  }));
}

/// Each word of both sides once, in order.
void check_complete(const std::vector<DiffRow>& rows, std::size_t a, std::size_t b) {
  std::size_t next_a = 0;
  std::size_t next_b = 0;
  for (const DiffRow& row : rows) {
    REQUIRE((row.a == driver::no_word) == (row.change == Change::Added));
    REQUIRE((row.b == driver::no_word) == (row.change == Change::Removed));
    if (row.a != driver::no_word) {
      REQUIRE(row.a == next_a++);
    }
    if (row.b != driver::no_word) {
      REQUIRE(row.b == next_b++);
    }
  }
  CHECK(next_a == a);
  CHECK(next_b == b);
}

const std::string loop = "S_ADDI_INT gp1, gp0, 64\n"
                         "S_ADDI_INT gp2, gp0, 128\n"
                         "C_LOOP_START gp3, 4\n"
                         "V_ADD_VV gp1, gp1, gp2\n"
                         "S_ADDI_INT gp2, gp2, 64\n"
                         "C_LOOP_END gp3\n"
                         "V_EXP_V gp1, gp1, 0\n";

/// Registers by other numbers, all at once.
std::string renamed(std::string text, const std::map<std::string, std::string>& numbers) {
  for (const auto& [from, to] : numbers) {
    text = std::regex_replace(text, std::regex(from + "\\b"), "@" + to);
  }
  return std::regex_replace(text, std::regex("@"), "gp");
}

} // namespace

TEST_CASE("a program is the same as itself") {
  const Text one(loop);
  const auto rows = diff(one, one);
  check_complete(rows, 7, 7);
  CHECK(counts(rows) == std::map<Change, int>{{Change::Same, 7}});
}

TEST_CASE("other registers alone are no real difference") {
  const Text one(loop);
  const Text other(renamed(loop, {{"gp1", "2"}, {"gp2", "9"}, {"gp3", "1"}}));
  const auto rows = diff(one, other);
  check_complete(rows, 7, 7);
  CHECK(counts(rows) == std::map<Change, int>{{Change::Renamed, 7}});
}

TEST_CASE("a register that holds another value is a real difference") {
  const Text one(loop);
  Text other(loop);
  other.words[6] = words_of("V_EXP_V gp1, gp2, 0")[0];
  const auto rows = diff(one, other);
  CHECK(real(rows) == 1);
  CHECK(rows[6] == DiffRow{6, 6, Change::Changed});
}

TEST_CASE("a register that the next iteration finds changed is a real difference") {
  // Read in order, each operand has the value of its counterpart; the second iteration has not.
  const std::string body_a = "S_ADDI_INT gp2, gp0, 128\nC_LOOP_START gp3, 4\nV_EXP_V gp2, gp2, 0\n"
                             "S_ADDI_INT gp2, gp2, 64\nC_LOOP_END gp3\n";
  const std::string body_b = "S_ADDI_INT gp2, gp0, 128\nC_LOOP_START gp3, 4\nV_EXP_V gp2, gp2, 0\n"
                             "S_ADDI_INT gp4, gp2, 64\nC_LOOP_END gp3\n";
  const auto rows = diff(Text(body_a), Text(body_b));
  CHECK(rows[3].change == Change::Renamed);
  CHECK(rows[4].change == Change::Changed);
  CHECK(real(rows) == 1);
}

TEST_CASE("a temporary of a loop may have any register") {
  const std::string head = "S_ADDI_INT gp1, gp0, 64\nC_LOOP_START gp3, 4\n";
  const auto body = [](const std::string& temporary) {
    return "S_ADDI_INT " + temporary + ", gp1, 64\nV_EXP_V " + temporary + ", " + temporary +
           ", 0" + "\nC_LOOP_END gp3\n";
  };
  CHECK(real(diff(Text(head + body("gp5")), Text(head + body("gp7")))) == 0);
}

TEST_CASE("constants of addresses are shifts, trip counts are not") {
  const Text one(loop);
  const Text shifted(std::regex_replace(loop, std::regex("128"), "192"));
  CHECK(
    counts(diff(one, shifted)) == std::map<Change, int>{{Change::Same, 6}, {Change::Shifted, 1}}
  );
  const Text longer(std::regex_replace(loop, std::regex("gp3, 4"), "gp3, 5"));
  CHECK(
    counts(diff(one, longer)) == std::map<Change, int>{{Change::Same, 6}, {Change::Changed, 1}}
  );
}

TEST_CASE("one line put among its like is one row") {
  const Text one(
    "S_ADDI_INT gp1, gp0, 1\nS_ADDI_INT gp2, gp0, 2\nS_ADDI_INT gp3, gp0, 3\nV_EXP_V gp1, gp1, 0\n"
  );
  const Text other("S_ADDI_INT gp1, gp0, 1\nS_ADDI_INT gp4, gp0, 9\nS_ADDI_INT gp2, gp0, 2\n"
                   "S_ADDI_INT gp3, gp0, 3\nV_EXP_V gp1, gp1, 0\n");
  const auto rows = diff(one, other);
  check_complete(rows, 4, 5);
  CHECK(counts(rows) == std::map<Change, int>{{Change::Same, 4}, {Change::Added, 1}});
  CHECK(rows[1] == DiffRow{driver::no_word, 1, Change::Added});
  const auto back = diff(other, one);
  CHECK(back[1] == DiffRow{1, driver::no_word, Change::Removed});
}

TEST_CASE("programs are aligned by their nodes") {
  const std::string exp = "V_EXP_V gp1, gp1, 0\n";
  const Text one(exp + exp + exp, {{"a", 1}, {"b", 2}});
  const Text other(exp + exp + exp + exp, {{"a", 1}, {"new", 1}, {"b", 2}});
  const auto rows = diff(one, other);
  check_complete(rows, 3, 4);
  CHECK(rows[1] == DiffRow{driver::no_word, 1, Change::Added});
  CHECK(rows[2] == DiffRow{1, 2, Change::Same});
}

TEST_CASE("nodes without a name in common do not keep programs apart") {
  const std::string exp = "V_EXP_V gp1, gp1, 0\n";
  const Text one(exp + exp, {{"a", 1}, {"b", 1}});
  CHECK(real(diff(one, Text(exp + exp))) == 0);
  CHECK(real(diff(Text(exp + exp), one)) == 0);
  CHECK(real(diff(one, Text(exp + exp, {{"c", 1}, {"d", 1}}))) == 0);
}

TEST_CASE("every word is in one row, whatever the programs") {
  std::mt19937 random(7);
  const auto program = [&] {
    std::vector<std::uint32_t> words(random() % 60);
    for (std::uint32_t& word : words) {
      word =
        random() % 8 == 0 ? static_cast<std::uint32_t>(random()) : 0x22U | ((random() % 4) << 6);
    }
    return words;
  };
  for (int i = 0; i < 300; ++i) {
    const auto a = program();
    const auto b = program();
    check_complete(driver::program_diff({a, {}, {}}, {b, {}, {}}), a.size(), b.size());
  }
}

TEST_CASE("long programs with nothing in common end soon") {
  std::vector<std::uint32_t> a(200'000, words_of("V_EXP_V gp1, gp1, 0")[0]);
  std::vector<std::uint32_t> b(200'000, words_of("S_ADDI_INT gp1, gp1, 1")[0]);
  check_complete(driver::program_diff({a, {}, {}}, {b, {}, {}}), a.size(), b.size());
}
