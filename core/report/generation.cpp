#include "report/generation.h"

#include "report/generation_json.h"

#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

} // namespace

std::string generation(const TextFacts& facts) {
  Json json{
    {"schema", 1},
    {"model", facts.model},
    {"settings", facts.settings},
    {"timing", facts.timing},
    {"by", facts.source},
    {"temperature", facts.temperature},
    {"seed", facts.seed},
    {"capacity", facts.capacity},
    {"cacheBytes", facts.cache_bytes},
    {"prompt", facts.prompt},
    {"ids", facts.ids},
    {"promptText", facts.prompt_text ? Json(*facts.prompt_text) : Json(nullptr)},
    {"text", facts.text ? Json(*facts.text) : Json(nullptr)},
    {"programs", Json::array()},
    {"prefill", Json::array()},
    {"decode", Json::array()}};
  for (const TextProgram& program : facts.programs) {
    json["programs"].push_back(
      {{"tokens", program.tokens},
       {"words", program.words},
       {"compileSeconds", program.compile_seconds}}
    );
  }
  for (std::size_t i = 0; i < facts.runs.size(); ++i) {
    json[i < facts.prompt_runs ? "prefill" : "decode"].push_back(run_json(facts.runs[i]));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace plena::report
