// The tables of tests/ops_cases/tables: every recorded operator case, upstream's program against
// ours in each form, and what of it falls short.
#pragma once

#include "ops_cases/measure.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace plena::tests {

/// All that is measured of one case; machines are gone.
struct CaseRow {
  std::string name;
  std::vector<std::string> missing{}; ///< operators; then there is only `recorded`
  std::vector<Limit> limits{};        ///< by output
  bool unrolled = false;              ///< the recorded program is, so ours is compared unrolled
  bool aborts = false;
  double recorded_error = 0;      ///< of the recorded program's result
  std::uint64_t rows = 0;         ///< of the result
  std::uint64_t rolled_words = 0; ///< of the recorded program with loops
  std::uint64_t dense_figure = 0; ///< cycles of the recorded whole-tile schedule; 0: none
  Cost recorded;
  std::array<Measured, forms.size()> ours{};
  std::array<std::vector<std::string>, 2> differing{}; ///< rolled and unrolled; portable, dense

  bool measured() const { return missing.empty(); }
};

std::vector<CaseRow> measure_all();

std::string results_table(const std::vector<CaseRow>& rows);
std::string cycles_table(const std::vector<CaseRow>& rows);
std::string counts_table(const std::vector<CaseRow>& rows);
std::string dense_figures_table(const std::vector<CaseRow>& rows);

/// A rule that a case does not keep.
struct Shortfall {
  std::string name; ///< case
  std::string rule;
  std::string detail;   ///< ours, theirs
  bool of_cost = false; ///< of the program, not of its result
  /// The result lies outside of its bound, but no further than that of the recorded program and
  /// than what the number formats of HBM cost alone: the bound cannot be kept.
  bool of_formats = false;
};
std::vector<Shortfall> shortfalls(const std::vector<CaseRow>& rows);
std::string shortfalls_table(const std::vector<CaseRow>& rows);

} // namespace plena::tests
