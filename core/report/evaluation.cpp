#include "report/evaluation.h"

#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

Json score_json(const ScoreFacts& score) {
  return {
    {"accuracy", score.accuracy},
    {"rightItems", score.right_items},
    {"perplexity", score.perplexity}};
}

} // namespace

std::string evaluation(const EvaluationFacts& facts) {
  Json json{
    {"schema", 1},
    {"model", facts.model},
    {"data", facts.data},
    {"kind", facts.kind},
    {"items", facts.items},
    {"ofItems", facts.of_items},
    {"settings", facts.settings},
    {"timing", facts.timing},
    {"rows", Json::array()}};
  for (const EvaluationRow& row : facts.rows) {
    Json one{
      {"formats", row.formats.empty() ? Json(nullptr) : Json(row.formats)},
      {"title", row.title.empty() ? Json(nullptr) : Json(row.title)},
      {"refused", row.refused.empty() ? Json(nullptr) : Json(row.refused)}};
    if (!row.refused.empty()) {
      json["rows"].push_back(std::move(one));
      continue;
    }
    one.update(
      {{"machine", row.machine ? score_json(*row.machine) : Json(nullptr)},
       {"hardware", score_json(row.hardware)},
       {"fp32", score_json(row.fp32)},
       {"predictions", row.predictions},
       {"sameChoices", row.same_choices},
       {"compared", row.compared},
       {"differing", row.differing},
       {"instructions", row.instructions},
       {"cycles", row.cycles},
       {"emulationSeconds", row.emulation_seconds},
       {"seconds", row.seconds}}
    );
    json["rows"].push_back(std::move(one));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace plena::report
