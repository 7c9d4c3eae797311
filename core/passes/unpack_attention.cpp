// Pass: what attention operators of ONNX Runtime do besides attention: projections, biases,
// rotation and cutting a common tensor apart is put in front of them as operators of its own. Uses
// that are not supported are refused here.
#include "passes/heads.h"
#include "passes/node_pass.h"

#include <algorithm>
#include <numeric>

namespace plena::passes {

namespace {

constexpr std::string_view packed_weights = "com.microsoft:Attention";

/// Inputs that hold keys and values of earlier tokens.
struct Cache {
  std::string_view op;
  std::size_t first;
  std::size_t last;
};
constexpr Cache caches[] = {
  {group_query, 3, 4},
  {multi_head, 6, 7},
  {packed_weights, 4, 4},
  {standard_attention, 4, 5},
};

/// An input that has to be absent: what it is for.
struct Absent {
  std::string_view op;
  std::size_t input;
  const char* what;
};
constexpr Absent absent[] = {
  {group_query, 10, "an attention bias"},
  {group_query, 12, "a scale of quantised keys"},
  {group_query, 13, "a scale of quantised values"},
  {group_query, 14, "a norm of queries"},
  {group_query, 15, "a norm of keys"},
  {multi_head, 8, "the length of earlier tokens"},
  {multi_head, 9, "a cache indirection"},
  {packed_weights, 3, "a mask of keys"},
  {packed_weights, 6, "the length of earlier tokens"},
  {standard_attention, 6, "the number of keys that are no padding"},
};

/// An attribute that has to have this value.
struct Fixed {
  std::string_view op;
  std::string_view attribute;
  double value;
};
constexpr Fixed fixed[] = {
  {group_query, "softcap", 0},
  {group_query, "smooth_softmax", 0},
  {group_query, "kv_cache_bit_width", 0},
  {packed_weights, "do_rotary", 0},
  {packed_weights, "past_present_share_buffer", 0},
  {standard_attention, "softcap", 0},
};

class Unpacker : NodePass {
 public:
  using NodePass::NodePass;

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      const bool ours = node.op == group_query || node.op == multi_head ||
                        node.op == packed_weights || node.op == standard_attention;
      if (!ours || !sound(node) || !rewriter_.known_float(node.inputs[0])) {
        continue;
      }
      const OnnxNode view{rewriter_.graph, node};
      if (auto refusal = beyond(view)) {
        context_.fail(node, *std::move(refusal));
      } else if (node.op == group_query) {
        group(node);
      } else if (node.op == packed_weights) {
        project(node);
      } else if (node.op == multi_head && view.has(3)) {
        add_bias(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  static std::optional<Diagnostic> beyond(const OnnxNode& view) {
    const ir::Node& node = view.node;
    constexpr const char* without_cache = "export the model without a cache (use_cache=False)";
    for (const Cache& row : caches) {
      for (std::size_t i = row.first; node.op == row.op && i <= row.last; ++i) {
        if (view.has(i)) {
          return view.error(
            "E_KV_CACHE",
            "it reads keys and values of earlier tokens (" + view.input(i)->name + ")",
            without_cache
          );
        }
      }
    }
    for (const Absent& row : absent) {
      if (view.node.op == row.op && view.has(row.input)) {
        return view.error(
          "E_PATTERN", std::string("it has ") + row.what + " (" + view.input(row.input)->name + ")"
        );
      }
    }
    for (const Fixed& row : fixed) {
      const double given = std::max(
        view.real(row.attribute, row.value),
        static_cast<double>(view.integer(row.attribute, static_cast<std::int64_t>(row.value)))
      );
      if (view.node.op == row.op && given != row.value) {
        return view.error(
          "E_UNSUPPORTED_ATTR",
          std::string(row.attribute) + " is " + std::to_string(given),
          "only " + std::to_string(static_cast<int>(row.value)) + " is supported"
        );
      }
    }
    return std::nullopt;
  }

  /// Columns [first, first + count) of the last dimension, in front of `before`.
  TensorId cut(
    const ir::Node& before, TensorId x, std::int64_t first, std::int64_t count, const char* name
  ) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), first);
    ir::Shape shape = rewriter_.shape(x);
    const auto axis = static_cast<std::int64_t>(shape.size()) - 1;
    shape.back() = count;
    const TensorId places =
      rewriter_.add_integers(before.name + "_" + name, {count}, std::move(numbers));
    return rewriter_.insert(
      before, "onnx:Gather", {x, places}, {{"axis", axis}}, std::move(shape), {&before}
    );
  }

  /// Queries, keys and values get their parts of the bias in front of the node.
  void add_bias(ir::Node& node) {
    std::int64_t first = 0;
    std::vector<std::int64_t> widths;
    for (std::size_t i = 0; i < 3; ++i) {
      const ir::Shape& shape = rewriter_.shape(node.inputs[i]);
      widths.push_back(shape.size() == 3 ? shape[2] : 0);
    }
    const TensorId bias = node.inputs[3];
    if (!rewriter_.is_vector(bias, widths[0] + widths[1] + widths[2]) ||
        std::find(widths.begin(), widths.end(), 0) != widths.end()) {
      return refuse(
        node,
        "E_PATTERN",
        "its bias is no constant of as many values as queries, keys and values have columns"
      );
    }
    std::vector<TensorId> inputs = node.inputs;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::vector<float>& all = rewriter_.graph.tensor(bias).constant->floats;
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
      std::vector<float> part(begin, begin + static_cast<std::ptrdiff_t>(widths[i]));
      first += widths[i];
      const TensorId vector = rewriter_.add_constant(
        rewriter_.graph.tensor(bias).name + "_part", {widths[i]}, std::move(part)
      );
      const ir::Shape shape = rewriter_.shape(node.inputs[i]);
      inputs[i] = rewriter_.insert(node, "onnx:Add", {inputs[i], vector}, {}, shape, {&node});
    }
    inputs[3] = ir::no_tensor;
    rewriter_.replace_inputs(node, std::move(inputs), node.attrs);
  }

  /// The projection and its cut in front of the node, which becomes MultiHeadAttention.
  void project(ir::Node& node) {
    const OnnxNode view{rewriter_.graph, node};
    for (std::size_t i = 1; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != ir::no_tensor && rewriter_.uses(node.outputs[i]) != 0) {
        return refuse(node, "E_KV_CACHE", "its output " + std::to_string(i) + " is used");
      }
    }
    if (!rewriter_.known_float(node.inputs[1]) || !rewriter_.constant(node.inputs[1]) ||
        view.shape(1).size() != 2 || view.shape(0).size() != 3) {
      return refuse(node, "E_PATTERN", "its weights are no constant matrix");
    }
    const std::int64_t columns = view.shape(1)[1];
    std::vector<std::int64_t> widths(3, columns / 3);
    if (const auto* sizes = view.list("qkv_hidden_sizes"); sizes != nullptr && sizes->size() == 3) {
      widths = *sizes;
    }
    const bool positive = std::all_of(widths.begin(), widths.end(), [&](std::int64_t w) {
      return w > 0 && w <= columns;
    });
    if (!positive || widths[0] + widths[1] + widths[2] != columns ||
        (view.has(2) && !rewriter_.is_vector(node.inputs[2], columns))) {
      return refuse(
        node, "E_PATTERN", "its weights or bias are not those of queries, keys and values"
      );
    }
    ir::Shape shape = view.shape(0);
    shape.back() = columns;
    const TensorId bias = view.has(2) ? node.inputs[2] : ir::no_tensor;
    const TensorId input = node.inputs[0];
    const TensorId weights = node.inputs[1];
    const TensorId attention_bias = view.has(5) ? node.inputs[5] : ir::no_tensor;
    TensorId packed = rewriter_.insert(node, "onnx:MatMul", {input, weights}, {}, shape, {&node});
    if (bias != ir::no_tensor) {
      packed = rewriter_.insert(node, "onnx:Add", {packed, bias}, {}, shape, {&node});
    }
    std::vector<TensorId> inputs{
      cut(node, packed, 0, widths[0], "queries"),
      cut(node, packed, widths[0], widths[1], "keys"),
      cut(node, packed, widths[0] + widths[1], widths[2], "values"),
      ir::no_tensor,
      ir::no_tensor,
      attention_bias};
    rewriter_.replace(node, std::string(multi_head), std::move(inputs), node.attrs);
  }

  void group(ir::Node& node) {
    const OnnxNode view{rewriter_.graph, node};
    const std::int64_t count = view.integer("num_heads", 0);
    const std::int64_t kv_count = view.integer("kv_num_heads", 0);
    if (count < 1 || kv_count < 1 || view.shape(0).size() != 3) {
      return refuse(node, "E_UNSUPPORTED_ATTR", "num_heads or kv_num_heads is no number of heads");
    }
    if (!view.has(1) && !view.has(2)) {
      unpack(node, count, kv_count);
    } else if (view.integer("do_rotary", 0) != 0 && view.has(1) && rewriter_.known_float(node.inputs[1])) {
      rotate(node, count, kv_count);
    }
  }

  /// Queries, keys and values come in one tensor.
  void unpack(ir::Node& node, std::int64_t count, std::int64_t kv_count) {
    const OnnxNode view{rewriter_.graph, node};
    const std::int64_t columns = view.shape(0)[2];
    if (columns % (count + 2 * kv_count) != 0) {
      return refuse(
        node,
        "E_UNSUPPORTED_ATTR",
        std::to_string(columns) + " columns are not those of " + std::to_string(count) + " and " +
          std::to_string(kv_count) + " heads"
      );
    }
    const std::int64_t width = columns / (count + 2 * kv_count);
    std::vector<TensorId> inputs = node.inputs;
    inputs.resize(std::max(inputs.size(), std::size_t{3}), ir::no_tensor);
    const TensorId packed = node.inputs[0];
    inputs[0] = cut(node, packed, 0, count * width, "queries");
    inputs[1] = cut(node, packed, count * width, kv_count * width, "keys");
    inputs[2] = cut(node, packed, (count + kv_count) * width, kv_count * width, "values");
    rewriter_.replace_inputs(node, std::move(inputs), node.attrs);
  }

  /// Queries and keys are rotated in front of the node.
  void rotate(ir::Node& node, std::int64_t count, std::int64_t kv_count) {
    const OnnxNode view{rewriter_.graph, node};
    if (!view.has(7) || !view.has(8) || view.shape(7).size() != 2) {
      return refuse(node, "E_PATTERN", "it rotates, but has no tables of two dimensions");
    }
    const std::int64_t batch = view.shape(0)[0];
    const std::int64_t positions = view.shape(0)[1];
    if (batch * positions > max_scores) {
      return refuse(node, "E_RESOURCE", "it has too many positions");
    }
    TensorId places = view.has(9) ? node.inputs[9] : ir::no_tensor;
    if (places == ir::no_tensor) {
      std::vector<std::int64_t> numbers;
      for (std::int64_t i = 0; i < batch * positions; ++i) {
        numbers.push_back(i % positions);
      }
      places =
        rewriter_.add_integers(node.name + "_positions", {batch, positions}, std::move(numbers));
    }
    std::vector<TensorId> inputs = node.inputs;
    const std::int64_t lanes = 2 * view.shape(7).back();
    const std::int64_t interleaved = view.integer("rotary_interleaved", 0);
    const TensorId cos = node.inputs[7];
    const TensorId sin = node.inputs[8];
    for (std::size_t i = 0; i < 2; ++i) {
      const ir::Shape shape = rewriter_.shape(node.inputs[i]);
      inputs[i] = rewriter_.insert(
        node,
        "com.microsoft:RotaryEmbedding",
        {inputs[i], places, cos, sin},
        {{"num_heads", i == 0 ? count : kv_count},
         {"rotary_embedding_dim", lanes},
         {"interleaved", interleaved}},
        shape,
        {&node}
      );
    }
    std::map<std::string, ir::Attr> attrs = node.attrs;
    attrs["do_rotary"] = std::int64_t{0};
    rewriter_.replace_inputs(node, std::move(inputs), std::move(attrs));
  }
};

} // namespace

bool unpack_attention(ir::Graph& graph, Context& context) { return Unpacker(graph, context).run(); }

} // namespace plena::passes
