#include "ops_cases/tables.h"
#include "update.h"

#include <fmt/format.h>

using namespace plena;
using namespace plena::tests;

TEST_CASE("tables") {
  if (!has_shared_data()) {
    return;
  }
  const std::vector<CaseRow> rows = measure_all();
  std::string text;
  text += cycles_table(rows) + "\n" + results_table(rows) + "\n" + dense_figures_table(rows) + "\n" + counts_table(rows);
  fmt::print("# Shortfalls\n\n| case | rule | ours, theirs |\n|---|---|---|\n");
  for (const Shortfall& one : shortfalls(rows)) {
    fmt::print("| {} | {} | {} |\n", one.name, one.rule, one.detail.substr(0, one.detail.find('\n')));
  }
  fmt::print("\n{}\n", text);
  CHECK(rows.size() == 67);
}
