// A run of a text as JSON: the same for the tool and the page.
#pragma once

#include "report/generation.h"

#include <nlohmann/json.hpp>

namespace plena::report {

inline nlohmann::ordered_json run_json(const TextRun& run) {
  nlohmann::ordered_json json{
    {"position", run.position},
    {"tokens", run.tokens},
    {"instructions", run.instructions},
    {"cycles", run.cycles},
    {"seconds", run.seconds},
    {"check", nullptr}};
  if (run.differing) {
    json["check"] = {
      {"compared", run.compared},
      {"differing", *run.differing},
      {"fp32RelRms", run.price},
      {"fp32MaxAbs", run.worst},
      {"sameChoice", run.same_choice}};
  }
  return json;
}

} // namespace plena::report
