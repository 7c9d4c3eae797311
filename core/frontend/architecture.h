// What a transformer is made of: dimensions and features, whatever file they were read from.
#pragma once

#include "frontend/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plena::frontend {

enum class NormKind : std::uint8_t { Rms, Layer };

struct Norm {
  NormKind kind = NormKind::Rms;
  double eps = 1e-5;
  double gain_offset = 0; ///< added to the stored gain
  bool gains = true;      ///< has a gain, and a layer norm a shift
};

/// How rotary positions are stretched beyond the length that a model was trained with.
struct RopeScaling {
  enum class Kind : std::uint8_t { None, Linear, Dynamic, Llama3, Yarn, LongRope };
  Kind kind = Kind::None;
  double factor = 1;
  double trained_positions = 0;
  std::optional<double> attention_factor{}; ///< of cosines and sines; by default as the kind says
  double low_freq_factor = 1;               ///< Llama3
  double high_freq_factor = 4;
  double beta_fast = 32; ///< Yarn
  double beta_slow = 1;
  double mscale = 0; ///< Yarn; 0: not given
  double mscale_all_dim = 0;
  bool truncate = true;
  std::vector<double> short_factors{}; ///< LongRope, one per pair of columns
  std::vector<double> long_factors{};
};

struct Rotary {
  double theta = 10000;
  std::int64_t columns = 0; ///< of a head that are rotated, the first ones
  RopeScaling scaling{};
  bool recorded = false; ///< cosines next to 1 are those of upstream's recorded tables, see rotary.cpp
};

enum class FfnKind : std::uint8_t {
  Gated,   ///< down(f(gate(x)) * up(x))
  Plain,   ///< down(f(up(x)))
  Experts, ///< gated ones, of which a router chooses
};
enum class Function : std::uint8_t { Silu, GeluTanh, GeluErf, GeluSigmoid };

struct Ffn {
  FfnKind kind = FfnKind::Gated;
  Function function = Function::Silu;
  std::int64_t inner = 0;
  bool swapped = false; ///< Gated: f goes over up(x)
  std::int64_t experts = 0;
  std::int64_t chosen = 0; ///< experts per row
  double limit = 0;        ///< of the clamped gate, (up + 1) * gate * sigmoid(alpha * gate); 0: not clamped
  double alpha = 0;
};

/// Layers of one transformer.
struct Stack {
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  Norm norm{};
  Ffn ffn{};
  std::optional<Rotary> rotary{};
  bool causal = true;
  std::optional<double> attention_scale{}; ///< by default 1 / sqrt(head_dim)
  /// By layer: keys that a query sees, itself included; 0 for all. Empty: all see all.
  std::vector<std::int64_t> windows{};
  bool head_norms = false; ///< a norm of every head of queries and of keys
  bool sinks = false;
  bool inputs_first = false; ///< weights of projections are (in, out), not (out, in)
  Names names = Names::Llama;
};

struct TextModel {
  Stack stack;
  std::int64_t vocabulary = 0;
  std::int64_t learned_positions = 0; ///< rows of the table; 0: none
  double embedding_scale = 1;
  bool final_norm = true;
  bool head = true; ///< has logits
  bool tied = false; ///< the head is the embedding's table
};

struct VisionModel {
  Stack stack;
  std::int64_t image_size = 0;
  std::int64_t patch_size = 0;
  std::int64_t channels = 3;
  bool positions_with_bias = false; ///< one table is added to patches, as by upstream's programs
};

/// From the rows of an image to rows of the text: neighbouring rows are put side by side and projected.
struct Connector {
  std::int64_t factor = 1; ///< rows and columns of patches that become one
  std::int64_t output = 0;
  bool bias = false;
  bool one_product = false; ///< of patches side by side, instead of a sum of products of each
};

struct Architecture {
  std::string model_type;
  std::optional<TextModel> text{};
  std::optional<VisionModel> vision{};
  std::optional<Connector> connector{};
  std::int64_t image_token = -1; ///< id in whose place rows of images come
  std::int64_t start_token = 1;
  std::int64_t pad_token = -1;
};

} // namespace plena::frontend
