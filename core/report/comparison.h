// Two programs number by number, for `plena compare`.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

/// The numbers that programs are compared by, in the order of the table.
enum class Metric : std::uint8_t {
#define METRIC(metric, name, group, title) metric,
#include "report/metrics.def"
};

struct MetricInfo {
  Metric metric{};
  std::string_view name;  ///< in conditions and in the JSON
  std::string_view group; ///< object of the JSON that holds it, empty for the document itself
  std::string_view title; ///< for people
};
std::span<const MetricInfo> metrics();

/// One side; a number that is not known is absent.
struct Side {
  std::string name;
  std::vector<std::optional<double>> values{}; ///< by metric
  std::string fault{};                         ///< code of the fault that the run ended with

  explicit Side(std::string side_name);
  std::optional<double>& operator[](Metric metric);
  const std::optional<double>& operator[](Metric metric) const;
};

/// A bound on one number of side B: as it stands (`cycles>1000`), or against side A, as a difference
/// (`loops>+2`) or as a share (`cycles>+0.5%`).
struct Condition {
  enum class Of : std::uint8_t { Value, Difference, Share };
  enum class Order : std::uint8_t { Less, LessEqual, Greater, GreaterEqual };

  std::string text;
  Metric metric{};
  Order order{};
  Of of{};
  double bound = 0;
};
/// E_CONDITION.
Result<Condition> parse_condition(std::string_view text);
/// Nothing when a number that it takes is not known.
std::optional<bool> holds(const Condition& condition, const Side& a, const Side& b);

/// Markdown, without the rows of which neither side knows a number.
std::string comparison_table(const Side& a, const Side& b);

struct ConditionResult {
  std::string text;
  bool holds = false;
};
/// `{"schema", "timing", "a", "b", "difference", "conditions"}`
std::string comparison(
  const Side& a, const Side& b, std::string_view timing, std::span<const ConditionResult> conditions
);

} // namespace plena::report
