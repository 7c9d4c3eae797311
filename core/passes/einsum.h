// Equations of Einsum: a letter per axis of every operand, and those of the result.
#pragma once

#include "passes/onnx_infer.h"

#include <map>

namespace plena::passes {

/// Axes that "..." stands for have labels of their own, the last one the same for all operands.
struct Einsum {
  std::vector<std::string> operands;
  std::string result;
  std::map<char, std::int64_t> sizes; ///< of all labels
};

/// E_UNSUPPORTED_ATTR when the equation cannot be read, E_SHAPE when it does not fit the operands.
Result<Einsum> read_einsum(const OnnxNode& node);

} // namespace plena::passes
