#include "driver/text.h"

#include "base/sha256.h"
#include "numerics/bits.h"
#include "numerics/math.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace plena::driver {

namespace {

/// Tokens that are told of each source; with three sources at most three times as many are.
constexpr std::size_t told_candidates = 8;

report::TextProgram fact_of(const GenerationProgram& program) {
  return {program.tokens, program.words, program.compile_seconds};
}

/// Ids of the largest logits, largest first; the smaller id first of equals.
std::vector<std::int64_t> largest(std::span<const float> logits, std::size_t count) {
  std::vector<std::int64_t> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int64_t>(i);
  }
  count = std::min(count, ids.size());
  const auto before = [&](std::int64_t a, std::int64_t b) {
    const float one = logits[static_cast<std::size_t>(a)];
    const float other = logits[static_cast<std::size_t>(b)];
    // What is no number comes last.
    return one > other || (std::isnan(other) && !std::isnan(one)) ||
           (!(one < other) && !std::isnan(one) && a < b);
  };
  std::partial_sort(
    ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(), before
  );
  ids.resize(count);
  return ids;
}

/// Sum of exp((logit - most) / temperature).
double mass(std::span<const float> logits, double most, double temperature) {
  double sum = 0;
  for (const float logit : logits) {
    sum += numerics::exp_f64((static_cast<double>(logit) - most) / temperature);
  }
  return sum;
}

void hash(Sha256& sha, std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  sha.update(bytes);
}

} // namespace

report::TextRun text_run(const GenerationRun& run) {
  report::TextRun fact{run.position, run.tokens, run.instructions, run.cycles, run.seconds};
  if (run.check) {
    fact.differing = run.check->differing;
    fact.compared = run.check->compared;
    fact.price = run.check->price;
    fact.worst = run.check->worst;
    fact.same_choice = run.check->same_choice;
  }
  return fact;
}

Text::Text(Generation generation, report::TextBasics basics)
    : generation_(std::move(generation)),
      basics_(std::move(basics)) {}

Result<Text> Text::create(
  Session& session,
  std::string_view name,
  std::span<const ModelFile> files,
  GenerationOptions options
) {
  report::TextBasics basics;
  basics.model = name;
  basics.references = options.references;
  options.attention = options.references;
  Result<Generation> made = session.generation(name, files, std::move(options));
  if (!made) {
    return made.diagnostics();
  }
  basics.timing = session.timing_title();
  basics.vocabulary = made->vocabulary();
  basics.capacity = made->capacity();
  basics.chunk = made->chunk();
  for (const GenerationCache& cache : made->caches()) {
    basics.caches.push_back({cache.name, cache.address, cache.bytes, cache.rows, cache.cols});
  }
  return Text(std::move(*made), std::move(basics));
}

report::TextBasics Text::basics() const {
  report::TextBasics basics = basics_;
  for (const GenerationProgram& program : generation_.programs()) {
    basics.programs.push_back(fact_of(program));
  }
  return basics;
}

void Text::start(const Sampling& sampling) {
  generation_.restart();
  sampling_ = sampling;
  sampler_ = Sampler(sampling.temperature, sampling.seed);
  chosen_.clear();
  pending_ = false;
  attention_.clear();
  digest_.clear();
}

/// Adds to the step what ran, and to the digest.
Status Text::run(std::span<const std::int64_t> ids, report::TextStep& step) {
  const std::size_t programs = generation_.programs().size();
  const Result<std::vector<GenerationRun>> ran = generation_.feed(ids);
  for (std::size_t i = programs; i < generation_.programs().size(); ++i) {
    step.programs.push_back(fact_of(generation_.programs()[i]));
  }
  if (!ran) {
    return ran.diagnostics();
  }
  Sha256 sha;
  sha.update({reinterpret_cast<const std::uint8_t*>(digest_.data()), digest_.size()});
  for (const std::int64_t id : ids) {
    hash(sha, static_cast<std::uint64_t>(id));
  }
  for (const GenerationRun& run : *ran) {
    step.runs.push_back(text_run(run));
    hash(sha, static_cast<std::uint64_t>(run.tokens));
    hash(sha, run.cycles);
  }
  attention_.clear();
  for (const GenerationAttention& layer : ran->back().attention) {
    attention_.push_back({layer.name, 0, 1, layer.heads, 1, layer.keys, layer.weights});
  }
  for (const float logit : generation_.logits()) {
    hash(sha, numerics::bits_of(logit));
  }
  digest_ = sha.finish_hex();
  return Done{};
}

/// The token that was chosen last, unless it has run.
Status Text::run_pending(report::TextStep& step) {
  if (!pending_) {
    return Done{};
  }
  Status ran = run(std::span(&chosen_.back(), 1), step);
  pending_ = !ran;
  return ran;
}

std::vector<report::TextCandidate> Text::candidates(std::optional<std::int64_t> id) const {
  std::vector<std::int64_t> ids;
  const auto add = [&](std::int64_t one) {
    if (std::find(ids.begin(), ids.end(), one) == ids.end()) {
      ids.push_back(one);
    }
  };
  std::vector<report::TextCandidate> told;
  for (const SourceInfo& source : sources()) {
    for (const std::int64_t one : largest(generation_.logits(source.source), told_candidates)) {
      add(one);
    }
  }
  if (id) {
    add(*id);
  }
  for (const std::int64_t one : ids) {
    told.push_back({one, {}});
  }
  const double temperature = sampling_.temperature > 0 ? sampling_.temperature : 1.0;
  for (const SourceInfo& source : sources()) {
    const std::span<const float> logits = generation_.logits(source.source);
    if (logits.empty()) {
      continue;
    }
    const auto most = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    const double all = mass(logits, most, temperature);
    for (report::TextCandidate& candidate : told) {
      const float logit = logits[static_cast<std::size_t>(candidate.id)];
      const double weight = numerics::exp_f64((static_cast<double>(logit) - most) / temperature);
      candidate.odds.push_back({source.name, logit, weight / all});
    }
  }
  return told;
}

Result<report::TextStep> Text::feed(std::span<const std::int64_t> ids) {
  if (ids.empty()) {
    return Diagnostic{
      .code = "E_PROMPT",
      .message = "the prompt is empty, and there is nothing to go on with",
      .hint = "give at least one token"};
  }
  std::vector<std::int64_t> coming;
  if (pending_) {
    coming.push_back(chosen_.back());
  }
  coming.insert(coming.end(), ids.begin(), ids.end());
  if (Status able = generation_.check(coming); !able) {
    return able.diagnostics();
  }
  report::TextStep step;
  if (Status ran = run_pending(step); !ran) {
    return ran.diagnostics();
  }
  // One run after the other: the digest is the same for whoever gives the prompt in pieces of this
  // size.
  const auto most = static_cast<std::size_t>(generation_.chunk());
  for (std::size_t at = 0; at < ids.size(); at += most) {
    if (Status ran = run(ids.subspan(at, std::min(most, ids.size() - at)), step); !ran) {
      return ran.diagnostics();
    }
  }
  step.position = generation_.position();
  step.digest = digest_;
  return step;
}

Result<report::TextStep> Text::next() {
  if (generation_.position() == 0) {
    return Diagnostic{
      .code = "E_PROMPT",
      .message = "no token was given to go on with",
      .hint = "give a prompt first"};
  }
  report::TextStep step;
  if (Status ran = run_pending(step); !ran) {
    return ran.diagnostics();
  }
  const std::int64_t id = sampler_.choose(generation_.logits());
  chosen_.push_back(id);
  pending_ = true;
  Sha256 sha;
  sha.update({reinterpret_cast<const std::uint8_t*>(digest_.data()), digest_.size()});
  hash(sha, static_cast<std::uint64_t>(id));
  digest_ = sha.finish_hex();
  step.id = id;
  step.position = generation_.position();
  step.candidates = candidates(id);
  step.attention = attention_;
  step.digest = digest_;
  return step;
}

} // namespace plena::driver
