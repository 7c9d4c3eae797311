#include "unit/codegen/harness.h"
#include "cost/price.h"
#include "emu/timing.h"

#include <functional>

using namespace plena;
using tests::Model;

namespace {

struct Clocked {
  std::uint64_t cycles = 0;
  std::uint64_t executed = 0;
};

Clocked run(
  const codegen::Compiled& compiled, const config::Config& config, const config::Timing& timing
) {
  emu::Images images;
  images.hbm = compiled.hbm;
  images.fp_sram = compiled.fp_sram;
  images.int_sram = compiled.int_sram;
  images.vram = compiled.vector_sram;
  emu::Options options;
  options.hbm_bytes = compiled.hbm_bytes;
  Result<emu::Machine> machine = emu::Machine::create(config, images, options);
  REQUIRE(machine);
  REQUIRE_FALSE(machine->load(compiled.program).has_value());
  emu::Timing clock(config, timing, compiled.program);
  REQUIRE(machine->run(std::uint64_t{1} << 32, &clock).reason == emu::RunResult::Reason::Done);
  return {clock.cycles(), machine->counters().executed};
}

/// A chain of operators with products, rows and reductions.
void block(Model& model) {
  const ir::TensorId x = model.input({24, 40});
  const ir::TensorId h = model.node("rms_norm", {x}, {{"eps", 1e-5}});
  const ir::TensorId g = model.node("silu", {model.node("linear", {h, model.constant({40, 72})})});
  const ir::TensorId down = model.node("linear", {g, model.constant({72, 40})});
  model.output(model.node("softmax", {model.node("add", {x, down})}));
}

void rows(Model& model) {
  const ir::TensorId x = model.input({19, 33});
  model.output(model.node("gelu", {model.node("layer_norm", {x})}));
}

void stored(Model& model) {
  const ir::TensorId q = model.input({20, 32});
  const ir::TensorId k = model.input({20, 32});
  const ir::TensorId v = model.input({20, 32});
  model.output(model.node("attention", {q, k, v}, {{"heads", std::int64_t{2}}, {"kv_heads", std::int64_t{2}}}));
}

} // namespace

TEST_CASE("a program's price is what the emulator counts, but for the waits for memory", "[unit][codegen]") {
  using Build = void (*)(Model&);
  for (const auto& [name, build] :
       {std::pair<std::string, Build>{"block", block}, {"rows", rows}, {"attention", stored}}) {
    Model model;
    build(model);
    REQUIRE(ops::infer_shapes(model.graph));
    config::Config config = tests::machine(16, 4);
    config.hlen = 4;
    config.broadcast_amount = 4;
    for (const ops::Strategy strategy : {ops::Strategy::Portable, ops::Strategy::Dense}) {
      for (const codegen::Unroll unroll : {codegen::Unroll::None, codegen::Unroll::All}) {
        codegen::Options options;
        options.strategy = strategy;
        options.unroll = unroll;
        const Result<codegen::Compiled> compiled =
          codegen::compile(model.graph, config, model.inputs, options);
        INFO(name << " " << tests::rendered(compiled.diagnostics()));
        REQUIRE(compiled);
        for (const config::CostProfile profile :
             {config::CostProfile::emulator, config::CostProfile::analytic}) {
          const cost::Price price = cost::price(compiled->program, config, profile);
          config::Timing timing;
          timing.cost_profile = profile;
          timing.memory_model = config::MemoryModel::ideal;
          const Clocked clocked = run(*compiled, config, timing);
          CHECK(price.cycles == clocked.cycles);
          CHECK(price.executed == clocked.executed);
          CHECK(price.executed == compiled->executed);
          CHECK(price.transfers > 0);

          // With a memory the run takes longer under the emulator's profile, and no longer under the other.
          timing.memory_model = config::MemoryModel::hbm2;
          const std::uint64_t waited = run(*compiled, config, timing).cycles;
          CHECK((profile == config::CostProfile::emulator ? waited > price.cycles : waited == price.cycles));

          // By node, with the words of no node as one more part.
          const std::size_t nodes = model.graph.nodes.size();
          std::vector<std::uint32_t> parts = compiled->node_of_word;
          for (std::uint32_t& part : parts) {
            part = std::min(part, static_cast<std::uint32_t>(nodes));
          }
          cost::Price sum;
          for (const cost::Price& part :
               cost::price_by_part(compiled->program, parts, nodes + 1, config, profile)) {
            sum.cycles += part.cycles;
            sum.executed += part.executed;
            sum.transfers += part.transfers;
          }
          CHECK(sum.cycles == price.cycles);
          CHECK(sum.executed == price.executed);
          CHECK(sum.transfers == price.transfers);
        }
      }
    }
  }
}
