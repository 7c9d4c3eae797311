// Shape rules of the ONNX operators of onnx_ops.def that compute, for opsets 13 to 24; those that
// move values are in onnx_infer_moves.cpp. Each sees inputs of known shape and type, the required
// ones present; shapes that depend on values need those values to be constant.
#include "passes/onnx_infer.h"

#include <algorithm>

namespace plena::passes {

Types one(ir::DType dtype, ir::Shape shape) {
  return std::vector{TensorType{dtype, std::move(shape)}};
}

Diagnostic shape_error(const OnnxNode& node, const std::string& what) {
  std::string shapes;
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    shapes += i == 0 ? "" : ", ";
    shapes += node.has(i) ? ir::to_string(node.shape(i)) : "absent";
  }
  return node.error("E_SHAPE", what + " (input shapes " + shapes + ")");
}

Diagnostic needs_constant(const OnnxNode& node, std::string_view what) {
  return node.error(
    "E_DYNAMIC_SHAPE",
    "its " + std::string(what) + " must be a constant, but is computed",
    "export with fixed shapes"
  );
}

namespace {

/// TensorProto.DataType codes.
struct CastTarget {
  std::int64_t code;
  ir::DType dtype;
};
constexpr CastTarget cast_targets[] = {
  {1, ir::DType::F32},
  {2, ir::DType::U8},
  {3, ir::DType::I8},
  {6, ir::DType::I32},
  {7, ir::DType::I64},
  {9, ir::DType::Bool},
  {10, ir::DType::F16},
  {11, ir::DType::F64},
  {16, ir::DType::BF16},
};

std::optional<ir::Shape> broadcast_all(const OnnxNode& node) {
  ir::Shape shape = node.shape(0);
  for (std::size_t i = 1; i < node.node.inputs.size(); ++i) {
    const auto joined = node.has(i) ? broadcast(shape, node.shape(i)) : std::nullopt;
    if (!joined) {
      return std::nullopt;
    }
    shape = *joined;
  }
  return shape;
}

} // namespace

Types infer_same(const OnnxNode& node) { return one(node.input(0)->dtype, node.shape(0)); }

Types infer_broadcast(const OnnxNode& node) {
  const auto shape = broadcast_all(node);
  if (!shape) {
    return shape_error(node, "the inputs cannot be broadcast to one shape");
  }
  return one(node.input(0)->dtype, *shape);
}

Types infer_logic(const OnnxNode& node) {
  Types types = infer_broadcast(node);
  if (types) {
    types->front().dtype = ir::DType::Bool;
  }
  return types;
}

Types infer_where(const OnnxNode& node) {
  Types types = infer_broadcast(node);
  if (types) {
    types->front().dtype = node.input(1)->dtype;
  }
  return types;
}

Types infer_cast(const OnnxNode& node) {
  const std::int64_t to = node.integer("to", 0);
  for (const CastTarget& row : cast_targets) {
    if (row.code == to) {
      return one(row.dtype, node.shape(0));
    }
  }
  return node.error(
    "E_DTYPE",
    "a cast to element type " + std::to_string(to) + " is not read",
    "cast to FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT64, INT32, INT8, UINT8 or BOOL"
  );
}

Types infer_dropout(const OnnxNode& node) {
  const auto* training = node.integers(2);
  if (node.has(2) && (training == nullptr || training->empty() || training->front() != 0)) {
    return node.error(
      "E_UNSUPPORTED_ATTR", "dropout in training mode", "export the model after model.eval()"
    );
  }
  return std::vector<TensorType>{
    {node.input(0)->dtype, node.shape(0)}, {ir::DType::Bool, node.shape(0)}};
}

Types infer_shape_of(const OnnxNode& node) {
  const auto rank = static_cast<std::int64_t>(node.shape(0).size());
  const auto bound = [&](std::int64_t at) {
    return std::clamp(at < 0 ? at + rank : at, std::int64_t{0}, rank);
  };
  const std::int64_t start = bound(node.integer("start", 0));
  const std::int64_t end = bound(node.integer("end", rank));
  return one(ir::DType::I64, {std::max(end - start, std::int64_t{0})});
}

Types infer_size_of(const OnnxNode&) { return one(ir::DType::I64, {}); }

Types infer_of_shape(const OnnxNode& node) {
  const auto* shape = node.integers(0);
  if (shape == nullptr) {
    return needs_constant(node, "shape");
  }
  const auto dtype = ir::parse_dtype(node.text("value_dtype", "f32"));
  return one(dtype.value_or(ir::DType::F32), *shape);
}

Types infer_dequantize(const OnnxNode& node) { return one(node.input(1)->dtype, node.shape(0)); }

Types infer_range(const OnnxNode& node) {
  const auto* start = node.integers(0);
  const auto* limit = node.integers(1);
  const auto* delta = node.integers(2);
  for (const auto* values : {start, limit, delta}) {
    if (values == nullptr || values->size() != 1) {
      return needs_constant(node, "range of integers");
    }
  }
  // Within +-2^52 neither the difference nor the count can overflow.
  constexpr std::int64_t bound = std::int64_t{1} << 52;
  for (const auto* values : {start, limit, delta}) {
    if (values->front() < -bound || values->front() > bound) {
      return shape_error(node, "the range is impossible");
    }
  }
  const std::int64_t step = delta->front();
  const std::int64_t distance = limit->front() - start->front();
  if (step == 0) {
    return shape_error(node, "the step is 0");
  }
  const bool empty = (distance > 0) != (step > 0) || distance == 0;
  const std::int64_t count = empty ? 0 : (distance + step - (step > 0 ? 1 : -1)) / step;
  return one(ir::DType::I64, {count});
}

Types infer_reduce(const OnnxNode& node) {
  const auto* axes = node.list_or_input("axes", 1);
  if (axes == nullptr && node.has(1)) {
    return needs_constant(node, "axes");
  }
  const ir::Shape& from = node.shape(0);
  const bool none = axes == nullptr || axes->empty();
  if (none && node.integer("noop_with_empty_axes", 0) != 0) {
    return one(node.input(0)->dtype, from);
  }
  std::vector<bool> reduced(from.size(), none);
  for (std::size_t i = 0; !none && i < axes->size(); ++i) {
    const auto axis = normal_axis((*axes)[i], from.size());
    if (!axis) {
      return shape_error(node, "axis " + std::to_string((*axes)[i]) + " does not exist");
    }
    reduced[*axis] = true;
  }
  ir::Shape shape;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!reduced[i]) {
      shape.push_back(from[i]);
    } else if (node.integer("keepdims", 1) != 0) {
      shape.push_back(1);
    }
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_matmul(const OnnxNode& node) {
  ir::Shape a = node.shape(0);
  ir::Shape b = node.shape(1);
  if (a.empty() || b.empty()) {
    return shape_error(node, "a matrix product needs at least one dimension");
  }
  const bool row = a.size() == 1;
  const bool column = b.size() == 1;
  if (row) {
    a.insert(a.begin(), 1);
  }
  if (column) {
    b.push_back(1);
  }
  const auto batch = broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  if (!batch || a.back() != b[b.size() - 2]) {
    return shape_error(node, "the matrices do not fit together");
  }
  ir::Shape shape = *batch;
  if (!row) {
    shape.push_back(a[a.size() - 2]);
  }
  if (!column) {
    shape.push_back(b.back());
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_gemm(const OnnxNode& node) {
  ir::Shape a = node.shape(0);
  ir::Shape b = node.shape(1);
  if (a.size() != 2 || b.size() != 2) {
    return shape_error(node, "both factors must be matrices");
  }
  if (node.integer("transA", 0) != 0) {
    std::swap(a[0], a[1]);
  }
  if (node.integer("transB", 0) != 0) {
    std::swap(b[0], b[1]);
  }
  const ir::Shape shape{a[0], b[1]};
  if (a[1] != b[0] || (node.has(2) && broadcast(shape, node.shape(2)) != shape)) {
    return shape_error(node, "the matrices do not fit together");
  }
  return one(node.input(0)->dtype, shape);
}

} // namespace plena::passes
