#include "ir/verify.h"

#include <set>

namespace plena::ir {

namespace {

constexpr std::size_t max_errors = 50;

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph), produced_(graph.tensors.size()) {}

  Status run(Level level) {
    check_tensors();
    check_inputs();
    for (const Node& node : graph_.nodes) {
      check_node(node);
    }
    for (const TensorId output : graph_.outputs) {
      if (!valid(output)) {
        error("a graph output refers to no tensor", "graph outputs");
      } else if (!produced_[index(output)]) {
        error("nothing produces the graph output " + quoted(output), "graph outputs");
      }
    }
    if (level == Level::Canonical) {
      check_canonical();
    }
    if (!errors_.empty()) {
      return std::move(errors_);
    }
    return Done{};
  }

 private:
  bool valid(TensorId id) const { return index(id) < graph_.tensors.size(); }
  std::string quoted(TensorId id) const { return "\"" + graph_.tensor(id).name + "\""; }

  void error(std::string message, std::string where) {
    if (errors_.size() < max_errors) {
      errors_.push_back(
        {.code = "E_GRAPH", .message = std::move(message), .where = std::move(where)}
      );
    }
  }

  void produce(TensorId id, const std::string& where) {
    if (produced_[index(id)]) {
      error("tensor " + quoted(id) + " has two producers", where);
    }
    produced_[index(id)] = true;
  }

  void check_tensors() {
    std::set<std::string_view> names;
    for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
      const Tensor& tensor = graph_.tensors[t];
      const std::string where = "tensor \"" + tensor.name + "\"";
      if (tensor.name.empty()) {
        error("tensor " + std::to_string(t) + " has no name", where);
      } else if (!names.insert(tensor.name).second) {
        error("two tensors have the same name", where);
      }
      const auto count = element_count(tensor.shape);
      if (!count) {
        error("shape " + to_string(tensor.shape) + " is impossible", where);
      }
      if (tensor.constant) {
        check_constant(tensor, count.value_or(0), where);
        produce(static_cast<TensorId>(t), where);
      }
    }
  }

  void check_constant(const Tensor& tensor, std::int64_t count, const std::string& where) {
    const Constant& constant = *tensor.constant;
    const bool floats = is_float(tensor.dtype);
    const std::size_t given = floats ? constant.floats.size() : constant.ints.size();
    const std::size_t other = floats ? constant.ints.size() : constant.floats.size();
    if (!tensor.known || static_cast<std::int64_t>(given) != count || other != 0) {
      error(
        "constant of shape " + to_string(tensor.shape) + " holds " + std::to_string(given) +
          " values of its type and " + std::to_string(other) + " of the other",
        where
      );
    }
  }

  void check_inputs() {
    for (const TensorId input : graph_.inputs) {
      if (!valid(input)) {
        error("a graph input refers to no tensor", "graph inputs");
      } else {
        produce(input, "graph inputs");
      }
    }
    if (!graph_.input_specs.empty() && graph_.input_specs.size() != graph_.inputs.size()) {
      error("as many input descriptions as inputs are expected, or none", "graph inputs");
    }
  }

  void check_node(const Node& node) {
    const std::string where = describe(graph_, node);
    if (node.name.empty() || !node_names_.insert(node.name).second) {
      error(node.name.empty() ? "a node has no name" : "two nodes have the same name", where);
    }
    if (node.op.empty()) {
      error("a node has no operator", where);
    }
    for (const TensorId input : node.inputs) {
      if (input == no_tensor) {
        continue;
      }
      if (!valid(input)) {
        error("an input refers to no tensor", where);
      } else if (!produced_[index(input)]) {
        error("nothing before this node produces " + quoted(input), where);
      }
    }
    bool any = false;
    for (const TensorId output : node.outputs) {
      if (output == no_tensor) {
        continue;
      }
      any = true;
      if (!valid(output)) {
        error("an output refers to no tensor", where);
      } else {
        produce(output, where);
      }
    }
    if (!any) {
      error("a node has no output", where);
    }
  }

  void check_canonical() {
    for (const Node& node : graph_.nodes) {
      if (node.op.find(':') != std::string::npos) {
        error("the operator belongs to an import format", describe(graph_, node));
      }
    }
    for (const Tensor& tensor : graph_.tensors) {
      if (!tensor.known) {
        error("the shape is not known", "tensor \"" + tensor.name + "\"");
      }
    }
  }

  const Graph& graph_;
  std::vector<bool> produced_;
  std::set<std::string_view> node_names_;
  Diagnostics errors_;
};

} // namespace

Status verify(const Graph& graph, Level level) { return Verifier(graph).run(level); }

} // namespace plena::ir
