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

/// Inputs arrive as they are, also those that are not finite.
config::Config plain(config::Config config) {
  config.hbm_m_weight_type = config.hbm_v_act_type = numerics::StorageFormat{};
  config.hbm_m_kv_type = config.hbm_v_kv_type = numerics::StorageFormat{};
  return config;
}

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

// ---- what is no number

namespace {

/// Runs argmax of rows on a machine and gives what it found.
std::vector<float> argmax(std::vector<float> values, std::int64_t rows, const config::Config& config) {
  Model m;
  const auto x = m.input({rows, static_cast<std::int64_t>(values.size()) / rows});
  m.inputs[x] = std::move(values);
  const auto ids = m.node("argmax", {x});
  m.output(ids);
  return run(m, plain(config)).machine.at(ids);
}

} // namespace

TEST_CASE("argmax: NaN counts as minus infinity") {
  CHECK((
    argmax({qnan, 1, 2, qnan, -inf, -inf, qnan, qnan, qnan}, 3, machine(16, 4)) ==
    std::vector<float>{2, 0, 0}
  ));
}

TEST_CASE("argmax: infinities, and the first of zeros of both signs") {
  CHECK((
    argmax({-inf, -inf, -inf, 1, inf, inf, -0.0f, 0.0f, -1}, 3, machine(16, 4)) ==
    std::vector<float>{0, 1, 0}
  ));
  std::vector<float> long_row(40, -1.0f);
  long_row[17] = -0.0f;
  long_row[18] = long_row[39] = 0.0f;
  CHECK((argmax(long_row, 1, machine(16, 4)) == std::vector<float>{17}));
  long_row[17] = -1.0f;
  long_row[18] = -1.0f;
  long_row[38] = -0.0f;
  CHECK((argmax(long_row, 1, machine(16, 4)) == std::vector<float>{38}));
}

TEST_CASE("argmax: a block with a NaN is passed over, but may be seen behind the one that wins") {
  std::vector<float> row(48, -1.0f);
  row[20] = qnan;
  row[21] = 9.0f;
  row[40] = 3.0f;
  CHECK((argmax(row, 1, machine(16, 4)) == std::vector<float>{40}));
  row[3] = 5.0f;
  CHECK((argmax(row, 1, machine(16, 4)) == std::vector<float>{21}));
  CHECK((argmax(std::vector<float>(48, qnan), 1, machine(16, 4)) == std::vector<float>{0}));
  // Two rounds.
  std::vector<float> many(2500, qnan);
  many[2305] = -3.0f;
  CHECK((argmax(many, 1, machine(16, 4)) == std::vector<float>{0}));
  std::fill(many.begin() + 2304, many.end(), -4.0f);
  many[2305] = -3.0f;
  CHECK((argmax(many, 1, machine(16, 4)) == std::vector<float>{2305}));
}

TEST_CASE("top_k: rows with NaN and infinities weigh what the machine weighs") {
  for (const std::int64_t cols : {5, 32}) {
    Model m;
    const auto x = m.input({6, cols});
    std::vector<float>& values = m.inputs[x];
    const auto row = [&](std::size_t r, std::vector<float> first) {
      const auto width = static_cast<std::ptrdiff_t>(cols);
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(r) * width;
      std::fill(begin, begin + width, -inf);
      std::copy(first.begin(), first.end(), begin);
    };
    row(0, {qnan, 1, 2, qnan, 0});
    row(1, {qnan, qnan, qnan, qnan, qnan});
    row(2, {-inf, qnan, 1, -inf, -inf});
    row(3, {inf, 1, qnan, 2, 3});
    row(4, {0.0f, -0.0f, -0.0f, 0.0f, qnan});
    const auto y = m.node("top_k", {x}, {{"k", std::int64_t{4}}});
    ir::Tensor ids;
    ids.name = "ids";
    m.graph.nodes.back().outputs.push_back(m.graph.add_tensor(std::move(ids)));
    m.output(y);
    m.output(m.graph.nodes.back().outputs[1]);
    const Run result = run(m, plain(machine(16, 4)));
    // Three numbers, and one that is none: its weight is zero, not theirs.
    CHECK(result.machine.at(y)[0] > 0.6f);
    CHECK(result.machine.at(y)[3] == 0.0f);
  }
}

namespace {

Model routed(std::int64_t tokens, std::int64_t hidden, std::int64_t inner, bool bias) {
  Model m;
  std::vector<ir::TensorId> operands{
    m.input({tokens, hidden}),
    m.constant({5, hidden}, 0.3),
    m.constant({5, hidden, inner}, 0.1),
    m.constant({5, hidden, inner}, 0.1),
    m.constant({5, inner, hidden}, 0.1)};
  if (bias) {
    operands.insert(
      operands.end(),
      {m.constant({5}), m.constant({5, inner}), m.constant({5, inner}), m.constant({5, hidden})}
    );
  }
  m.output(m.node("moe", operands, {{"k", std::int64_t{4}}}));
  return m;
}

} // namespace

TEST_CASE("moe: tokens and routers with NaN and infinities") {
  Model m = routed(4, 48, 32, true);
  std::vector<float>& x = m.inputs.begin()->second;
  x[3] = qnan;
  x[48 + 7] = inf;
  std::vector<float>& router = m.graph.tensors[1].constant->floats;
  run_both(m, plain(with_slices(machine(16, 4))));
  // Two experts without a logit; all four are taken that can be, and one that has none.
  router[2] = qnan;
  router[2 * 48 + 39] = qnan;
  run_both(m, plain(with_slices(machine(16, 4))));
}

TEST_CASE("moe: more tiles of weights than the Matrix SRAM holds") {
  for (const std::uint32_t tiles : {1u, 2u, 3u, 4u, 5u, 8u}) {
    for (const std::uint32_t at_once : {1u, 2u}) { // by one transfer
      INFO(tiles << " tiles, " << at_once << " at once");
      Model m = routed(3, 150, 70, at_once == 1);
      config::Config config = machine(16, 4);
      config.matrix_sram_size = tiles * 16;
      config.hbm_m_prefetch_amount = at_once * 16;
      if (tiles < at_once) {
        CHECK(refusal(m, config).substr(0, 10) == "E_HARDWARE");
        continue;
      }
      run(m, config);
      if (tiles >= 4 * at_once) {
        run_both(m, with_slices(config));
      }
    }
  }
}

TEST_CASE("rope: what is not finite spoils what it meets in the matrix unit") {
  struct Shape {
    std::int64_t heads, width;
  };
  for (const Shape& shape :
       {Shape{4, 8}, Shape{2, 8}, Shape{2, 16}, Shape{4, 4}, Shape{8, 2}, Shape{1, 48}, Shape{2, 32}}) {
    INFO(shape.heads << " heads of " << shape.width);
    Model m;
    const std::int64_t cols = shape.heads * shape.width;
    const auto x = m.input({6, cols});
    const auto cos = m.input({6, shape.width});
    m.output(m.node("rope", {x, cos, m.input({6, shape.width})}));
    std::vector<float>& values = m.inputs[x];
    values[1] = inf;
    values[to_size(static_cast<std::uint64_t>(2 * cols - 1))] = -inf;
    values[to_size(static_cast<std::uint64_t>(2 * cols))] = inf;
    values[to_size(static_cast<std::uint64_t>(2 * cols + shape.width / 2))] = inf;
    values[to_size(static_cast<std::uint64_t>(4 * cols))] = qnan;
    run_both(m, plain(with_slices(machine(16, 4))));
  }
}

TEST_CASE("conv2d: what is not finite spoils what a mask does not clear") {
  struct Shape {
    ir::Shape image, kernels;
    std::int64_t stride;
  };
  for (const Shape& shape :
       {Shape{{2, 6, 9}, {16, 2, 2, 3}, 1},
        Shape{{1, 5, 40}, {16, 1, 2, 21}, 2},
        Shape{{3, 8, 12}, {16, 3, 4, 4}, 4}}) {
    for (const bool mx : {false, true}) {
      INFO((mx ? "mx, " : "plain, ") << shape.kernels[3] << " columns");
      Model m;
      const auto x = m.input(shape.image);
      const std::vector<std::int64_t> strides{shape.stride, shape.stride};
      m.output(m.node("conv2d", {x, m.constant(shape.kernels)}, {{"strides", strides}}));
      std::vector<float>& image = m.inputs[x];
      image[2] = inf;
      image[image.size() / 2] = qnan;
      image[image.size() - 1] = -inf;
      run_both(m, with_slices(mx ? machine(16, 4) : plain(machine(16, 4))));
    }
  }
}

// ---- memories

TEST_CASE("tables and images that several nodes read lie in HBM once") {
  Model m;
  const auto table = m.constant({9, 20});
  for (const std::int64_t first : {2, 5}) {
    m.output(m.node("embedding", {table}, {{"ids", std::vector<std::int64_t>{first, 0, 8}}}));
  }
  const auto image = m.input({2, 6, 9});
  for (int i = 0; i < 2; ++i) {
    m.output(m.node("conv2d", {image, m.constant({5, 2, 2, 3}, 0.3)}));
  }
  const Run result = run(m, machine(16, 4));
  for (const auto id : {table, image}) {
    const auto& places = result.compiled.placements;
    CHECK(std::count_if(places.begin(), places.end(), [&](const codegen::Placement& place) {
            return place.tensor == id && place.memory == lower::Memory::Hbm;
          }) == 1);
  }
}

TEST_CASE("requests that no memory could meet are refused before room is made for them") {
  for (const lower::Memory memory : {lower::Memory::FpSram, lower::Memory::IntSram}) {
    ops::LoweredGraph lowered;
    lower::Symbol symbol;
    symbol.name = "entries";
    symbol.memory = memory;
    symbol.size = std::uint64_t{1} << 50;
    lowered.program.symbols.push_back(symbol);
    const auto layout = codegen::place(lowered, ir::Graph{}, machine(16, 4), false);
    REQUIRE_FALSE(layout.ok());
    CHECK(layout.diagnostics()[0].code == "E_RESOURCE");
    CHECK(layout.diagnostics()[0].message.find("112589990684262") != std::string::npos);
  }
}
