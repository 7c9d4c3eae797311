// Pass: RMS norms of heads. A norm over the lanes of heads that were split from rows is one of
// these rows, head by head; what reads it reads it moved.
#include "passes/columns.h"
#include "passes/layout.h"

namespace plena::passes {

namespace {

class Former {
 public:
  Former(ir::Graph& graph, Context& context)
      : rewriter_(graph),
        layout_(rewriter_, context, Through::Moves),
        columns_(rewriter_) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (node.op == "rms_norm" && !node.attrs.contains("heads") &&
          rewriter_.known_float(node.outputs.front())) {
        map(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  void map(ir::Node& node) {
    const TensorId x = node.inputs.front();
    const TensorId source = layout_.source(x);
    if (source == x || !rewriter_.known_float(source) || rewriter_.shape(source).empty() ||
        rewriter_.shape(x).empty() || rewriter_.constant(source)) {
      return;
    }
    const auto cols = static_cast<std::size_t>(rewriter_.shape(source).back());
    const auto width = static_cast<std::size_t>(rewriter_.shape(x).back());
    const auto elements = static_cast<std::size_t>(*ir::element_count(rewriter_.shape(source)));
    const Form* form = width == cols ? nullptr : layout_.form(x);
    const auto rows = form != nullptr ? row_form(*form, elements, cols) : std::nullopt;
    if (!rows || rows->width % width != 0) {
      return;
    }
    std::vector<std::uint32_t> wanted;
    for (std::size_t m = 0; m < rows->width; ++m) {
      wanted.push_back(form->first[rows->element[m]].index % static_cast<std::uint32_t>(cols));
    }
    for (std::size_t i = 0; i < form->first.size(); ++i) {
      // What is normalised together is one head.
      if (form->first[i].index % cols != wanted[rows->rank[i]] || rows->rank[i] % width != i % width) {
        return;
      }
    }
    const auto selected = columns_.select(node, source, wanted);
    if (!selected) {
      return;
    }
    ir::Shape shape = rewriter_.shape(source);
    shape.back() = static_cast<std::int64_t>(rows->width);
    std::vector<TensorId> inputs = node.inputs;
    inputs.front() = *selected;
    if (inputs.size() > 1 && inputs[1] != ir::no_tensor) {
      inputs[1] = repeated(inputs[1], rows->width / width);
    }
    std::map<std::string, ir::Attr> attrs = node.attrs;
    attrs["heads"] = static_cast<std::int64_t>(rows->width / width);
    const TensorId normed = rewriter_.insert(
      node, "rms_norm", std::move(inputs), std::move(attrs), std::move(shape), {&node}
    );
    std::vector<std::int64_t> take;
    for (std::size_t i = 0; i < rows->row.size(); ++i) {
      take.push_back(static_cast<std::int64_t>(rows->row[i] * rows->width + rows->rank[i]));
    }
    rewriter_.take(node, normed, std::move(take));
  }

  /// The gain of a head for all heads.
  TensorId repeated(TensorId gain, std::size_t heads) {
    const auto [entry, added] = repeated_.try_emplace({gain, heads}, gain);
    if (added) {
      const ir::Tensor& from = rewriter_.graph.tensor(gain);
      std::vector<float> values;
      for (std::size_t i = 0; i < heads; ++i) {
        values.insert(values.end(), from.constant->floats.begin(), from.constant->floats.end());
      }
      const auto count = static_cast<std::int64_t>(values.size());
      entry->second = rewriter_.add_constant(from.name + "_heads", {count}, std::move(values));
    }
    return entry->second;
  }

  Rewriter rewriter_;
  Layout layout_;
  Columns columns_;
  std::map<std::pair<TensorId, std::size_t>, TensorId> repeated_;
};

} // namespace

bool form_head_norm(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
