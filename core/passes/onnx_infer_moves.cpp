// Shape rules of the ONNX operators of onnx_ops.def that move values or relabel their shape.
#include "passes/onnx_infer.h"

#include <algorithm>

namespace plena::passes {

Types infer_gather(const OnnxNode& node) {
  const auto axis = normal_axis(node.integer("axis", 0), node.shape(0).size());
  if (!axis) {
    return shape_error(node, "the axis does not exist");
  }
  ir::Shape shape(
    node.shape(0).begin(), node.shape(0).begin() + static_cast<std::ptrdiff_t>(*axis)
  );
  shape.insert(shape.end(), node.shape(1).begin(), node.shape(1).end());
  shape.insert(
    shape.end(), node.shape(0).begin() + static_cast<std::ptrdiff_t>(*axis) + 1, node.shape(0).end()
  );
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_take(const OnnxNode& node) { return one(node.input(0)->dtype, node.shape(1)); }

Types infer_concat(const OnnxNode& node) {
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    if (!node.has(i)) {
      return node.missing(i);
    }
  }
  ir::Shape shape = node.shape(0);
  const auto axis = normal_axis(node.integer("axis", 0), shape.size());
  if (!axis) {
    return shape_error(node, "the axis does not exist");
  }
  for (std::size_t i = 1; i < node.node.inputs.size(); ++i) {
    ir::Shape other = node.shape(i);
    if (other.size() != shape.size()) {
      return shape_error(node, "the inputs have different ranks");
    }
    std::swap(other[*axis], shape[*axis]);
    const std::int64_t joined = shape[*axis] + other[*axis];
    shape[*axis] = other[*axis];
    if (other != shape || joined > ir::max_elements) {
      return shape_error(node, "the inputs do not fit together");
    }
    shape[*axis] = joined;
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_expand(const OnnxNode& node) {
  const auto* target = node.integers(1);
  if (target == nullptr) {
    return needs_constant(node, "shape");
  }
  const auto shape = broadcast(node.shape(0), *target);
  if (!shape) {
    return shape_error(node, "the input cannot be expanded to " + ir::to_string(*target));
  }
  return one(node.input(0)->dtype, *shape);
}

Types infer_flatten(const OnnxNode& node) {
  const ir::Shape& shape = node.shape(0);
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = node.integer("axis", 1);
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis > rank) {
    return shape_error(node, "the axis does not exist");
  }
  const auto middle = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  return one(
    node.input(0)->dtype,
    {ir::element_count({shape.begin(), middle}).value_or(-1),
     ir::element_count({middle, shape.end()}).value_or(-1)}
  );
}

Types infer_reshape(const OnnxNode& node) {
  const auto* wanted = node.integers(1);
  if (wanted == nullptr) {
    return needs_constant(node, "shape");
  }
  ir::Shape shape = *wanted;
  const std::int64_t total = *ir::element_count(node.shape(0));
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && node.integer("allowzero", 0) == 0) {
      if (i >= node.shape(0).size()) {
        return shape_error(node, "a 0 in the shape " + ir::to_string(*wanted) + " copies nothing");
      }
      shape[i] = node.shape(0)[i];
    } else if (shape[i] == -1) {
      if (open) {
        return shape_error(node, "two dimensions of " + ir::to_string(*wanted) + " are open");
      }
      open = i;
      shape[i] = 1;
    }
  }
  const auto count = ir::element_count(shape);
  if (open && count && *count > 0 && total % *count == 0) {
    shape[*open] = total / *count;
  }
  if (ir::element_count(shape) != total) {
    return shape_error(node, "the input cannot take the shape " + ir::to_string(*wanted));
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_squeeze(const OnnxNode& node) {
  const ir::Shape& from = node.shape(0);
  const auto* axes = node.list_or_input("axes", 1);
  if (axes == nullptr && node.has(1)) {
    return needs_constant(node, "axes");
  }
  std::vector<bool> drop(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    drop[i] = axes == nullptr && from[i] == 1;
  }
  for (std::size_t i = 0; axes != nullptr && i < axes->size(); ++i) {
    const auto axis = normal_axis((*axes)[i], from.size());
    if (!axis || from[*axis] != 1) {
      return shape_error(node, "axis " + std::to_string((*axes)[i]) + " cannot be dropped");
    }
    drop[*axis] = true;
  }
  ir::Shape shape;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!drop[i]) {
      shape.push_back(from[i]);
    }
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_unsqueeze(const OnnxNode& node) {
  const auto* axes = node.list_or_input("axes", 1);
  if (axes == nullptr) {
    return needs_constant(node, "axes");
  }
  const std::size_t rank = node.shape(0).size() + axes->size();
  std::vector<bool> added(rank);
  for (const std::int64_t given : *axes) {
    const auto axis = normal_axis(given, rank);
    if (!axis || added[*axis] || rank > 16) {
      return shape_error(node, "axis " + std::to_string(given) + " cannot be added");
    }
    added[*axis] = true;
  }
  ir::Shape shape;
  auto next = node.shape(0).begin();
  for (std::size_t i = 0; i < rank; ++i) {
    shape.push_back(added[i] ? 1 : *next++);
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_transpose(const OnnxNode& node) {
  const ir::Shape& from = node.shape(0);
  const auto* perm = node.list("perm");
  if (perm == nullptr) {
    return one(node.input(0)->dtype, {from.rbegin(), from.rend()});
  }
  std::vector<bool> seen(from.size());
  ir::Shape shape;
  for (const std::int64_t axis : *perm) {
    const auto at = axis >= 0 ? normal_axis(axis, from.size()) : std::nullopt;
    if (!at || seen[*at]) {
      return shape_error(node, "perm is no permutation of the axes");
    }
    seen[*at] = true;
    shape.push_back(from[*at]);
  }
  if (shape.size() != from.size()) {
    return shape_error(node, "perm is no permutation of the axes");
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_tile(const OnnxNode& node) {
  const auto* repeats = node.integers(1);
  if (repeats == nullptr) {
    return needs_constant(node, "repeats");
  }
  ir::Shape shape = node.shape(0);
  if (repeats->size() != shape.size()) {
    return shape_error(node, "one repeat count per axis is expected");
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t times = (*repeats)[i];
    if (times < 0 || (shape[i] > 0 && times > ir::max_elements / shape[i])) {
      return shape_error(node, "a repeat count is impossible");
    }
    shape[i] *= times;
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_slice(const OnnxNode& node) {
  ir::Shape shape = node.shape(0);
  for (std::size_t i = 1; i < node.node.inputs.size(); ++i) {
    if (node.has(i) && node.integers(i) == nullptr) {
      return needs_constant(node, "range");
    }
  }
  const auto ranges = slice_ranges(node);
  if (!ranges) {
    return shape_error(node, "starts, ends, axes and steps do not describe a slice");
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    shape[i] = (*ranges)[i].count;
  }
  return one(node.input(0)->dtype, std::move(shape));
}

Types infer_split(const OnnxNode& node) {
  const auto axis = normal_axis(node.integer("axis", 0), node.shape(0).size());
  if (!axis || node.node.outputs.empty()) {
    return shape_error(node, "the axis does not exist");
  }
  const std::int64_t size = node.shape(0)[*axis];
  const auto parts = static_cast<std::int64_t>(node.node.outputs.size());
  const auto* given = node.list_or_input("split", 1);
  if (given == nullptr && node.has(1)) {
    return needs_constant(node, "split");
  }
  const std::int64_t even = (size + parts - 1) / parts;
  std::vector<TensorType> types;
  std::int64_t left = size;
  for (std::int64_t part = 0; part < parts; ++part) {
    ir::Shape shape = node.shape(0);
    const bool listed = given != nullptr && part < static_cast<std::int64_t>(given->size());
    shape[*axis] = given == nullptr ? std::min(even, left)
                   : listed         ? (*given)[static_cast<std::size_t>(part)]
                                    : -1;
    if (shape[*axis] < 0 || shape[*axis] > left) {
      return shape_error(node, "the parts do not add up to the input");
    }
    left -= shape[*axis];
    types.push_back({node.input(0)->dtype, std::move(shape)});
  }
  if (left != 0) {
    return shape_error(node, "the parts do not add up to the input");
  }
  return types;
}

std::optional<std::vector<SliceRange>> slice_ranges(const OnnxNode& node) {
  const ir::Shape& shape = node.shape(0);
  const auto* starts = node.integers(1);
  const auto* ends = node.integers(2);
  const auto* axes = node.integers(3);
  const auto* steps = node.integers(4);
  std::vector<SliceRange> ranges;
  for (const std::int64_t size : shape) {
    ranges.push_back({0, 1, size});
  }
  if (starts->size() != ends->size() || (axes != nullptr && axes->size() != starts->size()) ||
      (steps != nullptr && steps->size() != starts->size())) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const auto axis =
      normal_axis(axes != nullptr ? (*axes)[i] : static_cast<std::int64_t>(i), shape.size());
    const std::int64_t step = steps != nullptr ? (*steps)[i] : 1;
    if (!axis || step == 0 || step < -ir::max_elements || step > ir::max_elements) {
      return std::nullopt;
    }
    const std::int64_t size = shape[*axis];
    const auto place = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
      return std::clamp(at < 0 && at >= -size ? at + size : at, low, high);
    };
    if (size == 0) {
      ranges[*axis] = {0, 1, 0};
    } else if (step > 0) {
      const std::int64_t start = place((*starts)[i], 0, size);
      const std::int64_t end = place((*ends)[i], 0, size);
      ranges[*axis] = {start, step, end > start ? (end - start + step - 1) / step : 0};
    } else {
      const std::int64_t start = place((*starts)[i], 0, size - 1);
      const std::int64_t end = place((*ends)[i], -1, size - 1);
      ranges[*axis] = {start, step, start > end ? (start - end - step - 1) / -step : 0};
    }
  }
  return ranges;
}

} // namespace plena::passes
