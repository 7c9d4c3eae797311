// ONNX operators: what the passes know of each, and a view of one node's operands.
#pragma once

#include "base/result.h"
#include "ir/graph.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::passes {

struct TensorType {
  ir::DType dtype = ir::DType::F32;
  ir::Shape shape{};
};

/// What the work on constants may still cost. Charged before anything is allocated or computed.
struct Budget {
  std::uint64_t bytes = std::uint64_t{256} << 20; ///< of all results together
  std::uint64_t steps = std::uint64_t{1} << 33;   ///< additions, copies, comparisons...
};

/// One node with its operands.
struct OnnxNode {
  const ir::Graph& graph;
  const ir::Node& node;
  std::size_t output = 0; ///< the one that is evaluated

  /// Null when the input is absent.
  const ir::Tensor* input(std::size_t number) const;
  bool has(std::size_t number) const { return input(number) != nullptr; }
  const ir::Shape& shape(std::size_t number) const { return input(number)->shape; }
  /// The integers of a constant input; null when it is absent, computed or of another type.
  const std::vector<std::int64_t>* integers(std::size_t number) const;
  std::int64_t integer(std::string_view attribute, std::int64_t otherwise) const;
  double real(std::string_view attribute, double otherwise) const;
  std::string text(std::string_view attribute, std::string_view otherwise) const;
  const std::vector<std::int64_t>* list(std::string_view attribute) const;
  /// `list`, or where newer opsets moved it: the constant input `number`.
  const std::vector<std::int64_t>*
  list_or_input(std::string_view attribute, std::size_t number) const;

  /// E_GRAPH: the file leaves out an input that must be there.
  Diagnostic missing(std::size_t number) const;
  Diagnostic error(std::string code, std::string message, std::string hint = {}) const;
};

/// Axis `axis` of `rank`, negative ones counted from the end.
std::optional<std::size_t> normal_axis(std::int64_t axis, std::size_t rank);
/// E_UNSUPPORTED_ATTR unless the attribute `axis` (the last when absent) names the last axis of
/// input 0.
std::optional<Diagnostic> beyond_last_axis(const OnnxNode& node);
/// NumPy's rule; nothing when the shapes do not go together.
std::optional<ir::Shape> broadcast(const ir::Shape& a, const ir::Shape& b);

/// One axis of a Slice: the elements start, start + step, ... (count of them).
struct SliceRange {
  std::int64_t start;
  std::int64_t step;
  std::int64_t count;
};
/// One range per axis of input 0; nothing when starts, ends, axes and steps do not go together. The
/// inputs that are present must be constant.
std::optional<std::vector<SliceRange>> slice_ranges(const OnnxNode& node);

/// One type per output, from inputs of which the required ones are present; a missing entry is not
/// known and must not be read.
using Infer = Result<std::vector<TensorType>> (*)(const OnnxNode&);
/// Values of output `node.output`; the types of all outputs have been inferred. All inputs are
/// constants except for Shape and Size.
using Evaluate = Result<ir::Constant> (*)(const OnnxNode&, const TensorType&, Budget&);

enum class Use : std::uint8_t { Any, Constants };

struct OnnxOp {
  std::string_view name;
  std::size_t needs; ///< how many of its first inputs must be present
  Infer infer;
  Evaluate evaluate; ///< null when constants of this operator are not folded
  Use use;
};

/// The types of a node's outputs; E_GRAPH when a required input is absent, else as the rule says.
Result<std::vector<TensorType>> infer(const OnnxOp& op, const OnnxNode& node);

std::span<const OnnxOp> onnx_ops();
const OnnxOp* find_onnx_op(std::string_view name);

/// `Add, Cast, ...`: the operators that a model may apply to activations.
std::string supported_operators();

/// All shape rules and evaluators, by the names of onnx_ops.def.
#define ONNX_OP(name, needs, rule, value, use)                                                     \
  Result<std::vector<TensorType>> infer_##rule(const OnnxNode&);
#include "passes/onnx_ops.def"
#define ONNX_OP(name, needs, rule, value, use)                                                     \
  Result<ir::Constant> eval_##value(const OnnxNode&, const TensorType&, Budget&);
#include "passes/onnx_ops.def"

} // namespace plena::passes
