// What the closed-form models say, for the page and for the command line.
#pragma once

#include "analytic/recover.h"
#include "analytic/request.h"
#include "analytic/roofline.h"
#include "analytic/static_profile.h"
#include "cost/causes.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

/// The expression in force, and the table's own.
struct PriceFacts {
  analytic::Insn insn{};
  std::string text;
  std::string standard;
};

struct AnalyticFacts {
  analytic::Scenario scenario;
  analytic::Hardware hardware;
  std::string latencies;
  std::string section; ///< of the settings
  std::vector<PriceFacts> prices;
  analytic::Prediction prediction;
  analytic::MemoryModel memory;
  analytic::Utilisation utilisation;
  std::vector<analytic::RooflinePoint> points;
  std::vector<analytic::Axis> axes;
  std::vector<analytic::SweepPoint> sweep;
};

/// A part of a graph: what the formula says, what its program costs, and what a run took.
struct ComparisonRow {
  analytic::Part part = analytic::Part::other;
  std::size_t nodes = 0;
  std::optional<std::uint64_t> formula; ///< none: the model leaves it out
  std::uint64_t analytic = 0;           ///< the program by the analytic prices
  std::uint64_t emulator = 0;           ///< the program by the emulator's prices, memory left out
  std::uint64_t run = 0;                ///< with the memory
};

struct AnalyticRun {
  std::string model;
  std::string settings;
  std::string machine; ///< MLEN and BLEN
  std::string timing;
  std::string form;
  std::vector<ComparisonRow> rows; ///< parts that the graph has
  /// Upstream's roofline of one layer for this run, when the graph has all of one.
  std::optional<analytic::FormerRoofline> roofline;
  std::uint64_t bytes_read = 0;
};

std::string analytic_json(const AnalyticFacts& facts);
std::string analytic_text(const AnalyticFacts& facts);
/// The points of the sweep, or the parts of the prediction.
std::string analytic_csv(const AnalyticFacts& facts);
/// Cycles against multipliers of the sweep's points, or the roofline.
std::string analytic_svg(const AnalyticFacts& facts);

std::string run_comparison_json(const AnalyticRun& comparison);
std::string run_comparison_table(const AnalyticRun& comparison); ///< Markdown
std::string run_comparison_csv(const AnalyticRun& comparison);

struct StaticFacts {
  analytic::StaticProfile current;
  analytic::FormerProfile former;
  std::string latencies;
  std::uint32_t clock_mhz = 1000;
};
std::string static_profile_json(const StaticFacts& facts);
std::string static_profile_text(const StaticFacts& facts);

/// Models, latencies and keys that can be asked for.
std::string describe_analytic();

} // namespace plena::report
