// Programs number by number: conditions on them, and the table.
#include "driver/compare.h"

#include <catch2/catch.hpp>

using namespace plena;
using report::Metric;

namespace {

report::Side side(std::string name, double cycles, double loops) {
  report::Side side(std::move(name));
  side[Metric::cycles] = cycles;
  side[Metric::loops] = loops;
  return side;
}

/// Of cycles 1000 against `cycles`, loops 0 against `loops`.
std::optional<bool> holds(const std::string& text, double cycles, double loops = 0) {
  const auto condition = report::parse_condition(text);
  REQUIRE(condition.ok());
  return report::holds(*condition, side("a", 1000, 0), side("b", cycles, loops));
}

} // namespace

TEST_CASE("a condition is a bound on a value, a difference or a share") {
  CHECK(holds("cycles>1200", 1201) == true);
  CHECK(holds("cycles>1200", 1200) == false);
  CHECK(holds("cycles>=1200", 1200) == true);
  CHECK(holds("cycles<1200", 1200) == false);
  CHECK(holds("cycles<=1200", 1200) == true);
  CHECK(holds("cycles>+5", 1006) == true);
  CHECK(holds("cycles>+5", 1005) == false);
  CHECK(holds("cycles<-5", 994) == true);
  CHECK(holds("cycles<-5", 995) == false);
  CHECK(holds("cycles>+0.5%", 1006) == true);
  CHECK(holds("cycles>+0.5%", 1005) == false);
  CHECK(holds("cycles>=-10%", 900) == true);
  CHECK(holds("cycles>=-10%", 899) == false);
}

TEST_CASE("a share of nothing is no limit that holds") {
  CHECK(holds("loops>+50%", 0, 1) == true);
  CHECK(holds("loops>+0%", 0, 0) == false);
}

TEST_CASE("a condition on a number that is not known has no answer") {
  CHECK(holds("error>0", 0) == std::nullopt);
  CHECK(holds("read_bytes>+1%", 0) == std::nullopt);
}

TEST_CASE("conditions that cannot be read are refused with a remedy") {
  const auto refused = [](std::string_view text) {
    const auto condition = report::parse_condition(text);
    REQUIRE_FALSE(condition.ok());
    CHECK(condition.diagnostics().front().code == "E_CONDITION");
    return condition.diagnostics().front().hint;
  };
  CHECK(refused("cylces>+1%") == "did you mean cycles?");
  CHECK(refused("cycles>5%") == "write cycles>+5%");
  for (const char* text : {"", "cycles", "cycles=1", ">1", "cycles>", "cycles>+", "cycles>+%",
                           "cycles>1x", "cycles>nan", "cycles>inf", "cycles >1"}) {
    INFO(text);
    CHECK_FALSE(refused(text).empty());
  }
}

TEST_CASE("the table has the rows that are known and the change in each") {
  const std::string table = report::comparison_table(side("a|b", 1000, 0), side("c", 1100, 3));
  CHECK(
    table == "| | a\\|b | c | change |\n|---|--:|--:|--:|\n"
             "| loops | 0 | 3 | +3 |\n"
             "| cycles | 1000 | 1100 | +100 (+10.00 %) |\n"
  );
}

TEST_CASE("every number has a name of its own") {
  for (const report::MetricInfo& info : report::metrics()) {
    const auto condition = report::parse_condition(std::string(info.name) + ">0");
    REQUIRE(condition.ok());
    CHECK(condition->metric == info.metric);
  }
}

TEST_CASE("a side takes its numbers from the session") {
  driver::Session session;
  const std::string text =
    "; four trips\nC_LOOP_START gp1, 4\nS_ADDI_INT gp2, gp2, 1\nC_LOOP_END gp1\n";
  REQUIRE(session.assemble(text, driver::AsmMode::Compatible).ok());
  REQUIRE(session.reset().ok());
  REQUIRE(session.run(1000).ok());
  const report::Side one = driver::side_of(session, "loop");
  CHECK(one[Metric::lines] == 4);
  CHECK(one[Metric::comments] == 1);
  CHECK(one[Metric::words] == 3);
  CHECK(one[Metric::executed] == 9);
  CHECK(one[Metric::loops] == 1);
  CHECK(one[Metric::depth] == 1);
  CHECK(one[Metric::cycles] == 9);
  CHECK_FALSE(one[Metric::error].has_value());
  CHECK(one.fault.empty());
}
