#include "report/pinned_documents.h"

#include "report/documents.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

Json value_json(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

/// Nodes have other numbers in another graph; there the name is what they share.
std::string_view shared_key(ProfileBy by, const ProfileRow& row) {
  return by == ProfileBy::Node ? row.label : row.key;
}

/// Rows of both sides, those of the second in its order, then those that only the first has.
Json table_json(const ComparedRun& a, const ComparedRun& b, ProfileBy by) {
  const std::vector<ProfileRow> left = profile_table(a.profile, by);
  const std::vector<ProfileRow> right = profile_table(b.profile, by);
  std::map<std::string_view, const ProfileRow*> of_left;
  for (const ProfileRow& row : left) {
    of_left.emplace(shared_key(by, row), &row);
  }
  Json rows = Json::array();
  const auto add = [&](const ProfileRow* x, const ProfileRow* y) {
    const ProfileRow& named = y != nullptr ? *y : *x;
    rows.push_back(
      {{"key", shared_key(by, named)},
       {"label", named.label},
       {"a", x != nullptr ? Json(x->cycles) : Json(nullptr)},
       {"b", y != nullptr ? Json(y->cycles) : Json(nullptr)},
       {"pc", y != nullptr ? y->pc : -1}}
    );
  };
  for (const ProfileRow& row : right) {
    const auto found = of_left.find(shared_key(by, row));
    add(found == of_left.end() ? nullptr : found->second, &row);
    if (found != of_left.end()) {
      of_left.erase(found);
    }
  }
  for (const ProfileRow& row : left) {
    const auto found = of_left.find(shared_key(by, row));
    if (found != of_left.end() && found->second == &row) {
      add(&row, nullptr);
    }
  }
  return rows;
}

} // namespace

std::string
run_comparison(const ComparedRun& a, const ComparedRun& b, std::span<const DiffCount> diff) {
  Json numbers = Json::array();
  for (const MetricInfo& info : metrics()) {
    const std::optional<double>& left = a.side[info.metric];
    const std::optional<double>& right = b.side[info.metric];
    if (left || right) {
      numbers.push_back(
        {{"name", info.name},
         {"title", info.title},
         {"a", value_json(left)},
         {"b", value_json(right)}}
      );
    }
  }
  Json counts = Json::object();
  for (const DiffCount& one : diff) {
    counts[std::string(one.name)] = one.rows;
  }
  const auto side = [](const ComparedRun& run) {
    return Json{
      {"name", run.side.name},
      {"timing", run.timing},
      {"fault", run.side.fault.empty() ? Json(nullptr) : Json(run.side.fault)}};
  };
  Json by = Json::object();
  for (const ProfileBy one :
       {ProfileBy::Cause, ProfileBy::Unit, ProfileBy::Opcode, ProfileBy::Node}) {
    by[std::string(profile_by_names[static_cast<std::size_t>(one)])] = table_json(a, b, one);
  }
  const Json document = {
    {"schema", schema},
    {"a", side(a)},
    {"b", side(b)},
    {"numbers", numbers},
    {"by", by},
    {"diff", counts},
    {"markdown", comparison_table(a.side, b.side)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string run_spans(const SpannedRun& a, const SpannedRun& b) {
  const auto side = [](const SpannedRun& run) {
    Json nodes = Json::array();
    for (std::size_t i = 0; i < run.spans.size(); ++i) {
      if (run.spans[i].any()) {
        nodes.push_back(
          {{"name", run.names[i]}, {"from", run.spans[i].from}, {"to", run.spans[i].to}}
        );
      }
    }
    return Json{{"cycles", run.cycles}, {"nodes", std::move(nodes)}};
  };
  return Json{{"a", side(a)}, {"b", side(b)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string diff_rows(std::uint64_t total, std::uint64_t first, std::span<const DiffLine> lines) {
  const auto word = [](const std::optional<DiffWord>& one) {
    return one ? Json{{"pc", one->pc}, {"text", one->text}, {"cycles", one->cycles}}
               : Json(nullptr);
  };
  Json rows = Json::array();
  for (const DiffLine& line : lines) {
    rows.push_back(
      {{"change", line.change}, {"a", word(line.a)}, {"b", word(line.b)}, {"node", line.node}}
    );
  }
  const Json document = {{"total", total}, {"first", first}, {"rows", rows}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace plena::report
