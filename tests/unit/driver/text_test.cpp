// Texts as the page and links have them.
#include "driver/text.h"

#include "driver/tools.h"
#include "unit/driver/tiny_text.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

using namespace plena;
using namespace plena::driver;

namespace {

const ModelFile file{
  "tiny.json", tiny.size(), [](std::uint64_t offset, std::span<std::uint8_t> bytes) {
    std::memcpy(bytes.data(), tiny.data() + offset, bytes.size());
    return Status(Done{});
  }};

void prepare(Session& session) {
  const Result<Preset> settings = preset("m16b4");
  REQUIRE(settings);
  REQUIRE(session.set_settings("m16b4", settings->toml));
}

Text make(GenerationOptions options) {
  Session session;
  prepare(session);
  Result<Text> made = Text::create(session, "tiny.json", std::span(&file, 1), std::move(options));
  REQUIRE(made);
  return std::move(*made);
}

/// The prompt and so many tokens.
std::vector<std::int64_t> write(Text& text, Sampling sampling, std::size_t count) {
  text.start(sampling);
  REQUIRE(text.feed(prompt));
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(text.next());
  }
  return text.chosen();
}

} // namespace

TEST_CASE("text: what is chosen is what the sampler chooses of the generation's logits") {
  Text text = make({.capacity = 40});
  const Sampling warm{8, 11};
  const std::vector<std::int64_t> found = write(text, warm, 12);
  Session session;
  prepare(session);
  auto plain = session.generation("tiny.json", std::span(&file, 1), {.capacity = 40});
  REQUIRE(plain);
  Sampler sampler(warm.temperature, warm.seed);
  REQUIRE(plain->feed(prompt));
  std::vector<std::int64_t> expected;
  for (int i = 0; i < 12; ++i) {
    const std::int64_t id = sampler.choose(plain->logits());
    expected.push_back(id);
    REQUIRE(plain->feed(std::span(&id, 1)));
  }
  CHECK(found == expected);
  CHECK(std::set<std::int64_t>(found.begin(), found.end()).size() >= 3);
}

TEST_CASE("text: the digest is that of the text, and of nothing else") {
  Text text = make({.capacity = 40});
  CHECK(text.digest().empty());
  const std::vector<std::int64_t> first = write(text, {8, 11}, 8);
  const std::string digest = text.digest();
  CHECK(digest.size() == 64);
  CHECK(write(text, {8, 11}, 8) == first);
  CHECK(text.digest() == digest);
  write(text, {8, 12}, 8);
  CHECK(text.digest() != digest);
  write(text, {8, 11}, 7);
  CHECK(text.digest() != digest);
  REQUIRE(text.next()); // going on is the same as having asked for more
  CHECK(text.chosen() == first);
  CHECK(text.digest() == digest);
  // References beside change nothing of it; another context does, for its rows are read.
  Text checked = make({.capacity = 40, .references = true});
  write(checked, {8, 11}, 8);
  CHECK(checked.digest() == digest);
  Text longer = make({.capacity = 80});
  CHECK(write(longer, {8, 11}, 8) == first);
  CHECK(longer.digest() != digest);
}

TEST_CASE("text: the digest does not tell in which pieces a long prompt was given") {
  const std::vector<std::int64_t> ids(20, 7);
  Text text = make({.capacity = 40});
  REQUIRE(text.basics().chunk == 16);
  text.start({8, 11});
  const Result<report::TextStep> whole = text.feed(ids);
  REQUIRE(whole);
  CHECK(whole->runs.size() == 2);
  CHECK(whole->position == 20);
  text.start({8, 11});
  REQUIRE(text.feed(std::span(ids).first(16)));
  REQUIRE(text.feed(std::span(ids).subspan(16)));
  CHECK(text.digest() == whole->digest);
  // A prompt that is too long leaves nothing behind, however many pieces would have had room.
  text.start({8, 11});
  CHECK_FALSE(text.feed(std::vector<std::int64_t>(41, 7)));
  CHECK(text.digest().empty());
}

TEST_CASE("text: what is given after a choice stands behind what was chosen") {
  Text text = make({.capacity = 40});
  text.start({0, 0});
  REQUIRE(text.feed(prompt));
  const Result<report::TextStep> chosen = text.next();
  REQUIRE(chosen);
  const std::vector<std::int64_t> more{5, 6};
  const Result<report::TextStep> mixed = text.feed(more);
  REQUIRE(mixed);
  CHECK(mixed->position == 9);
  const Result<report::TextStep> after = text.next();
  REQUIRE(after);
  CHECK(after->runs.empty()); // nothing is left of what was chosen before
  Session session;
  prepare(session);
  auto plain = session.generation("tiny.json", std::span(&file, 1), {.capacity = 40});
  REQUIRE(plain);
  for (const std::vector<std::int64_t>& ids : {prompt, {*chosen->id}, more}) {
    REQUIRE(plain->feed(ids));
  }
  CHECK(*after->id == Sampler(0, 0).choose(plain->logits()));
}

TEST_CASE("text: a step tells of the runs before it and of what was chosen from") {
  Text text = make({.capacity = 20, .references = true});
  text.start({0, 0});
  const Result<report::TextStep> given = text.feed(prompt);
  REQUIRE(given);
  CHECK_FALSE(given->id);
  CHECK(given->position == 6);
  CHECK(given->runs.size() == 1);
  CHECK(given->programs.size() == 1); // that for six tokens
  const Result<report::TextStep> first = text.next();
  REQUIRE(first);
  CHECK(first->runs.empty()); // chosen from the prompt's logits
  const Result<report::TextStep> second = text.next();
  REQUIRE(second);
  CHECK(second->runs.size() == 1);
  CHECK(second->runs.front().tokens == 1);
  CHECK(second->runs.front().cycles > 0);
  CHECK(second->runs.front().differing == 0);
  CHECK(second->position == 7);
  CHECK(second->programs.empty());
  CHECK(second->candidates.size() >= 8);
  CHECK(second->candidates.front().id == second->id); // temperature 0: the likeliest
  for (const report::TextCandidate& one : second->candidates) {
    REQUIRE(one.odds.size() == 3);
    CHECK(one.odds[0].source == "machine");
    CHECK(one.odds[0].chance > 0);
    CHECK(one.odds[0].chance < 1);
    // The machine is its reference to the bit.
    CHECK(one.odds[0].logit == one.odds[1].logit);
  }
  const auto json = nlohmann::json::parse(report::text_step(*second));
  CHECK(json["id"] == *second->id);
  CHECK(json["candidates"][0]["fp32"]["chance"].is_number());
  CHECK(json["runs"][0]["check"]["differing"] == 0);
  CHECK(json["digest"] == text.digest());
}

TEST_CASE("text: chances are those of the temperature, and add up to one") {
  Text text = make({.capacity = 20});
  text.start({2.5, 0});
  REQUIRE(text.feed(prompt));
  const Result<report::TextStep> step = text.next();
  REQUIRE(step);
  double sum = 0;
  for (const report::TextCandidate& one : step->candidates) {
    REQUIRE(one.odds.size() == 1); // no references
    sum += one.odds[0].chance;
  }
  CHECK(sum < 1);
  const auto& top = step->candidates;
  const double ratio = top[0].odds[0].chance / top[1].odds[0].chance;
  const double apart = static_cast<double>(top[0].odds[0].logit) - static_cast<double>(top[1].odds[0].logit);
  CHECK(ratio == Approx(std::exp(apart / 2.5)));
}

TEST_CASE("text: attention of the token that has run is told where references run") {
  for (const bool references : {false, true}) {
    Text text = make({.capacity = 40, .references = references});
    text.start({});
    REQUIRE(text.feed(prompt));
    for (std::size_t i = 0; i < 3; ++i) {
      const Result<report::TextStep> step = text.next();
      REQUIRE(step);
      REQUIRE(step->attention.size() == (references ? 2 : 0));
      for (const report::AttentionFacts& layer : step->attention) {
        CHECK(layer.heads == 4);
        CHECK(layer.keys == prompt.size() + i);
        REQUIRE(layer.weights.size() == layer.heads * layer.keys);
        for (std::size_t head = 0; head < layer.heads; ++head) {
          double sum = 0;
          for (std::size_t key = 0; key < layer.keys; ++key) {
            sum += static_cast<double>(layer.weights[static_cast<std::size_t>(head * layer.keys + key)]);
          }
          CHECK(std::abs(sum - 1) < 0.03);
        }
      }
    }
  }
}

TEST_CASE("text: what is told of it has its caches") {
  Text text = make({.capacity = 20});
  const report::TextBasics basics = text.basics();
  CHECK(basics.vocabulary == 96);
  CHECK(basics.capacity == 20);
  CHECK(basics.chunk == 16);
  CHECK(basics.programs.size() == 1);
  REQUIRE(basics.caches.size() == 4); // keys and values of two layers
  std::uint64_t end = 0;
  for (const report::TextCache& cache : basics.caches) {
    CHECK(cache.rows % 16 == 0); // whole tiles
    CHECK(cache.rows >= 20);
    CHECK(cache.cols == 32);
    CHECK(cache.bytes >= 32 * 32);
    CHECK(cache.address >= end); // one after the other
    end = cache.address + cache.bytes;
  }
  const auto json = nlohmann::json::parse(report::text_info(basics, 7));
  CHECK(json["text"] == 7);
  CHECK(json["caches"].size() == 4);
}

TEST_CASE("text: what cannot be gone on with is refused with a remedy") {
  Text text = make({.capacity = 8});
  const auto refused = [](const Result<report::TextStep>& step, const char* code) {
    REQUIRE_FALSE(step);
    CHECK(step.diagnostics().front().code == code);
    CHECK_FALSE(step.diagnostics().front().hint.empty());
  };
  text.start({0, 1});
  refused(text.next(), "E_PROMPT");
  refused(text.feed({}), "E_PROMPT");
  refused(text.feed(std::vector<std::int64_t>{96}), "E_RANGE");
  refused(text.feed(std::vector<std::int64_t>(9, 1)), "E_KV_CACHE");
  REQUIRE(text.feed(prompt));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(text.next()); // the third is chosen when eight have run
  }
  refused(text.next(), "E_KV_CACHE");
  CHECK(text.chosen().size() == 3);
  text.start({0, 1});
  CHECK(text.chosen().empty());
  CHECK(text.feed(prompt));
}
