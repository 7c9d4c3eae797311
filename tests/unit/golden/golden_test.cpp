// Evaluation of graphs and the verdict: what is accepted, what is not, and who is to blame.
#include "golden/precision.h"
#include "unit/codegen/harness.h"

#include <cmath>
#include <limits>

using namespace plena;
using namespace plena::tests;

namespace {

using Kind = ops::Bound::Kind;

bool accepts(ops::Bound bound, std::vector<float> golden, std::vector<float> machine) {
  return golden::within(bound, golden, machine, 2);
}

/// A chain of two nodes with its references.
struct Chain {
  Model model;
  ir::TensorId middle{};
  ir::TensorId last{};
  ops::Arithmetic hardware = ops::arithmetic_of(machine(16, 4), ops::Precision::Hardware);
  golden::Values fp32;
  golden::Values golden;

  Chain() {
    const auto x = model.input({2, 20});
    middle = model.node("silu", {x});
    last = model.node("linear", {middle, model.constant({20, 20})});
    model.output(last);
    REQUIRE(ops::infer_shapes(model.graph).ok());
    fp32 = *golden::evaluate(
      model.graph, ops::arithmetic_of(machine(16, 4), ops::Precision::Fp32), model.inputs
    );
    golden = *golden::evaluate(model.graph, hardware, model.inputs);
  }
  golden::Verdict judge(const golden::Values& values) const {
    return golden::judge(model.graph, hardware, fp32, golden, values, values);
  }
};

} // namespace

TEST_CASE("bounds hold on one side and fail on the other") {
  CHECK(accepts({Kind::Exact}, {1, 2}, {1, 2}));
  CHECK_FALSE(accepts({Kind::Exact}, {1, 2}, {1, std::nextafter(2.0f, 3.0f)}));
  // The largest element lies in [2, 4), where a step is 2^-6.
  CHECK(accepts({Kind::StepsOfRowMax, 2}, {0, 3}, {0x1p-5f, 3}));
  CHECK_FALSE(accepts({Kind::StepsOfRowMax, 2}, {0, 3}, {0x1.1p-5f, 3}));
  CHECK_FALSE(accepts({Kind::StepsOfRowMax, 2}, {0, 0.5f, 3, 0}, {0x1p-5f, 0.5f, 3, 0}));
  CHECK(accepts({Kind::ShareOfRowMax, 0.02}, {0.5f, 0}, {0.509f, -0.009f}));
  CHECK_FALSE(accepts({Kind::ShareOfRowMax, 0.02}, {0.5f, 0}, {0.511f, 0}));
  CHECK_FALSE(accepts({Kind::Exact}, {1, 2}, {1, 2, 3}));
}

TEST_CASE("numbers that are not finite match only themselves") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(accepts({Kind::Exact}, {inf, nan}, {inf, nan}));
  for (const ops::Bound bound : {ops::Bound{Kind::Exact}, ops::Bound{Kind::ShareOfRowMax, 2}}) {
    CHECK_FALSE(accepts(bound, {inf, 1}, {-inf, 1}));
    CHECK_FALSE(accepts(bound, {1, 1}, {nan, 1}));
    CHECK_FALSE(accepts(bound, {nan, 1}, {1, 1}));
    CHECK_FALSE(accepts(bound, {1, 1}, {inf, 1}));
    CHECK_FALSE(accepts(bound, {inf, 1}, {1, 1}));
  }
}

TEST_CASE("bounds say what they are") {
  CHECK(ops::to_string(ops::Bound{Kind::Exact}) == "exact");
  CHECK(
    ops::to_string(ops::Bound{Kind::StepsOfRowMax, 2}) ==
    "2 bf16 steps of the row's largest element"
  );
  CHECK(
    ops::to_string(ops::Bound{Kind::ShareOfRowMax, 0.02}) == "2 % of the row's largest element"
  );
}

TEST_CASE("the price of the formats is there, and is no fault") {
  const Chain chain;
  const golden::Verdict verdict = chain.judge(chain.golden);
  CHECK(verdict.pass);
  CHECK(verdict.stages.size() == 2);
  CHECK(verdict.outputs[0].fp32_vs_golden.rel_rms > 0.001);
  CHECK(verdict.outputs[0].fp32_vs_golden.rel_rms < 0.1);
  CHECK(verdict.outputs[0].golden_vs_machine.differing == 0);
  CHECK_FALSE(verdict.first_bad_stage.has_value());
}

TEST_CASE("a wrong stage is named, those after it are not blamed") {
  const Chain chain;
  golden::Values machine = chain.golden;
  machine[chain.middle][3] += 0.5f;
  machine[chain.last] =
    golden::evaluate_node(chain.model.graph, ir::NodeId{1}, chain.hardware, machine)[0];
  const golden::Verdict verdict = chain.judge(machine);
  CHECK_FALSE(verdict.pass);
  CHECK(verdict.first_bad_stage == ir::NodeId{0});
  CHECK_FALSE(verdict.stages[0].pass);
  CHECK(verdict.stages[1].pass);
  CHECK_FALSE(verdict.stages[1].chained_pass);
  CHECK(verdict.stages[1].local_pass);
  CHECK(verdict.stages[1].golden_vs_machine.differing > 0);
  CHECK(verdict.stages[1].local_vs_machine.differing == 0);
  REQUIRE(verdict.stages[0].first_bad);
  CHECK(verdict.stages[0].first_bad->index == 3);
  CHECK(verdict.stages[0].first_bad->machine - verdict.stages[0].first_bad->golden == Approx(0.5));
  CHECK_FALSE(verdict.outputs[0].pass);
}

TEST_CASE("a program that never loads its input does not pass by agreeing with itself") {
  const Chain chain;
  golden::Values machine = chain.golden;
  for (const ir::TensorId id : chain.model.graph.inputs) {
    std::fill(machine[id].begin(), machine[id].end(), 0.0f);
  }
  for (const std::uint32_t node : {0u, 1u}) {
    machine[node == 0 ? chain.middle : chain.last] =
      golden::evaluate_node(chain.model.graph, ir::NodeId{node}, chain.hardware, machine)[0];
  }
  const golden::Verdict verdict = chain.judge(machine);
  CHECK_FALSE(verdict.pass);
  CHECK(verdict.first_bad_stage == ir::NodeId{0});
  CHECK_FALSE(verdict.outputs[0].pass);
}

TEST_CASE("an output alone is judged by its own bound; a missing one fails") {
  const Chain chain;
  golden::Values machine{{chain.last, chain.golden.at(chain.last)}};
  CHECK(chain.judge(machine).pass);
  machine[chain.last][0] += 1.0f;
  CHECK_FALSE(chain.judge(machine).pass);
  CHECK_FALSE(chain.judge({}).pass);
}

TEST_CASE("an output that changes after its stage fails though every stage passes") {
  const Chain chain;
  golden::Values outputs = chain.golden;
  outputs[chain.last][7] += 1.0f;
  const golden::Verdict verdict = golden::judge(
    chain.model.graph, chain.hardware, chain.fp32, chain.golden, chain.golden, outputs
  );
  CHECK_FALSE(verdict.pass);
  CHECK_FALSE(verdict.first_bad_stage.has_value());
  REQUIRE(verdict.outputs[0].first_bad);
  CHECK(verdict.outputs[0].first_bad->index == 7);
}

TEST_CASE("each precision leaves out the roundings that it is named after") {
  const Chain chain;
  const auto error = [&](golden::Precision precision) {
    const ops::Arithmetic arithmetic = golden::arithmetic_in(precision, chain.hardware);
    const golden::Values values =
      *golden::evaluate(chain.model.graph, arithmetic, chain.model.inputs);
    return numerics::compare(values.at(chain.last), chain.fp32.at(chain.last)).rel_rms;
  };
  const double hardware = error(golden::Precision::Hardware);
  const double no_weight_quant = error(golden::Precision::NoWeightQuant);
  const double no_bf16 = error(golden::Precision::NoBf16);
  CHECK(error(golden::Precision::Fp32) == 0);
  CHECK(no_weight_quant > 1e-4);
  CHECK(no_weight_quant < hardware / 4);
  CHECK(no_bf16 == Approx(hardware).epsilon(0.1));
  CHECK(no_bf16 != hardware);
}

TEST_CASE("a precision that does not exist is refused with the names there are") {
  CHECK(*golden::precision_of("no_bf16") == golden::Precision::NoBf16);
  const Result<golden::Precision> unknown = golden::precision_of("bf16");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.diagnostics()[0].code == "E_PRECISION");
  CHECK(unknown.diagnostics()[0].hint.find("no_weight_quant") != std::string::npos);
}

TEST_CASE("inputs are asked for by name") {
  Chain chain;
  chain.model.inputs.clear();
  const Result<golden::Values> values =
    golden::evaluate(chain.model.graph, chain.hardware, chain.model.inputs);
  REQUIRE_FALSE(values.ok());
  CHECK(values.diagnostics()[0].code == "E_INPUT");
  CHECK(values.diagnostics()[0].where == "x0");
}
