// Texts token by token. A model is compiled once for one token at a time, and once for each length of a
// prompt; the programs share the machine's HBM, where the keys and values of earlier tokens lie. Between
// runs only the numbers of the tokens and their position change.
#pragma once

#include "base/result.h"
#include "driver/model_file.h"
#include "numerics/formats.h"
#include "ops/op.h"
#include "report/generation.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

/// Formats of HBM for the rounding reference alone: of the format itself, where no machine has it.
struct ReferenceFormats {
  numerics::StorageFormat format{};
  bool only_kv = false; ///< keys and values; else weights and activations, too

  void apply(ops::Arithmetic& arithmetic) const {
    arithmetic.stored = format;
    if (!only_kv) {
      arithmetic.weight = arithmetic.activation = format;
    }
  }
};

struct GenerationOptions {
  std::string choices = "{}"; ///< JSON, as Session::compile takes it
  std::int64_t capacity = 256; ///< tokens that a text may have
  std::int64_t chunk = 0; ///< tokens of a prompt at a time; 0: as many as a row of the machine has lanes
  bool cycles = true; ///< counts them, which takes time
  bool references = false; ///< computes each run by both references as well, which takes longer
  FileFinder beside{}; ///< of a model that is one file
  /// The machine does not run: `Source::Hardware` is computed with these formats, and the machine's logits
  /// are none. Needs `references`.
  std::optional<ReferenceFormats> instead{};
  bool attention = false; ///< tells what tokens take of those before them; needs `references`
  bool all_logits = false; ///< keeps those of all tokens of a `feed`, for `all_logits`
};

/// Whose logits.
enum class Source : std::uint8_t {
  Machine,
  Hardware, ///< the reference with every rounding of the machine, with a cache of its own
  Fp32,     ///< the exact reference, with a cache of its own
};
struct SourceInfo {
  Source source{};
  std::string_view name;
  std::string_view meaning;
};
std::span<const SourceInfo> sources();

/// The machine's results of a run against those of the references.
struct GenerationCheck {
  std::uint64_t compared = 0;  ///< elements of logits and of caches
  std::uint64_t differing = 0; ///< of these, not to the bit what the hardware reference has
  double price = 0;            ///< relative RMS of the logits, fp32 against machine
  double worst = 0;            ///< largest difference of these
  bool same_choice = false; ///< the largest logit of the last token is at the same id in fp32
};

/// What the last token of a run takes of the tokens so far, in one layer.
struct GenerationAttention {
  std::string name; ///< of the node
  std::uint64_t heads = 0;
  std::uint64_t keys = 0;     ///< tokens so far
  std::vector<float> weights; ///< by head and token
};

/// Tokens that went through the machine together.
struct GenerationRun {
  std::int64_t position = 0; ///< of the first
  std::int64_t tokens = 0;
  std::uint64_t instructions = 0;
  std::uint64_t cycles = 0; ///< 0 when they are not counted
  double seconds = 0;       ///< of emulation
  std::optional<GenerationCheck> check{};
  /// By the rounding reference, where references run and these are not too many to be told.
  std::vector<GenerationAttention> attention{};
};

/// A program for some tokens at a time.
struct GenerationProgram {
  std::int64_t tokens = 0;
  std::uint64_t words = 0;
  double compile_seconds = 0;
};

/// Keys or values of a layer, in HBM; a row for each token.
struct GenerationCache {
  std::string name; ///< of the tensor
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0; ///< that have room, whole tiles
  std::uint64_t cols = 0;
};

/// Made by Session::generation.
class Generation {
 public:
  ~Generation();
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) noexcept;

  /// E_KV_CACHE when the text would become longer than its capacity, E_RANGE for ids that the model
  /// does not have.
  Status check(std::span<const std::int64_t> ids) const;
  /// Goes on with the text. What `check` says, and nothing has run then. E_FAULT_ when the machine
  /// stopped: the text cannot be gone on with then (E_KV_CACHE) until restart().
  Result<std::vector<GenerationRun>> feed(std::span<const std::int64_t> ids);
  /// Of the token after the text; empty before the first run, and of references that are not computed.
  std::span<const float> logits(Source source = Source::Machine) const;
  /// A row for each token of the last `feed`, when the options ask for them: of the token after it.
  std::span<const float> all_logits(Source source = Source::Machine) const;
  /// An empty text.
  void restart();

  std::int64_t position() const; ///< tokens so far
  std::int64_t capacity() const;
  std::int64_t vocabulary() const;
  const std::vector<GenerationProgram>& programs() const; ///< in the order in which they were made
  std::uint64_t cache_bytes() const; ///< of HBM that the caches take
  std::vector<GenerationCache> caches() const; ///< in the order of the layers
  std::int64_t chunk() const; ///< tokens of a prompt at a time

  struct Impl; ///< generation.cpp
  explicit Generation(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

/// The next token from logits: the first largest, or one by chance. The same seed gives the same tokens
/// everywhere.
class Sampler {
 public:
  /// Temperature 0: always the largest. Negative or no number: taken as 0.
  Sampler(double temperature, std::uint64_t seed) : temperature_(temperature), seed_(seed) {}
  std::int64_t choose(std::span<const float> logits);

 private:
  double temperature_;
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0; ///< tokens by chance so far
};

} // namespace plena::driver
