// Tensors with values, and element types, of an ONNX file. Internal to the ONNX importer.
#pragma once

#include "io/companions.h"
#include "io/onnx_proto.h"
#include "io/problems.h"
#include "ir/graph.h"

namespace plena::io::onnx {

inline constexpr std::size_t max_rank = 16;
inline constexpr const char* type_hint =
  "types read: FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT64, INT32, INT8, UINT8, BOOL";

/// Fills type, shape and values. False on an error (E_EXTERNAL_DATA, E_DTYPE, E_SHAPE, reported at
/// `where`); the tensor stays unknown then. Without `companions` all values are in the file itself.
bool read_tensor(
  const TensorProto& proto,
  const std::string& where,
  Problems& problems,
  ir::Tensor& tensor,
  Companions* companions = nullptr
);

/// A tensor that has its values at once.
void set(ir::Tensor& tensor, ir::DType dtype, ir::Shape shape, ir::Constant values);

} // namespace plena::io::onnx
