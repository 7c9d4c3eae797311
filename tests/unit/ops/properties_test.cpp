// What every operator has to keep, on random shapes and attributes, on machines of all sizes and with
// both kinds of matrix products: machine and hardware reference agree within the operator's bound,
// both lie near the mathematical result, and programs with and without loops give the same numbers.
#include "config/config.h"
#include "ops/registry.h"
#include "ops_cases/compiler.h"
#include "unit/ops/generators.h"

#include <algorithm>
#include <set>

using namespace plena;
using namespace plena::tests;

namespace {

#ifdef __EMSCRIPTEN__
constexpr bool one_round = true;
#else
constexpr bool one_round = false;
#endif

config::Config preset(const char* name) {
  const config::Preset* found = config::find_preset(name);
  REQUIRE(found != nullptr);
  const Result<config::Config> config = config::load(found->toml, name);
  REQUIRE(config.ok());
  return *config;
}

/// Programs of up to this many executed instructions are written out as well.
constexpr std::uint64_t small = 20'000;

void check_sample(
  const config::Config& config, const Generator& generator, std::uint64_t seed, bool dense
) {
  Sample sample;
  Dice dice(seed, config);
  generator.make(dice, sample);
  codegen::Options options;
  set_form(options, dense, false);
  const Run rolled = run(sample.model, config, options);
  for (const golden::OutputVerdict& output : rolled.verdict.outputs) {
    INFO(
      ops::to_string(sample.model.graph.tensor(output.tensor).shape)
      << " against fp32: relative RMS " << output.fp32_vs_machine.rel_rms
    );
    CHECK(output.fp32_vs_machine.rel_rms <= sample.fp32_rms);
  }
  if (has_unrolling<codegen::Options> && rolled.executed <= small) {
    set_form(options, dense, true);
    const Run unrolled = run(sample.model, config, options);
    CHECK((unrolled.machine == rolled.machine));
    CHECK(unrolled.compiled.loops == 0);
  }
}

void check_machine(const char* name, std::uint64_t wanted) {
  const std::uint64_t rounds = one_round ? 1 : wanted;
  const config::Config config = preset(name);
  for (const Generator& generator : generators()) {
    if (ops::find(generator.op) == nullptr) {
      continue; // PENDING
    }
    for (std::uint64_t round = 0; round < rounds; ++round) {
      INFO(generator.op << " on " << name << ", round " << round);
      const std::uint64_t seed = round * 1000 + config.mlen + config.blen;
      check_sample(config, generator, seed, false);
      if (has_strategies<codegen::Options>) {
        check_sample(config, generator, seed, true);
      }
    }
  }
}

} // namespace

TEST_CASE("every operator has a generator of samples, every generator an operator") {
  std::set<std::string_view> generated;
  for (const Generator& generator : generators()) {
    CHECK(generated.insert(generator.op).second);
  }
  for (const ops::Op& op : ops::all()) {
    INFO(op.name << " has no generator in generators.cpp");
    CHECK(generated.count(op.name) == 1);
  }
}

// A case for each machine, by whose tag it can be run alone, of so many samples an operator: those of the
// widest machine cost the most.
#define ON_MACHINE(name, rounds)                                                                   \
  TEST_CASE("machine, references and both forms of programs agree on " name, "[" name "]") {       \
    check_machine(name, rounds);                                                                   \
  }
ON_MACHINE("m16b4", 40)
ON_MACHINE("m32b8", 40)
ON_MACHINE("m64b4", 40)
ON_MACHINE("m64b16", 40)
ON_MACHINE("m256b64", 15)
#undef ON_MACHINE
