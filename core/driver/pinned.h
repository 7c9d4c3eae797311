// What is kept of a run so that later ones can be compared with it, whatever the session holds
// then.
#pragma once

#include "base/size.h"
#include "driver/program_diff.h"
#include "emu/timing.h"
#include "emu/trace.h"
#include "isa/program.h"
#include "report/comparison.h"
#include "report/profile_tables.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace plena::driver {

struct Pinned {
  report::Side side;
  std::string timing; ///< how cycles were counted, for people
  isa::Program program{};
  std::vector<emu::PcTime> times{};
  std::vector<std::uint32_t> node_of_word{};
  std::vector<std::string> node_names{};
  std::shared_ptr<const emu::Trace> trace{}; ///< none where the run was not recorded

  report::ProfileSource profile() const { return {program, times, node_of_word, node_names}; }
  DiffSide diff_side() const { return {program.words, node_of_word, node_names}; }
};

struct ProgramDiff {
  std::vector<DiffRow> rows;
  /// Rows that are real differences, and those around them, rising.
  std::vector<std::uint32_t> real;
  std::array<std::uint64_t, std::size(change_names)> counts{}; ///< rows by Change

  std::uint64_t size(bool everything) const { return everything ? rows.size() : real.size(); }
  const DiffRow& row(std::uint64_t i, bool everything) const {
    return rows[everything ? to_size(i) : real[to_size(i)]];
  }
};

/// `around`: rows kept before and after a real difference.
ProgramDiff make_diff(const DiffSide& a, const DiffSide& b, std::uint32_t around);

} // namespace plena::driver
