// Pass: attention as one operator: Attention of ai.onnx, and MultiHeadAttention and
// GroupQueryAttention of ONNX Runtime once unpack_attention has taken from them what else they do.
#include "passes/heads.h"
#include "passes/node_pass.h"

#include <algorithm>
#include <cmath>

namespace plena::passes {

namespace {

class Former : NodePass {
 public:
  Former(ir::Graph& graph, Context& context)
      : NodePass(graph, context),
        layout_(rewriter_, context, Through::Sums),
        columns_(rewriter_) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (!sound(node)) {
        continue;
      }
      if (node.op == group_query) {
        group(node);
      } else if (node.op == multi_head) {
        heads(node);
      } else if (node.op == standard_attention) {
        plain(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  bool other_outputs_used(const ir::Node& node) {
    for (std::size_t i = 1; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != ir::no_tensor && rewriter_.uses(node.outputs[i]) != 0) {
        const bool cache = i < 3;
        refuse(
          node,
          cache ? "E_KV_CACHE" : "E_PATTERN",
          "its output " + std::to_string(i) + " is used",
          cache ? "export the model without a cache (use_cache=False)"
                : "only the first output can be used"
        );
        return true;
      }
    }
    return false;
  }

  /// q k^T of sequences of rows with heads next to each other: heads of columns [i * width, ...),
  /// each repeated for `share` query heads.
  std::optional<Heads> in_rows(TensorId id, std::int64_t count, std::int64_t share) {
    const ir::Shape shape = rewriter_.shape(id);
    if (shape.size() != 3 || count < 1 || shape[2] % count != 0) {
      return std::nullopt;
    }
    const Form* form = rewriter_.known_float(id) ? layout_.form(id) : nullptr;
    if (form == nullptr || !form->second.empty()) {
      return std::nullopt;
    }
    // As [batch, 1, positions, all columns], which has one head.
    const auto whole = heads_of(rewriter_, layout_, id, {shape[0]}, false);
    if (!whole || whole->columns.size() != 1) {
      return std::nullopt;
    }
    const auto width = static_cast<std::ptrdiff_t>(shape[2] / count);
    Heads heads = *whole;
    heads.columns.clear();
    heads.place.clear();
    for (std::int64_t i = 0; i < count * share; ++i) {
      const auto first =
        whole->columns.front().begin() + static_cast<std::ptrdiff_t>(i / share) * width;
      heads.columns.emplace_back(first, first + width);
    }
    for (std::int64_t b = 0; b < shape[0]; ++b) {
      for (std::int64_t i = 0; i < count * share; ++i) {
        heads.place.emplace_back(
          whole->place[static_cast<std::size_t>(b)].first, static_cast<std::size_t>(i)
        );
      }
    }
    return heads;
  }

  /// Heads of an input of three dimensions (rows) or four (a matrix per head).
  std::optional<Heads> heads_in(TensorId id, std::int64_t count, std::int64_t share) {
    const ir::Shape shape = rewriter_.known_float(id) ? rewriter_.shape(id) : ir::Shape{};
    if (shape.size() != 4) {
      return in_rows(id, count, share);
    }
    if (shape[1] != count) {
      return std::nullopt;
    }
    const auto found = heads_of(rewriter_, layout_, id, {shape[0], shape[1]}, false);
    if (!found || share == 1) {
      return found;
    }
    Heads heads = *found;
    heads.columns.clear();
    heads.place.clear();
    for (std::size_t g = 0; g < found->place.size(); ++g) {
      for (std::int64_t k = 0; k < share; ++k) {
        const auto [sequence, head] = found->place[g];
        heads.place.emplace_back(
          sequence, head * static_cast<std::size_t>(share) + static_cast<std::size_t>(k)
        );
      }
    }
    for (const auto& columns : found->columns) {
      heads.columns.insert(heads.columns.end(), static_cast<std::size_t>(share), columns);
    }
    return heads;
  }

  /// Replaces the node by attention over its inputs `first`, `first + 1` and `first + 2`.
  void map(
    ir::Node& node,
    std::int64_t count,
    std::int64_t kv_count,
    double scale,
    const Mask& mask,
    std::vector<float> sinks
  ) {
    if (other_outputs_used(node)) {
      return;
    }
    if (count < 1 || kv_count < 1 || count % kv_count != 0) {
      return refuse(
        node,
        "E_UNSUPPORTED_ATTR",
        std::to_string(count) + " query heads cannot share " + std::to_string(kv_count) +
          " heads of keys"
      );
    }
    if (mask.kind.empty()) {
      return refuse(
        node,
        "E_PATTERN",
        mask.problem,
        "masks have to be constant: none, causal or a sliding window"
      );
    }
    const auto q = heads_in(node.inputs[0], count, 1);
    const auto k = heads_in(node.inputs[1], kv_count, count / kv_count);
    const auto v = heads_in(node.inputs[2], kv_count, count / kv_count);
    if (!q || !k || !v || v->factor != 1) {
      return refuse(
        node,
        "E_PATTERN",
        std::string("the ") +
          (!q   ? "queries"
           : !k ? "keys"
                : "values") +
          " are no heads of consecutive rows of one tensor"
      );
    }
    Attention attention{*q, *k, *v};
    attention.scale =
      scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(q->columns.front().size()));
    attention.mask = mask.kind;
    attention.window = mask.window;
    attention.sinks = std::move(sinks);
    const Made made = make_attention(rewriter_, columns_, node, attention, {&node});
    if (made.result == ir::no_tensor) {
      return refuse(node, "E_PATTERN", made.problem);
    }
    const ir::Shape out = rewriter_.shape(node.outputs.front());
    const auto heads = static_cast<std::int64_t>(q->columns.size());
    const bool matrices = out.size() == 4;
    const std::int64_t rows = matrices ? out[2] : out[1];
    const std::int64_t width = matrices ? out[3] : out[2] / heads;
    std::vector<std::int64_t> take(static_cast<std::size_t>(*ir::element_count(out)));
    std::size_t at = 0;
    for (std::int64_t b = 0; b < out[0]; ++b) {
      for (std::int64_t i = 0; i < heads * rows; ++i) {
        const std::int64_t row = matrices ? i % rows : i / heads;
        const std::int64_t head = matrices ? i / rows : i % heads;
        const auto sequence =
          static_cast<std::int64_t>(q->place[static_cast<std::size_t>(b * heads)].first);
        for (std::int64_t c = 0; c < width; ++c) {
          take[at++] = ((sequence * rows + row) * heads + head) * width + c;
        }
      }
    }
    rewriter_.take(node, made.result, std::move(take));
  }

  /// What a constant mask, broadcast to [batch, heads, queries, keys], does together with
  /// causality.
  Mask mask_of(
    const OnnxNode& view, std::size_t input, std::int64_t queries, std::int64_t keys, bool causal
  ) {
    if (queries < 1 || keys < 1 || queries > max_scores / keys) {
      return {.problem = "its scores are too many, or none"};
    }
    std::vector<float> added(static_cast<std::size_t>(queries * keys), 0.0f);
    if (view.has(input)) {
      const ir::Tensor& mask = *view.input(input);
      if (!mask.constant) {
        return {.problem = "its mask is computed from inputs"};
      }
      ir::Shape scores = mask.shape;
      if (scores.size() < 2) {
        scores.insert(scores.begin(), 2 - scores.size(), 1);
      }
      const ir::Shape matrix{queries, keys};
      std::copy(matrix.begin(), matrix.end(), scores.end() - 2);
      Added by_mask = added_by(
        ir::is_float(mask.dtype) ? mask.constant->floats : hiding(mask.constant->ints, false),
        mask.shape,
        scores
      );
      if (!by_mask.problem.empty()) {
        return {.problem = by_mask.problem};
      }
      added = std::move(by_mask.values);
    }
    for (std::size_t i = 0; causal && i < added.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i) / keys;
      if (static_cast<std::int64_t>(i) % keys > row + keys - queries) {
        added[i] = -INFINITY;
      }
    }
    return classify_mask(added, static_cast<std::size_t>(queries), static_cast<std::size_t>(keys));
  }

  std::int64_t rows_of(TensorId id) const {
    const ir::Shape& shape = rewriter_.shape(id);
    return shape.size() == 4 ? shape[2] : shape.size() == 3 ? shape[1] : 0;
  }

  bool three_inputs(const ir::Node& node) {
    for (std::size_t i = 0; i < 3; ++i) {
      if (i >= node.inputs.size() || !rewriter_.known_float(node.inputs[i])) {
        refuse(node, "E_PATTERN", "it has no queries, keys and values of their own");
        return false;
      }
    }
    return true;
  }

  void plain(ir::Node& node) {
    const OnnxNode view{rewriter_.graph, node};
    if (!three_inputs(node)) {
      return;
    }
    const bool matrices = view.shape(0).size() == 4;
    const std::int64_t count = matrices ? view.shape(0)[1] : view.integer("q_num_heads", 0);
    const std::int64_t kv_count =
      matrices && view.shape(1).size() == 4 ? view.shape(1)[1] : view.integer("kv_num_heads", 0);
    const Mask mask = mask_of(
      view, 3, rows_of(node.inputs[0]), rows_of(node.inputs[1]), view.integer("is_causal", 0) != 0
    );
    map(node, count, kv_count, view.real("scale", 0), mask, {});
  }

  void heads(ir::Node& node) {
    const OnnxNode view{rewriter_.graph, node};
    if (view.has(3) || !three_inputs(node)) {
      return;
    }
    if (view.has(4)) {
      const auto* keys = view.integers(4);
      const bool all =
        keys != nullptr && view.shape(4) == ir::Shape{view.shape(1)[0], rows_of(node.inputs[1])} &&
        std::all_of(keys->begin(), keys->end(), [](std::int64_t k) { return k != 0; });
      if (!all) {
        return refuse(node, "E_PATTERN", "some of its keys are padding, or not known not to be");
      }
    }
    const std::int64_t count = view.integer("num_heads", 0);
    const Mask mask = mask_of(
      view,
      5,
      rows_of(node.inputs[0]),
      rows_of(node.inputs[1]),
      view.integer("unidirectional", 0) != 0
    );
    map(node, count, count, view.real("scale", 0), mask, {});
  }

  void group(ir::Node& node) {
    const OnnxNode view{rewriter_.graph, node};
    const std::int64_t count = view.integer("num_heads", 0);
    const std::int64_t kv_count = view.integer("kv_num_heads", 0);
    if (count < 1 || kv_count < 1 || view.shape(0).size() != 3) {
      return refuse(node, "E_UNSUPPORTED_ATTR", "num_heads or kv_num_heads is no number of heads");
    }
    if (view.integer("do_rotary", 0) != 0 || (!view.has(1) && !view.has(2)) || !three_inputs(node)) {
      return;
    }
    const std::int64_t positions = view.shape(0)[1];
    const auto* lengths = view.integers(5);
    const bool whole =
      lengths != nullptr && std::all_of(lengths->begin(), lengths->end(), [&](std::int64_t n) {
        return n == positions - 1;
      });
    if (!whole) {
      return refuse(
        node,
        "E_PATTERN",
        lengths == nullptr ? "the lengths of its sequences are computed"
                           : "its sequences are shorter than its rows",
        "supported are sequences that are as long as the input"
      );
    }
    const std::int64_t window = view.integer("local_window_size", -1);
    Mask mask{.kind = "causal"};
    if (window >= 0 && window < positions) {
      mask = {.kind = "sliding", .window = window};
      if (window == 0) {
        return refuse(node, "E_UNSUPPORTED_ATTR", "local_window_size is 0");
      }
    }
    std::vector<float> sinks;
    if (view.has(11)) {
      if (!rewriter_.is_vector(node.inputs[11], count)) {
        return refuse(node, "E_PATTERN", "its sinks are no constant of one value per head");
      }
      sinks = view.input(11)->constant->floats;
    }
    map(node, count, kv_count, view.real("scale", 0), mask, std::move(sinks));
  }

  Layout layout_;
  Columns columns_;
};

} // namespace

bool form_fused_attention(ir::Graph& graph, Context& context) {
  return Former(graph, context).run();
}

} // namespace plena::passes
