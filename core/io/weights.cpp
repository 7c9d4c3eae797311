#include "io/weights.h"

#include "base/check.h"

#include <bit>

namespace plena::io {

std::uint64_t ih4_state(std::string_view name, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  }
  return hash ^ seed;
}

std::uint64_t ih4_word(std::uint64_t state, std::uint64_t n) {
  std::uint64_t z = state + (n + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

std::vector<float> ih4(
  std::string_view name,
  std::uint64_t seed,
  double std,
  double mean,
  std::size_t count,
  std::size_t first
) {
  const std::uint64_t state = ih4_state(name, seed);
  std::vector<float> values(count);
  for (std::size_t n = 0; n < count; ++n) {
    const std::uint64_t z = ih4_word(state, first + n);
    const std::uint64_t sum =
      (z & 0xFFFF) + ((z >> 16) & 0xFFFF) + ((z >> 32) & 0xFFFF) + (z >> 48);
    values[n] = static_cast<float>((static_cast<double>(sum) - 131070.0) / 37837.0 * std + mean);
  }
  return values;
}

ir::Constant
input_values(const ir::Graph& graph, std::size_t number, std::optional<std::uint64_t> seed) {
  PLENA_CHECK(number < graph.inputs.size());
  const ir::Tensor& tensor = graph.tensor(graph.inputs[number]);
  const ir::InputSpec spec =
    graph.input_specs.empty() ? ir::InputSpec{} : graph.input_specs[number];
  const bool made_anew = seed && spec.below > 0;
  if (spec.values && !made_anew) {
    return *spec.values;
  }
  const auto count = static_cast<std::size_t>(ir::element_count(tensor.shape).value_or(0));
  const std::string& name = spec.generator_name.empty() ? tensor.name : spec.generator_name;
  if (!ir::is_float(tensor.dtype)) {
    std::vector<std::int64_t> ints(count);
    const std::uint64_t state = ih4_state(name, seed.value_or(spec.seed));
    for (std::size_t n = 0; made_anew && n < count; ++n) {
      ints[n] =
        static_cast<std::int64_t>(ih4_word(state, n) % static_cast<std::uint64_t>(spec.below));
    }
    return {.ints = std::move(ints)};
  }
  return {.floats = ih4(name, seed.value_or(spec.seed), spec.std, spec.mean, count)};
}

float half_value(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1Fu;
  const std::uint32_t mantissa = bits & 0x3FFu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 0x7F800000u : (exponent + 112) << 23;
  return std::bit_cast<float>(sign | wide | (mantissa << 13));
}

float bf16_value(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

} // namespace plena::io
