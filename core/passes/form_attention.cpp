// Pass: attention in parts: softmax(scale q k^T + mask) v. Heads may be split, transposed, repeated
// and cut out of a common product in any way (heads.h); the scale may lie before or behind the
// product; the mask is constant and hides what causal or sliding attention hides; a guard against
// rows that see nothing has no effect. Sinks are a column of scores that is cut off behind the
// softmax.
#include "passes/heads.h"
#include "passes/node_pass.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace plena::passes {

namespace {

/// Longer chains between product and softmax are not followed.
constexpr int max_steps = 16;

struct Product {
  TensorId left;
  TensorId right;
  bool transposed; ///< the right factor lies as (columns, rows)
  double alpha;
};

std::optional<Product> product_of(const Rewriter& rewriter, const ir::Node& node) {
  const OnnxNode view{rewriter.graph, node};
  if (node.inputs.size() < 2 || !rewriter.known_float(node.inputs[0]) || !rewriter.known_float(node.inputs[1])) {
    return std::nullopt;
  }
  if (node.op == "onnx:MatMul") {
    return Product{node.inputs[0], node.inputs[1], false, 1};
  }
  if (node.op == "com.microsoft:FusedMatMul" && view.integer("transA", 0) == 0 && view.integer("transBatchA", 0) == 0 && view.integer("transBatchB", 0) == 0) {
    return Product{
      node.inputs[0], node.inputs[1], view.integer("transB", 0) != 0, view.real("alpha", 1)};
  }
  return std::nullopt;
}

/// Scores from the product on.
struct Scores {
  std::optional<Product> product;
  double factor = 1;
  std::vector<float> added; ///< by query and key, or none
  std::string problem;
  std::vector<const ir::Node*> nodes; ///< last one first
};

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
      const auto product = product_of(rewriter_, node);
      if (product && !product->transposed && product->alpha == 1) {
        map(node, *product);
      }
    }
    return rewriter_.finish();
  }

 private:
  /// Both products get the reason; `parts` has that of queries and keys.
  void refuse_all(
    const ir::Node& node, const std::vector<const ir::Node*>& parts, const std::string& problem
  ) {
    std::vector<const ir::Node*> products{&node};
    std::copy_if(
      parts.begin(),
      parts.end(),
      std::back_inserter(products),
      [&](const ir::Node* part) { return part != &node && product_of(rewriter_, *part); }
    );
    for (const ir::Node* product : products) {
      refuse(
        *product,
        "E_PATTERN",
        "this is part of attention of a kind that is not supported: " + problem,
        "supported is softmax(scale q k^T + mask) v by heads, the mask constant: none, causal or "
        "sliding"
      );
    }
  }

  void map(ir::Node& node, const Product& with_values) {
    std::vector<const ir::Node*> nodes;
    std::optional<std::int64_t> kept; // columns of the probabilities that the values meet
    const ir::Node* softmax = probabilities(with_values.left, nodes, kept);
    if (softmax == nullptr || !rewriter_.known_float(Rewriter::first(*softmax)) ||
        beyond_last_axis({rewriter_.graph, *softmax})) {
      return;
    }
    nodes.push_back(softmax);
    Attention attention;
    TensorId scored = Rewriter::first(*softmax);
    if (kept) {
      if (std::string problem = take_sinks(scored, *kept, attention.sinks, nodes);
          !problem.empty()) {
        return refuse_all(node, nodes, problem);
      }
    }
    Scores scores = peel(scored);
    nodes.insert(nodes.end(), scores.nodes.begin(), scores.nodes.end());
    if (!scores.product) {
      return refuse_all(node, nodes, scores.problem);
    }
    const ir::Shape shape = rewriter_.shape(scored);
    const ir::Shape out = rewriter_.shape(node.outputs.front());
    if (shape.size() < 2 || out.size() < 2) {
      return refuse_all(node, nodes, "scores are no matrices");
    }
    const ir::Shape matrices(out.begin(), out.end() - 2);
    const auto queries = static_cast<std::size_t>(shape[shape.size() - 2]);
    const auto keys = static_cast<std::size_t>(shape.back());
    const Mask mask = classify_mask(scores.added, queries, keys);
    if (mask.kind.empty()) {
      return refuse_all(node, nodes, mask.problem);
    }
    const auto q = heads_of(rewriter_, layout_, scores.product->left, matrices, false);
    const auto k =
      heads_of(rewriter_, layout_, scores.product->right, matrices, !scores.product->transposed);
    const auto v = heads_of(rewriter_, layout_, with_values.right, matrices, false);
    if (!q || !k || !v) {
      return refuse_all(
        node,
        nodes,
        std::string("the ") +
          (!q   ? "queries"
           : !k ? "keys"
                : "values") +
          " are no heads of consecutive rows of one tensor"
      );
    }
    if (v->factor != 1) {
      return refuse_all(node, nodes, "the values are multiplied behind their tensor");
    }
    attention.queries = *q;
    attention.keys = *k;
    attention.values = *v;
    attention.scale = scores.factor;
    attention.mask = mask.kind;
    attention.window = mask.window;
    if (!attention.sinks.empty() && attention.sinks.size() != attention.queries.columns.size()) {
      return refuse_all(node, nodes, "the sinks are not one per head");
    }
    std::reverse(nodes.begin(), nodes.end());
    nodes.push_back(&node);
    const Made made = make_attention(rewriter_, columns_, node, attention, nodes);
    if (made.result == ir::no_tensor) {
      return refuse_all(node, nodes, made.problem);
    }
    give(node, made.result, attention, out, nodes);
  }

  /// Makes `node`, which has a matrix per head, read the result, which has all heads in a row.
  void give(
    ir::Node& node,
    TensorId result,
    const Attention& attention,
    const ir::Shape& out,
    const std::vector<const ir::Node*>& nodes
  ) {
    const auto rows = static_cast<std::size_t>(out[out.size() - 2]);
    const auto width = static_cast<std::size_t>(out.back());
    const std::size_t heads = attention.queries.columns.size();
    std::vector<std::int64_t> take;
    for (const auto& [sequence, head] : attention.queries.place) {
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < width; ++c) {
          take.push_back(
            static_cast<std::int64_t>(((sequence * rows + r) * heads + head) * width + c)
          );
        }
      }
    }
    rewriter_.take(node, result, std::move(take), nodes);
  }

  /// The softmax behind guards against not-a-number and the cut that removes sinks.
  const ir::Node* probabilities(
    TensorId id, std::vector<const ir::Node*>& nodes, std::optional<std::int64_t>& kept
  ) {
    for (int step = 0; step < max_steps; ++step) {
      const ir::Node* node = rewriter_.producer(id);
      if (node == nullptr || node->outputs.front() != id) {
        return nullptr;
      }
      if (node->op == "onnx:Softmax") {
        return node;
      }
      if (node->op == "onnx:Where" && node->inputs.size() == 3 && rewriter_.is_scalar(node->inputs[1], 0)) {
        const ir::Node* test = rewriter_.producer(node->inputs[0], "onnx:IsNaN");
        if (test == nullptr || Rewriter::first(*test) != node->inputs[2]) {
          return nullptr;
        }
        nodes.push_back(node);
        nodes.push_back(test);
        id = node->inputs[2];
      } else if ((node->op == "onnx:Slice" || node->op == "onnx:Split") && !kept && is_move(rewriter_, *node)) {
        const ir::Shape from = rewriter_.shape(node->inputs[0]);
        const ir::Shape to = rewriter_.shape(id);
        if (from.empty() || from.size() != to.size() || to.back() + 1 != from.back() || !is_head(id, from, to)) {
          return nullptr;
        }
        kept = to.back();
        nodes.push_back(node);
        id = node->inputs[0];
      } else {
        return nullptr;
      }
    }
    return nullptr;
  }

  /// Whether every row of `id` is the beginning of a row of what its producer cuts.
  bool is_head(TensorId id, const ir::Shape& from, const ir::Shape& to) {
    Layout one(rewriter_, context_, Through::Moves);
    const Form* form = one.form(id);
    for (std::size_t i = 0; form != nullptr && i < form->first.size(); ++i) {
      const auto width = static_cast<std::size_t>(to.back());
      if (form->first[i].index != i / width * static_cast<std::size_t>(from.back()) + i % width) {
        return false;
      }
    }
    return form != nullptr;
  }

  /// Scores are followed by a column that is constant by heads; less the largest of a row, perhaps.
  std::string take_sinks(
    TensorId& scored,
    std::int64_t kept,
    std::vector<float>& sinks,
    std::vector<const ir::Node*>& nodes
  ) {
    const ir::Node* node = rewriter_.producer(scored);
    if (node != nullptr && node->op == "onnx:Sub" && node->inputs.size() == 2) {
      const ir::Node* largest = rewriter_.producer(node->inputs[1], "onnx:ReduceMax");
      if (largest != nullptr && Rewriter::first(*largest) == node->inputs[0]) {
        nodes.push_back(node);
        nodes.push_back(largest);
        scored = node->inputs[0];
        node = rewriter_.producer(scored);
      }
    }
    if (node == nullptr || node->op != "onnx:Concat" || node->inputs.size() != 2 ||
        !rewriter_.constant(node->inputs[1]) || !rewriter_.known_float(node->inputs[1]) ||
        !rewriter_.known_float(node->inputs[0]) || rewriter_.shape(node->inputs[0]).empty() ||
        rewriter_.shape(node->inputs[0]).back() != kept) {
      return "a column is cut off behind the softmax, but none with constants is added before it";
    }
    nodes.push_back(node);
    const ir::Shape shape = rewriter_.shape(node->inputs[1]);
    const std::vector<float>& values = rewriter_.graph.tensor(node->inputs[1]).constant->floats;
    if (shape.size() < 3 || shape.back() != 1) {
      return "its sinks have the shape " + ir::to_string(shape);
    }
    const auto rows = static_cast<std::size_t>(shape[shape.size() - 2]);
    const auto heads = static_cast<std::size_t>(shape[shape.size() - 3]);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i < rows * heads && i % rows == 0) {
        sinks.push_back(values[i]);
      }
      if (values[i] != sinks[i / rows % heads]) {
        return "its sinks differ between queries";
      }
    }
    scored = node->inputs[0];
    return {};
  }

  /// factor * product + added.
  Scores peel(TensorId id) {
    Scores scores;
    const ir::Shape shape = rewriter_.shape(id);
    for (int step = 0; step < max_steps; ++step) {
      const ir::Node* node = rewriter_.producer(id);
      if (node == nullptr || node->outputs.front() != id || rewriter_.shape(id) != shape) {
        scores.problem = "the scores are not those of a product of queries and keys";
        return scores;
      }
      scores.nodes.push_back(node);
      if (auto product = product_of(rewriter_, *node)) {
        scores.factor *= product->alpha;
        scores.product = product;
        return scores;
      }
      const bool two = node->inputs.size() == 2;
      if (const auto scaled = rewriter_.scaled(*node)) {
        scores.factor *= scaled->factor;
        id = scaled->tensor;
      } else if (two && (node->op == "onnx:Add" || node->op == "onnx:Sub") && rewriter_.constant(node->inputs[1])) {
        if (!add_mask(scores, node->inputs[1], shape, node->op == "onnx:Sub" ? -1.0f : 1.0f)) {
          return scores;
        }
        id = node->inputs[0];
      } else if (two && node->op == "onnx:Add" && rewriter_.constant(node->inputs[0])) {
        if (!add_mask(scores, node->inputs[0], shape, 1)) {
          return scores;
        }
        id = node->inputs[1];
      } else if (node->op == "onnx:Where" && node->inputs.size() == 3 && rewriter_.constant(node->inputs[0])) {
        // Where hides with one operand what the other has.
        const bool first = rewriter_.constant(node->inputs[1]);
        const auto value = rewriter_.scalar(node->inputs[first ? 1 : 2]);
        if (!value || *value * scores.factor > -1e4 || !hide(scores, node->inputs[0], shape, first)) {
          scores.problem = scores.problem.empty()
                             ? "scores are replaced by something else than a mask"
                             : scores.problem;
          return scores;
        }
        id = node->inputs[first ? 2 : 1];
      } else if (two && node->op == "onnx:Add") {
        scores.problem = "its mask is computed from inputs";
        return scores;
      } else {
        scores.problem = "between product and softmax lies " + node->op;
        return scores;
      }
      if (id == ir::no_tensor || !rewriter_.known_float(id)) {
        scores.problem = "the scores are not those of a product of queries and keys";
        return scores;
      }
    }
    scores.problem = "too many operators between product and softmax";
    return scores;
  }

  /// Adds to every score what the mask has there; false when that cannot be told.
  bool
  add(Scores& scores, TensorId mask, const std::vector<float>& values, const ir::Shape& shape) {
    if (shape[shape.size() - 2] * shape.back() > max_scores) {
      scores.problem = "its scores are too many";
      return false;
    }
    Added added = added_by(values, rewriter_.shape(mask), shape);
    if (!added.problem.empty()) {
      scores.problem = std::move(added.problem);
      return false;
    }
    scores.added.resize(added.values.size());
    for (std::size_t i = 0; i < added.values.size(); ++i) {
      scores.added[i] += added.values[i];
    }
    return true;
  }

  bool add_mask(Scores& scores, TensorId mask, const ir::Shape& shape, float sign) {
    if (!rewriter_.known_float(mask) || shape.size() < 2) {
      scores.problem = "its mask is no floating-point tensor";
      return false;
    }
    const auto factor = sign * static_cast<float>(scores.factor);
    std::vector<float> values = rewriter_.graph.tensor(mask).constant->floats;
    for (float& value : values) {
      value *= factor;
    }
    return add(scores, mask, values, shape);
  }

  bool hide(Scores& scores, TensorId condition, const ir::Shape& shape, bool where) {
    const ir::Tensor& tensor = rewriter_.graph.tensor(condition);
    if (ir::is_float(tensor.dtype) || shape.size() < 2) {
      scores.problem = "the condition of its mask is of a floating-point type";
      return false;
    }
    return add(scores, condition, hiding(tensor.constant->ints, where), shape);
  }

  Layout layout_;
  Columns columns_;
};

} // namespace

bool form_attention(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
