// A text as it grows, for the page: what it is written with, and what each token cost and was
// chosen from.
#pragma once

#include "report/generation.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

struct TextCache {
  std::string name;
  std::uint64_t address = 0; ///< in HBM
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
};

struct TextBasics {
  std::string model;
  std::string timing; ///< how cycles are counted
  std::int64_t vocabulary = 0;
  std::int64_t capacity = 0;
  std::int64_t chunk = 0; ///< tokens of a prompt at a time
  bool references = false;
  std::vector<TextCache> caches;
  std::vector<TextProgram> programs;
};

/// The token of an id by one source: its logit, and its chance among all tokens.
struct TextOdds {
  std::string_view source;
  float logit = 0;
  double chance = 0;
};

struct TextCandidate {
  std::int64_t id = 0;
  std::vector<TextOdds> odds; ///< by each source that has logits
};

/// What the queries of an attention take of its keys.
struct AttentionFacts {
  std::string name; ///< of the node
  std::uint32_t node = 0;
  std::uint64_t batch = 0;
  std::uint64_t heads = 0;
  std::uint64_t queries = 0;
  std::uint64_t keys = 0;
  std::vector<float> weights; ///< by sequence, head, query and key
};

/// What has run since the step before, and the token that was chosen then.
struct TextStep {
  std::vector<TextRun> runs;
  std::optional<std::int64_t> id{}; ///< none: the prompt has run, and nothing was chosen yet
  std::int64_t position = 0;        ///< tokens that have run
  std::vector<TextCandidate> candidates;
  std::vector<TextProgram> programs; ///< that were compiled for these runs
  std::string digest;                ///< of everything since the start
  /// Of the last token that has run, by layer; empty without references, and where it would be too
  /// much.
  std::vector<AttentionFacts> attention;
};

/// Attention of wasm/plena.d.ts.
std::string attention(std::span<const AttentionFacts> facts);

/// TextInfo of wasm/plena.d.ts, for the text with this handle.
std::string text_info(const TextBasics& basics, int handle);
/// TextStep of wasm/plena.d.ts.
std::string text_step(const TextStep& step);

} // namespace plena::report
