#include "io/base64.h"
#include "io/weights.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

using namespace plena;

namespace {
struct Vector {
  const char* name;
  std::uint64_t seed;
  double std;
  double mean;
  std::uint64_t state;
  std::vector<std::uint32_t> bits;
};
} // namespace

// The vectors recorded for the generator (key `ih4` of vectors.json).
TEST_CASE("ih4 matches the recorded vectors to the bit", "[unit][io]") {
  const Vector vectors[] = {
    {"X",
     42,
     1.0,
     0.0,
     0xaf64154c86024d4d,
     {0xbf0b815f,
      0xc00ab186,
      0x3d0d9894,
      0xbf2b8c69,
      0x3fc0f053,
      0x3d281e42,
      0x3f06a08e,
      0xbf0f2538}},
    {"model.layers.0.self_attn.q_proj.weight",
     42,
     0.051031036307982884,
     0.0,
     0x3a296639dc11fe91,
     {0xbccb0a51,
      0x3d105ddd,
      0xbd1e566f,
      0x3d71d93a,
      0x3ca94f14,
      0xbce61c01,
      0x3da9ffdb,
      0xbdb4de56}},
    {"model.norm.weight",
     42,
     0.1,
     1.0,
     0xd6d6e5afd11604ce,
     {0x3f6b077a, 0x3f9416d6, 0x3f81ff64, 0x3f6baa77}},
    {"a", 0, 1.0, 0.0, 0xaf63dc4c8601ec8c, {0x3f65a75b, 0x4003ceb8, 0x3fb19802, 0xbe7ce185}},
    {"a", 12345, 1.0, 0.0, 0xaf63dc4c8601dcb5, {0x3e72005e, 0xbeaf20ac, 0x3c1339a7, 0xbfee9adf}},
  };
  for (const Vector& vector : vectors) {
    INFO(vector.name << " seed " << vector.seed);
    CHECK(io::ih4_state(vector.name, vector.seed) == vector.state);
    const auto values =
      io::ih4(vector.name, vector.seed, vector.std, vector.mean, vector.bits.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(std::bit_cast<std::uint32_t>(values[i]) == vector.bits[i]);
    }
  }
  CHECK(io::ih4_word(0xaf64154c86024d4d, 0) == 0xacf493c953c21af4);
  CHECK(io::ih4_word(0xaf64154c86024d4d, 1) == 0x293b541536450c1d);
}

TEST_CASE("inputs that nobody gives are seeded by name", "[unit][io]") {
  ir::Graph graph;
  graph.inputs = {
    graph.add_tensor({.name = "X", .shape = {2, 4}}),
    graph.add_tensor({.name = "ids", .dtype = ir::DType::I64, .shape = {3}})};
  CHECK(io::input_values(graph, 0).floats == io::ih4("X", 42, 1.0, 0.0, 8));
  CHECK(io::input_values(graph, 1).ints == std::vector<std::int64_t>(3));
  graph.input_specs.resize(2);
  // Those that were made up for a table of 7 rows, and others by a seed.
  graph.input_specs[1].values = ir::Constant{.ints = {3, 2, 1}};
  CHECK(io::input_values(graph, 1, 5).ints == std::vector<std::int64_t>{3, 2, 1});
  graph.input_specs[1].below = 7;
  CHECK(io::input_values(graph, 1).ints == std::vector<std::int64_t>{3, 2, 1});
  std::vector<std::int64_t> seeded;
  for (std::uint64_t i = 0; i < 3; ++i) {
    seeded.push_back(static_cast<std::int64_t>(io::ih4_word(io::ih4_state("ids", 5), i) % 7));
  }
  CHECK(io::input_values(graph, 1, 5).ints == seeded);
  graph.input_specs[0] = {{}, "other", 7, 0.5, 1.0};
  CHECK(io::input_values(graph, 0).floats == io::ih4("other", 7, 0.5, 1.0, 8));
  graph.input_specs[0].values = ir::Constant{.floats = {1, 2}};
  CHECK(io::input_values(graph, 0).floats == std::vector<float>{1, 2});
}

TEST_CASE("base64 there and back, and broken texts", "[unit][io]") {
  std::vector<std::uint8_t> bytes;
  for (int length = 0; length < 40; ++length) {
    CHECK(io::base64_decode(io::base64_encode(bytes)) == bytes);
    bytes.push_back(static_cast<std::uint8_t>(length * 37 + 200));
  }
  const std::string hello = "hello";
  CHECK(io::base64_encode({reinterpret_cast<const std::uint8_t*>(hello.data()), 5}) == "aGVsbG8=");
  for (const char* broken :
       {"a", "ab", "abc", "====", "ab=c", "a===", "ab!d", "aB==", "aaB=", " abc"}) {
    INFO(broken);
    CHECK_FALSE(io::base64_decode(broken));
  }
}

TEST_CASE("small floats widen exactly", "[unit][io]") {
  CHECK(io::half_value(0x3C00) == 1.0f);
  CHECK(io::half_value(0xC000) == -2.0f);
  CHECK(io::half_value(0x0001) == 0x1p-24f);
  CHECK(io::half_value(0x03FF) == 1023 * 0x1p-24f);
  CHECK(io::half_value(0x0400) == 0x1p-14f);
  CHECK(io::half_value(0x7BFF) == 65504.0f);
  CHECK(std::isinf(io::half_value(0x7C00)));
  CHECK(std::isnan(io::half_value(0x7C01)));
  CHECK(std::bit_cast<std::uint32_t>(io::half_value(0x8000)) == 0x80000000u);
  CHECK(io::bf16_value(0x3F80) == 1.0f);
}
