// Products with transposed weights: what lies where in HBM, and results beside those that the properties
// look at: on machines with odd transfers and small memories, with groups of columns, and with tables.
#include "isa/codec.h"
#include "unit/codegen/harness.h"

#include <algorithm>
#include <cmath>

using namespace plena;
using namespace plena::tests;

namespace {

using Attrs = std::map<std::string, ir::Attr>;
using Ids = std::vector<std::int64_t>;
const Attrs transposed{{"transposed", std::int64_t{1}}};

/// A machine whose whole-tile products have four slices.
config::Config quartered(std::uint32_t mlen, std::uint32_t blen) {
  config::Config config = machine(mlen, blen);
  config.hlen = mlen / 4;
  config.broadcast_amount = 4;
  return config;
}

codegen::Options options_of(bool dense, bool written_out = false) {
  codegen::Options options;
  options.strategy = dense ? ops::Strategy::Dense : ops::Strategy::Portable;
  options.unroll = written_out ? codegen::Unroll::All : codegen::Unroll::None;
  return options;
}

/// Both kinds of products, with loops and without.
template <class Make> void run_all(Make&& make, const config::Config& config) {
  for (const bool dense : {false, true}) {
    INFO((dense ? "dense" : "portable"));
    Model rolled = make();
    Model written_out = make();
    const Run loops = run(rolled, config, options_of(dense));
    CHECK((run(written_out, config, options_of(dense, true)).machine == loops.machine));
  }
}

std::vector<const codegen::Placement*> in_hbm(const codegen::Compiled& compiled, ir::TensorId id) {
  std::vector<const codegen::Placement*> found;
  for (const codegen::Placement& place : compiled.placements) {
    if (place.tensor == id && place.memory == lower::Memory::Hbm) {
      found.push_back(&place);
    }
  }
  return found;
}

bool warns(const codegen::Compiled& compiled) {
  return std::any_of(
    compiled.warnings.begin(), compiled.warnings.end(), [](const Diagnostic& warning) {
      return warning.code == "W_TWO_COPIES" && !warning.hint.empty();
    }
  );
}

std::size_t count(const codegen::Compiled& compiled, isa::Opcode op) {
  const auto& words = compiled.program.words;
  return static_cast<std::size_t>(std::count_if(words.begin(), words.end(), [&](std::uint32_t word) {
    return isa::decode_word(word).instr.op == op;
  }));
}

Model linear(ir::Shape x, std::int64_t n, Attrs attrs = transposed, bool bias = false) {
  Model m;
  const std::int64_t k = x.back();
  std::vector<ir::TensorId> operands{
    m.input(std::move(x)), m.constant({n, k}, 1 / std::sqrt(static_cast<double>(k)))};
  if (bias) {
    operands.push_back(m.constant({n}));
  }
  m.output(m.node("linear", operands, std::move(attrs)));
  return m;
}

/// Rows of a table, normalised and multiplied with all rows of the table.
struct Tied {
  Model model;
  ir::TensorId table{};
};
Tied tied(std::int64_t entries, std::int64_t cols, Ids ids) {
  Tied result;
  Model& m = result.model;
  result.table = m.constant({entries, cols});
  const auto x = m.node("embedding", {result.table}, {{"ids", std::move(ids)}});
  const auto normal = m.node("rms_norm", {x}, {{"eps", 1e-5}});
  m.output(m.node("linear", {normal, result.table}, transposed));
  return result;
}

std::string code_of(Model m) {
  const Status status = ops::infer_shapes(m.graph);
  return status ? "" : status.diagnostics()[0].code;
}

} // namespace

TEST_CASE("linear: a transposed weight has a row for every column of the result") {
  for (const bool dense : {false, true}) {
    Model m;
    const auto x = m.input({2, 3});
    m.inputs[x] = {1.0f, 2.0f, 3.0f, -1.0f, 0.5f, 4.0f};
    const auto w = m.constant_of({2, 3}, {1.0f, 0.0f, 2.0f, 0.5f, -1.0f, 1.0f});
    const auto y = m.node("linear", {x, w, m.constant_of({2}, {0.25f, -8.0f})}, transposed);
    m.output(y);
    config::Config config = quartered(16, 4);
    config.hbm_m_weight_type = config.hbm_v_act_type = numerics::StorageFormat{};
    CHECK(
      run(m, config, options_of(dense)).machine.at(y) ==
      std::vector<float>{7.25f, -6.5f, 7.25f, -5.0f}
    );
  }
}

TEST_CASE("linear: transposed weights that do not fit are refused") {
  CHECK(code_of(linear({4, 16}, 8)).empty());
  CHECK(code_of(linear({4, 16}, 8, {{"transposed", std::int64_t{0}}})) == "E_SHAPE");
  CHECK(code_of(linear({4, 16}, 8, {{"transposed", std::int64_t{2}}})) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of(linear({4, 16}, 8, {{"transposed", 0.5}})) == "E_UNSUPPORTED_ATTR");
  Model bias;
  bias.output(
    bias.node("linear", {bias.input({2, 4}), bias.constant({3, 4}), bias.constant({4})}, transposed)
  );
  CHECK(code_of(std::move(bias)) == "E_SHAPE");
}

TEST_CASE("linear: transposed weights lie in HBM as they are given") {
  for (const bool dense : {false, true}) {
    Model m = linear({3, 20}, 40);
    const Run result = run(m, quartered(16, 4), options_of(dense));
    const auto places = in_hbm(result.compiled, m.graph.nodes[0].inputs[1]);
    REQUIRE(places.size() == 1);
    CHECK(places[0]->rows == 40);
    CHECK(places[0]->cols == 20);
    CHECK(places[0]->form == codegen::Form::RowMajor);
    CHECK(result.compiled.use.matrix_tiles == 2);
  }
}

TEST_CASE("linear: transposed products of many shapes") {
  const config::Config config = quartered(16, 4);
  for (const std::int64_t rows : {1, 3, 5, 6, 17, 40}) {
    for (const std::int64_t k : {1, 4, 5, 16, 17, 40, 100}) {
      for (const std::int64_t n : {1, 4, 15, 16, 33, 64}) {
        INFO(rows << " x " << k << " x " << n);
        run_all([&] { return linear({rows, k}, n, transposed, n % 2 == 0); }, config);
      }
    }
  }
}

TEST_CASE("linear: transposed products when a transfer brings several tiles") {
  for (const std::uint32_t tiles : {2u, 3u}) {
    config::Config config = quartered(16, 4);
    config.hbm_m_prefetch_amount = tiles * config.mlen;
    for (const std::int64_t n : {10, 16, 32, 40, 48, 100}) {
      for (const std::int64_t rows : {2, 20}) {
        INFO(tiles << " tiles, " << rows << " x 40 x " << n);
        run_all([&] { return linear({rows, 40}, n); }, config);
      }
    }
  }
}

TEST_CASE("linear: transposed weights of more columns than the Matrix SRAM holds") {
  for (const std::uint32_t tiles : {1u, 2u}) {
    config::Config config = quartered(16, 4);
    config.hbm_m_prefetch_amount = tiles * config.mlen;
    config.matrix_sram_size = 9 * config.mlen;
    for (const std::int64_t k : {70, 144, 150, 200, 300}) {
      for (const std::int64_t rows : {3, 20}) {
        INFO(tiles << " tiles, " << rows << " x " << k << " x 40");
        run_all([&] { return linear({rows, k}, 40); }, config);
      }
    }
  }
}

TEST_CASE("linear: transposed products between heads that lie apart") {
  const auto heads = [] {
    Model m;
    const auto x = m.input({6, 30});
    // Heads of 10 columns of 16 lanes: attention takes and leaves them apart.
    const auto of = [&] { return m.node("linear", {x, m.constant({30, 30}, 0.2)}, transposed); };
    const auto q = of();
    const auto k = of();
    const auto v = of();
    const auto o = m.node(
      "attention", {q, k, v}, {{"heads", std::int64_t{3}}, {"kv_heads", std::int64_t{3}}}
    );
    m.output(m.node("linear", {o, m.constant({20, 30}, 0.2), m.constant({20})}, transposed));
    return m;
  };
  run_all(heads, quartered(16, 4));
  run_all(heads, machine(16, 4));
}

TEST_CASE("linear: chunks of transposed products, beside whole ones of the same tensor") {
  for (const auto& weights : {transposed, Attrs{}}) {
    const auto both = [&] {
      Model m;
      const auto x = m.input({5, 70});
      Attrs chunks = weights;
      chunks["k_split"] = std::int64_t{2};
      m.output(m.node("linear", {x, m.constant({70, 70}, 0.1)}, chunks));
      m.output(m.node("linear", {x, m.constant({70, 70}, 0.1)}, weights));
      return m;
    };
    run_all(both, quartered(16, 4));
  }
}

TEST_CASE("a table that is the weights of the head as well lies in HBM once") {
  for (const std::uint32_t mlen : {16u, 32u}) {
    for (const bool dense : {false, true}) {
      Tied t = tied(100, 40, {3, 4, 5, 99, 0});
      const Run result = run(t.model, quartered(mlen, 4), options_of(dense));
      const auto places = in_hbm(result.compiled, t.table);
      REQUIRE(places.size() == 1);
      CHECK(places[0]->rows == 100);
      CHECK(places[0]->cols == 40);
      CHECK_FALSE(places[0]->computed);
      CHECK_FALSE(warns(result.compiled));
    }
    run_all([] { return tied(100, 40, {3, 4, 5, 99, 0}).model; }, quartered(mlen, 4));
    run_all([] { return tied(33, 64, {32}).model; }, quartered(mlen, 4));
  }
}

TEST_CASE("a head of many columns streams and finds the tokens again") {
  config::Config config = quartered(64, 4);
  config.matrix_sram_size = 4 * config.mlen;
  const Ids ids{0, 999, 512};
  for (const bool dense : {false, true}) {
    Tied t = tied(1000, 64, ids);
    const auto logits = t.model.graph.outputs[0];
    const auto found = t.model.node("argmax", {logits});
    t.model.output(found);
    const Run result = run(t.model, config, options_of(dense));
    CHECK(result.machine.at(found) == std::vector<float>(ids.begin(), ids.end()));
    CHECK(result.compiled.use.matrix_tiles == 1);
  }
}

TEST_CASE("a table is one in HBM however many nodes look rows up") {
  Model m;
  const auto table = m.constant({20, 16});
  for (const std::int64_t id : {3, 19}) {
    m.output(m.node("embedding", {table}, {{"ids", Ids{id}}}));
  }
  CHECK(in_hbm(run(m, machine(16, 4)).compiled, table).size() == 1);
}

TEST_CASE("a table and weights of different formats are two, which is said") {
  config::Config config = quartered(16, 4);
  config.hbm_v_act_type = numerics::StorageFormat{};
  Tied t = tied(100, 40, {3, 4, 5, 99, 0});
  const Run result = run(t.model, config);
  CHECK(in_hbm(result.compiled, t.table).size() == 2);
  CHECK(warns(result.compiled));
}

TEST_CASE("few rows go one by one where whole tiles would take longer") {
  const auto products = [](std::uint32_t blen, std::int64_t rows) {
    Model m = linear({rows, 64}, 64);
    const codegen::Compiled compiled = run(m, quartered(64, blen), options_of(true)).compiled;
    return std::pair{
      count(compiled, isa::Opcode::M_BTMV) != 0, count(compiled, isa::Opcode::M_BTMM) != 0};
  };
  // 3 cycles of the emulator's against 66; of the analytic ones 19 against 258.
  CHECK(products(4, 1) == std::pair{true, false});
  CHECK(products(4, 21) == std::pair{true, false});
  CHECK(products(4, 22) == std::pair{false, true});
  CHECK(products(16, 13) == std::pair{true, false});
  CHECK(products(16, 14) == std::pair{false, true});
}
