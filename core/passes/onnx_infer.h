// What the shape rules share.
#pragma once

#include "passes/onnx_ops.h"

namespace plena::passes {

using Types = Result<std::vector<TensorType>>;

/// The type of an only output.
Types one(ir::DType dtype, ir::Shape shape);
/// E_SHAPE with the shapes of all inputs.
Diagnostic shape_error(const OnnxNode& node, const std::string& what);
/// E_DYNAMIC_SHAPE: the shape depends on values that are not known.
Diagnostic needs_constant(const OnnxNode& node, std::string_view what);

} // namespace plena::passes
