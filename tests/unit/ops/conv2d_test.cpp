// conv2d: what it refuses, its reference against the plain sum over a window, and windows that take
// several fetches, pieces and strips.
#include "unit/codegen/harness.h"

#include <cmath>

using namespace plena;
using namespace plena::tests;

namespace {

using Strides = std::vector<std::int64_t>;

std::string code_of(ir::Shape x, ir::Shape w, std::map<std::string, ir::Attr> attrs, ir::Shape bias) {
  Model m;
  std::vector<ir::TensorId> operands{m.input(std::move(x)), m.constant(std::move(w))};
  if (!bias.empty()) {
    operands.push_back(m.constant(std::move(bias)));
  }
  m.output(m.node("conv2d", operands, std::move(attrs)));
  const Status status = ops::infer_shapes(m.graph);
  return status ? "" : status.diagnostics()[0].code;
}

} // namespace

TEST_CASE("conv2d: images and kernels that do not fit are refused") {
  CHECK(code_of({3, 8, 9}, {5, 3, 2, 4}, {}, {5}).empty());
  CHECK(code_of({1, 3, 8, 9}, {5, 3, 2, 4}, {{"strides", Strides{2, 1}}}, {}).empty());
  CHECK(code_of({2, 3, 8, 9}, {5, 3, 2, 4}, {}, {}).empty());
  CHECK(code_of({1, 2, 3, 8, 9}, {5, 3, 2, 4}, {}, {}) == "E_SHAPE");
  CHECK(code_of({8, 9}, {5, 3, 2, 4}, {}, {}) == "E_SHAPE");
  CHECK(code_of({3, 8, 9}, {5, 4, 2, 4}, {}, {}) == "E_SHAPE");
  CHECK(code_of({3, 8, 9}, {5, 3, 9, 4}, {}, {}) == "E_SHAPE");
  CHECK(code_of({3, 8, 9}, {5, 3, 2, 4}, {}, {4}) == "E_SHAPE");
  CHECK(code_of({3, 8, 9}, {5, 3, 2, 4}, {{"strides", Strides{2}}}, {}) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of({3, 8, 9}, {5, 3, 2, 4}, {{"strides", Strides{2, 0}}}, {}) == "E_UNSUPPORTED_ATTR");
  CHECK(code_of({3, 8, 9}, {5, 3, 2, 4}, {{"pads", Strides{1, 1}}}, {}) == "E_UNSUPPORTED_ATTR");

  Model computed;
  const auto x = computed.node("silu", {computed.input({3, 8, 8})});
  computed.output(computed.node("conv2d", {x, computed.constant({5, 3, 2, 2})}));
  const Status status = ops::infer_shapes(computed.graph);
  REQUIRE_FALSE(status.ok());
  CHECK(status.diagnostics()[0].code == "E_PATTERN");
}

TEST_CASE("conv2d: the exact reference is the sum over the window") {
  Model m;
  const auto x = m.input({2, 5, 7});
  const auto w = m.constant({3, 2, 2, 3});
  const auto bias = m.constant({3});
  const auto y = m.node("conv2d", {x, w, bias}, {{"strides", Strides{2, 3}}});
  m.output(y);
  REQUIRE(ops::infer_shapes(m.graph).ok());
  REQUIRE(m.graph.tensor(y).shape == ir::Shape{4, 3});
  const config::Config config = machine(16, 4);
  const auto values = golden::evaluate(
    m.graph, ops::arithmetic_of(config, ops::Precision::Fp32), m.inputs
  );
  REQUIRE(values.ok());
  const std::vector<float>& image = m.inputs.at(x);
  const std::vector<float>& kernels = m.graph.tensor(w).constant->floats;
  for (std::size_t position = 0; position < 4; ++position) {
    for (std::size_t o = 0; o < 3; ++o) {
      double sum = static_cast<double>(m.graph.tensor(bias).constant->floats[o]);
      for (std::size_t c = 0; c < 2; ++c) {
        for (std::size_t r = 0; r < 2; ++r) {
          for (std::size_t k = 0; k < 3; ++k) {
            const std::size_t row = position / 2 * 2 + r;
            const std::size_t col = position % 2 * 3 + k;
            sum += static_cast<double>(image[(c * 5 + row) * 7 + col]) *
                   static_cast<double>(kernels[((o * 2 + c) * 2 + r) * 3 + k]);
          }
        }
      }
      CHECK(std::fabs(static_cast<double>(values->at(y)[position * 3 + o]) - sum) < 1e-5);
    }
  }
}

TEST_CASE("conv2d: kernels wider than a row, images wider than a strip") {
  Model wide;
  wide.output(wide.node("conv2d", {wide.input({1, 3, 75}), wide.constant({6, 1, 2, 21}, 0.2)}));
  run(wide, machine(16, 4));

  Model patches;
  patches.output(patches.node(
    "conv2d", {patches.input({2, 32, 48}), patches.constant({20, 2, 16, 16}, 0.05)},
    {{"strides", Strides{16, 16}}}
  ));
  run(patches, machine(16, 4));
}

TEST_CASE("conv2d: images are cut one after the other, each as it is alone") {
  constexpr std::int64_t images = 3;
  for (const std::int64_t width : {std::int64_t{9}, std::int64_t{37}}) {
    INFO("width " << width);
    const auto made = [&](Model& m, std::int64_t count) {
      const auto x = m.input({count, 2, 6, width});
      const auto y = m.node(
        "conv2d", {x, m.constant({5, 2, 3, 4}, 0.3), m.constant({5})}, {{"strides", Strides{3, 2}}}
      );
      m.output(y);
      return std::pair(x, y);
    };
    Model all;
    const auto [x, y] = made(all, images);
    const Run together = run(all, machine(16, 4));
    const std::vector<float>& pixels = all.inputs.at(x);
    const std::vector<float>& result = together.machine.at(y);
    const std::size_t size = pixels.size() / images;
    for (std::size_t i = 0; i < images; ++i) {
      Model one;
      const auto [single, alone] = made(one, 1);
      const auto first = pixels.begin() + static_cast<std::ptrdiff_t>(i * size);
      one.inputs[single].assign(first, first + static_cast<std::ptrdiff_t>(size));
      const std::vector<float> own = run(one, machine(16, 4)).machine.at(alone);
      CHECK(std::equal(own.begin(), own.end(), result.begin() + static_cast<std::ptrdiff_t>(i * own.size())));
    }
  }
}

TEST_CASE("conv2d: an image whose scales cannot be read is refused") {
  Model m;
  m.output(m.node("conv2d", {m.input({1, 4, 9}), m.constant({2, 1, 2, 2})}));
  REQUIRE(ops::infer_shapes(m.graph).ok());
  const auto compiled = codegen::compile(m.graph, machine(512, 4), m.inputs);
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.diagnostics()[0].code == "E_HARDWARE");
}
