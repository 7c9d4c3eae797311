// From what a model is and the values of its parameters to a graph over the operators of core/ops.
#pragma once

#include "base/result.h"
#include "frontend/architecture.h"
#include "frontend/tensors.h"
#include "ir/graph.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace plena::frontend {

/// Graph inputs and outputs. A graph starts with the ids of a text, which are part of it, with rows that
/// another part of the model left, or with an image.
inline constexpr const char* hidden_input = "hidden_states";
inline constexpr const char* pixel_input = "pixel_values";
inline constexpr const char* logits_output = "logits";
inline constexpr const char* last_output = "last_hidden_state"; ///< after the final norm
inline constexpr const char* hidden_output = "hidden_states_out"; ///< after a layer that is not the last
inline constexpr const char* image_output = "image_hidden_states";

/// Inputs of a graph that goes on with a text: the rest of it lies in caches, inputs as well, which the
/// outputs replace. In names of caches, {} is the number of the layer.
inline constexpr const char* ids_input = "input_ids";
inline constexpr const char* position_input = "position"; ///< of the first id
inline constexpr const char* key_cache_input = "past_key_values.{}.key";
inline constexpr const char* value_cache_input = "past_key_values.{}.value";
inline constexpr const char* key_cache_output = "present.{}.key";
inline constexpr const char* value_cache_output = "present.{}.value";

/// A graph for some tokens of a text, of which the keys and values lie in caches. One graph serves all
/// positions.
struct Step {
  std::int64_t rows = 1;     ///< tokens at a time, at consecutive positions
  std::int64_t capacity = 0; ///< positions that the text may have
  std::int64_t multiple = 1; ///< of which the caches' rows are one; those behind the text are never seen

  std::int64_t cache_rows() const { return (capacity + multiple - 1) / multiple * multiple; }
};

/// The part of a model that is built, and for what.
struct Part {
  std::int64_t first_layer = 0;
  std::optional<std::int64_t> last_layer{}; ///< included; by default the model's last
  std::vector<std::int64_t> ids{};          ///< of the text; empty: `default_ids`
  /// Rows of each text when no ids are given; by default as many as ids are made. Patches of each image.
  std::optional<std::int64_t> rows{};
  bool from_hidden = false; ///< rows of the text come as an input, even to the first layer
  std::int64_t first_position = 0;
  std::int64_t batch = 1; ///< texts or images, each with as many rows; ids are those of all
  /// Then ids and position are inputs; `ids`, `rows` and `first_position` say nothing.
  std::optional<Step> step{};
};

/// What of a model has been built, and what can be chosen of it.
struct BuiltPart {
  std::int64_t layers = 0; ///< of the whole model
  std::int64_t first_layer = 0;
  std::int64_t last_layer = 0;     ///< included
  std::int64_t rows = 0;           ///< tokens or patches of each text or image
  std::int64_t batch = 1;
  std::int64_t vocabulary = 0;     ///< of the ids that the graph starts with; 0: it starts with values
  std::vector<std::int64_t> ids{}; ///< that the graph starts with
};

/// Ids for whom none were given: the first is 1, then (17 + 37 p) mod vocabulary, other than the image's.
/// A model that takes images has one image token for each of its rows.
std::vector<std::int64_t> default_ids(const Architecture& architecture, std::int64_t rows);

/// Reads only the parameters that the part needs. E_WEIGHTS for those that are missing, E_SHAPE for those
/// of other shapes than the architecture says, E_RANGE for parts that the model does not have,
/// E_RESOURCE; E_KV_CACHE for steps of models that cannot go on with a text; whatever the source says. At most 50 errors. W_IGNORED for what the part leaves out.
/// `built` is told what the graph is.
Result<ir::Graph> build(
  const Architecture& architecture,
  const TensorSource& tensors,
  const Part& part,
  BuiltPart* built = nullptr
);

} // namespace plena::frontend
