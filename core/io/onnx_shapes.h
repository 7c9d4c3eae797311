// Shapes that an ONNX file declares, with the dimensions that it leaves open. Internal to the ONNX
// importer.
#pragma once

#include "io/onnx_proto.h"
#include "io/problems.h"
#include "ir/graph.h"

namespace plena::io::onnx {

/// The shape of a graph input; open dimensions take their size from the options. Nothing, with
/// E_DYNAMIC_SHAPE, E_SHAPE or E_RESOURCE at `where`, when it cannot be used.
std::optional<ir::Shape> input_shape(
  const ValueInfo& value, const ImportOptions& options, const std::string& where, Problems& problems
);

/// The shape stated for any other tensor, when it is complete.
std::optional<ir::Shape> stated_shape(const ValueInfo& value, const ImportOptions& options);

} // namespace plena::io::onnx
