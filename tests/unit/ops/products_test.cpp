// Products element by element, against numbers written down and against the machine.
#include "unit/codegen/harness.h"

using namespace plena;
using namespace plena::tests;

namespace {

/// The values of the last tensor after a run on a machine with bf16 in HBM, so that inputs arrive
/// as they are.
std::vector<float> result(Model& model, ir::TensorId output) {
  model.output(output);
  config::Config config = machine(16, 4);
  config.hbm_m_weight_type = config.hbm_v_act_type = numerics::StorageFormat{};
  return run(model, config).machine.at(output);
}

} // namespace

TEST_CASE("mul multiplies element by element, with one rounding") {
  Model model;
  const auto a = model.input({2, 3});
  const auto b = model.input({2, 3});
  model.inputs[a] = {1.5f, -2.0f, 0.0f, 3.0f, 1.5f, 1.0f};
  model.inputs[b] = {2.0f, 4.0f, 7.0f, -0.5f, 1.0078125f, 1.0f};
  // 1.5 * 1.0078125 = 1.51171875 lies half way between two bf16 numbers; the even one is taken.
  CHECK(
    result(model, model.node("mul", {a, b})) ==
    std::vector<float>{3.0f, -8.0f, 0.0f, -1.5f, 1.515625f, 1.0f}
  );
}

TEST_CASE("mul squares when both inputs are one") {
  Model model;
  const auto a = model.input({1, 4});
  model.inputs[a] = {1.0f, -2.0f, 0.5f, 16.0f};
  CHECK(result(model, model.node("mul", {a, a})) == std::vector<float>{1.0f, 4.0f, 0.25f, 256.0f});
}

TEST_CASE("mul_vec multiplies every row by the same vector") {
  Model model;
  const auto x = model.input({3, 2});
  model.inputs[x] = {1.0f, 2.0f, 3.0f, 4.0f, -5.0f, 6.0f};
  const auto v = model.constant_of({2}, {10.0f, -0.5f});
  CHECK(
    result(model, model.node("mul_vec", {x, v})) ==
    std::vector<float>{10.0f, -1.0f, 30.0f, -2.0f, -50.0f, -3.0f}
  );
}

TEST_CASE("sub subtracts the second from the first") {
  Model model;
  const auto a = model.input({1, 3});
  const auto b = model.input({1, 3});
  model.inputs[a] = {1.0f, 256.0f, 3.0f};
  model.inputs[b] = {4.0f, 0.5f, 3.0f};
  // 255.5 lies half way between two bf16 numbers; the even one is taken.
  CHECK(result(model, model.node("sub", {a, b})) == std::vector<float>{-3.0f, 256.0f, 0.0f});
}

TEST_CASE("clamp keeps what lies between its limits") {
  Model model;
  const auto x = model.input({1, 4});
  model.inputs[x] = {-3.0f, -0.5f, 0.25f, 9.0f};
  CHECK(
    result(model, model.node("clamp", {x}, {{"min", -1.0}, {"max", 2.0}})) ==
    std::vector<float>{-1.0f, -0.5f, 0.25f, 2.0f}
  );
}

TEST_CASE("gated products limit their branches only when they are of the clamped kind") {
  const auto gated = [](std::map<std::string, ir::Attr> attrs) {
    Model model;
    const auto gate = model.input({1, 3});
    const auto up = model.input({1, 3});
    model.inputs[gate] = {64.0f, 0.0f, 64.0f};
    model.inputs[up] = {2.0f, 5.0f, -64.0f};
    return result(model, model.node("gated", {gate, up}, std::move(attrs)));
  };
  CHECK(gated({}) == std::vector<float>{128.0f, 0.0f, -4096.0f});
  // The sigmoid of 16 * 8 is one.
  CHECK(
    gated({{"kind", std::string("clamped")}, {"limit", 8.0}, {"alpha", 16.0}}) ==
    std::vector<float>{24.0f, 0.0f, -56.0f}
  );
}

TEST_CASE("products over odd shapes agree with their reference to the bit") {
  for (const auto& [rows, cols] :
       std::vector<std::array<std::int64_t, 2>>{{1, 1}, {1, 16}, {5, 17}, {4, 15}, {9, 40}}) {
    INFO(rows << " x " << cols);
    Model model;
    const auto a = model.input({rows, cols});
    const auto b = model.input({rows, cols});
    const auto product = model.node("mul", {a, b});
    model.output(model.node("mul_vec", {product, model.constant({cols})}));
    run(model, machine(16, 4));
  }
}

TEST_CASE("products of other shapes are refused") {
  for (const char* op : {"mul", "mul_vec"}) {
    INFO(op);
    Model model;
    model.output(model.node(op, {model.input({2, 4}), model.input({2, 3})}));
    const Status status = ops::infer_shapes(model.graph);
    REQUIRE_FALSE(status.ok());
    CHECK(status.diagnostics().front().code == "E_SHAPE");
  }
}

TEST_CASE("sums whose products leave the range of f32 agree with the machine") {
  Model model;
  const auto x = model.input({4, 16});
  const auto w = model.constant_of({16, 16}, std::vector<float>(256, 0x1.8p127f));
  const auto y = model.node("linear", {x, w});
  model.inputs[x] = noise(64, 5, 2.0);
  // -3 * 2^127 and then +3 * 2^127: only a fused step keeps the sum finite.
  model.inputs[x][0] = -1.0f;
  model.inputs[x][1] = 2.0f;
  std::fill(model.inputs[x].begin() + 2, model.inputs[x].begin() + 16, 0.0f);
  const std::vector<float> sums = result(model, y);
  CHECK(sums[0] == 0x1.8p127f);
}
