// From a canonical graph to everything that a run needs: the program, the memory images, and where
// each tensor lies.
#pragma once

#include "base/result.h"
#include "codegen/layout.h"
#include "codegen/passes.h"
#include "config/config.h"
#include "ir/graph.h"
#include "isa/program.h"
#include "ops/plan.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace plena::codegen {

/// Row-major values by tensor.
using Values = std::map<ir::TensorId, std::vector<float>>;

struct Options {
  /// Every result keeps an address of its own until the end, so that each can be compared. Off: the
  /// Vector SRAM of results that are no longer needed is used again.
  bool keep_stages = true;
  /// Instructions that the program may have.
  std::uint64_t max_words = 4'000'000;
  /// Auto goes by the price (cost/price.h): each node has the products that cost it less, portable ones
  /// when both cost the same, and of the program so made and those with all products alike the cheapest
  /// one is taken. Waits for memory and what might overlap are left out: they depend on the run.
  ops::Strategy strategy = ops::Strategy::Portable;
  /// That Auto goes by; none: the settings'.
  std::optional<config::CostProfile> cost_profile{};
  /// Rolled and written out programs leave the same memories.
  Unroll unroll = Unroll::None;
  bool keep_dumps = false; ///< of the listing after each pass
};

/// What a program costs under both profiles, without the waits for memory.
struct ProfileCycles {
  std::uint64_t emulator = 0;
  std::uint64_t analytic = 0;
};

/// A program beside those with other products, which the profiles judge differently.
struct ProductPrices {
  config::CostProfile profile{}; ///< that the choice went by
  ProfileCycles chosen;          ///< of this program
  /// With all products alike, which is the same program where there are none; nothing when machine and
  /// memories do not allow that.
  std::optional<ProfileCycles> portable{};
  std::optional<ProfileCycles> dense{};
  std::vector<std::uint32_t> product_nodes{}; ///< nodes that have products
  std::vector<std::uint32_t> dense_nodes{};   ///< those among them whose products are dense here
};

struct Compiled {
  isa::Program program;
  std::vector<isa::Comment> comments;
  /// Index of the graph node that each word belongs to, lower::no_node for none.
  std::vector<std::uint32_t> node_of_word;
  std::vector<std::uint8_t> hbm;
  std::vector<std::uint8_t> fp_sram; ///< binary16, little-endian
  std::vector<std::uint8_t> int_sram;
  std::vector<std::uint8_t> vector_sram; ///< bf16 from element 0 on, for inputs that are there already
  std::uint64_t hbm_bytes = 0; ///< HBM that the run needs, a multiple of 64
  std::vector<Placement> placements;
  ops::Plan plan; ///< for references
  /// Nothing when portable products were asked for: that takes a single program.
  std::optional<ProductPrices> prices;
  MemoryUse use;
  std::uint64_t executed = 0; ///< instructions that a run executes
  std::uint64_t loops = 0;    ///< static
  Diagnostics warnings;       ///< and notes
  std::vector<Dump> dumps;
};

/// The graph has passed ops::infer_shapes(). `inputs` has values for every graph input that a node
/// or output uses. E_INPUT when values are missing or of the wrong number, E_HARDWARE when the
/// machine's settings do not allow programs, E_RESOURCE when something does not fit.
Result<Compiled> compile(
  const ir::Graph& graph,
  const config::Config& config,
  const Values& inputs,
  const Options& options = {}
);

/// The placement of a tensor in the Vector SRAM, null when it has none.
const Placement* find_vector(const Compiled& compiled, ir::TensorId tensor);

} // namespace plena::codegen
