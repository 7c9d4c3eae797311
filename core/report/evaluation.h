// How well a model does its task, for `plena evaluate`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

struct ScoreFacts {
  double accuracy = 0;    ///< share of predictions
  double right_items = 0; ///< share of items
  double perplexity = 0;
};

/// Of one format of what lies in HBM.
struct EvaluationRow {
  std::string formats;   ///< as in links; empty: as the settings say
  std::string title{};   ///< what people call it; may be empty
  std::string refused{}; ///< why the machine cannot have it; nothing was measured then
  std::optional<ScoreFacts> machine{}; ///< none: the references alone were run
  ScoreFacts hardware{};
  ScoreFacts fp32{};
  std::uint64_t predictions = 0;
  std::uint64_t same_choices = 0; ///< of machine and fp32
  std::uint64_t compared = 0;
  std::uint64_t differing = 0; ///< machine from hardware reference
  std::uint64_t instructions = 0;
  std::uint64_t cycles = 0;
  double emulation_seconds = 0;
  double seconds = 0; ///< with compilation and references
};

struct EvaluationFacts {
  std::string model;
  std::string data; ///< file
  std::string kind; ///< texts, answers, pictures
  std::uint64_t items = 0;
  std::uint64_t of_items = 0; ///< that the file has
  std::string settings;
  std::string timing;
  std::vector<EvaluationRow> rows;
};

/// Report of `plena evaluate --json`.
std::string evaluation(const EvaluationFacts& facts);

} // namespace plena::report
