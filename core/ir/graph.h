// The graph of a model: nodes and tensors in vectors, referred to by id. One node shape serves every
// level, from the operators of an imported file to the operators that are lowered.
#pragma once

#include "ir/types.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace plena::ir {

/// Values of a constant, row-major. Floating-point types are widened to f32, integers and booleans
/// to i64; `dtype` of the tensor keeps the declared type.
struct Constant {
  std::vector<float> floats{};
  std::vector<std::int64_t> ints{};
};

struct Tensor {
  std::string name;
  DType dtype = DType::F32;
  Shape shape{};
  std::optional<Constant> constant{};
};

using Attr = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>,
                          std::vector<double>>;

struct Node {
  std::string name;              ///< unique in the graph
  std::string op;                ///< row of ops.def, or `onnx:Name` before the import passes have run
  std::vector<TensorId> inputs;  ///< `no_tensor` for an absent optional input
  std::vector<TensorId> outputs;
  std::map<std::string, Attr> attrs{};
  /// Names of the nodes of the imported file that this one stands for.
  std::vector<std::string> origin{};
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes; ///< after import in an order in which producers come first
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;

  TensorId add_tensor(Tensor tensor);
  NodeId add_node(Node node);
  Tensor& tensor(TensorId id) { return tensors[index(id)]; }
  const Tensor& tensor(TensorId id) const { return tensors[index(id)]; }
  Node& node(NodeId id) { return nodes[index(id)]; }
  const Node& node(NodeId id) const { return nodes[index(id)]; }
};

} // namespace plena::ir
