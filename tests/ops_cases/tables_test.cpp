// The recorded operator cases, upstream's programs against ours: tables as kept under tables/, and
// what they have to show. `test_ops_cases --update` rewrites the tables.
#include "kept_table.h"
#include "ops_cases/tables.h"

#include <fmt/format.h>
#include <set>
#include <string>

using namespace plena;
using namespace plena::tests;

namespace {

/// Cases whose bound is less than what the number formats cost: the golden of attention knows none,
/// and narrow heads average little of what they do.
const std::set<std::string> outside_by_formats{"flash_attention_mha/m16_s16_d16"};

const std::vector<CaseRow>& all_rows() {
  static const std::vector<CaseRow> rows = measure_all();
  return rows;
}

} // namespace

TEST_CASE("tables of the operator cases are as kept") {
  if (!has_shared_data()) {
    return;
  }
  CHECK(all_rows().size() == 67);
  check_table("ops_cases", "results.md", results_table(all_rows()));
  check_table("ops_cases", "cycles.md", cycles_table(all_rows()));
  check_table("ops_cases", "counts.md", counts_table(all_rows()));
  check_table("ops_cases", "dense_figures.md", dense_figures_table(all_rows()));
  // What is not on the list holds, and what is on it does not.
  check_table("ops_cases", "shortfalls.md", shortfalls_table(all_rows()));
}

TEST_CASE("operator cases run and agree with their goldens") {
  if (!has_shared_data()) {
    return;
  }
  std::set<std::string> outside;
  for (const Shortfall& one : shortfalls(all_rows())) {
    if (one.of_cost) {
      continue;
    }
    if (one.of_formats && outside_by_formats.contains(one.name)) {
      outside.insert(one.name);
    } else {
      FAIL_CHECK(one.name << ", " << one.rule << ": " << one.detail);
    }
  }
  // What is listed and holds must leave the list.
  CHECK((outside == outside_by_formats));
}

TEST_CASE("print the tables", "[.print]") {
  fmt::print(
    "{}\n{}\n{}\n{}\n{}\n",
    shortfalls_table(all_rows()),
    cycles_table(all_rows()),
    results_table(all_rows()),
    dense_figures_table(all_rows()),
    counts_table(all_rows())
  );
}
