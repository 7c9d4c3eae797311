// The references in hardware precision against the goldens that were recorded with upstream's
// operator tests, each with the settings and precision that its golden was made with.
#include "numerics/minifloat.h"
#include "ops/registry.h"
#include "shared_data.h"
#include "unit/codegen/harness.h"

#include <cstring>

using namespace plena;
using namespace plena::tests;

namespace {

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

struct Case {
  std::string op;     ///< of ops.def
  std::string folder; ///< below ops/
  std::uint32_t lanes;
  ir::Shape x;
  std::vector<std::pair<std::string, ir::Shape>> more; ///< file and shape of further inputs
  std::map<std::string, ir::Attr> attrs;
  ops::Bound bound;
  double equal_share; ///< of elements; the rest lies within the bound
  bool quantised = true;
};

using Kind = ops::Bound::Kind;
const ops::Bound exact{Kind::Exact};
const ops::Bound steps{Kind::StepsOfRowMax, 2};
// Recorded with 1e-6 as binary16 holds it.
const double eps = 1.0132789611816406e-06;

const std::vector<Case> cases{
  {"linear", "linear/m128_r16_k128_n256", 128, {16, 128}, {{"W", {128, 256}}}, {}, exact, 1},
  {"linear", "linear/m16_r16_k64_n32", 16, {16, 64}, {{"W", {64, 32}}}, {}, exact, 1},
  {"linear", "linear/r128_k64_n64", 64, {128, 64}, {{"W", {64, 64}}}, {}, exact, 1},
  {"linear", "linear/r4_k128_n64", 64, {4, 128}, {{"W", {128, 64}}}, {}, exact, 1},
  {"linear", "linear/r64_k256_n128", 64, {64, 256}, {{"W", {256, 128}}}, {}, exact, 1},
  {"linear", "linear/r64_k512_n128_ksplit", 64, {64, 512}, {{"W", {512, 128}}}, {}, exact, 1},
  // With upstream's split, upstream's share of elements that equal the golden.
  {"linear",
   "linear/r64_k512_n128_ksplit",
   64,
   {64, 512},
   {{"W", {512, 128}}},
   {{"k_split", std::int64_t{4}}},
   steps,
   0.624},
  {"linear", "linear/r64_k64_n128", 64, {64, 64}, {{"W", {64, 128}}}, {}, exact, 1},
  {"add", "residual_add/r64_h128", 64, {64, 128}, {{"B", {64, 128}}}, {}, exact, 1},
  {"silu", "silu/r8_h128", 64, {8, 128}, {}, {}, exact, 1},
  {"gelu",
   "gelu/r8_h128",
   64,
   {8, 128},
   {},
   {{"approximate", std::string("sigmoid1702")}},
   exact,
   1},
  {"rms_norm", "rms_norm/m16_r8_h64", 16, {8, 64}, {}, {{"eps", eps}}, steps, 0.5},
  {"rms_norm", "rms_norm/r4_h64", 64, {4, 64}, {}, {{"eps", eps}}, steps, 0.5},
  {"rms_norm", "rms_norm/r8_h256", 64, {8, 256}, {}, {{"eps", eps}}, steps, 0.5},
  {"layer_norm", "layer_norm/r4_h64", 64, {4, 64}, {}, {{"eps", eps}}, steps, 0.5},
  {"layer_norm", "layer_norm/r8_h256", 64, {8, 256}, {}, {{"eps", eps}}, steps, 0.5},
  {"softmax",
   "softmax/m16_r16",
   16,
   {16, 16},
   {},
   {{"scale", 0.25}},
   {Kind::ShareOfRowMax, 0.02},
   0.3,
   false},
  {"softmax",
   "softmax/r64",
   64,
   {64, 64},
   {},
   {{"scale", 0.125}},
   {Kind::ShareOfRowMax, 0.02},
   0.3,
   false},
};

std::vector<float> reference_of(const Case& test, const std::filesystem::path& folder) {
  Model model;
  const std::string first = test.op == "add" ? "A" : "X";
  const auto x = model.input(test.x);
  model.inputs[x] = read_floats(folder / ("input_" + first + ".f32.bin"));
  std::vector<ir::TensorId> operands{x};
  for (const auto& [name, shape] : test.more) {
    operands.push_back(
      model.constant_of(shape, read_floats(folder / ("input_" + name + ".f32.bin")))
    );
  }
  const auto y = model.node(test.op, operands, test.attrs);
  model.output(y);
  const Status inferred = ops::infer_shapes(model.graph);
  INFO(rendered(inferred.diagnostics()));
  REQUIRE(inferred.ok());
  config::Config config = machine(test.lanes, 4);
  if (!test.quantised) {
    config.hbm_v_act_type = numerics::StorageFormat{};
  }
  const Result<golden::Values> values = golden::evaluate(
    model.graph, ops::arithmetic_of(config, ops::Precision::Hardware), model.inputs
  );
  REQUIRE(values.ok());
  return values->at(y);
}

} // namespace

TEST_CASE("references agree with the recorded goldens") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& test : cases) {
    const std::filesystem::path folder = shared_dir() / "ops" / test.folder;
    const std::vector<float> golden = read_floats(folder / "golden.f32.bin");
    const std::vector<float> reference = reference_of(test, folder);
    const numerics::Errors errors = numerics::compare(reference, golden);
    INFO(
      test.folder << ": " << errors.differing << " of " << errors.count << " differ, max "
                  << errors.max_abs
    );
    REQUIRE(reference.size() == golden.size());
    const std::uint64_t cols = reference.size() / static_cast<std::uint64_t>(test.x.front());
    // Some goldens were not rounded to bf16 when they were recorded.
    std::vector<float> rounded(golden.size());
    std::transform(golden.begin(), golden.end(), rounded.begin(), numerics::round_to_bf16);
    CHECK(golden::within(test.bound, rounded, reference, cols));
    CHECK(
      static_cast<double>(errors.differing) <=
      (1 - test.equal_share) * static_cast<double>(errors.count)
    );
  }
}
