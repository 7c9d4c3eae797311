#include "report/text_steps.h"

#include "report/generation_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

Json programs_json(const std::vector<TextProgram>& programs) {
  Json list = Json::array();
  for (const TextProgram& program : programs) {
    list.push_back(
      {{"tokens", program.tokens}, {"words", program.words}, {"seconds", program.compile_seconds}}
    );
  }
  return list;
}

/// Tenths of a thousandth are more than can be drawn, and short as texts.
double shown(float weight) { return std::round(static_cast<double>(weight) * 1e4) / 1e4; }

Json attention_json(std::span<const AttentionFacts> facts) {
  Json list = Json::array();
  for (const AttentionFacts& one : facts) {
    Json weights = Json::array();
    for (const float weight : one.weights) {
      weights.push_back(shown(weight));
    }
    list.push_back(
      {{"name", one.name},
       {"node", one.node},
       {"batch", one.batch},
       {"heads", one.heads},
       {"queries", one.queries},
       {"keys", one.keys},
       {"weights", std::move(weights)}}
    );
  }
  return list;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

std::string attention(std::span<const AttentionFacts> facts) {
  return dump(Json{{"layers", attention_json(facts)}});
}

std::string text_info(const TextBasics& basics, int handle) {
  Json json{
    {"text", handle},
    {"model", basics.model},
    {"timing", basics.timing},
    {"vocabulary", basics.vocabulary},
    {"capacity", basics.capacity},
    {"chunk", basics.chunk},
    {"references", basics.references},
    {"caches", Json::array()},
    {"programs", programs_json(basics.programs)}};
  for (const TextCache& cache : basics.caches) {
    json["caches"].push_back(
      {{"name", cache.name},
       {"address", cache.address},
       {"bytes", cache.bytes},
       {"rows", cache.rows},
       {"cols", cache.cols}}
    );
  }
  return dump(json);
}

std::string text_step(const TextStep& step) {
  Json json{
    {"id", step.id ? Json(*step.id) : Json(nullptr)},
    {"position", step.position},
    {"runs", Json::array()},
    {"candidates", Json::array()},
    {"programs", programs_json(step.programs)},
    {"digest", step.digest},
    {"attention", attention_json(step.attention)}};
  for (const TextRun& run : step.runs) {
    json["runs"].push_back(run_json(run));
  }
  for (const TextCandidate& candidate : step.candidates) {
    Json one{{"id", candidate.id}};
    for (const TextOdds& odds : candidate.odds) {
      // JSON has no infinities; a logit that is none is told as null by the library.
      one[std::string(odds.source)] = {{"logit", odds.logit}, {"chance", odds.chance}};
    }
    json["candidates"].push_back(std::move(one));
  }
  return dump(json);
}

} // namespace plena::report
