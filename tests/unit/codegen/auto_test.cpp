#include "cost/price.h"
#include "unit/codegen/harness.h"

using namespace plena;
using config::CostProfile;
using ops::Strategy;
using tests::Model;

namespace {

config::Config machine(std::uint32_t mlen, std::uint32_t blen) {
  config::Config config = tests::machine(mlen, blen);
  config.hlen = 16;
  config.broadcast_amount = mlen / config.hlen;
  return config;
}

Model linear(std::int64_t rows, std::int64_t in, std::int64_t out) {
  Model model;
  const ir::TensorId x = model.input({rows, in});
  model.output(model.node("linear", {x, model.constant({in, out})}));
  REQUIRE(ops::infer_shapes(model.graph));
  return model;
}

codegen::Options
asking(Strategy strategy, std::optional<CostProfile> profile = std::nullopt) {
  codegen::Options options;
  options.strategy = strategy;
  options.cost_profile = profile;
  return options;
}

codegen::Compiled
compile(const Model& model, const config::Config& config, const codegen::Options& options) {
  Result<codegen::Compiled> compiled = codegen::compile(model.graph, config, model.inputs, options);
  INFO(tests::rendered(compiled.diagnostics()));
  REQUIRE(compiled);
  return std::move(compiled).value();
}

std::uint64_t cycles_of(
  const codegen::Compiled& compiled, const config::Config& config, CostProfile profile
) {
  return cost::price(compiled.program, config, profile).cycles;
}

} // namespace

TEST_CASE("auto takes the products that cost less under the profile in force", "[unit][codegen]") {
  struct Case {
    config::Config config;
    Model model;
    bool dense_for_emulator;
  };
  const Case cases[]{
    {machine(64, 4), linear(64, 64, 128), true},
    {machine(64, 4), linear(4, 64, 128), true},
    // 16 rows are one row of results; a whole tile takes as long as that of 128.
    {machine(128, 16), linear(16, 128, 256), false},
  };
  for (const auto& [config, model, dense_for_emulator] : cases) {
    const codegen::Compiled portable = compile(model, config, asking(Strategy::Portable));
    const codegen::Compiled dense = compile(model, config, asking(Strategy::Dense));
    CHECK(portable.program.words != dense.program.words);
    for (const CostProfile profile : {CostProfile::emulator, CostProfile::analytic}) {
      const bool cheaper = cycles_of(dense, config, profile) < cycles_of(portable, config, profile);
      CHECK(cheaper == (profile == CostProfile::emulator && dense_for_emulator));
      const codegen::Compiled chosen = compile(model, config, asking(Strategy::Auto, profile));
      CHECK((chosen.program.words == (cheaper ? dense : portable).program.words));
      CHECK(chosen.plan.is_dense(0) == cheaper);

      config::Config settings = config;
      settings.timing.cost_profile = profile;
      CHECK((compile(model, settings, asking(Strategy::Auto)).program.words == chosen.program.words));
    }
  }
}

TEST_CASE("every node has the products that cost it less, and the golden follows", "[unit][codegen]") {
  Model model;
  const ir::TensorId tall = model.input({128, 128});
  const ir::TensorId flat = model.input({16, 128});
  model.output(model.node("silu", {model.node("linear", {tall, model.constant({128, 128})})}));
  model.output(model.node("linear", {flat, model.constant({128, 256})}));
  const config::Config config = machine(128, 16);
  const tests::Run run = tests::run(model, config, asking(Strategy::Auto, CostProfile::emulator));
  REQUIRE(run.compiled.prices);
  const codegen::ProductPrices& prices = *run.compiled.prices;
  CHECK(prices.profile == CostProfile::emulator);
  CHECK(prices.product_nodes == std::vector<std::uint32_t>{0, 2});
  CHECK(prices.dense_nodes == std::vector<std::uint32_t>{0});
  REQUIRE(prices.portable);
  REQUIRE(prices.dense);
  CHECK(prices.chosen.emulator < prices.portable->emulator);
  CHECK(prices.chosen.emulator < prices.dense->emulator);
  CHECK(run.verdict.pass);

  const codegen::Compiled portable = compile(model, config, asking(Strategy::Portable));
  CHECK_FALSE(portable.prices.has_value());
  const codegen::Compiled dense = compile(model, config, asking(Strategy::Dense));
  REQUIRE(dense.prices);
  CHECK(dense.prices->dense_nodes == dense.prices->product_nodes);
  CHECK(dense.prices->chosen.emulator == dense.prices->dense->emulator);
  CHECK(prices.portable->emulator == cycles_of(portable, config, CostProfile::emulator));
  CHECK(prices.portable->analytic == cycles_of(portable, config, CostProfile::analytic));
  CHECK(prices.dense->emulator == cycles_of(dense, config, CostProfile::emulator));
  CHECK(prices.dense->analytic == cycles_of(dense, config, CostProfile::analytic));
  CHECK(prices.chosen.analytic == cycles_of(run.compiled, config, CostProfile::analytic));
  CHECK(dense.prices->portable->emulator == prices.portable->emulator);
}

TEST_CASE("auto does without dense products where there are none", "[unit][codegen]") {
  const Model model = linear(64, 64, 128);
  config::Config config = machine(64, 4);
  config.broadcast_amount = 2; // no longer fills a row
  REQUIRE_FALSE(codegen::compile(model.graph, config, model.inputs, asking(Strategy::Dense)));
  const codegen::Compiled chosen = compile(model, config, asking(Strategy::Auto));
  CHECK((chosen.program.words == compile(model, config, asking(Strategy::Portable)).program.words));
  REQUIRE(chosen.prices);
  CHECK(chosen.prices->portable.has_value());
  CHECK_FALSE(chosen.prices->dense.has_value());
  CHECK(chosen.prices->dense_nodes.empty());

  // What stands against both is told once.
  const Diagnostics refused =
    codegen::compile(model.graph, config, {}, asking(Strategy::Auto)).diagnostics();
  REQUIRE(refused.size() == 1);
  CHECK(refused.front().code == "E_INPUT");
}
