// The documents that set a run beside one that was kept. Their types are in wasm/plena.d.ts under
// the same names.
#pragma once

#include "emu/trace.h"
#include "report/comparison.h"
#include "report/profile_tables.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

/// One of the two runs.
struct ComparedRun {
  const Side& side;
  std::string_view timing; ///< how its cycles were counted, for people
  ProfileSource profile;
};

/// How many rows of the difference of two programs are of a kind.
struct DiffCount {
  std::string_view name;
  std::uint64_t rows = 0;
};

/// RunComparison
std::string
run_comparison(const ComparedRun& a, const ComparedRun& b, std::span<const DiffCount> diff);

/// When the nodes of a run were worked on.
struct SpannedRun {
  std::uint64_t cycles = 0;
  std::span<const std::string> names;
  std::vector<emu::GroupSpan> spans; ///< by node, as the names
};
/// RunSpans
std::string run_spans(const SpannedRun& a, const SpannedRun& b);

/// A word of one of the programs.
struct DiffWord {
  std::uint32_t pc = 0;
  std::string text;
  std::uint64_t cycles = 0;
};
struct DiffLine {
  std::string_view change;
  std::optional<DiffWord> a{};
  std::optional<DiffWord> b{};
  std::string_view node; ///< name, empty for none
};
/// DiffRows: `lines` are those from `first` on, of `total`.
std::string diff_rows(std::uint64_t total, std::uint64_t first, std::span<const DiffLine> lines);

} // namespace plena::report
