// Pass: what moved elements come to. A chain of moves whose result is read by something else is run
// on the numbers of the elements (layout.h). Rows of the tensor behind it are a view of that;
// columns of a linear, cut out or in another order, are a linear with those columns, moved on as
// the chain did.
#include "passes/columns.h"
#include "passes/layout.h"

#include <algorithm>

namespace plena::passes {

namespace {

class Former {
 public:
  Former(ir::Graph& graph, Context& context)
      : rewriter_(graph),
        context_(context),
        layout_(rewriter_, context, Through::Moves),
        columns_(rewriter_),
        ends_(graph.tensors.size()) {
    for (const ir::Node& node : graph.nodes) {
      if (!is_move(rewriter_, node)) {
        for (const TensorId input : node.inputs) {
          mark(input);
        }
      }
    }
    for (const TensorId output : graph.outputs) {
      mark(output);
    }
  }

  bool run() {
    const std::size_t count = rewriter_.graph.nodes.size();
    for (std::size_t n = 0; n < count; ++n) {
      ir::Node& node = rewriter_.graph.nodes[n];
      if (node.op == "view" || !is_move(rewriter_, node) || context_.failures.contains(node.name)) {
        continue;
      }
      for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (node.outputs[i] != ir::no_tensor && ends_[ir::index(node.outputs[i])]) {
          map(node, i);
        }
      }
    }
    return rewriter_.finish();
  }

 private:
  void mark(TensorId id) {
    if (id != ir::no_tensor) {
      ends_[ir::index(id)] = true;
    }
  }

  void map(ir::Node& node, std::size_t output) {
    const TensorId y = node.outputs[output];
    const TensorId source = layout_.source(y);
    if (!rewriter_.known_float(y) || source == y || !rewriter_.known_float(source) ||
        rewriter_.constant(source) || rewriter_.shape(source).empty() || rewriter_.shape(y).empty()) {
      return;
    }
    const Form* form = layout_.form(y);
    if (form == nullptr) {
      return;
    }
    const auto cols = static_cast<std::size_t>(rewriter_.shape(source).back());
    const auto elements = static_cast<std::size_t>(*ir::element_count(rewriter_.shape(source)));
    const auto rows = row_form(*form, elements, cols);
    if (!rows) {
      return;
    }
    std::vector<std::uint32_t> wanted;
    for (std::size_t m = 0; m < rows->width; ++m) {
      wanted.push_back(form->first[rows->element[m]].index % static_cast<std::uint32_t>(cols));
    }
    for (std::size_t i = 0; i < form->first.size(); ++i) {
      if (form->first[i].index % cols != wanted[rows->rank[i]]) {
        return;
      }
    }
    const bool in_rows =
      static_cast<std::size_t>(rewriter_.shape(y).back()) == rows->width && in_order(*rows);
    const bool whole = wanted.size() == cols && std::is_sorted(wanted.begin(), wanted.end());
    if (whole && !in_rows) {
      return; // nothing is cut out, and what reads it has to see to its order
    }
    const auto x = columns_.select(node, source, wanted);
    if (!x) {
      return;
    }
    if (in_rows) {
      give(node, output, "view", {*x});
      return;
    }
    std::vector<std::int64_t> take;
    for (std::size_t i = 0; i < rows->row.size(); ++i) {
      take.push_back(static_cast<std::int64_t>(rows->row[i] * rows->width + rows->rank[i]));
    }
    const ir::Shape shape = rewriter_.shape(y);
    const std::string name = rewriter_.graph.tensor(y).name + "_places";
    const TensorId places = rewriter_.add_integers(name, shape, std::move(take));
    give(node, output, "layout:Take", {*x, places});
  }

  static bool in_order(const RowForm& rows) {
    for (std::size_t i = 0; i < rows.element.size(); ++i) {
      if (rows.element[i] != i) {
        return false;
      }
    }
    return true;
  }

  /// Makes output `output` of the node that of `op`; the others stay with the node.
  void give(ir::Node& node, std::size_t output, std::string op, std::vector<TensorId> inputs) {
    if (std::all_of(node.outputs.begin(), node.outputs.end(), [&](TensorId id) {
          return id == ir::no_tensor || id == node.outputs[output];
        })) {
      node.outputs.front() = node.outputs[output];
      rewriter_.replace(node, std::move(op), std::move(inputs), {});
      return;
    }
    const TensorId y = node.outputs[output];
    const ir::Shape shape = rewriter_.shape(y);
    const TensorId unused =
      rewriter_.insert(node, std::move(op), std::move(inputs), {}, shape, {&node});
    rewriter_.exchange(node, output, unused);
  }

  Rewriter rewriter_;
  Context& context_;
  Layout layout_;
  Columns columns_;
  std::vector<bool> ends_; ///< by tensor: read by something that is no move
};

} // namespace

bool form_layout(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
