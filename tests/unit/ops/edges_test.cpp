// Values and sizes at the edges of what the machine takes: NaN and infinities, stores that do not fill
// their transfers, parts of tensors, memories that are too small.
#include "codegen/layout.h"
#include "numerics/bits.h"
#include "unit/codegen/harness.h"

#include <algorithm>
#include <limits>

using namespace plena;
using namespace plena::tests;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float qnan = std::numeric_limits<float>::quiet_NaN();

/// A machine whose whole-tile products have four slices.
config::Config with_slices(config::Config config) {
  config.hlen = config.mlen / 4;
  config.broadcast_amount = 4;
  return config;
}

/// Portable and on whole tiles.
void run_both(Model& model, const config::Config& config) {
  for (const ops::Strategy strategy : {ops::Strategy::Portable, ops::Strategy::Dense}) {
    INFO((strategy == ops::Strategy::Dense ? "dense" : "portable"));
    codegen::Options options;
    options.strategy = strategy;
    run(model, config, options);
  }
}

/// What compiling says, as "code: message"; empty when it does not complain.
std::string refusal(Model& model, const config::Config& config, codegen::Options options = {}) {
  const Status status = ops::infer_shapes(model.graph);
  Diagnostics diagnostics = status.diagnostics();
  if (status) {
    diagnostics = codegen::compile(model.graph, config, model.inputs, options).diagnostics();
  }
  if (diagnostics.empty()) {
    return {};
  }
  CHECK_FALSE(diagnostics[0].hint.empty());
  return diagnostics[0].code + ": " + diagnostics[0].message;
}

} // namespace

// ---- parts of tensors

TEST_CASE("copies made from a part of a tensor are not taken for copies of the whole") {
  Model m;
  const auto x = m.input({5, 48});
  m.output(m.node("linear", {x, m.constant({48, 20}, 0.1)}, {{"k_split", std::int64_t{1}}}));
  m.output(m.node("linear", {x, m.constant({48, 20}, 0.1)}));
  run_both(m, with_slices(machine(16, 4)));
}

TEST_CASE("copies made from all of a tensor are used again") {
  const auto executed = [](int nodes) {
    Model m;
    const auto x = m.input({5, 48});
    for (int i = 0; i < nodes; ++i) {
      m.output(m.node("linear", {x, m.constant({48, 16}, 0.1)}));
    }
    codegen::Options options;
    options.strategy = ops::Strategy::Dense;
    return run(m, with_slices(machine(16, 4)), options).executed;
  };
  // Four copies of three blocks of eight rows are made once.
  CHECK(2 * executed(1) > executed(2) + 4 * 3 * 8);
}

// ---- stores

TEST_CASE("stores of more rows at a time than a block has keep to the block") {
  for (const std::uint32_t amount : {1u, 3u, 4u, 8u, 16u, 20u, 64u}) {
    for (const std::int64_t rows : {1, 4, 5, 7, 16, 21}) {
      INFO(amount << " rows at a time, " << rows << " rows");
      config::Config config = machine(16, 4);
      config.hbm_v_writeback_amount = amount;
      Model m;
      const auto x = m.node("silu", {m.input({rows, 40})});
      const auto other = m.node("silu", {m.input({rows, 40})});
      const auto y = m.node("store", {x});
      m.output(x); // what is stored stays as it is, and so does what lies behind it
      m.output(other);
      m.output(y);
      m.output(m.node("silu", {y}));
      run(m, config);
    }
  }
}

TEST_CASE("attention reads keys and values that were stored with more rows than they have") {
  config::Config config = machine(16, 4);
  config.hbm_v_writeback_amount = 16;
  Model m;
  const auto k = m.node("silu", {m.input({5, 16})});
  const auto v = m.node("silu", {m.input({5, 16})});
  m.output(m.node("attention", {m.input({7, 16}), k, v}));
  run(m, config);
}

TEST_CASE("machines that cannot store what is computed are refused by name") {
  const auto graph = [](bool store) {
    Model m;
    const auto k = m.node("silu", {m.input({6, 16})});
    if (store) {
      m.output(m.node("silu", {m.node("store", {k})}));
    } else {
      m.output(m.node("attention", {m.input({6, 16}), k, k}));
    }
    return m;
  };
  for (const bool store : {false, true}) {
    INFO((store ? "store" : "attention"));
    config::Config config = machine(16, 4);
    config.hbm_v_writeback_amount = 0;
    Model none = graph(store);
    CHECK(refusal(none, config).substr(0, 10) == "E_HARDWARE");
    config = machine(16, 4);
    config.hbm_m_weight_type = config.hbm_m_kv_type = numerics::StorageFormat{};
    Model differs = graph(store);
    CHECK(refusal(differs, config).substr(0, 10) == "E_HARDWARE");
  }
}

// ---- attention

namespace {

Model attention(double scale) {
  Model m;
  const auto q = m.input({9, 16});
  m.output(m.node(
    "attention",
    {q, m.input({9, 16}), m.input({9, 16})},
    {{"mask", std::string("causal")}, {"scale", scale}}
  ));
  return m;
}

} // namespace

TEST_CASE("attention: scales that the machine cannot apply to hidden scores are refused") {
  const std::vector<double> refused{
    0.0, -0.25, 0x1p-81, 0x1p126, 1e300, static_cast<double>(inf), static_cast<double>(qnan)};
  for (const double scale : refused) {
    INFO(scale);
    Model m = attention(scale);
    CHECK(refusal(m, machine(16, 4)).substr(0, 18) == "E_UNSUPPORTED_ATTR");
  }
  for (const double scale : {0x1p-80, 0.3, 0x1p100}) {
    INFO(scale);
    Model m = attention(scale);
    run_both(m, with_slices(machine(16, 4)));
  }
}

TEST_CASE("attention: sinks up to the largest binary16 number") {
  Model m;
  const auto q = m.input({9, 48});
  m.output(m.node(
    "attention",
    {q, m.input({9, 16}), m.input({9, 16}), m.constant_of({3}, {65504.0f, -65504.0f, 0x1.81p-16f})},
    {{"heads", std::int64_t{3}}}
  ));
  run_both(m, with_slices(machine(16, 4)));
}
