// Evaluators that move or relabel values.
#include "passes/onnx_eval.h"

#include <algorithm>

namespace plena::passes {

namespace {

/// Result element i is element `from(i)` of the input, in order of i.
template <class F>
Values
pick(const OnnxNode& node, std::size_t number, const TensorType& out, Budget& budget, F from) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const ir::Constant& given = *node.input(number)->constant;
  ir::Constant result;
  for (std::size_t i = 0; i < *count; ++i) {
    const std::size_t at = from(i);
    if (ir::is_float(out.dtype)) {
      result.floats.push_back(given.floats[at]);
    } else {
      result.ints.push_back(given.ints[at]);
    }
  }
  return result;
}

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

/// Product of the dimensions [first, last).
std::size_t extent(const ir::Shape& shape, std::size_t first, std::size_t last) {
  std::size_t product = 1;
  for (std::size_t i = first; i < last; ++i) {
    product *= size(shape[i]);
  }
  return product;
}

/// Calls `use(linear index)` of input elements in the order of the output: every output axis i
/// walks input positions start + step * 0 ... with the given element strides.
class StrideWalk {
 public:
  StrideWalk(ir::Shape out, std::vector<std::int64_t> strides, std::int64_t start)
      : out_(std::move(out)),
        strides_(std::move(strides)),
        position_(out_.size()),
        at_(start) {}
  std::size_t take() {
    const std::size_t now = size(at_);
    for (std::size_t i = out_.size(); i-- > 0;) {
      at_ += strides_[i];
      if (++position_[i] < out_[i]) {
        break;
      }
      at_ -= strides_[i] * position_[i];
      position_[i] = 0;
    }
    return now;
  }

 private:
  ir::Shape out_;
  std::vector<std::int64_t> strides_;
  std::vector<std::int64_t> position_;
  std::int64_t at_;
};

std::vector<std::int64_t> strides_of(const ir::Shape& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

} // namespace

Values eval_copy(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  return *node.input(0)->constant;
}

Values eval_cast(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const ir::Constant& given = *node.input(0)->constant;
  const bool from_float = ir::is_float(node.input(0)->dtype);
  if (from_float == ir::is_float(out.dtype)) {
    ir::Constant result = given;
    for (std::int64_t& value : result.ints) {
      value = out.dtype == ir::DType::Bool ? value != 0 : value;
    }
    return result;
  }
  ir::Constant result;
  for (const std::int64_t value : given.ints) {
    result.floats.push_back(static_cast<float>(value));
  }
  for (const float value : given.floats) {
    if (out.dtype == ir::DType::Bool) {
      result.ints.push_back(value != 0.0f ? 1 : 0);
    } else if (!(value >= -0x1p62f && value <= 0x1p62f)) {
      return node.error("E_DTYPE", "a value does not fit into an integer");
    } else {
      result.ints.push_back(static_cast<std::int64_t>(value));
    }
  }
  return result;
}

Values eval_shape_of(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const ir::Shape& shape = node.shape(0);
  const auto rank = static_cast<std::int64_t>(shape.size());
  const std::int64_t given = node.integer("start", 0);
  const std::int64_t start = std::clamp(given < 0 ? given + rank : given, std::int64_t{0}, rank);
  const auto first = shape.begin() + static_cast<std::ptrdiff_t>(start);
  return ir::Constant{.ints = {first, first + static_cast<std::ptrdiff_t>(*count)}};
}

Values eval_size_of(const OnnxNode& node, const TensorType&, Budget&) {
  return ir::Constant{.ints = {ir::element_count(node.shape(0)).value_or(0)}};
}

Values eval_of_shape(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  if (ir::is_float(out.dtype)) {
    return ir::Constant{
      .floats = std::vector<float>(*count, static_cast<float>(node.real("value", 0)))};
  }
  return ir::Constant{.ints = std::vector<std::int64_t>(*count, node.integer("value", 0))};
}

Values eval_range(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const std::int64_t start = node.integers(0)->front();
  const std::int64_t step = node.integers(2)->front();
  ir::Constant result;
  for (std::size_t i = 0; i < *count; ++i) {
    result.ints.push_back(start + static_cast<std::int64_t>(i) * step);
  }
  return result;
}

Values eval_expand(const OnnxNode& node, const TensorType& out, Budget& budget) {
  BroadcastIndex at(node.shape(0), out.shape);
  return pick(node, 0, out, budget, [&](std::size_t) {
    const std::size_t now = at.value();
    at.next();
    return now;
  });
}

Values eval_transpose(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const std::vector<std::int64_t> from = strides_of(node.shape(0));
  std::vector<std::int64_t> strides(from.rbegin(), from.rend());
  if (const auto* perm = node.list("perm")) {
    for (std::size_t i = 0; i < strides.size(); ++i) {
      strides[i] = from[size((*perm)[i])];
    }
  }
  StrideWalk walk(out.shape, std::move(strides), 0);
  return pick(node, 0, out, budget, [&](std::size_t) { return walk.take(); });
}

Values eval_slice(const OnnxNode& node, const TensorType& out, Budget& budget) {
  std::vector<std::int64_t> strides = strides_of(node.shape(0));
  const std::vector<SliceRange> ranges = *slice_ranges(node);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    start += ranges[i].start * strides[i];
    // A step that is never taken may be huge.
    strides[i] = ranges[i].count > 1 ? strides[i] * ranges[i].step : 0;
  }
  StrideWalk walk(out.shape, std::move(strides), start);
  return pick(node, 0, out, budget, [&](std::size_t) { return walk.take(); });
}

Values eval_split(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const std::size_t axis = *normal_axis(node.integer("axis", 0), out.shape.size());
  const auto parts = infer_split(node);
  std::int64_t before = 0;
  for (std::size_t i = 0; parts && i < node.output; ++i) {
    before += (*parts)[i].shape[axis];
  }
  const std::vector<std::int64_t> strides = strides_of(node.shape(0));
  StrideWalk walk(out.shape, strides, before * strides[axis]);
  return pick(node, 0, out, budget, [&](std::size_t) { return walk.take(); });
}

Values eval_tile(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const ir::Shape& from = node.shape(0);
  const std::vector<std::int64_t> strides = strides_of(from);
  const std::vector<std::int64_t> out_strides = strides_of(out.shape);
  return pick(node, 0, out, budget, [&](std::size_t i) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      const std::int64_t place = static_cast<std::int64_t>(i) / out_strides[axis] % out.shape[axis];
      at += place % from[axis] * strides[axis];
    }
    return size(at);
  });
}

Values eval_gather(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto* indices = node.integers(1);
  const std::size_t axis = *normal_axis(node.integer("axis", 0), node.shape(0).size());
  const std::int64_t rows = node.shape(0)[axis];
  if (indices == nullptr) {
    return node.error("E_DTYPE", "the indices are no integers");
  }
  for (const std::int64_t index : *indices) {
    if (index < -rows || index >= rows) {
      return node.error("E_RANGE", "index " + std::to_string(index) + " lies outside the table");
    }
  }
  const std::size_t inner = extent(node.shape(0), axis + 1, node.shape(0).size());
  return pick(node, 0, out, budget, [&](std::size_t i) {
    const std::int64_t index = (*indices)[i / inner % indices->size()];
    const std::size_t row = size(index < 0 ? index + rows : index);
    return (i / inner / indices->size() * size(rows) + row) * inner + i % inner;
  });
}

Values eval_take(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto* numbers = node.integers(1);
  const std::int64_t count = *ir::element_count(node.shape(0));
  if (numbers == nullptr) {
    return node.error("E_DTYPE", "the numbers are no integers");
  }
  for (const std::int64_t number : *numbers) {
    if (number < 0 || number >= count) {
      return node.error("E_RANGE", "element " + std::to_string(number) + " does not exist");
    }
  }
  return pick(node, 0, out, budget, [&](std::size_t i) { return size((*numbers)[i]); });
}

Values eval_concat(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const std::size_t axis = *normal_axis(node.integer("axis", 0), out.shape.size());
  const std::size_t outer = extent(out.shape, 0, axis);
  ir::Constant result;
  const auto append = [](auto& to, const auto& from, std::size_t at, std::size_t length) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(at * length);
    to.insert(to.end(), first, first + static_cast<std::ptrdiff_t>(length));
  };
  for (std::size_t row = 0; *count != 0 && row < outer; ++row) {
    for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
      const ir::Constant& given = *node.input(i)->constant;
      const std::size_t length = extent(node.shape(i), axis, out.shape.size());
      if (ir::is_float(node.input(i)->dtype) != ir::is_float(out.dtype)) {
        return node.error("E_DTYPE", "the inputs have different types");
      }
      if (ir::is_float(out.dtype)) {
        append(result.floats, given.floats, row, length);
      } else {
        append(result.ints, given.ints, row, length);
      }
    }
  }
  return result;
}

Values eval_where(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const auto* condition = node.integers(0);
  const bool floats = ir::is_float(out.dtype);
  if (condition == nullptr || ir::is_float(node.input(2)->dtype) != floats) {
    return node.error("E_DTYPE", "the inputs have the wrong types");
  }
  const ir::Constant& yes = *node.input(1)->constant;
  const ir::Constant& no = *node.input(2)->constant;
  BroadcastIndex at(node.shape(0), out.shape);
  BroadcastIndex at_yes(node.shape(1), out.shape);
  BroadcastIndex at_no(node.shape(2), out.shape);
  ir::Constant result;
  for (std::size_t i = 0; i < *count; ++i, at.next(), at_yes.next(), at_no.next()) {
    const bool chosen = (*condition)[at.value()] != 0;
    if (floats) {
      result.floats.push_back(chosen ? yes.floats[at_yes.value()] : no.floats[at_no.value()]);
    } else {
      result.ints.push_back(chosen ? yes.ints[at_yes.value()] : no.ints[at_no.value()]);
    }
  }
  return result;
}

Values eval_trilu(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto* diagonal = node.integers(1);
  if (out.shape.size() < 2 || (node.has(1) && (diagonal == nullptr || diagonal->size() != 1))) {
    return node.error("E_SHAPE", "a matrix and one diagonal are expected");
  }
  constexpr std::int64_t bound = ir::max_elements;
  const std::int64_t k = diagonal == nullptr ? 0 : std::clamp(diagonal->front(), -bound, bound);
  const bool upper = node.integer("upper", 1) != 0;
  const std::int64_t cols = out.shape.back();
  const std::int64_t rows = out.shape[out.shape.size() - 2];
  Values result = eval_copy(node, out, budget);
  if (!result) {
    return result;
  }
  const std::size_t count = size(*ir::element_count(out.shape));
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t column = static_cast<std::int64_t>(i) % cols;
    const std::int64_t row = static_cast<std::int64_t>(i) / cols % rows;
    const bool keep = upper ? column - row >= k : column - row <= k;
    if (!keep && ir::is_float(out.dtype)) {
      result->floats[i] = 0.0f;
    } else if (!keep) {
      result->ints[i] = 0;
    }
  }
  return result;
}

/// (x - zero_point) * scale, with one scale in all or one for each index of `axis`.
Values eval_dequantize(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  const auto* codes = node.integers(0);
  const auto* zeros = node.integers(2);
  const std::vector<float>& scales = node.input(1)->constant->floats;
  const bool single = scales.size() == 1;
  const auto axis =
    normal_axis(node.integer("axis", 1), std::max<std::size_t>(out.shape.size(), 1));
  if (codes == nullptr || !ir::is_float(out.dtype) || node.integer("block_size", 0) != 0 ||
      (!single && (!axis || *axis >= out.shape.size() || size(out.shape[*axis]) != scales.size())) ||
      (node.has(2) && (zeros == nullptr || zeros->size() != scales.size()))) {
    return node.error(
      "E_UNSUPPORTED_ATTR", "only one scale per tensor or per index of one axis is read"
    );
  }
  const std::size_t inner = single ? 1 : extent(out.shape, *axis + 1, out.shape.size());
  ir::Constant result;
  for (std::size_t i = 0; i < *count; ++i) {
    const std::size_t channel = single ? 0 : i / inner % scales.size();
    const auto code = static_cast<double>((*codes)[i]);
    const auto zero = zeros == nullptr ? 0.0 : static_cast<double>((*zeros)[channel]);
    result.floats.push_back(static_cast<float>((code - zero) * static_cast<double>(scales[channel]))
    );
  }
  return result;
}

/// Copies slices of input 2 over input 0 at the places of input 1.
Values eval_scatter_nd(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto* indices = node.integers(1);
  if (indices == nullptr || !node.has(2) || node.shape(1).empty() ||
      node.text("reduction", "none") != "none" ||
      ir::is_float(node.input(2)->dtype) != ir::is_float(out.dtype)) {
    return node.error("E_UNSUPPORTED_ATTR", "only plain replacement at constant places is read");
  }
  const std::size_t depth = size(node.shape(1).back());
  const std::size_t rank = out.shape.size();
  if (depth == 0 || depth > rank) {
    return node.error("E_SHAPE", "the indices do not fit the data");
  }
  const std::size_t length = extent(out.shape, depth, rank);
  const std::size_t places = indices->size() / depth;
  const ir::Constant& updates = *node.input(2)->constant;
  if (size(*ir::element_count(node.shape(2))) != places * length) {
    return node.error("E_SHAPE", "the updates do not fit the indices");
  }
  Values result = eval_copy(node, out, budget);
  for (std::size_t place = 0; result && place < places; ++place) {
    std::size_t at = 0;
    for (std::size_t axis = 0; axis < depth; ++axis) {
      const std::int64_t given = (*indices)[place * depth + axis];
      const std::int64_t index = given < 0 ? given + out.shape[axis] : given;
      if (index < 0 || index >= out.shape[axis]) {
        return node.error("E_RANGE", "index " + std::to_string(given) + " lies outside the data");
      }
      at = at * size(out.shape[axis]) + size(index);
    }
    for (std::size_t i = 0; i < length; ++i) {
      if (ir::is_float(out.dtype)) {
        result->floats[at * length + i] = updates.floats[place * length + i];
      } else {
        result->ints[at * length + i] = updates.ints[place * length + i];
      }
    }
  }
  return result;
}

} // namespace plena::passes
