// Cycles of the parts of a transformer in closed form (analytic.md 3).
#pragma once

#include "analytic/count.h"
#include "analytic/hardware.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace plena::analytic {

enum class Layer : std::uint8_t {
#define LAYER(name, title) name,
#include "analytic/layers.def"
};
#define LAYER(name, title) +1
inline constexpr std::size_t layer_count = 0
#include "analytic/layers.def"
  ;

std::string_view to_string(Layer layer);
std::string_view title(Layer layer);
std::optional<Layer> find_layer(std::string_view name);

enum class Mode : std::uint8_t { Prefill, Decode };

/// What a part is asked for; each formula reads what it needs. Nothing that it reads is 0, and the
/// heads are at least as many as those of keys.
struct Call {
  Mode mode = Mode::Prefill;
  std::uint64_t hidden = 1;
  std::uint64_t heads = 1;
  std::uint64_t kv_heads = 1;
  std::uint64_t head_dim = 1;
  std::uint64_t inner = 1;
  std::uint64_t vocabulary = 1;
  std::uint64_t rows = 1; ///< tokens of one sequence; one when decoding
  std::uint64_t keys = 1;
  std::uint64_t batch = 1;
  std::uint64_t window = 1;
  std::uint64_t sinks = 0;
  std::uint64_t experts = 1;
  std::uint64_t chosen = 1; ///< experts per token
  bool multi_core = false;
  bool gated = true; ///< the feed-forward part has a gate; upstream's always has
};

Count cycles(Layer layer, const Call& call, const Hardware& hardware);

} // namespace plena::analytic
