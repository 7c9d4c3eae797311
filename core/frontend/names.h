// How checkpoints call the modules of a transformer. One row of names.def per convention.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace plena::frontend {

enum class Names : std::uint8_t {
#define NAMES(id, ...) id,
#include "frontend/names.def"
#undef NAMES
};

/// Modules of a convention; empty where it has none. Those of a layer are below `layers`.N.
struct NameTable {
  std::vector<std::string_view> roots; ///< what may stand before all of them; the first that fits counts
  std::string_view embedding, positions, layers, final_norm, head;
  std::string_view attention_norm, q, k, v, qkv, q_norm, k_norm, sinks, o;
  std::string_view ffn_norm, gate, up, gate_up, down, router;
  /// Experts: below it either `N.` and the names above, or one tensor for all experts.
  std::string_view experts;
};

const NameTable& names_of(Names names);

} // namespace plena::frontend
