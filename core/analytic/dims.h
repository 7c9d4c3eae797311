// A transformer by its dimensions.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::analytic {

/// Upstream's programs: two for text, and the diffusion step.
enum class Form : std::uint8_t { Llama, GptOss, Llada };

std::string_view to_string(Form form);
std::optional<Form> find_form(std::string_view name);

inline constexpr std::uint64_t max_dimension = 65536;
inline constexpr std::uint64_t max_vocabulary = std::uint64_t{1} << 21;

struct Dims {
  std::string name;
  std::string model_type; ///< empty when nobody says
  std::uint64_t hidden = 0;
  std::uint64_t inner = 0;
  std::uint64_t layers = 0;
  std::uint64_t heads = 0;
  std::uint64_t kv_heads = 0;
  std::uint64_t head_dim = 0;   ///< 0: hidden / heads
  std::uint64_t vocabulary = 0; ///< 0: not known, the model has no head
  std::uint64_t experts = 1;
  std::uint64_t chosen = 1;
  std::uint64_t window = 0;  ///< of the layers that have one
  std::vector<bool> sliding; ///< by layer; empty: none
  std::vector<bool> routed;  ///< by layer; empty: all when there is more than one expert, else none
  bool tied = false;
  bool gated = true; ///< false: a plain feed-forward part

  std::uint64_t stated_head_dim() const { return head_dim != 0 ? head_dim : hidden / heads; }
  bool is_sliding(std::uint64_t layer) const {
    return !sliding.empty() && sliding[static_cast<std::size_t>(layer)];
  }
  bool is_routed(std::uint64_t layer) const {
    return routed.empty() ? experts > 1 : routed[static_cast<std::size_t>(layer)];
  }
  /// The program that upstream would be asked.
  Form form() const;
  /// What the form counts with: hidden / heads even where another head_dim is given, but for
  /// GPT-OSS.
  std::uint64_t head_dim_of(Form form) const {
    return form == Form::GptOss ? stated_head_dim() : hidden / heads;
  }
};

/// E_MISSING and E_RANGE for what is missing or impossible, each at its key; all are collected.
Status check(const Dims& dims);

/// Sets a dimension by its key in config.json; false when there is none of this name.
bool set_dimension(Dims& dims, std::string_view key, std::uint64_t value);
/// What `set_dimension` would set; 0 for other keys.
std::uint64_t dimension(const Dims& dims, std::string_view key);
std::vector<std::string_view> dimension_keys();

/// A model that comes with the project (models/dims).
struct ShippedDims {
  std::string_view name;
  std::string_view json;
};
/// In order of name; io/model_dims.h reads them.
std::vector<ShippedDims> shipped_dims();

} // namespace plena::analytic
