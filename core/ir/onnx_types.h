// Element types as ONNX files number them.
#pragma once

#include "ir/types.h"

namespace plena::ir {

/// The type of a TensorProto.DataType value, where it is one that is read.
std::optional<DType> onnx_dtype(std::int64_t code);

} // namespace plena::ir
