// Looking at a graph and replacing nodes in place. A pattern replaces its last node, which keeps
// its name, its place and its outputs; the nodes before it are left to drop_dead. So the index that
// is built once stays right for a whole pass.
#pragma once

#include "passes/pass.h"

#include <set>

namespace plena::passes {

using ir::TensorId;

/// A tensor times (or plus) a number.
struct Scaled {
  TensorId tensor;
  double factor;
};

class Rewriter {
 public:
  explicit Rewriter(ir::Graph& graph);

  ir::Graph& graph;

  /// Null for graph inputs, constants and absent tensors.
  const ir::Node* producer(TensorId id) const;
  /// The producer, when it has this operator; the tensor must be its first output.
  const ir::Node* producer(TensorId id, std::string_view op) const;
  std::uint32_t uses(TensorId id) const;
  /// The first input, or no tensor: a broken file may hold nodes without inputs.
  static TensorId first(const ir::Node& node) {
    return node.inputs.empty() ? ir::no_tensor : node.inputs.front();
  }

  bool known_float(TensorId id) const;
  const ir::Shape& shape(TensorId id) const { return graph.tensor(id).shape; }
  bool constant(TensorId id) const;
  /// The value of a floating-point constant of one element.
  std::optional<double> scalar(TensorId id) const;
  bool is_scalar(TensorId id, double value, double tolerance = 0) const;
  /// A floating-point constant whose last dimension is `size` and whose others are 1.
  bool is_vector(TensorId id, std::int64_t size) const;

  /// The other operand of a node with two inputs, one of which is `id`.
  static std::optional<TensorId> other(const ir::Node& node, TensorId id);
  /// x * c, c * x or x / c with a constant number, given the node.
  std::optional<Scaled> scaled(const ir::Node& node) const;
  /// x + c or c + x with a constant number, given the node.
  std::optional<Scaled> shifted(const ir::Node& node) const;

  /// Adds a constant under a new name that starts with `base`.
  TensorId add_constant(const std::string& base, ir::Shape shape, std::vector<float> values);
  /// `id`, a constant, under the shape `shape` of as many elements.
  TensorId reshaped_constant(TensorId id, const ir::Shape& shape);

  /// An integer constant.
  TensorId add_integers(const std::string& base, ir::Shape shape, std::vector<std::int64_t> values);

  /// A new node in front of `before`, with one new output of this shape; the graph has it after
  /// finish(), and until then the functions above know nothing of it. `from` are the nodes that it
  /// stands for.
  TensorId insert(
    const ir::Node& before,
    std::string op,
    std::vector<TensorId> inputs,
    std::map<std::string, ir::Attr> attrs,
    ir::Shape shape,
    const std::vector<const ir::Node*>& from
  );
  /// Exchanges output `number` of `node` and the result of an inserted node, which readers then
  /// get.
  void exchange(ir::Node& node, std::size_t number, TensorId inserted);
  /// Puts the inserted nodes into the graph; returns whether anything was changed. Node pointers
  /// mean nothing afterwards.
  bool finish();

  /// Makes `node` the operator `op`. `from` are the other nodes it now stands for.
  void replace(
    ir::Node& node,
    std::string op,
    std::vector<TensorId> inputs,
    std::map<std::string, ir::Attr> attrs,
    const std::vector<const ir::Node*>& from = {}
  );
  /// Makes `node` read `source` by places: element i of its output is the element places[i].
  void take(
    ir::Node& node,
    TensorId source,
    std::vector<std::int64_t> places,
    const std::vector<const ir::Node*>& from = {}
  );
  /// The same operator with all its outputs, but other inputs and attributes.
  void replace_inputs(
    ir::Node& node, std::vector<TensorId> inputs, std::map<std::string, ir::Attr> attrs
  );
  bool changed() const { return changed_; }

 private:
  std::vector<std::optional<ir::NodeId>> producers_;
  std::vector<std::uint32_t> uses_;
  std::string unique(std::set<std::string>& names, const std::string& base);
  std::set<std::string>& tensor_names();

  std::set<std::string> names_;
  std::set<std::string> node_names_;
  std::map<std::string, int> numbers_; ///< last one that was put behind a name
  /// With the number of the node that each comes before.
  std::vector<std::pair<std::size_t, ir::Node>> inserted_;
  bool changed_ = false;
};

} // namespace plena::passes
