#include "analytic/recover.h"

#include "analytic/refuse.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::analytic {

namespace {

constexpr std::string_view names[] = {
#define PART(name, title) #name,
#include "analytic/parts.def"
};
constexpr std::string_view titles[] = {
#define PART(name, title) title,
#include "analytic/parts.def"
};

Diagnostic unknown(std::string message) {
  return refuse(
    "E_ANALYTIC_ARCHITECTURE",
    "model",
    std::move(message),
    "give the dimensions: a config.json, or one of the models that come with the project"
  );
}

class Reader {
 public:
  explicit Reader(const ir::Graph& graph)
      : graph_(graph),
        producers_(ir::producers(graph)),
        users_(graph.tensors.size()),
        part_(graph.nodes.size(), Part::other),
        known_(graph.nodes.size(), false) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const ir::TensorId input : graph.nodes[i].inputs) {
        if (input != ir::no_tensor) {
          users_[ir::index(input)].push_back(i);
        }
      }
    }
  }

  Result<Recovered> run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].op == "attention") {
        attention(i);
      }
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!known_[i]) {
        others(i);
      }
    }
    if (problem_) {
      return *problem_;
    }
    made_.parts = part_;
    return finish();
  }

 private:
  std::optional<std::size_t> producer(ir::TensorId tensor) const {
    if (tensor == ir::no_tensor || !producers_[ir::index(tensor)]) {
      return std::nullopt;
    }
    return ir::index(*producers_[ir::index(tensor)]);
  }
  void mark(std::size_t node, Part part) {
    part_[node] = part;
    known_[node] = true;
  }
  std::uint64_t columns(ir::TensorId tensor) const {
    const ir::Shape& shape = graph_.tensor(tensor).shape;
    return shape.empty() ? 1 : static_cast<std::uint64_t>(shape.back());
  }
  std::uint64_t rows(ir::TensorId tensor) const {
    const ir::Shape& shape = graph_.tensor(tensor).shape;
    std::uint64_t count = 1;
    for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
      count *= static_cast<std::uint64_t>(shape[i]);
    }
    return count;
  }
  static std::uint64_t integer(const ir::Node& node, const char* key, std::uint64_t otherwise) {
    const auto found = node.attrs.find(key);
    const auto* value =
      found == node.attrs.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
    return value != nullptr && *value > 0 ? static_cast<std::uint64_t>(*value) : otherwise;
  }
  static bool is_norm(std::string_view op) { return op == "rms_norm" || op == "layer_norm"; }

  /// The nodes between a product and what reads it.
  void back_to_product(ir::TensorId tensor, Part part) {
    std::vector<ir::TensorId> open{tensor};
    while (!open.empty()) {
      const auto node = producer(open.back());
      open.pop_back();
      if (!node || known_[*node]) {
        continue;
      }
      mark(*node, part);
      if (graph_.nodes[*node].op == "linear") {
        note_hidden(columns(graph_.nodes[*node].inputs[0]));
        continue;
      }
      open.insert(open.end(), graph_.nodes[*node].inputs.begin(), graph_.nodes[*node].inputs.end());
    }
  }

  void attention(std::size_t i) {
    const ir::Node& node = graph_.nodes[i];
    mark(i, Part::attention);
    Dims layer;
    layer.heads = integer(node, "heads", 1);
    layer.kv_heads = integer(node, "kv_heads", 1);
    layer.head_dim = columns(node.inputs[0]) / layer.heads;
    layer.window = integer(node, "window", 0);
    const std::uint64_t batch = integer(node, "batch", 1);
    for (std::size_t input = 0; input < std::min<std::size_t>(3, node.inputs.size()); ++input) {
      back_to_product(node.inputs[input], Part::projection);
    }
    // Up to the sum with what came before the norm.
    std::vector<ir::TensorId> open(node.outputs);
    while (!open.empty()) {
      const ir::TensorId tensor = open.back();
      open.pop_back();
      for (const std::size_t user : users_[ir::index(tensor)]) {
        const std::string& op = graph_.nodes[user].op;
        if (!known_[user] && op != "add" && !is_norm(op)) {
          mark(user, Part::output_projection);
          open.insert(
            open.end(), graph_.nodes[user].outputs.begin(), graph_.nodes[user].outputs.end()
          );
        }
      }
    }
    Dims& dims = made_.dims;
    if (dims.layers == 0) {
      dims.heads = layer.heads;
      dims.kv_heads = layer.kv_heads;
      dims.head_dim = layer.head_dim;
      made_.workload.batch = batch;
      made_.workload.input = rows(node.inputs[0]) / batch;
    } else if (dims.heads != layer.heads || dims.kv_heads != layer.kv_heads || dims.head_dim != layer.head_dim) {
      problem_ =
        unknown(fmt::format("\"{}\" has other heads than the layers before it", node.name));
    }
    dims.window = std::max(dims.window, layer.window);
    dims.sliding.push_back(layer.window != 0);
    ++dims.layers;
  }

  void note_hidden(std::uint64_t columns) {
    if (made_.dims.hidden == 0) {
      made_.dims.hidden = columns;
    }
  }

  /// Whether a norm came before, on some way.
  bool behind_norm(std::size_t node) {
    if (behind_.empty()) {
      behind_.resize(graph_.nodes.size());
      for (std::size_t i = 0; i < graph_.nodes.size(); ++i) { // producers come first
        behind_[i] = is_norm(graph_.nodes[i].op);
        for (const ir::TensorId input : graph_.nodes[i].inputs) {
          const auto before = producer(input);
          behind_[i] = behind_[i] || (before && behind_[*before]);
        }
      }
    }
    return behind_[node];
  }
  /// Whether a sum with what came before the norm follows.
  bool before_sum(std::size_t node) {
    if (before_.empty()) {
      before_.resize(graph_.nodes.size());
      for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
        for (const ir::TensorId output : graph_.nodes[i].outputs) {
          for (const std::size_t user : users_[ir::index(output)]) {
            before_[i] = before_[i] || graph_.nodes[user].op == "add" || before_[user];
          }
        }
      }
    }
    return before_[node];
  }

  void others(std::size_t i) {
    const ir::Node& node = graph_.nodes[i];
    const auto before = producer(node.inputs.empty() ? ir::no_tensor : node.inputs[0]);
    if (!behind_norm(i)) {
      mark(i, Part::embeddings);
      if (node.op == "embedding") {
        made_.dims.vocabulary = static_cast<std::uint64_t>(std::max<std::int64_t>(
          graph_.tensor(node.inputs[0]).shape.front(),
          graph_.tensor(node.inputs.back()).shape.front()
        ));
      }
    } else if (is_norm(node.op)) {
      mark(i, Part::norms);
      note_hidden(columns(node.outputs[0]));
      if (made_.workload.input == 0) {
        made_.workload.input = rows(node.outputs[0]);
      }
    } else if ((node.op == "mul_vec" || node.op == "add_vec") && before && part_[*before] == Part::norms) {
      mark(i, Part::norms);
    } else if (node.op == "add") {
      mark(i, Part::residual);
    } else if (node.op == "moe") {
      const ir::Shape& gate = graph_.tensor(node.inputs[2]).shape;
      mark(i, Part::feed_forward);
      made_.dims.experts = static_cast<std::uint64_t>(gate[0]);
      made_.dims.inner = static_cast<std::uint64_t>(gate[2]);
      made_.dims.chosen = integer(node, "k", 1);
      ++feed_forwards_;
    } else if (before_sum(i)) {
      mark(i, Part::feed_forward);
      feed_forward(node);
    } else if (node.op == "linear" || node.op == "argmax") {
      mark(i, Part::head);
      if (node.op == "linear") {
        made_.dims.vocabulary = columns(node.outputs[0]);
      }
    }
  }

  void feed_forward(const ir::Node& node) {
    Dims& dims = made_.dims;
    const bool gated = node.op == "gated" || node.op == "mul";
    if (!gated && node.op != "gelu" && node.op != "silu") {
      return;
    }
    const std::uint64_t inner = columns(node.outputs[0]);
    if (dims.inner != 0 && dims.inner != inner && dims.experts == 1) {
      problem_ = unknown(
        fmt::format("\"{}\" is {} columns wide, other layers {}", node.name, inner, dims.inner)
      );
    }
    dims.inner = inner;
    // A gate is a function and a product; a function alone is a plain part.
    const bool product_follows = std::any_of(
      users_[ir::index(node.outputs[0])].begin(),
      users_[ir::index(node.outputs[0])].end(),
      [&](std::size_t user) { return graph_.nodes[user].op == "mul"; }
    );
    dims.gated = gated || product_follows;
    feed_forwards_ += gated || !product_follows ? 1u : 0u;
  }

  Result<Recovered> finish() {
    Dims& dims = made_.dims;
    if (dims.layers == 0 && feed_forwards_ == 0) {
      return unknown(
        fmt::format("\"{}\" has neither attention nor a feed-forward part", graph_.name)
      );
    }
    dims.name = graph_.name;
    if (std::find(dims.sliding.begin(), dims.sliding.end(), true) == dims.sliding.end()) {
      dims.sliding.clear();
      dims.window = 0;
    }
    made_.complete = dims.layers != 0 && feed_forwards_ != 0;
    if (dims.layers == 0) {
      dims.layers = feed_forwards_;
      dims.heads = dims.kv_heads = 1;
    }
    if (dims.inner == 0) {
      dims.inner = 1; // not asked for: the graph has no such part
    }
    made_.workload.output = 1;
    return made_;
  }

  const ir::Graph& graph_;
  std::vector<std::optional<ir::NodeId>> producers_;
  std::vector<std::vector<std::size_t>> users_; ///< of each tensor
  std::vector<Part> part_;
  std::vector<bool> known_;
  std::vector<bool> behind_;
  std::vector<bool> before_;
  std::uint64_t feed_forwards_ = 0;
  Recovered made_{{}, {.batch = 1, .input = 0}, {}, false};
  std::optional<Diagnostic> problem_;
};

} // namespace

std::string_view to_string(Part part) { return names[static_cast<std::size_t>(part)]; }
std::string_view title(Part part) { return titles[static_cast<std::size_t>(part)]; }

Result<Recovered> recover(const ir::Graph& graph) { return Reader(graph).run(); }

} // namespace plena::analytic
