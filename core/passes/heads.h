// Heads of queries, keys and values, and what a mask lets queries see.
#pragma once

#include "passes/columns.h"
#include "passes/layout.h"

namespace plena::passes {

/// Operators that are attention as a whole.
inline constexpr std::string_view group_query = "com.microsoft:GroupQueryAttention";
inline constexpr std::string_view multi_head = "com.microsoft:MultiHeadAttention";
inline constexpr std::string_view standard_attention = "onnx:Attention";

/// The matrices [..., rows, lanes] of a tensor as heads: columns of consecutive rows of another
/// one.
struct Heads {
  TensorId source{};
  double factor = 1;
  std::size_t batch = 1; ///< sequences whose rows follow each other in the source
  std::vector<std::vector<std::uint32_t>> columns; ///< by head and lane
  /// By matrix: its sequence and head.
  std::vector<std::pair<std::size_t, std::size_t>> place;
};

/// `matrices` is the shape in front of the last two dimensions, to which those of the tensor are
/// broadcast; `transposed` when the last two are lanes and rows. Nothing when the tensor is no
/// heads.
std::optional<Heads> heads_of(
  const Rewriter& rewriter, Layout& layout, TensorId id, const ir::Shape& matrices, bool transposed
);

/// Attention over heads.
struct Attention {
  Heads queries;
  Heads keys;
  Heads values;
  double scale = 1; ///< of the products of the sources
  std::string mask = "none";
  std::int64_t window = 0;
  std::vector<float> sinks{}; ///< by head, or none

  std::size_t batch() const { return queries.batch; }
};

/// In front of `before`, the attention and what has to be cut out for it; its result has a head's
/// columns next to each other, in order of heads. Else why not.
struct Made {
  TensorId result = ir::no_tensor;
  std::string problem{};
};
Made make_attention(
  Rewriter& rewriter,
  Columns& columns,
  const ir::Node& before,
  const Attention& attention,
  const std::vector<const ir::Node*>& from
);

/// Larger matrices of scores, and lists of positions, are not looked at.
inline constexpr std::int64_t max_scores = std::int64_t{1} << 26;

/// What a mask adds to scores, by query and key: the same for all heads and sequences, or what is
/// wrong.
struct Added {
  std::vector<float> values{};
  std::string problem{};
};
/// `values` are those of a mask of this shape, which is broadcast to that of the scores.
Added added_by(const std::vector<float>& values, const ir::Shape& mask, const ir::Shape& scores);
/// What a mask adds that hides scores where its `condition` is so.
std::vector<float> hiding(const std::vector<std::int64_t>& condition, bool so);

/// What queries (rows) see of keys, by what is added to their scores.
struct Mask {
  std::string kind{}; ///< as the attribute of attention; empty when it is none of those
  std::int64_t window = 0;
  std::string problem{};
};
Mask classify_mask(const std::vector<float>& added, std::size_t queries, std::size_t keys);

} // namespace plena::passes
