// Every operator from graph to machine result, over shapes and machines.
#include "harness.h"

using namespace plena;
using namespace plena::tests;

namespace {

struct MachineCase {
  const char* name;
  config::Config config;
};

std::vector<MachineCase> machines() {
  std::vector<MachineCase> cases{
    {"16/4", machine(16, 4)},
    {"32/8", machine(32, 8)},
    {"64/4", machine(64, 4)},
    {"64/16", machine(64, 16)},
    {"256/64", machine(256, 64)}};
  MachineCase odd{"16/4 with transfers of 7 rows", machine(16, 4)};
  odd.config.hbm_v_prefetch_amount = 7;
  cases.push_back(odd);
  MachineCase few{"16/8 with transfers of 1 row", machine(16, 8)};
  few.config.hbm_v_prefetch_amount = 1;
  cases.push_back(few);
  MachineCase pairs{"16/4 with two tiles per transfer", machine(16, 4)};
  pairs.config.hbm_m_prefetch_amount = 32;
  cases.push_back(pairs);
  MachineCase plain{"16/4 with bf16 in HBM", machine(16, 4)};
  plain.config.hbm_m_weight_type = plain.config.hbm_v_act_type = numerics::StorageFormat{};
  plain.config.hbm_m_kv_type = plain.config.hbm_v_kv_type = numerics::StorageFormat{};
  cases.push_back(plain);
  MachineCase e5m2{"32/4 with e5m2", machine(32, 4)};
  e5m2.config.hbm_m_weight_type = {numerics::e5m2, true, 8, numerics::e8m0};
  e5m2.config.hbm_v_act_type = {numerics::e5m2, true, 16, numerics::e8m0};
  cases.push_back(e5m2);
  MachineCase tight{"16/4 with short loops", machine(16, 4)};
  tight.config.max_loop_instructions = 40;
  cases.push_back(tight);
  return cases;
}

template <class F> void on_machines(F&& body) {
  for (const MachineCase& machine : machines()) {
    INFO("machine " << machine.name);
    body(machine.config);
  }
}

} // namespace

TEST_CASE("linear is exact") {
  on_machines([](const config::Config& config) {
    const auto m = static_cast<std::int64_t>(config.mlen);
    for (const auto& [rows, k, n] : std::vector<std::array<std::int64_t, 3>>{
           {1, 1, 1},
           {1, m, m},
           {3, m + 5, 7},
           {5, 3 * m, 2 * m},
           {7, 2 * m - 1, m + 9},
           {m + 1, 5 * m + 3, m / 2}}) {
      for (const bool bias : {false, true}) {
        INFO(rows << " x " << k << " x " << n << (bias ? " with bias" : ""));
        Model model;
        const auto x = model.input({rows, k});
        std::vector<ir::TensorId> operands{x, model.constant({k, n}, 0.3)};
        if (bias) {
          operands.push_back(model.constant({n}));
        }
        model.output(model.node("linear", operands));
        run(model, config);
      }
    }
  });
}

TEST_CASE("rope turns heads that share rows, fill them, or take several") {
  on_machines([](const config::Config& config) {
    const auto m = static_cast<std::int64_t>(config.mlen);
    for (const auto& [rows, heads, width] : std::vector<std::array<std::int64_t, 3>>{
           {5, 4, m / 4},
           {3, 3, m / 2},
           {m, 2, m},
           {2, 3, m - 2},
           {5, 2, m + 2},
           {3, 2, 2 * m},
           {1, 7, 2}}) {
      for (const ops::Strategy strategy : {ops::Strategy::Portable, ops::Strategy::Dense}) {
        INFO(rows << " rows, " << heads << " heads of " << width);
        Model model;
        const auto x = model.input({rows, heads * width});
        const auto cos = model.constant({rows, width});
        const auto sin = model.input({rows, width});
        const auto y = model.node("rope", {x, cos, sin});
        model.output(model.node("rope", {x, cos, sin, y}));
        codegen::Options options;
        options.strategy = strategy;
        run(model, config, options);
      }
    }
  });
}

TEST_CASE("linear keeps its accumulator when K exceeds the Matrix SRAM") {
  for (const std::uint64_t tiles : {1u, 2u, 3u, 5u}) {
    for (const std::uint32_t tiles_per_transfer : {1u, 2u}) {
      if (tiles < tiles_per_transfer) {
        continue;
      }
      for (const std::int64_t k : {3 * 16, 5 * 16 - 1, 7 * 16, 8 * 16}) {
        INFO(tiles << " tiles, " << tiles_per_transfer << " per transfer, K " << k);
        config::Config config = machine(16, 4);
        config.matrix_sram_size = tiles * 16;
        config.hbm_m_prefetch_amount = tiles_per_transfer * 16;
        Model model;
        const auto x = model.input({6, k});
        model.output(model.node("linear", {x, model.constant({k, 37})}));
        run(model, config);
      }
    }
  }
}

TEST_CASE("element-wise operators") {
  on_machines([](const config::Config& config) {
    const auto m = static_cast<std::int64_t>(config.mlen);
    for (const ir::Shape& shape : std::vector<ir::Shape>{
           {1, 1}, {1, m}, {3, m + 1}, {2, 3, 2 * m}, {5, 3 * m - 2}, {m - 1}}) {
      INFO(ops::to_string(shape));
      const ir::Shape row{shape.back()};
      Model model;
      const auto x = model.input(shape, 2.0);
      const auto y = model.input(shape, 3.0);
      const auto v = model.constant(row);
      model.output(model.node("silu", {x}));
      model.output(model.node("gelu", {x}));
      model.output(model.node("gelu", {x}, {{"approximate", std::string("tanh")}}));
      model.output(model.node("gelu", {x}, {{"approximate", std::string("sigmoid1702")}}));
      model.output(model.node("add", {x, y}));
      model.output(model.node("mul", {x, y}));
      model.output(model.node("mul", {x, x}));
      model.output(model.node("add", {x, model.constant(shape)}));
      model.output(model.node("add_vec", {x, v}));
      model.output(model.node("mul_vec", {x, v}));
      model.output(model.node("scale", {x, model.constant_of({}, {0.3f})}));
      model.output(model.node("scale", {x, model.constant_of({1}, {-1e-30f})}));
      run(model, config);
    }
  });
}

TEST_CASE("a vector may be computed or be an input") {
  const config::Config config = machine(16, 4);
  Model model;
  const auto x = model.input({5, 40});
  const auto v = model.input({40});
  const auto computed = model.node("silu", {v});
  model.output(model.node("mul_vec", {x, computed}));
  model.output(model.node("add_vec", {x, v}));
  run(model, config);
}

TEST_CASE("norms and softmax over any width") {
  on_machines([](const config::Config& config) {
    const auto m = static_cast<std::int64_t>(config.mlen);
    for (const ir::Shape& shape : std::vector<ir::Shape>{
           {1, 1}, {1, m}, {3, m - 3}, {4, 2 * m}, {5, 2 * m + 1}, {2, 3, 7 * m + 2}}) {
      INFO(ops::to_string(shape));
      const ir::Shape row{shape.back()};
      Model model;
      const auto x = model.input(shape, 2.0, 1.5);
      const auto low = model.input(shape, 2.0, -60.0);
      model.output(model.node("rms_norm", {x}));
      model.output(model.node("rms_norm", {x, model.constant(row)}, {{"eps", 1e-6}}));
      model.output(model.node("layer_norm", {x}));
      model.output(
        model.node("layer_norm", {x, model.constant(row), model.constant(row)}, {{"eps", 1e-12}})
      );
      model.output(model.node("layer_norm", {x, ir::no_tensor, model.constant(row)}));
      model.output(model.node("softmax", {x}));
      model.output(model.node("softmax", {low}));
      model.output(model.node("softmax", {x}, {{"scale", 0.125}}));
      run(model, config);
    }
  });
}

TEST_CASE("results that are near the mathematical ones") {
  // The price of the formats, so that a reference with the same mistake as the lowering is noticed.
  config::Config config = machine(64, 4);
  config.hbm_m_weight_type = config.hbm_v_act_type = numerics::StorageFormat{};
  config.hbm_m_kv_type = config.hbm_v_kv_type = numerics::StorageFormat{};
  Model model;
  const auto x = model.input({6, 100}, 2.0, 0.5);
  model.output(model.node("rms_norm", {x, model.constant({100})}));
  model.output(model.node("layer_norm", {x, model.constant({100}), model.constant({100})}));
  model.output(model.node("softmax", {x}));
  model.output(model.node("gelu", {x}));
  model.output(model.node("gelu", {x}, {{"approximate", std::string("tanh")}}));
  model.output(model.node("silu", {x}));
  model.output(model.node("linear", {x, model.constant({100, 50}), model.constant({50})}));
  const Run result = run(model, config);
  for (const golden::OutputVerdict& output : result.verdict.outputs) {
    INFO(model.graph.tensor(output.tensor).name << " " << output.fp32_vs_machine.rel_rms);
    CHECK(output.fp32_vs_machine.rel_rms < 0.012);
    CHECK(output.fp32_vs_machine.rel_rms > 0);
  }
}

TEST_CASE("a block of a network, with and without reuse of the Vector SRAM") {
  for (const bool keep : {true, false}) {
    on_machines([&](const config::Config& config) {
      Model model;
      const auto x = model.input({2, 5, 48});
      const auto normed = model.node("rms_norm", {x, model.constant({48})});
      const auto flat =
        model.node("view", {normed}, {{"shape", std::vector<std::int64_t>{-1, 48}}});
      const auto gate = model.node("linear", {flat, model.constant({48, 80}, 0.2)});
      const auto up = model.node("linear", {flat, model.constant({48, 80}, 0.2)});
      const auto hidden = model.node("mul", {model.node("silu", {gate}), up});
      const auto down = model.node("linear", {hidden, model.constant({80, 48}, 0.2)});
      const auto shaped =
        model.node("view", {down}, {{"shape", std::vector<std::int64_t>{2, 5, 48}}});
      const auto y = model.node("add", {x, shaped});
      model.output(y);
      codegen::Options options;
      options.keep_stages = keep;
      const Run result = run(model, config, options);
      CHECK(result.machine.count(y) == 1);
      if (keep) {
        CHECK(result.verdict.stages.size() == model.graph.nodes.size());
      } else {
        CHECK(result.verdict.stages.size() < model.graph.nodes.size());
      }
    });
  }
}

TEST_CASE("inputs and constants may be outputs") {
  Model model;
  const auto x = model.input({3, 20});
  model.output(x);
  model.output(model.constant({2, 17}));
  model.output(model.node("view", {x}, {{"shape", std::vector<std::int64_t>{1, 3, 20}}}));
  run(model, machine(16, 4));
}
