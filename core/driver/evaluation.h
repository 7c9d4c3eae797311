// How well a trained model does its task: on the emulated machine, and by both references, over
// data that it was not trained on (io/vocabulary_json.h).
#pragma once

#include "base/result.h"
#include "driver/generation.h"
#include "driver/session.h"
#include "io/vocabulary_json.h"
#include "report/evaluation.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plena::driver {

/// A prediction is the next token of a text, a token of an answer, or the label of a picture.
struct Score {
  std::size_t items = 0;
  std::size_t right_items = 0; ///< with all predictions right
  std::size_t predictions = 0;
  std::size_t right = 0; ///< the largest logit is the right one's
  double loss = 0;       ///< sum of -log of what the right ones were given by softmax

  double accuracy() const; ///< right predictions, a share; 0 of nothing
  double share() const;    ///< right items
  double perplexity() const;
};

struct EvaluationOptions {
  std::string choices = "{}";                ///< JSON, as Session::compile takes it
  std::size_t items = 0;                     ///< of the held-out data, from the first one; 0: all
  std::optional<ReferenceFormats> instead{}; ///< of the machine, which does not run then
  /// Called before each item with how many are done; false stops.
  std::function<bool(std::size_t)> go_on{};
};

struct Evaluation {
  std::array<Score, 3> scores{}; ///< by Source
  std::size_t same_choices = 0;  ///< predictions of the machine that fp32 makes as well
  std::uint64_t compared = 0;    ///< numbers that the machine left
  std::uint64_t differing = 0;   ///< of these, not to the bit what the hardware reference has
  std::uint64_t runs = 0;
  std::uint64_t instructions = 0;
  std::uint64_t cycles = 0;
  double seconds = 0;   ///< of emulation alone
  bool stopped = false; ///< before its end

  const Score& of(Source source) const { return scores[static_cast<std::size_t>(source)]; }
};

/// With the session's settings and way of counting cycles. Texts and answers go through the model
/// as `generate` feeds prompts, keys and values in HBM; each answer is right when every token is
/// the largest logit after the right ones before it, which is what choosing token by token would
/// write. What Session::generation says; E_VOCABULARY where vocabulary and model do not fit;
/// E_FAULT_ when the machine stopped.
Result<Evaluation> evaluate(
  Session& session,
  std::string_view name,
  std::span<const ModelFile> files,
  const io::Vocabulary& vocabulary,
  const io::Holdout& holdout,
  const EvaluationOptions& options
);

/// A format to try: the settings, and what the machine does not have.
struct Tried {
  std::string toml;
  std::optional<ReferenceFormats> instead{};
};

/// A settings file in which everything that lies in HBM but integers has this format, written as in
/// links: `e8m7`, or `e4m3x8/ue8m0` for blocks of 8 with a scale; after `kv:` keys and values
/// alone. Integer elements (`i8x8/ue8m0`) leave the settings as they are. What config::changed
/// says.
Result<Tried> with_formats(std::string_view toml, std::string_view name, std::string_view format);

/// Those of the table that `plena evaluate --formats all` prints, and what people call them.
struct KnownFormat {
  std::string_view format;
  std::string_view title;
};
std::span<const KnownFormat> known_formats();
/// Empty for others.
std::string_view title_of(std::string_view format);

} // namespace plena::driver
