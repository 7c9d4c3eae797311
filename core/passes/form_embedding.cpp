// Pass: rows of a constant table by the integers of a graph input. What is reshaped or cast between
// the input and the Gather is looked through as long as the order stays. Integers that are constant
// fold.
#include "passes/layout.h"

#include <algorithm>

namespace plena::passes {

namespace {

/// Longer inputs are given no values.
constexpr std::int64_t max_given = std::int64_t{1} << 22;

class Former {
 public:
  Former(ir::Graph& graph, Context& context)
      : rewriter_(graph),
        context_(context),
        layout_(rewriter_, context, Through::Moves) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (node.op == "onnx:Gather" && node.inputs.size() == 2 && !context_.failures.contains(node.name) &&
          rewriter_.known_float(node.inputs[0]) && rewriter_.constant(node.inputs[0]) &&
          node.inputs[1] != ir::no_tensor && !rewriter_.constant(node.inputs[1]) &&
          rewriter_.known_float(node.outputs.front())) {
        map(node);
      } else if (node.op == "embedding" && node.inputs.size() == 2) {
        give_numbers(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  void map(ir::Node& node) {
    const OnnxNode view{rewriter_.graph, node};
    const auto axis = normal_axis(view.integer("axis", 0), view.shape(0).size());
    if (view.shape(0).size() != 2 || axis != std::size_t{0}) {
      return refuse(
        node,
        "E_UNSUPPORTED_ATTR",
        "it gathers along axis " + std::to_string(view.integer("axis", 0)) + " of " +
          ir::to_string(view.shape(0)),
        "supported are rows (axis 0) of a constant matrix"
      );
    }
    const TensorId ids = layout_.source(node.inputs[1]);
    const auto& inputs = rewriter_.graph.inputs;
    if (std::find(inputs.begin(), inputs.end(), ids) == inputs.end() || !in_order(node.inputs[1], ids)) {
      return refuse(
        node,
        "E_PATTERN",
        "the numbers of the rows are no input of the graph",
        "numbers of rows have to be constant or an input, all of it in order"
      );
    }
    give_numbers(ids, view.shape(0)[0]);
    ir::Shape shape = rewriter_.shape(ids);
    shape.push_back(view.shape(0)[1]);
    if (shape == rewriter_.shape(node.outputs.front())) {
      rewriter_.replace(node, "embedding", {node.inputs[0], ids}, {});
    } else {
      const TensorId rows =
        rewriter_.insert(node, "embedding", {node.inputs[0], ids}, {}, std::move(shape), {&node});
      rewriter_.replace(node, "view", {rows}, {});
    }
  }

  /// The same for a node that the file has in this form.
  void give_numbers(const ir::Node& node) {
    const auto& inputs = rewriter_.graph.inputs;
    const bool given = std::find(inputs.begin(), inputs.end(), node.inputs[1]) != inputs.end();
    if (given && node.inputs[0] != ir::no_tensor && rewriter_.shape(node.inputs[0]).size() == 2) {
      give_numbers(node.inputs[1], rewriter_.shape(node.inputs[0])[0]);
    }
  }

  /// Values for an input that nobody gives others: different rows, of this table and those before.
  void give_numbers(TensorId ids, std::int64_t rows) {
    constexpr std::int64_t first = 17;
    constexpr std::int64_t distance = 37;
    ir::Graph& graph = rewriter_.graph;
    const auto number = static_cast<std::size_t>(
      std::find(graph.inputs.begin(), graph.inputs.end(), ids) - graph.inputs.begin()
    );
    graph.input_specs.resize(graph.inputs.size());
    ir::InputSpec& spec = graph.input_specs[number];
    const auto count = ir::element_count(rewriter_.shape(ids)).value_or(0);
    const bool documents = spec.values && spec.below == 0;
    if (rows < 1 || count > max_given || documents || (spec.below > 0 && spec.below <= rows)) {
      return;
    }
    spec.below = rows;
    std::vector<std::int64_t>& values = spec.values.emplace().ints;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back((first + distance * i) % rows);
    }
  }

  bool in_order(TensorId moved, TensorId ids) {
    const Form* form = moved == ids ? nullptr : layout_.form(moved);
    if (form == nullptr) {
      return moved == ids;
    }
    for (std::size_t i = 0; i < form->first.size(); ++i) {
      if (form->first[i].index != i) {
        return false;
      }
    }
    return static_cast<std::int64_t>(form->first.size()) == ir::element_count(rewriter_.shape(ids));
  }

  void refuse(const ir::Node& node, std::string code, std::string message, std::string hint) {
    const OnnxNode view{rewriter_.graph, node};
    context_.refuse(node, view.error(std::move(code), std::move(message), std::move(hint)));
  }

  Rewriter rewriter_;
  Context& context_;
  Layout layout_;
};

} // namespace

bool form_embedding(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
