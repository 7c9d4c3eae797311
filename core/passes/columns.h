// Columns of a product: what is cut out of, or reordered in, the result of a linear is cut out of
// its weights instead.
#pragma once

#include "passes/rewriter.h"

namespace plena::passes {

class Columns {
 public:
  explicit Columns(Rewriter& rewriter) : rewriter_(rewriter) {}

  /// The columns `wanted` of `y` in this order: `y` itself when they are all its columns in order,
  /// the result of a new linear in front of `before` when `y` is that of one; else nothing.
  std::optional<TensorId>
  select(const ir::Node& before, TensorId y, const std::vector<std::uint32_t>& wanted);

 private:
  Rewriter& rewriter_;
  std::map<std::pair<TensorId, std::vector<std::uint32_t>>, TensorId> made_;
};

} // namespace plena::passes
