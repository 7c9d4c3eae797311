// Attributes of ONNX nodes, and the nodes that are nothing but an attribute. Internal to the ONNX
// importer.
#pragma once

#include "io/onnx_tensors.h"

namespace plena::io::onnx {

/// Adds the attribute to the node; E_UNSUPPORTED_OP, E_UNSUPPORTED_ATTR and the errors of
/// `read_tensor` at `where`. A tensor of one element (the value of ConstantOfShape) is kept as a
/// number, and its type as `<name>_dtype`.
void read_attribute(
  const AttributeProto& attribute, const std::string& where, Problems& problems, ir::Node& node
);

/// The value of a `Constant` node.
void read_constant_node(
  const NodeProto& proto, const std::string& where, Problems& problems, ir::Tensor& tensor
);

} // namespace plena::io::onnx
