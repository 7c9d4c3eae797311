// A text that is written token by token, told as documents: what the page shows while it grows, and what
// links say of it.
#pragma once

#include "driver/generation.h"
#include "driver/session.h"
#include "report/text_steps.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plena::driver {

/// How the next token is chosen.
struct Sampling {
  double temperature = 0; ///< 0: the likeliest
  std::uint64_t seed = 0;
};

class Text {
 public:
  /// Compiles for one token at a time, with the session's settings. What Session::generation says.
  static Result<Text>
  create(Session& session, std::string_view name, std::span<const ModelFile> files, GenerationOptions options);

  /// An empty text; tokens are chosen so from here on.
  void start(const Sampling& sampling);
  /// Runs the token chosen before, if any, and those that are given. E_PROMPT when there are none,
  /// and what Generation::feed says.
  Result<report::TextStep> feed(std::span<const std::int64_t> ids);
  /// Runs the token chosen before, if any, and chooses the next from the machine's logits. E_PROMPT before
  /// any token was given; E_KV_CACHE when the text is as long as it can be.
  Result<report::TextStep> next();

  report::TextBasics basics() const;
  const std::vector<std::int64_t>& chosen() const { return chosen_; } ///< in their order
  /// Of all that has run and was chosen since start(): ids, cycles, and the bits of the machine's
  /// logits that each choice was made from. 64 digits; empty before anything has run.
  const std::string& digest() const { return digest_; }

 private:
  Text(Generation generation, report::TextBasics basics);
  Status run(std::span<const std::int64_t> ids, report::TextStep& step);
  Status run_pending(report::TextStep& step);
  std::vector<report::TextCandidate> candidates(std::optional<std::int64_t> id) const;

  Generation generation_;
  report::TextBasics basics_;
  Sampling sampling_;
  Sampler sampler_{0, 0};
  std::vector<std::int64_t> chosen_;
  bool pending_ = false; ///< the last of them has not run
  std::vector<report::AttentionFacts> attention_; ///< of the last token that has run
  std::string digest_;
};

/// As the report has it.
report::TextRun text_run(const GenerationRun& run);

} // namespace plena::driver
