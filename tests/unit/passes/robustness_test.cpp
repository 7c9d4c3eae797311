// Damaged models through importer and passes: an error or a graph, never a crash or a long wait.
#include "io/importer.h"
#include "io/weights.h"
#include "passes/pipeline.h"
#include "shared_data.h"
#include "unit/complete.h"
#include "unit/onnx_builder.h"

#include <catch2/catch.hpp>

using namespace plena;
using tests::OnnxBuilder;

namespace {

/// A model with most of what importer and passes look at.
std::vector<std::uint8_t> seed_model() {
  OnnxBuilder builder;
  builder.input("x", {2, 4})
    .floats("w", {4, 4}, std::vector<float>(16, 0.5f))
    .floats("b", {4}, {1, 2, 3, 4})
    .floats("two", {}, {2})
    .floats("eps", {1}, {1e-5f})
    .ints("axes", {1}, {-1})
    .ints("shape", {2}, {-1, 4})
    .node("Pow", {"x", "two"}, {"s"})
    .node("ReduceMean", {"s", "axes"}, {"m"}, {{"keepdims", std::int64_t{1}}})
    .node("Add", {"m", "eps"}, {"a"})
    .node("Sqrt", {"a"}, {"q"})
    .node("Div", {"x", "q"}, {"n"})
    .node("Mul", {"n", "b"}, {"g"})
    .node("Gemm", {"g", "w", "b"}, {"l"}, {{"alpha", 0.5f}, {"transB", std::int64_t{1}}})
    .node("Sigmoid", {"l"}, {"i"})
    .node("Mul", {"l", "i"}, {"u"})
    .node("Shape", {"u"}, {"z"})
    .node("Slice", {"z", "axes", "shape"}, {"v"})
    .node("Reshape", {"u", "shape"}, {"r"})
    .node("Transpose", {"w"}, {"t"}, {{"perm", std::vector<std::int64_t>{1, 0}}})
    .node("MatMul", {"r", "t"}, {"p"})
    .node("Softmax", {"p"}, {"y"}, {{"axis", std::int64_t{-1}}})
    .output("y", {2, 4});
  return builder.bytes();
}

bool lowers(const std::string& name, const std::vector<std::uint8_t>& bytes) {
  auto graph = io::import_model(name, bytes);
  if (!graph) {
    tests::check_complete(graph.diagnostics());
    return false;
  }
  const auto lowered = passes::run(*std::move(graph), {.file = name});
  if (!lowered) {
    tests::check_complete(lowered.diagnostics());
    REQUIRE(lowered.diagnostics().front().code != "E_INTERNAL");
  }
  return lowered.ok();
}
bool lowers(const std::vector<std::uint8_t>& bytes) { return lowers("damaged.onnx", bytes); }

} // namespace

TEST_CASE("the undamaged seed model is accepted", "[unit][passes]") { CHECK(lowers(seed_model())); }

TEST_CASE("ten thousand damaged models are survived", "[unit][passes]") {
  const std::vector<std::uint8_t> whole = seed_model();
  std::uint64_t number = 0;
  int accepted = 0;
  for (int round = 0; round < 10000; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    const std::uint64_t changes = 1 + io::ih4_word(99, number++) % 4;
    for (std::uint64_t change = 0; change < changes; ++change) {
      const std::uint64_t word = io::ih4_word(99, number++);
      const auto at = static_cast<std::size_t>(word % bytes.size());
      switch (word >> 62) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(word >> 32);
        break;
      case 1:
        bytes[at] ^= static_cast<std::uint8_t>(1u << (word >> 32 & 7));
        break;
      case 2:
        bytes.resize(at + 1);
        break;
      default:
        bytes.insert(
          bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(word >> 32)
        );
      }
    }
    accepted += lowers(bytes) ? 1 : 0;
  }
  CHECK(accepted < 10000);
  CHECK(accepted > 0);
}

// Files that once were or might be trouble; a new finding is kept as one more file.
TEST_CASE("the kept files are survived", "[unit][passes]") {
  const std::filesystem::path folder =
    tests::source_dir() / "tests/fuzz/seeds/models";
  std::size_t accepted = 0;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    INFO(entry.path().string());
    const bool accepts = lowers(entry.path().filename().string(), tests::read_bytes(entry.path()));
    // Names say what is expected.
    CHECK(accepts == !entry.path().filename().string().starts_with("bad-"));
    accepted += accepts ? 1u : 0u;
    ++count;
  }
  CHECK(count >= 4);
  CHECK(accepted >= 2);
}

TEST_CASE("constants that would explode are refused", "[unit][passes]") {
  const auto code = [](const OnnxBuilder& builder) {
    auto graph = io::import_model("big.onnx", builder.bytes());
    REQUIRE(graph);
    const auto lowered = passes::run(*std::move(graph));
    return lowered ? std::string() : lowered.diagnostics().front().code;
  };
  OnnxBuilder expand;
  expand.input("x", {1, 1}).floats("one", {1}, {1}).ints("s", {2}, {1 << 20, 1 << 20});
  expand.node("Expand", {"one", "s"}, {"e"})
    .node("Add", {"x", "e"}, {"y"})
    .output("y", {1 << 20, 1 << 20});
  CHECK(code(expand) == "E_RESOURCE");
  OnnxBuilder range;
  range.input("x", {1, 1}).ints("a", {}, {0}).ints("b", {}, {1LL << 50}).ints("c", {}, {1});
  range.node("Range", {"a", "b", "c"}, {"e"}).node("Add", {"x", "e"}, {"y"}).output("y", {1});
  CHECK_FALSE(code(range).empty());
  // 8 MiB constants whose product would take 2^39 steps.
  OnnxBuilder product;
  product.input("x", {1, 1}).floats("one", {1}, {1}).ints("s", {2}, {4096, 4096});
  product.node("Expand", {"one", "s"}, {"a"})
    .node("MatMul", {"a", "a"}, {"b"})
    .node("Add", {"x", "b"}, {"y"});
  product.output("y", {4096, 4096});
  CHECK(code(product) == "E_RESOURCE");
}

TEST_CASE("long chains take linear time", "[unit][passes]") {
  OnnxBuilder builder;
  builder.input("x", {1, 4}).floats("two", {}, {2});
  std::string last = "x";
  for (int i = 0; i < 20000; ++i) {
    const std::string next = "t" + std::to_string(i);
    builder.node(i % 2 == 0 ? "Identity" : "Neg", {last}, {next});
    last = next;
  }
  builder.output(last, {1, 4});
  CHECK(lowers(builder.bytes()));
}
