// Where the elements of a tensor come from: reshapes, transpositions, slices and the like are run
// on the numbers of the elements instead of being matched by how an exporter spells them.
#pragma once

#include "passes/rewriter.h"

#include <map>

namespace plena::passes {

/// An element of the source with a factor; none stands for zero.
struct Part {
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  std::uint32_t index = none;
  float factor = 0;
};

/// A tensor whose elements are sums of at most two elements of one other tensor.
struct Form {
  TensorId source{};
  std::vector<Part> first;
  std::vector<Part> second; ///< empty when no element has two parts
};

/// What a Layout looks through.
enum class Through : std::uint8_t {
  Moves, ///< operators that move or repeat elements
  Sums,  ///< these, constant factors, negation, sums and concatenation of parts of one tensor
};

/// Moves and repeats elements of its first input, as told by its attributes and constant inputs.
bool is_move(const Rewriter& rewriter, const ir::Node& node);

class Layout {
 public:
  /// Keeps what it found out, so the graph must not change what it has been asked about.
  Layout(const Rewriter& rewriter, Context& context, Through through);

  /// The tensor behind everything that is looked through; `id` itself when there is nothing.
  TensorId source(TensorId id) const;
  /// Null when it cannot be told: too large, out of budget. Good until the next call.
  const Form* form(TensorId id);

 private:
  std::optional<Form> derive(TensorId id, int depth);
  const Form* at_depth(TensorId id, int depth);
  std::optional<Form> moved(const ir::Node& node, TensorId id, int depth);
  std::optional<Form> summed(const ir::Node& node, TensorId id, int depth);
  std::optional<Form> multiplied(const ir::Node& node, TensorId id, int depth);

  const Rewriter& rewriter_;
  Context& context_;
  std::vector<TensorId> sources_; ///< by tensor
  std::map<TensorId, Form> forms_;
  std::size_t kept_ = 0; ///< elements in them
};

/// A tensor as rows of the source's rows: element e lies in row `row[e]` and is the `rank[e]`-th
/// element of that row.
struct RowForm {
  std::size_t rows = 0;  ///< of the source
  std::size_t width = 0; ///< elements in every row
  std::vector<std::uint32_t> row;
  std::vector<std::uint32_t> rank;
  /// By row and rank, the elements of the tensor in order.
  std::vector<std::uint32_t> element;
};

/// Nothing unless every element stems from one row of the source, whose columns are `cols`, and
/// every row has equally many elements.
std::optional<RowForm> row_form(const Form& form, std::size_t elements_of_source, std::size_t cols);

} // namespace plena::passes
