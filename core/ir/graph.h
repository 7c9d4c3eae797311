// The graph of a model: nodes and tensors in vectors, referred to by id. One node shape serves
// every level, from the operators of an imported file to the operators that are lowered.
#pragma once

#include "ir/choices.h"
#include "ir/types.h"

#include <cstdint>
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
  /// False only between import and shape inference: `dtype` and `shape` mean nothing yet.
  bool known = true;
};

/// Where the values of a graph input come from when the user gives none: the document's own values,
/// or the seeded generator of io/weights.h.
struct InputSpec {
  std::optional<Constant> values{};
  std::string generator_name{}; ///< the input's own name when empty
  std::uint64_t seed = 42;
  double std = 1.0;
  double mean = 0.0;
  bool prestaged = false; ///< lies in the Vector SRAM when the program starts
  /// Integers below this number, which are not the document's: a seed of the caller's makes others.
  std::int64_t below = 0;
};

using Attr =
  std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

struct Node {
  std::string name; ///< unique in the graph
  std::string op;   ///< row of ops.def, or `onnx:Name` before the import passes have run
  std::vector<TensorId> inputs; ///< `no_tensor` for an absent optional input
  std::vector<TensorId> outputs;
  std::map<std::string, Attr> attrs{};
  /// Names of the nodes of the imported file that this one stands for.
  std::vector<std::string> origin{};
  /// Index in the node list of the imported file; -1 when there is none.
  std::int64_t position = -1;
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes; ///< after import in an order in which producers come first
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  std::vector<InputSpec> input_specs{}; ///< one per input, or empty when none was described
  RunChoices run{};

  TensorId add_tensor(Tensor tensor);
  NodeId add_node(Node node);
  Tensor& tensor(TensorId id) { return tensors[index(id)]; }
  const Tensor& tensor(TensorId id) const { return tensors[index(id)]; }
  Node& node(NodeId id) { return nodes[index(id)]; }
  const Node& node(NodeId id) const { return nodes[index(id)]; }
};

/// Sorts the nodes so that producers come first, keeping the given order where it is already right.
/// Returns the nodes that lie on or behind a cycle; the graph is unchanged when there are any.
std::vector<NodeId> sort_nodes(Graph& graph);

/// Producer of every tensor, by tensor index; no value for inputs, constants and unused tensors.
std::vector<std::optional<NodeId>> producers(const Graph& graph);

/// How often every tensor is read, by tensor index; a graph output counts as one reading.
std::vector<std::uint32_t> use_counts(const Graph& graph);

/// Removes nodes whose results nobody reads, and tensors that are then unreferenced (graph inputs
/// stay). Returns whether anything was removed. Invalidates ids.
bool remove_dead(Graph& graph);

/// `node 3 "name" (Op) -> output`, the place named in diagnostics.
std::string describe(const Graph& graph, const Node& node);

} // namespace plena::ir
