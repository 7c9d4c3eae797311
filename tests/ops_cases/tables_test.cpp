// The recorded operator cases, upstream's programs against ours: tables as kept under tables/, and
// what they have to show. `test_ops_cases --update` rewrites the tables.
#include "ops_cases/tables.h"
#include "update.h"

#include <fmt/format.h>
#include <set>
#include <utility>

using namespace plena;
using namespace plena::tests;

namespace {

const std::vector<CaseRow>& all_rows() {
  static const std::vector<CaseRow> rows = measure_all();
  return rows;
}

std::filesystem::path table_file(const char* name) {
  return std::filesystem::path(PLENA_SOURCE_DIR) / "tests" / "ops_cases" / "tables" / name;
}

void check_table(const char* name, const std::string& text) {
  INFO("tests/ops_cases/tables/" << name << "; test_ops_cases --update rewrites it");
  if (update_expectations) {
    std::ofstream(table_file(name), std::ios::binary) << text;
  }
  CHECK((read_text(table_file(name)) == text));
}

using Entry = std::pair<std::string, std::string>; ///< case, rule

// What is known to fall short. Everything else that does fails the test, and so does an entry that no
// longer falls short.
const std::set<Entry> known_failures{
  {"linear/r8_k64_n128_bias", "result, portable rolled"},
  {"linear/r8_k64_n128_bias", "result, portable unrolled"},
  {"linear/r8_k64_n128_bias", "result, dense rolled"},
  {"linear/r8_k64_n128_bias", "result, dense unrolled"},
};
const std::set<Entry> known_costs{};

void check_shortfalls(const std::set<Entry>& known, bool of_cost) {
  std::set<Entry> found;
  for (const Shortfall& one : shortfalls(all_rows())) {
    if (one.of_cost == of_cost) {
      found.insert({one.name, one.rule});
      INFO(one.name << ", " << one.rule << ": " << one.detail);
      CHECK(known.count({one.name, one.rule}) == 1);
    }
  }
  for (const auto& [name, rule] : known) {
    INFO(name << ", " << rule << " no longer falls short: take it off the list");
    CHECK(found.count({name, rule}) == 1);
  }
}

} // namespace

TEST_CASE("tables of the operator cases are as kept", "[.cost]") {
  if (!has_shared_data()) {
    return;
  }
  CHECK(all_rows().size() == 67);
  check_table("results.md", results_table(all_rows()));
  check_table("cycles.md", cycles_table(all_rows()));
  check_table("counts.md", counts_table(all_rows()));
  check_table("dense_figures.md", dense_figures_table(all_rows()));
}

TEST_CASE("operator cases run and agree with their goldens") {
  if (has_shared_data()) {
    check_shortfalls(known_failures, false);
  }
}

TEST_CASE("operator cases cost less than upstream's programs", "[.cost]") {
  if (has_shared_data()) {
    check_shortfalls(known_costs, true);
  }
}

TEST_CASE("print the tables", "[.print]") {
  fmt::print("# Shortfalls\n\n| case | rule | ours, theirs |\n|---|---|---|\n");
  for (const Shortfall& one : shortfalls(all_rows())) {
    const std::string first_line = one.detail.substr(0, one.detail.find('\n'));
    fmt::print("| {} | {} | {} |\n", one.name, one.rule, first_line);
  }
  fmt::print(
    "\n{}\n{}\n{}\n{}\n",
    cycles_table(all_rows()),
    results_table(all_rows()),
    dense_figures_table(all_rows()),
    counts_table(all_rows())
  );
}
