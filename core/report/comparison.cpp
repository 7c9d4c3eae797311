#include "report/comparison.h"

#include "base/text.h"
#include "report/documents.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array metric_rows{
#define METRIC(metric, name, group, title) MetricInfo{Metric::metric, name, group, title},
#include "report/metrics.def"
};

std::size_t index(Metric metric) { return static_cast<std::size_t>(metric); }

/// Whole numbers in full.
std::string number_text(double value) {
  const bool whole = std::fabs(value) < 0x1p53 && value == std::floor(value);
  return whole ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

Json number_json(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) {
    return nullptr;
  }
  const bool whole = std::fabs(*value) < 0x1p53 && *value == std::floor(*value);
  return whole ? Json(static_cast<std::int64_t>(*value)) : Json(*value);
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '|' ? "\\|" : std::string(1, c);
  }
  return escaped;
}

std::string change_text(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) {
    return "";
  }
  const double change = *b - *a;
  if (change == 0) {
    return "same";
  }
  std::string text = (change > 0 ? "+" : "") + number_text(change);
  if (*a != 0) {
    text += fmt::format(" ({:+.2f} %)", 100 * change / *a);
  }
  return text;
}

Json side_json(const Side& side) {
  Json json = {{"name", side.name}};
  for (const MetricInfo& info : metric_rows) {
    const std::string name(info.name);
    (info.group.empty() ? json[name] : json[std::string(info.group)][name]) =
      number_json(side[info.metric]);
  }
  json["fault"] = side.fault.empty() ? Json(nullptr) : Json(side.fault);
  return json;
}

Diagnostic bad_condition(std::string_view text, std::string message, std::string hint) {
  return {
    .code = "E_CONDITION",
    .message = fmt::format("condition '{}': {}", text, message),
    .hint = std::move(hint)};
}

} // namespace

std::span<const MetricInfo> metrics() { return metric_rows; }

Side::Side(std::string side_name) : name(std::move(side_name)), values(metric_rows.size()) {}

std::optional<double>& Side::operator[](Metric metric) { return values[index(metric)]; }

const std::optional<double>& Side::operator[](Metric metric) const { return values[index(metric)]; }

Result<Condition> parse_condition(std::string_view text) {
  const std::string_view example = "for example cycles>+0.5%, loops>+2 or read_bytes>=100000";
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos) {
    return bad_condition(text, "there is no < or >", std::string(example));
  }
  Condition condition;
  condition.text = text;
  const std::string_view name = text.substr(0, sign);
  const auto row = std::find_if(metric_rows.begin(), metric_rows.end(), [&](const auto& info) {
    return info.name == name;
  });
  if (row == metric_rows.end()) {
    std::vector<std::string_view> names;
    for (const MetricInfo& info : metric_rows) {
      names.push_back(info.name);
    }
    const auto meant = nearest(name, names);
    return bad_condition(
      text,
      fmt::format("there is no number called '{}'", name),
      meant ? fmt::format("did you mean {}?", *meant)
            : fmt::format("there are {}", fmt::join(names, ", "))
    );
  }
  condition.metric = row->metric;
  const bool or_equal = sign + 1 < text.size() && text[sign + 1] == '=';
  using Order = Condition::Order;
  condition.order = text[sign] == '<' ? (or_equal ? Order::LessEqual : Order::Less)
                                      : (or_equal ? Order::GreaterEqual : Order::Greater);
  std::string_view bound = text.substr(sign + (or_equal ? 2 : 1));
  const bool is_change = bound.starts_with('+') || bound.starts_with('-');
  const bool is_share = bound.ends_with('%');
  if (is_share && !is_change) {
    return bad_condition(
      text, "a share needs a sign", fmt::format("write {}+{}", text.substr(0, sign + 1), bound)
    );
  }
  condition.of = is_share    ? Condition::Of::Share
                 : is_change ? Condition::Of::Difference
                             : Condition::Of::Value;
  bound.remove_suffix(is_share ? 1 : 0);
  bound.remove_prefix(bound.starts_with('+') ? 1 : 0);
  const std::string digits(bound);
  char* end = nullptr;
  condition.bound = std::strtod(digits.c_str(), &end);
  if (digits.empty() || end != digits.c_str() + digits.size() || !std::isfinite(condition.bound)) {
    return bad_condition(text, fmt::format("'{}' is no number", bound), std::string(example));
  }
  return condition;
}

std::optional<bool> holds(const Condition& condition, const Side& a, const Side& b) {
  const std::optional<double>& before = a[condition.metric];
  const std::optional<double>& after = b[condition.metric];
  if (!after || (condition.of != Condition::Of::Value && !before)) {
    return std::nullopt;
  }
  double value = *after;
  if (condition.of != Condition::Of::Value) {
    value -= *before;
  }
  if (condition.of == Condition::Of::Share && value != 0) {
    value = *before == 0 ? std::copysign(std::numeric_limits<double>::infinity(), value)
                         : 100 * value / std::fabs(*before);
  }
  switch (condition.order) {
  case Condition::Order::Less:
    return value < condition.bound;
  case Condition::Order::LessEqual:
    return value <= condition.bound;
  case Condition::Order::Greater:
    return value > condition.bound;
  case Condition::Order::GreaterEqual:
    return value >= condition.bound;
  }
  return std::nullopt;
}

std::string comparison_table(const Side& a, const Side& b) {
  std::string text =
    fmt::format("| | {} | {} | change |\n|---|--:|--:|--:|\n", cell(a.name), cell(b.name));
  const auto known = [](const std::optional<double>& value) {
    return value ? number_text(*value) : std::string("-");
  };
  for (const MetricInfo& info : metric_rows) {
    const std::optional<double>& left = a[info.metric];
    const std::optional<double>& right = b[info.metric];
    if (left || right) {
      text += fmt::format(
        "| {} | {} | {} | {} |\n", info.title, known(left), known(right), change_text(left, right)
      );
    }
  }
  if (!a.fault.empty() || !b.fault.empty()) {
    const auto fault = [](const std::string& code) { return code.empty() ? "-" : code; };
    text += fmt::format("| fault | {} | {} | |\n", fault(a.fault), fault(b.fault));
  }
  return text;
}

std::string comparison(
  const Side& a, const Side& b, std::string_view timing, std::span<const ConditionResult> conditions
) {
  Side difference("");
  for (const MetricInfo& info : metric_rows) {
    if (a[info.metric] && b[info.metric]) {
      difference[info.metric] = *b[info.metric] - *a[info.metric];
    }
  }
  Json changes = side_json(difference);
  changes.erase("name");
  changes.erase("fault");
  Json list = Json::array();
  for (const ConditionResult& one : conditions) {
    list.push_back({{"condition", one.text}, {"holds", one.holds}});
  }
  const Json document = {
    {"schema", schema},
    {"timing", timing},
    {"a", side_json(a)},
    {"b", side_json(b)},
    {"difference", changes},
    {"conditions", list}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace plena::report
