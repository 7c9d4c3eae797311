// What is decided for a whole graph before any node is lowered: which products use whole tiles, and
// which tensors keep groups of columns apart.
#pragma once

#include "base/result.h"
#include "ops/op.h"

namespace plena::ops {

/// Instructions of matrix products (compiler_backend.md 6.2); ir/choices.def says which.
enum class Strategy : std::uint8_t {
#define OPT(value, name, meaning) value,
#include "ir/choices.def"
};

/// Groups of every tensor. E_LAYOUT when one operator needs groups of columns that another one, on the
/// same tensor, cannot have.
Result<std::vector<std::uint64_t>> plan_groups(const ir::Graph& graph, const Arithmetic& arithmetic);

/// Whether input `i` of a node is a Weight whose columns are those of the first input.
bool has_transposed_weight(const NodeView& view, std::size_t i);

/// Columns per group in which input `i` of a node lies, 0 for all together.
std::uint64_t column_group(const NodeView& view, const Plan& plan, std::size_t i);

/// Every node with matrix products is dense.
std::vector<bool> all_dense(const ir::Graph& graph);

} // namespace plena::ops
