// Pass: rotary position embedding in parts, however it is spelled: halves or neighbours, the whole
// head or some of its lanes, by slices and concatenation, by stacks, with or without a factor. What
// counts is that every element is a constant times itself plus a constant times one other of its
// head (rotation.h).
#include "passes/rotation.h"

#include <algorithm>
#include <set>

namespace plena::passes {

namespace {

class Former {
 public:
  Former(ir::Graph& graph, Context& context)
      : rewriter_(graph),
        layout_(rewriter_, context, Through::Sums),
        rotations_(rewriter_, context) {}

  bool run() {
    // The outermost operator of a rotation is the last one, so the walk goes backwards.
    auto& nodes = rewriter_.graph.nodes;
    for (std::size_t n = nodes.size(); n-- > 0;) {
      ir::Node& node = nodes[n];
      const TensorId y = node.outputs.front();
      const bool outermost =
        node.op == "onnx:Add" || node.op == "onnx:Sub" || node.op == "onnx:Concat";
      if (!outermost || node.outputs.size() != 1 || covered_.contains(y) || !rewriter_.known_float(y) ||
          layout_.source(y) == y) {
        continue;
      }
      map(node);
    }
    return rewriter_.finish();
  }

 private:
  void map(ir::Node& node) {
    const TensorId y = node.outputs.front();
    const ir::Shape shape = rewriter_.shape(y);
    if (shape.size() < 2) {
      return;
    }
    std::vector<const ir::Node*> parts;
    std::set<TensorId> inside;
    collect(node, parts, inside);
    // x + c x is no rotation, and does not have to be looked at element by element.
    if (std::none_of(parts.begin(), parts.end(), [&](const ir::Node* p) { return moves_lanes(*p); }) && node.op != "onnx:Concat") {
      return;
    }
    const Form* form = layout_.form(y);
    if (form == nullptr) {
      return;
    }
    // Neighbours that are mixed are stacked to two lanes, which a reshape behind makes heads of.
    const std::int64_t last = shape.back();
    const std::int64_t width = last == 2 ? last * shape[shape.size() - 2] : last;
    if (rotations_.map(node, *form, static_cast<std::size_t>(width), parts)) {
      covered_.insert(inside.begin(), inside.end());
    }
  }

  static bool moves_lanes(const ir::Node& node) {
    return node.op == "onnx:Concat" || node.op == "onnx:Slice" || node.op == "onnx:Split" ||
           node.op == "onnx:Gather" || node.op == "layout:Take";
  }

  /// The operators between a node and its source, first ones first.
  void
  collect(const ir::Node& node, std::vector<const ir::Node*>& parts, std::set<TensorId>& inside) {
    std::vector<const ir::Node*> open{&node};
    while (!open.empty()) {
      const ir::Node* next = open.back();
      open.pop_back();
      for (const TensorId input : next->inputs) {
        if (input == ir::no_tensor || rewriter_.constant(input) || layout_.source(input) == input ||
            !inside.insert(input).second) {
          continue;
        }
        const ir::Node* producer = rewriter_.producer(input);
        // Heads are split before other things, too.
        if (!is_move(rewriter_, *producer) || moves_lanes(*producer)) {
          parts.push_back(producer);
        }
        open.push_back(producer);
      }
    }
    std::sort(parts.begin(), parts.end());
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  }

  Rewriter rewriter_;
  Layout layout_;
  Rotations rotations_;
  std::set<TensorId> covered_;
};

} // namespace

bool form_rope(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
