// Pass: rows of a tensor in another order, or some of them: single tokens, pixel shuffle. Rows put
// side by side, as pixel shuffle does, are not made: what multiplies them is a sum of products with
// parts of its weights. Rows put one behind the other, such as a token of the model itself before
// those of an image, are rows of both.
#include "passes/layout.h"

#include <algorithm>
#include <numeric>

namespace plena::passes {

namespace {

constexpr std::int64_t max_rows = std::int64_t{1} << 20;

/// Row r of a tensor is the rows ids[k][r] of the source, k = 0, 1, ..., side by side.
struct Picked {
  TensorId source;
  std::vector<std::vector<std::int64_t>> ids;
};

class Former {
 public:
  Former(ir::Graph& graph, Context& context)
      : rewriter_(graph),
        context_(context),
        layout_(rewriter_, context, Through::Moves),
        readers_(graph.tensors.size()) {
    for (const ir::Node& node : graph.nodes) {
      const bool moves = is_move(rewriter_, node);
      for (const TensorId input : node.inputs) {
        if (input != ir::no_tensor && !moves) {
          readers_[ir::index(input)] = true;
        }
      }
    }
    for (const TensorId output : graph.outputs) {
      readers_[ir::index(output)] = true;
    }
  }

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (context_.failures.contains(node.name)) {
        continue;
      }
      if (node.op == "linear") {
        product(node);
      } else if (node.op == "onnx:Concat") {
        joined(node);
      } else if (node.op != "view" && node.outputs.size() == 1 && is_move(rewriter_, node) &&
                 readers_[ir::index(node.outputs.front())]) {
        rows(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  std::optional<Picked> picked(TensorId y) {
    const TensorId source = layout_.source(y);
    if (source == y || !rewriter_.known_float(y) || !rewriter_.known_float(source) ||
        rewriter_.constant(source) || rewriter_.shape(source).empty() || rewriter_.shape(y).empty()) {
      return std::nullopt;
    }
    const auto cols = static_cast<std::size_t>(rewriter_.shape(source).back());
    const auto width = static_cast<std::size_t>(rewriter_.shape(y).back());
    const Form* form = width % cols == 0 ? layout_.form(y) : nullptr;
    if (form == nullptr) {
      return std::nullopt;
    }
    Picked result{source, std::vector<std::vector<std::int64_t>>(width / cols)};
    for (std::size_t i = 0; i < form->first.size(); ++i) {
      const std::uint32_t at = form->first[i].index;
      if (at == Part::none || at % cols != i % cols) {
        return std::nullopt;
      }
      std::vector<std::int64_t>& ids = result.ids[i % width / cols];
      if (i % cols == 0) {
        ids.push_back(static_cast<std::int64_t>(at / cols));
      } else if (static_cast<std::int64_t>(at / cols) != ids.back()) {
        return std::nullopt;
      }
    }
    const auto all = static_cast<std::size_t>(*ir::element_count(rewriter_.shape(source))) / cols;
    bool in_order = result.ids.size() == 1 && result.ids.front().size() == all;
    for (std::size_t r = 0; in_order && r < all; ++r) {
      in_order = result.ids.front()[r] == static_cast<std::int64_t>(r);
    }
    return in_order ? std::nullopt : std::optional(std::move(result)); // a view has no need of rows
  }

  TensorId take(const ir::Node& before, const Picked& from, std::size_t part) {
    const ir::Shape shape{
      static_cast<std::int64_t>(from.ids[part].size()), rewriter_.shape(from.source).back()};
    return rewriter_.insert(
      before, "rows", {from.source}, {{"ids", from.ids[part]}}, shape, {&before}
    );
  }

  void rows(ir::Node& node) {
    const auto found = picked(node.outputs.front());
    if (found && found->ids.size() == 1) {
      rewriter_.replace(node, "view", {take(node, *found, 0)}, {});
    }
  }

  /// Rows of one tensor behind those of another.
  void joined(ir::Node& node) {
    const TensorId y = node.outputs.front();
    if (node.inputs.size() != 2 || !rewriter_.known_float(y) || rewriter_.constant(y) ||
        !rewriter_.known_float(node.inputs[0]) || !rewriter_.known_float(node.inputs[1])) {
      return;
    }
    const ir::Shape shape = rewriter_.shape(y);
    const OnnxNode view{rewriter_.graph, node};
    const auto axis = normal_axis(view.integer("axis", 0), shape.size());
    if (!axis || *axis + 1 >= shape.size() || std::any_of(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(*axis), [](auto d) {
          return d != 1;
        })) {
      return;
    }
    const std::int64_t count =
      ir::element_count(shape).value_or(0) / std::max<std::int64_t>(shape.back(), 1);
    if (count < 1 || count > max_rows) {
      return;
    }
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    std::iota(ids.begin(), ids.end(), std::int64_t{0});
    const TensorId rows = rewriter_.insert(
      node, "rows", node.inputs, {{"ids", std::move(ids)}}, {count, shape.back()}, {&node}
    );
    rewriter_.replace(node, "view", {rows}, {});
  }

  void product(ir::Node& node) {
    const auto found = node.inputs.size() < 2 ? std::nullopt : picked(node.inputs[0]);
    if (!found || found->ids.size() == 1 || node.attrs.contains("transposed")) {
      return;
    }
    const ir::Node* moved = rewriter_.producer(node.inputs[0]);
    const std::vector<TensorId> given = node.inputs;
    const std::int64_t cols = rewriter_.shape(found->source).back();
    const std::int64_t width = rewriter_.shape(node.outputs.front()).back();
    const ir::Shape shape{static_cast<std::int64_t>(found->ids.front().size()), width};
    TensorId sum = ir::no_tensor;
    for (std::size_t part = 0; part < found->ids.size(); ++part) {
      const ir::Tensor& weights = rewriter_.graph.tensor(given[1]);
      const auto begin =
        weights.constant->floats.begin() +
        static_cast<std::ptrdiff_t>(static_cast<std::int64_t>(part) * cols * width);
      std::vector<float> values(begin, begin + static_cast<std::ptrdiff_t>(cols * width));
      std::vector<TensorId> inputs{take(node, *found, part)};
      inputs.push_back(rewriter_.add_constant(
        rewriter_.graph.tensor(given[1]).name + "_rows", {cols, width}, std::move(values)
      ));
      if (part == 0 && given.size() > 2) {
        inputs.push_back(given[2]);
      }
      const TensorId made =
        rewriter_.insert(node, "linear", std::move(inputs), node.attrs, shape, {&node});
      sum = part == 0 ? made : rewriter_.insert(node, "add", {sum, made}, {}, shape, {&node});
    }
    rewriter_.replace(node, "view", {sum}, {}, {moved});
  }

  Rewriter rewriter_;
  Context& context_;
  Layout layout_;
  std::vector<bool> readers_; ///< by tensor: read by something that is no move
};

} // namespace

bool form_rows(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
