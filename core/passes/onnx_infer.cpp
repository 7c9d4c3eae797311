// Shape rules of the ONNX operators of onnx_ops.def that compute, for opsets 11 to 24; those that
// move values are in onnx_infer_moves.cpp. Each sees inputs of known shape and type, the required
// ones present; shapes that depend on values need those values to be constant.
#include "passes/onnx_infer.h"

#include "ir/onnx_types.h"

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

Types infer_test(const OnnxNode& node) { return one(ir::DType::Bool, node.shape(0)); }

Types infer_where(const OnnxNode& node) {
  Types types = infer_broadcast(node);
  if (types) {
    types->front().dtype = node.input(1)->dtype;
  }
  return types;
}

Types infer_cast(const OnnxNode& node) {
  const std::int64_t to = node.integer("to", 0);
  if (const auto dtype = ir::onnx_dtype(to)) {
    return one(*dtype, node.shape(0));
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

Types infer_arg_max(const OnnxNode& node) {
  ir::Shape shape = node.shape(0);
  const auto axis = normal_axis(node.integer("axis", 0), shape.size());
  if (!axis) {
    return shape_error(node, "the axis does not exist");
  }
  if (node.integer("keepdims", 1) != 0) {
    shape[*axis] = 1;
  } else {
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  }
  return one(ir::DType::I64, std::move(shape));
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

Types infer_conv(const OnnxNode& node) {
  const ir::Shape& x = node.shape(0);
  const ir::Shape& w = node.shape(1);
  const std::int64_t group = node.integer("group", 1);
  if (x.size() < 3 || w.size() != x.size() || group < 1 || x[1] % group != 0 || x[1] / group != w[1]) {
    return shape_error(node, "the kernels do not fit the image");
  }
  const std::size_t axes = x.size() - 2;
  const auto* strides = node.list("strides");
  const auto* dilations = node.list("dilations");
  const auto* pads = node.list("pads");
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if ((strides != nullptr && strides->size() != axes) || (dilations != nullptr && dilations->size() != axes) || (pads != nullptr && pads->size() != 2 * axes)) {
    return shape_error(node, "strides, dilations and pads are not one per axis");
  }
  ir::Shape shape{x[0], w[0]};
  constexpr std::int64_t bound = std::int64_t{1} << 24;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t stride = strides != nullptr ? (*strides)[i] : 1;
    const std::int64_t dilation = dilations != nullptr ? (*dilations)[i] : 1;
    const std::int64_t before = pads != nullptr && !same ? (*pads)[i] : 0;
    const std::int64_t after = pads != nullptr && !same ? (*pads)[axes + i] : 0;
    const std::int64_t kernel = w[i + 2];
    const std::int64_t size = x[i + 2];
    for (const std::int64_t value : {stride, dilation, kernel, size}) {
      if (value < 1 || value > bound) {
        return shape_error(node, "strides, dilations or sizes are impossible");
      }
    }
    if (before < 0 || after < 0 || before > bound || after > bound) {
      return shape_error(node, "pads are impossible");
    }
    const std::int64_t free = size + before + after - ((kernel - 1) * dilation + 1);
    if (!same && free < 0) {
      return shape_error(node, "the kernels are larger than the image");
    }
    shape.push_back(same ? (size + stride - 1) / stride : free / stride + 1);
  }
  return one(node.input(0)->dtype, std::move(shape));
}

/// Queries, keys, values: rows of heads, or a matrix per head; as wide as the values are by heads.
Types infer_attention(const OnnxNode& node) {
  const ir::Shape& q = node.shape(0);
  const ir::Shape& v = node.shape(2);
  if ((q.size() != 3 && q.size() != 4) || v.size() < 3 || v.size() > 4) {
    return shape_error(node, "queries and values have to have three or four dimensions");
  }
  const std::int64_t count = node.integer("q_num_heads", node.integer("num_heads", 0));
  const std::int64_t kv_count = node.integer("kv_num_heads", count);
  if ((q.size() == 3 && count < 1) || (v.size() == 3 && kv_count < 1)) {
    return shape_error(node, "rows of heads need a number of heads");
  }
  const std::int64_t heads = q.size() == 4 ? q[1] : count;
  const std::int64_t width = v.size() == 4 ? v[3] : v[2] / kv_count;
  ir::Shape shape = q;
  shape.back() = q.size() == 4 ? width : heads * width;
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_projected(const OnnxNode& node) {
  const ir::Shape& x = node.shape(0);
  const ir::Shape& w = node.shape(1);
  if (x.size() != 3 || w.size() != 2 || x[2] != w[0]) {
    return shape_error(node, "the weights do not fit the input");
  }
  const auto* sizes = node.list("qkv_hidden_sizes");
  const std::int64_t width = sizes != nullptr && sizes->size() == 3 ? (*sizes)[2] : w[1] / 3;
  return one(node.input(0)->dtype, {x[0], x[1], width});
}

Types infer_grouped(const OnnxNode& node) {
  const ir::Shape& q = node.shape(0);
  const std::int64_t count = node.integer("num_heads", 0);
  const std::int64_t kv_count = node.integer("kv_num_heads", 0);
  constexpr std::int64_t most = 1 << 20;
  if (q.size() != 3 || count < 1 || kv_count < 1 || count > most || kv_count > most) {
    return shape_error(node, "queries are no rows of heads");
  }
  const bool packed = !node.has(1) && !node.has(2);
  const std::int64_t width = packed ? q[2] / (count + 2 * kv_count) * count : q[2];
  return one(node.input(0)->dtype, {q[0], q[1], width});
}

Types infer_skip_norm(const OnnxNode& node) {
  const TensorType same{node.input(0)->dtype, node.shape(0)};
  if (node.shape(1) != same.shape || same.shape.empty()) {
    return shape_error(node, "both operands have to have one shape");
  }
  TensorType statistic = same;
  statistic.shape.back() = 1;
  return std::vector{same, statistic, statistic, same};
}

Types infer_fused_matmul(const OnnxNode& node) {
  ir::Graph swapped;
  ir::Node copy = node.node;
  copy.op = "onnx:MatMul";
  copy.inputs.clear();
  for (std::size_t i = 0; i < 2; ++i) {
    ir::Tensor tensor{
      .name = std::to_string(i), .dtype = node.input(i)->dtype, .shape = node.shape(i)};
    if (node.integer(i == 0 ? "transA" : "transB", 0) != 0 && tensor.shape.size() >= 2) {
      std::swap(tensor.shape[tensor.shape.size() - 1], tensor.shape[tensor.shape.size() - 2]);
    }
    copy.inputs.push_back(swapped.add_tensor(std::move(tensor)));
  }
  return infer_matmul({swapped, copy});
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
