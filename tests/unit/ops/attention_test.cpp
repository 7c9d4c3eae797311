// Attention on shapes that the random samples seldom meet, and what is refused.
#include "numerics/minifloat.h"
#include "unit/codegen/harness.h"

using namespace plena;
using namespace plena::tests;

namespace {

using Attrs = std::map<std::string, ir::Attr>;

void add_attention(
  Model& model,
  std::int64_t queries,
  std::int64_t keys,
  std::int64_t width,
  Attrs attrs,
  bool sinks = false
) {
  const auto count = [&](const char* name) {
    const auto found = attrs.find(name);
    return found == attrs.end() ? 1 : std::get<std::int64_t>(found->second);
  };
  const std::int64_t batch = count("batch");
  const auto q = model.input({batch * queries, count("heads") * width});
  const auto k = model.input({batch * keys, count("kv_heads") * width});
  std::vector<ir::TensorId> operands{q, k, model.input({batch * keys, count("kv_heads") * width})};
  if (sinks) {
    operands.push_back(model.constant({count("heads")}));
  }
  model.output(model.node("attention", operands, std::move(attrs)));
}

/// A machine whose whole-tile products have four slices.
config::Config machine_of_slices(std::uint32_t mlen, std::uint32_t blen) {
  config::Config config = machine(mlen, blen);
  config.hlen = mlen / 4;
  config.broadcast_amount = 4;
  return config;
}

/// Portable and on whole tiles.
void run_both(const Model& model, const config::Config& config) {
  for (const ops::Strategy strategy : {ops::Strategy::Portable, ops::Strategy::Dense}) {
    INFO((strategy == ops::Strategy::Dense ? "dense" : "portable"));
    codegen::Options options;
    options.strategy = strategy;
    run(model.graph, model.inputs, config, options);
  }
}

void require_shapes(Model& model) {
  const Status status = ops::infer_shapes(model.graph);
  INFO(rendered(status.diagnostics()));
  REQUIRE(status.ok());
}

std::string refusal(Model& model) {
  const Status status = ops::infer_shapes(model.graph);
  return status.ok() ? "" : status.diagnostics().front().code;
}

} // namespace

TEST_CASE("attention fetches keys and values in parts when the Matrix SRAM is small") {
  for (const std::uint32_t tiles : {2u, 3u, 5u, 9u, 16u, 24u}) {
    for (const char* mask : {"none", "causal", "sliding"}) {
      INFO(tiles << " tiles, mask " << mask);
      Model model;
      add_attention(
        model,
        75,
        75,
        20,
        {{"mask", std::string(mask)}, {"window", std::int64_t{21}}, {"heads", std::int64_t{2}}}
      );
      config::Config config = machine(16, 4);
      config.matrix_sram_size = tiles * 16;
      require_shapes(model);
      run(model.graph, model.inputs, config);
      if (tiles > 4) {
        config = machine_of_slices(16, 4);
        config.matrix_sram_size = tiles * 16;
        run_both(model, config);
      }
    }
  }
}

TEST_CASE("heads that fill the lanes of a row are packed") {
  struct Shape {
    std::int64_t heads, kv_heads, batch, queries, keys;
  };
  for (const Shape& shape :
       {Shape{4, 1, 1, 16, 16},
        Shape{4, 1, 1, 5, 5},
        Shape{8, 2, 1, 16, 16},
        Shape{8, 1, 2, 9, 9},
        Shape{16, 2, 1, 40, 40},
        Shape{4, 1, 3, 16, 16},
        Shape{8, 2, 1, 20, 75}}) {
    for (const char* mask : {"none", "causal", "sliding"}) {
      if (shape.queries != shape.keys && std::string_view(mask) != "none") {
        continue;
      }
      INFO(shape.heads << " heads, " << shape.queries << " queries, mask " << mask);
      Model model;
      add_attention(
        model,
        shape.queries,
        shape.keys,
        4,
        {{"heads", shape.heads},
         {"kv_heads", shape.kv_heads},
         {"batch", shape.batch},
         {"mask", std::string(mask)},
         {"window", std::int64_t{7}}}
      );
      require_shapes(model);
      run_both(model, machine_of_slices(16, 4));
    }
  }
}

TEST_CASE("a causal mask takes few instructions") {
  const auto executed = [](const char* mask) {
    Model model;
    add_attention(model, 64, 64, 64, {{"mask", std::string(mask)}});
    require_shapes(model);
    return run(model.graph, model.inputs, machine(64, 4)).executed;
  };
  // Its rows are added to those of the scores, with a pointer of their own.
  CHECK(executed("causal") < executed("none") + 2 * 64 + 400);
}

TEST_CASE("every head has its own sink") {
  for (const std::int64_t width : {4, 6, 16}) {
    for (const std::int64_t kv_heads : {1, 2}) {
      INFO(width << " columns, " << kv_heads << " heads of keys");
      Model model;
      add_attention(
        model,
        19,
        19,
        width,
        {{"heads", 4 * kv_heads}, {"kv_heads", kv_heads}, {"mask", std::string("causal")}},
        true
      );
      require_shapes(model);
      run_both(model, machine_of_slices(16, 4));
    }
  }
  Model one;
  add_attention(one, 9, 21, 10, {}, true);
  require_shapes(one);
  run_both(one, machine_of_slices(16, 4));
}

TEST_CASE("the online form takes one tile of scores after the other") {
  for (const char* mask : {"none", "causal", "sliding"}) {
    for (const bool sinks : {false, true}) {
      for (const std::uint32_t tiles : {5u, 24u, 64u}) {
        INFO("mask " << mask << ", sinks " << sinks << ", " << tiles << " tiles");
        Model model;
        add_attention(
          model,
          43,
          43,
          20,
          {{"heads", std::int64_t{2}},
           {"batch", std::int64_t{2}},
           {"mask", std::string(mask)},
           {"window", std::int64_t{21}},
           {"form", std::string("online")}},
          sinks
        );
        require_shapes(model);
        config::Config config = machine_of_slices(16, 4);
        config.matrix_sram_size = tiles * 16;
        run_both(model, config);
      }
    }
  }
}

TEST_CASE("slices of whole tiles meet heads of all widths") {
  for (const std::int64_t width : {3, 4, 7, 8, 12, 16, 20, 32, 45}) {
    for (const std::int64_t rows : {5, 16, 33}) {
      INFO(width << " columns, " << rows << " rows");
      Model model;
      add_attention(model, rows, rows + 3, width, {{"heads", std::int64_t{2}}});
      require_shapes(model);
      run_both(model, machine_of_slices(16, 4));
    }
  }
}

TEST_CASE("a head that is too wide for the Matrix SRAM is told") {
  Model model;
  add_attention(model, 4, 4, 60, {});
  REQUIRE(ops::infer_shapes(model.graph).ok());
  config::Config config = machine(16, 4);
  config.matrix_sram_size = 3 * 16;
  const auto compiled = codegen::compile(model.graph, config, model.inputs, {});
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.diagnostics().front().code == "E_RESOURCE");
}

TEST_CASE("queries, keys and values may come from projections") {
  Model model;
  const auto x = model.input({21, 24});
  const auto project = [&](std::int64_t cols) {
    return model.node("linear", {x, model.constant({24, cols}, 0.2)});
  };
  const auto q = project(4 * 10);
  const auto k = project(2 * 10);
  const auto v = project(2 * 10);
  const auto heads = model.node(
    "attention",
    {q, k, v},
    {{"heads", std::int64_t{4}}, {"kv_heads", std::int64_t{2}}, {"mask", std::string("causal")}}
  );
  model.output(model.node("linear", {heads, model.constant({40, 24}, 0.2)}));
  run(model, machine(16, 4));
}

TEST_CASE("a query that sees one key gets its value") {
  Model model;
  add_attention(model, 19, 19, 6, {{"mask", std::string("sliding")}, {"window", std::int64_t{1}}});
  config::Config config = machine(16, 4);
  config.hbm_m_weight_type = config.hbm_v_act_type = numerics::StorageFormat{};
  config.hbm_m_kv_type = config.hbm_v_kv_type = numerics::StorageFormat{};
  const Run result = run(model, config);
  const std::vector<float>& v = model.inputs.at(model.graph.inputs[2]);
  const std::vector<float>& y = result.machine.at(model.graph.outputs[0]);
  REQUIRE(y.size() == v.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    CHECK(y[i] == numerics::round_to_bf16(v[i]));
  }
}

TEST_CASE("attention refuses what does not fit") {
  const auto with = [](std::int64_t queries, std::int64_t keys, Attrs attrs) {
    Model model;
    add_attention(model, queries, keys, 8, std::move(attrs));
    return refusal(model);
  };
  CHECK(with(5, 9, {}).empty());
  CHECK(with(5, 9, {{"mask", std::string("causal")}}) == "E_SHAPE");
  CHECK(with(5, 5, {{"mask", std::string("sliding")}}) == "E_UNSUPPORTED_ATTR");
  CHECK(with(5, 5, {{"mask", std::string("slanted")}}) == "E_UNSUPPORTED_ATTR");
  const Attrs uneven_heads{{"heads", std::int64_t{3}}, {"kv_heads", std::int64_t{2}}};
  CHECK(with(5, 5, uneven_heads) == "E_UNSUPPORTED_ATTR");
  Model model;
  const auto q = model.input({6, 8});
  model.output(model.node("attention", {q, model.input({6, 8}), model.input({5, 8})}));
  CHECK(refusal(model) == "E_SHAPE");
  Model sinks;
  const auto y = sinks.input({6, 8});
  sinks.output(sinks.node("attention", {y, y, y, sinks.constant({3})}));
  CHECK(refusal(sinks) == "E_SHAPE");
  Model far;
  const auto z = far.input({6, 8});
  far.output(far.node("attention", {z, z, z, far.constant_of({1}, {1e6f})}));
  CHECK(refusal(far) == "E_DTYPE");
  Model uneven;
  const auto x = uneven.input({6, 8});
  uneven.output(uneven.node("attention", {x, x, x}, {{"batch", std::int64_t{4}}}));
  CHECK(refusal(uneven) == "E_SHAPE");
}

TEST_CASE("every sequence of a batch may have a mask of its own") {
  struct Shape {
    std::int64_t batch, queries, keys;
    const char* form;
  };
  for (const Shape& shape :
       {Shape{3, 5, 9, "auto"}, Shape{2, 16, 16, "auto"}, Shape{2, 20, 37, "auto"}, Shape{2, 7, 40, "online"}}) {
    INFO(shape.batch << " sequences, " << shape.queries << " queries, " << shape.keys << " keys, " << shape.form);
    constexpr std::int64_t width = 8;
    // A sequence sees other keys than the one before it, and each query one more.
    const auto hides = [&](std::int64_t sequence, std::int64_t query, std::int64_t key) {
      return (key + 2 * sequence) % shape.keys > query % shape.keys + sequence;
    };
    const auto made = [&](Model& m, std::int64_t first, std::int64_t count) {
      const auto q = m.input({count * shape.queries, 2 * width});
      const auto k = m.input({count * shape.keys, width});
      const auto v = m.input({count * shape.keys, width});
      std::vector<float> mask;
      for (std::int64_t row = 0; row < count * shape.queries; ++row) {
        for (std::int64_t key = 0; key < shape.keys; ++key) {
          const bool hidden = hides(first + row / shape.queries, row % shape.queries, key);
          mask.push_back(hidden ? -0x1p120f : 0.0f);
        }
      }
      const auto added = m.constant_of({count * shape.queries, shape.keys}, mask);
      const auto y = m.node(
        "attention",
        {q, k, v, ir::no_tensor, added},
        {{"heads", std::int64_t{2}}, {"batch", count}, {"form", std::string(shape.form)}}
      );
      m.output(y);
      return std::vector{q, k, v, y};
    };
    Model all;
    const std::vector<ir::TensorId> of_all = made(all, 0, shape.batch);
    require_shapes(all);
    run_both(all, machine_of_slices(16, 4));
    const std::vector<float> result = run(all, machine(16, 4)).machine.at(of_all[3]);
    for (std::int64_t i = 0; i < shape.batch; ++i) {
      Model one;
      const std::vector<ir::TensorId> own = made(one, i, 1);
      for (std::size_t input = 0; input < 3; ++input) {
        const std::vector<float>& values = all.inputs.at(of_all[input]);
        const auto size =
          static_cast<std::ptrdiff_t>(values.size()) / static_cast<std::ptrdiff_t>(shape.batch);
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i) * size;
        one.inputs[own[input]].assign(begin, begin + size);
      }
      const std::vector<float> alone = run(one, machine(16, 4)).machine.at(own[3]);
      const auto begin =
        result.begin() + static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(alone.size());
      CHECK(std::equal(alone.begin(), alone.end(), begin));
    }
  }
  Model wrong;
  const auto x = wrong.input({6, 8});
  wrong.output(wrong.node(
    "attention", {x, x, x, ir::no_tensor, wrong.constant({4, 3})}, {{"batch", std::int64_t{2}}}
  ));
  CHECK(refusal(wrong) == "E_SHAPE");
}

TEST_CASE("weights of attention are those that its result is made with") {
  for (const bool online : {false, true}) {
    for (const bool sinks : {false, true}) {
      INFO("online " << online << ", sinks " << sinks);
      Model model;
      Attrs attrs{
        {"heads", std::int64_t{2}},
        {"kv_heads", std::int64_t{1}},
        {"mask", std::string("causal")}};
      if (online) {
        attrs["form"] = std::string("online");
      }
      add_attention(model, 19, 19, 6, std::move(attrs), sinks);
      require_shapes(model);
      const ir::NodeId node{0};
      const std::vector<float>& v = model.inputs.at(model.graph.inputs[2]);
      for (const ops::Precision precision : {ops::Precision::Fp32, ops::Precision::Hardware}) {
        config::Config config = machine(16, 4);
        config.hbm_m_kv_type = config.hbm_v_kv_type = numerics::StorageFormat{};
        const ops::Arithmetic arithmetic = ops::arithmetic_of(config, precision);
        const auto all =
          golden::attention_weights(model.graph, node, arithmetic, model.inputs, 19);
        const auto last = golden::attention_weights(model.graph, node, arithmetic, model.inputs, 1);
        REQUIRE(all.values.size() == 2 * 19 * 19);
        REQUIRE(last.values.size() == 2 * 19);
        const std::vector<float> y =
          golden::evaluate_node(model.graph, node, arithmetic, model.inputs).front();
        const bool exact = precision == ops::Precision::Fp32;
        for (std::size_t head = 0; head < 2; ++head) {
          for (std::size_t query = 0; query < 19; ++query) {
            const float* weights = all.values.data() + (head * 19 + query) * 19;
            double sum = 0;
            for (std::size_t key = 0; key < 19; ++key) {
              sum += static_cast<double>(weights[key]);
              // A hidden key's score is finite: what is left of it is less than any weight that counts.
              CHECK((key <= query ? 0.0f : weights[key]) < 1e-30f);
            }
            CHECK(sum <= 1.02);
            CHECK((sinks ? sum < 0.999 : sum > 0.98));
            for (std::size_t c = 0; c < 6; ++c) {
              double mixed = 0;
              for (std::size_t key = 0; key < 19; ++key) {
                mixed += static_cast<double>(weights[key]) * static_cast<double>(v[key * 6 + c]);
              }
              const auto found = static_cast<double>(y[query * 12 + head * 6 + c]);
              CHECK(std::abs(mixed - found) < (exact ? 1e-5 : 0.03));
            }
            if (query == 18) {
              CHECK(std::equal(weights, weights + 19, last.values.data() + head * 19));
            }
          }
        }
      }
    }
  }
}
