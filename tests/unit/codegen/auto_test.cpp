#include "config/timing.h"
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

namespace {

/// Heads of queries over one of keys, packed in rows.
ir::TensorId grouped_attention(Model& model, ir::TensorId q, std::int64_t rows, std::int64_t head) {
  const ir::TensorId k = model.input({rows, head});
  const ir::TensorId v = model.input({rows, head});
  return model.node(
    "attention", {q, k, v}, {{"heads", std::int64_t{4}}, {"kv_heads", std::int64_t{1}}}
  );
}

Model attention(std::int64_t rows, std::int64_t head) {
  Model model;
  model.output(grouped_attention(model, model.input({rows, 4 * head}), rows, head));
  REQUIRE(ops::infer_shapes(model.graph));
  return model;
}

/// Operators that profiles and kinds of products treat differently, one after the other.
Model decoder(std::int64_t rows, std::int64_t head) {
  Model model;
  const std::int64_t cols = 4 * head;
  const ir::TensorId x = model.input({rows, cols});
  const ir::TensorId h = model.node("rms_norm", {x}, {{"eps", 1e-5}});
  const ir::TensorId q = model.node("linear", {h, model.constant({cols, cols})});
  const ir::TensorId o = grouped_attention(model, q, rows, head);
  const ir::TensorId y = model.node("add", {x, model.node("linear", {o, model.constant({cols, cols})})});
  const ir::TensorId up = model.node("silu", {model.node("linear", {y, model.constant({cols, 2 * cols})})});
  model.output(model.node("linear", {up, model.constant({2 * cols, cols})}));
  REQUIRE(ops::infer_shapes(model.graph));
  return model;
}

} // namespace

TEST_CASE("auto never costs more than both kinds, and takes the cheaper one at every node", "[unit][codegen]") {
  struct Case {
    std::string name;
    config::Config config;
    std::uint32_t hlen;
    Model model;
  };
  // Grouped attention on wide tiles costs nearly the same with both kinds; waits, left out here, would
  // turn the scale.
  const Case cases[]{
    {"attention, MLEN 128", machine(128, 16), 32, attention(128, 32)},
    {"attention, MLEN 64", machine(64, 4), 16, attention(64, 16)},
    {"decoder, MLEN 128", machine(128, 16), 32, decoder(128, 32)},
    {"decoder of few rows, MLEN 64", machine(64, 16), 16, decoder(16, 16)},
    {"decoder, MLEN 16", machine(16, 4), 4, decoder(16, 4)},
  };
  for (const auto& [name, given, hlen, model] : cases) {
    config::Config config = given;
    config.hlen = hlen;
    config.broadcast_amount = config.mlen / hlen;
    const codegen::Compiled portable = compile(model, config, asking(Strategy::Portable));
    const codegen::Compiled dense = compile(model, config, asking(Strategy::Dense));
    for (const CostProfile profile : {CostProfile::emulator, CostProfile::analytic}) {
      const codegen::Compiled chosen = compile(model, config, asking(Strategy::Auto, profile));
      const std::uint64_t with_portable = cycles_of(portable, config, profile);
      const std::uint64_t with_dense = cycles_of(dense, config, profile);
      const std::uint64_t cycles = cycles_of(chosen, config, profile);
      INFO(
        name << " under the " << config::to_string(profile) << " profile: portable " << with_portable
             << ", dense " << with_dense << ", auto " << cycles
      );
      CHECK(cycles <= with_portable);
      CHECK(cycles <= with_dense);
      const std::size_t nodes = model.graph.nodes.size();
      const auto by_node = [&](const codegen::Compiled& compiled) {
        return cost::price_by_part(compiled.program, compiled.node_of_word, nodes, config, profile);
      };
      const std::vector<cost::Price> of_portable = by_node(portable);
      const std::vector<cost::Price> of_dense = by_node(dense);
      for (const std::uint32_t node : chosen.prices->product_nodes) {
        INFO(
          model.graph.nodes[node].name << ": portable " << of_portable[node].cycles << ", dense "
                                       << of_dense[node].cycles
        );
        CHECK(chosen.plan.is_dense(node) == (of_dense[node].cycles < of_portable[node].cycles));
      }
    }
  }
}

TEST_CASE("a model without products has one program on every machine", "[unit][codegen]") {
  Model model;
  model.output(model.node("silu", {model.input({16, 64})}));
  REQUIRE(ops::infer_shapes(model.graph));
  config::Config config = machine(64, 4);
  const codegen::Compiled portable = compile(model, config, asking(Strategy::Portable));
  for (const std::uint32_t broadcast : {4u, 2u}) { // 2 do not fill a row: no whole-tile products
    config.broadcast_amount = broadcast;
    for (const Strategy strategy : {Strategy::Dense, Strategy::Auto}) {
      const codegen::Compiled same = compile(model, config, asking(strategy));
      CHECK((same.program.words == portable.program.words));
      REQUIRE(same.prices);
      CHECK(same.prices->product_nodes.empty());
      REQUIRE(same.prices->portable);
      REQUIRE(same.prices->dense);
      CHECK(same.prices->portable->emulator == same.prices->chosen.emulator);
      CHECK(same.prices->dense->analytic == same.prices->chosen.analytic);
      CHECK(same.prices->chosen.analytic == cycles_of(portable, config, CostProfile::analytic));
    }
  }
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
