#include "io/onnx_shapes.h"

#include "io/onnx_tensors.h"
#include "io/part_dimensions.h"

#include <algorithm>

namespace plena::io::onnx {

namespace {

std::optional<std::int64_t> dimension(
  const Dimension& dim,
  std::size_t axis,
  const std::string& name,
  const ImportOptions& options,
  const std::string& where,
  Problems& problems
) {
  if (dim.value && *dim.value >= 0) {
    return *dim.value;
  }
  if (const auto given = options.dims.find(name); given != options.dims.end()) {
    if (given->second >= 1 && given->second <= ir::max_elements) {
      return given->second;
    }
    problems.error(
      "E_DYNAMIC_SHAPE",
      where,
      "dimension `" + name + "` is bound to " + std::to_string(given->second),
      "a dimension is a whole number from 1"
    );
    return std::nullopt;
  }
  if (std::find(std::begin(batch_dimensions), std::end(batch_dimensions), name) != std::end(batch_dimensions)) {
    problems.note(
      "N_BOUND_DIM",
      where,
      "dimension `" + name + "` is open in the file; 1 is used",
      "give `" + name + "` a value for another size"
    );
    return 1;
  }
  problems.error(
    "E_DYNAMIC_SHAPE",
    where,
    "dimension " + std::to_string(axis) + " (`" + name + "`) has no fixed size",
    "give `" + name + "` a value, or export with a fixed shape"
  );
  return std::nullopt;
}

} // namespace

std::optional<ir::Shape> input_shape(
  const ValueInfo& value, const ImportOptions& options, const std::string& where, Problems& problems
) {
  if (!value.shape || value.shape->size() > max_rank) {
    problems.error(
      "E_DYNAMIC_SHAPE",
      where,
      "the file does not say how many dimensions it has, or more than " + std::to_string(max_rank),
      "export with a fixed shape"
    );
    return std::nullopt;
  }
  ir::Shape shape;
  for (std::size_t axis = 0; axis < value.shape->size(); ++axis) {
    const Dimension& dim = (*value.shape)[axis];
    const std::string name = dim.param.empty()
                               ? std::string(value.name) + "[" + std::to_string(axis) + "]"
                               : std::string(dim.param);
    if (const auto size = dimension(dim, axis, name, options, where, problems)) {
      shape.push_back(*size);
    }
  }
  if (shape.size() != value.shape->size()) {
    return std::nullopt;
  }
  const auto count = ir::element_count(shape);
  if (count && *count > max_input_elements) {
    problems.error(
      "E_RESOURCE",
      where,
      "shape " + ir::to_string(shape) + " has more than " + std::to_string(max_input_elements) +
        " elements",
      "export the model for a smaller input"
    );
    return std::nullopt;
  }
  if (!count || *count == 0) {
    problems.error(
      "E_SHAPE",
      where,
      "shape " + ir::to_string(shape) + " is empty or too large",
      "export the model for an input with at least one element"
    );
    return std::nullopt;
  }
  return shape;
}

std::optional<ir::Shape> stated_shape(const ValueInfo& value, const ImportOptions& options) {
  if (!value.shape || value.shape->size() > max_rank) {
    return std::nullopt;
  }
  ir::Shape shape;
  for (const Dimension& dim : *value.shape) {
    const auto bound = options.dims.find(dim.param);
    if (dim.value && *dim.value >= 0) {
      shape.push_back(*dim.value);
    } else if (!dim.param.empty() && bound != options.dims.end()) {
      shape.push_back(bound->second);
    }
  }
  const bool complete = shape.size() == value.shape->size() && ir::element_count(shape);
  return complete ? std::optional(std::move(shape)) : std::nullopt;
}

} // namespace plena::io::onnx
