// Texts token by token, on a model of seeded weights.
#include "driver/generation.h"

#include "driver/session.h"
#include "driver/tools.h"
#include "unit/driver/tiny_text.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>

using namespace plena;
using namespace plena::driver;

namespace {

std::string rendered(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& one : diagnostics) {
    text += render(one) + "\n";
  }
  return text;
}

ModelFile file_of(std::string name, const std::string& text) {
  return {std::move(name), text.size(), [text](std::uint64_t offset, std::span<std::uint8_t> bytes) {
            std::memcpy(bytes.data(), text.data() + offset, bytes.size());
            return Status(Done{});
          }};
}

Result<Generation> try_to_make(
  GenerationOptions options, const char* machine = "m16b4", const std::string& model = tiny
) {
  Session session;
  const Result<Preset> settings = preset(machine);
  REQUIRE(settings);
  REQUIRE(session.set_settings(machine, settings->toml));
  const ModelFile file = file_of("tiny.json", model);
  return session.generation("tiny.json", std::span(&file, 1), std::move(options));
}

Generation make(GenerationOptions options, const char* machine = "m16b4") {
  Result<Generation> made = try_to_make(std::move(options), machine);
  INFO(rendered(made.diagnostics()));
  REQUIRE(made.ok());
  return std::move(*made);
}

std::vector<GenerationRun> feed(Generation& text, std::span<const std::int64_t> ids) {
  Result<std::vector<GenerationRun>> runs = text.feed(ids);
  INFO(rendered(runs.diagnostics()));
  REQUIRE(runs.ok());
  return *runs;
}

std::vector<float> logits(const Generation& text, Source source = Source::Machine) {
  const std::span<const float> found = text.logits(source);
  return {found.begin(), found.end()};
}

void check_refused(const Diagnostics& diagnostics, const char* code) {
  REQUIRE_FALSE(diagnostics.empty());
  INFO(rendered(diagnostics));
  CHECK(diagnostics.front().code == code);
  CHECK_FALSE(diagnostics.front().hint.empty());
}

} // namespace

TEST_CASE("generation: the machine has what the hardware reference has, to the bit") {
  for (const char* machine : {"m16b4", "m64b16"}) {
    for (const char* choices : {"{}", R"({"opt": "dense"})"}) {
      Generation text = make({.choices = choices, .capacity = 20, .references = true}, machine);
      std::vector<GenerationRun> runs = feed(text, prompt);
      Sampler sampler(0, 0);
      while (text.position() < 12) {
        const std::int64_t id = sampler.choose(text.logits());
        const std::vector<GenerationRun> more = feed(text, std::span(&id, 1));
        runs.insert(runs.end(), more.begin(), more.end());
      }
      CHECK(runs.size() == 7);
      for (const GenerationRun& run : runs) {
        INFO(machine << " " << choices << ", position " << run.position);
        REQUIRE(run.check);
        CHECK(run.check->differing == 0);
        CHECK(run.check->compared > 0);
        CHECK(run.check->price < 0.5);
      }
    }
  }
}

TEST_CASE("generation: a model may ask for a machine with other tiles") {
  std::string wide = tiny;
  const std::string run = R"("run":{"seq_len":4})";
  wide.replace(
    wide.find(run), run.size(), R"("run":{"seq_len":4,"hardware":{"mlen":64,"blen":4,"hlen":16,"broadcast":4}})"
  );
  Result<Generation> made = try_to_make({.capacity = 20, .references = true}, "m16b4", wide);
  INFO(rendered(made.diagnostics()));
  REQUIRE(made.ok());
  for (const GenerationRun& run_of : feed(*made, prompt)) {
    CHECK(run_of.check->differing == 0);
  }
}

TEST_CASE("generation: a prompt at once, in pieces or token by token leaves the same text") {
  // Whatever rows come together, each has its own products.
  std::vector<std::vector<float>> found;
  std::vector<std::vector<float>> exact;
  for (const std::int64_t chunk : {std::int64_t{6}, std::int64_t{4}, std::int64_t{1}}) {
    Generation text = make({.capacity = 20, .chunk = chunk, .references = true});
    const std::vector<GenerationRun> runs = feed(text, prompt);
    CHECK(runs.size() == static_cast<std::size_t>((6 + chunk - 1) / chunk));
    CHECK(text.position() == 6);
    found.push_back(logits(text));
    exact.push_back(logits(text, Source::Fp32));
  }
  CHECK(found[1] == found[0]);
  CHECK(found[2] == found[0]);
  CHECK(exact[1] == exact[0]);
  CHECK(exact[2] == exact[0]);
}

TEST_CASE("generation: a token costs one token's work, wherever it comes") {
  Generation text = make({.capacity = 40});
  const std::int64_t id = 7;
  std::vector<GenerationRun> runs;
  for (int i = 0; i < 40; ++i) {
    runs.push_back(feed(text, std::span(&id, 1)).front());
  }
  for (const GenerationRun& run : runs) {
    CHECK(run.instructions == runs.front().instructions);
    CHECK(static_cast<double>(run.cycles) == Approx(static_cast<double>(runs.front().cycles)).epsilon(0.02));
  }
  // The same program throughout: nothing is compiled between tokens.
  CHECK(text.programs().size() == 1);
}

TEST_CASE("generation: a new text starts from nothing") {
  Generation text = make({.capacity = 20, .references = true});
  feed(text, prompt);
  const std::vector<float> first = logits(text);
  const std::int64_t id = 1;
  feed(text, std::span(&id, 1));
  CHECK(logits(text) != first);
  feed(text, prompt); // rows that the next text does not reach
  text.restart();
  CHECK(text.position() == 0);
  CHECK(text.logits().empty());
  for (const GenerationRun& run : feed(text, prompt)) {
    CHECK(run.check->differing == 0);
  }
  CHECK(logits(text) == first);
}

TEST_CASE("generation: what cannot be gone on with is refused with a remedy") {
  Generation text = make({.capacity = 8});
  feed(text, prompt);
  check_refused(text.feed(std::vector<std::int64_t>{1, 2, 3}).diagnostics(), "E_KV_CACHE");
  check_refused(text.feed(std::vector<std::int64_t>{96}).diagnostics(), "E_RANGE");
  check_refused(text.feed(std::vector<std::int64_t>{-1}).diagnostics(), "E_RANGE");
  CHECK(text.position() == 6);
  feed(text, std::vector<std::int64_t>{1, 2});
  check_refused(text.feed(std::vector<std::int64_t>{1}).diagnostics(), "E_KV_CACHE");

  check_refused(try_to_make({.capacity = 0}).diagnostics(), "E_KV_CACHE");
  for (const std::int64_t much : {std::int64_t{65537}, std::numeric_limits<std::int64_t>::max()}) {
    check_refused(try_to_make({.capacity = much}).diagnostics(), "E_RESOURCE");
  }
  check_refused(try_to_make({.choices = "{"}).diagnostics(), "E_OPTIONS");
  std::string headless = tiny;
  headless.replace(headless.find(R"("lm_head":{"kind":"tied","where":"device"})"), 42, R"("lm_head":{"kind":"none"})");
  check_refused(try_to_make({.capacity = 8}, "m16b4", headless).diagnostics(), "E_KV_CACHE");
  const std::string graph = R"({"plena_model":1, "name":"g", "family":"graph",
    "graph":{"inputs":[{"name":"x","shape":[4,8]}], "constants":{},
     "nodes":[{"op":"silu","inputs":["x"],"outputs":["y"]}], "outputs":["y"]},
    "weights":{"source":"inline","tensors":{}},
    "input":{"kind":"tensor","tensor":{"name":"x","shape":[4,8],"generator":"ih4","seed":7,"std":1}}})";
  check_refused(try_to_make({.capacity = 8}, "m16b4", graph).diagnostics(), "E_KV_CACHE");
}

TEST_CASE("sampler: the largest, or by chance as the temperature says") {
  const std::vector<float> some{1.0f, 3.0f, 3.0f, -2.0f};
  CHECK(Sampler(0, 1).choose(some) == 1);
  CHECK(Sampler(-1, 1).choose(some) == 1);
  std::map<std::int64_t, int> counts;
  Sampler warm(1, 7);
  Sampler again(1, 7);
  for (int i = 0; i < 4000; ++i) {
    const std::int64_t id = warm.choose(some);
    ++counts[id];
    CHECK(again.choose(some) == id);
  }
  // 1 / e^2 of the largest each for the first, e^-5 for the last.
  const double all = 2 + std::exp(-2) + std::exp(-5);
  CHECK(counts[1] == Approx(4000 / all).epsilon(0.06));
  CHECK(counts[2] == Approx(4000 / all).epsilon(0.06));
  CHECK(counts[0] == Approx(4000 * std::exp(-2) / all).epsilon(0.2));
  CHECK(counts[3] < 40);
}
