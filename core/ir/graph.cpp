#include "ir/graph.h"

#include <queue>

namespace plena::ir {

TensorId Graph::add_tensor(Tensor added) {
  tensors.push_back(std::move(added));
  return static_cast<TensorId>(tensors.size() - 1);
}

NodeId Graph::add_node(Node added) {
  nodes.push_back(std::move(added));
  return static_cast<NodeId>(nodes.size() - 1);
}

std::vector<std::optional<NodeId>> producers(const Graph& graph) {
  std::vector<std::optional<NodeId>> result(graph.tensors.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const TensorId output : graph.nodes[n].outputs) {
      if (output != no_tensor) {
        result[index(output)] = static_cast<NodeId>(n);
      }
    }
  }
  return result;
}

std::vector<std::uint32_t> use_counts(const Graph& graph) {
  std::vector<std::uint32_t> counts(graph.tensors.size());
  const auto count = [&](TensorId id) {
    if (id != no_tensor) {
      ++counts[index(id)];
    }
  };
  for (const Node& node : graph.nodes) {
    for (const TensorId input : node.inputs) {
      count(input);
    }
  }
  for (const TensorId output : graph.outputs) {
    count(output);
  }
  return counts;
}

std::vector<NodeId> sort_nodes(Graph& graph) {
  const auto producer = producers(graph);
  std::vector<std::vector<std::size_t>> readers(graph.nodes.size());
  std::vector<std::size_t> waiting(graph.nodes.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const TensorId input : graph.nodes[n].inputs) {
      if (input != no_tensor && producer[index(input)]) {
        readers[index(*producer[index(input)])].push_back(n);
        ++waiting[n];
      }
    }
  }
  // The smallest index first keeps a list that is already sorted as it is.
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (waiting[n] == 0) {
      ready.push(n);
    }
  }
  std::vector<std::size_t> order;
  order.reserve(graph.nodes.size());
  while (!ready.empty()) {
    const std::size_t n = ready.top();
    ready.pop();
    order.push_back(n);
    for (const std::size_t reader : readers[n]) {
      if (--waiting[reader] == 0) {
        ready.push(reader);
      }
    }
  }
  std::vector<NodeId> cyclic;
  if (order.size() != graph.nodes.size()) {
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      if (waiting[n] != 0) {
        cyclic.push_back(static_cast<NodeId>(n));
      }
    }
    return cyclic;
  }
  std::vector<Node> sorted;
  sorted.reserve(order.size());
  for (const std::size_t n : order) {
    sorted.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(sorted);
  return cyclic;
}

namespace {

/// Keeps the tensors marked in `keep` and renumbers every reference.
void compact_tensors(Graph& graph, const std::vector<bool>& keep) {
  std::vector<TensorId> renamed(graph.tensors.size(), no_tensor);
  std::vector<Tensor> kept;
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (keep[t]) {
      renamed[t] = static_cast<TensorId>(kept.size());
      kept.push_back(std::move(graph.tensors[t]));
    }
  }
  graph.tensors = std::move(kept);
  const auto rename = [&](std::vector<TensorId>& ids) {
    for (TensorId& id : ids) {
      id = id == no_tensor ? no_tensor : renamed[index(id)];
    }
  };
  for (Node& node : graph.nodes) {
    rename(node.inputs);
    rename(node.outputs);
  }
  rename(graph.inputs);
  rename(graph.outputs);
}

} // namespace

bool remove_dead(Graph& graph) {
  std::vector<bool> live(graph.tensors.size());
  const auto mark = [&](TensorId id) {
    if (id != no_tensor) {
      live[index(id)] = true;
    }
  };
  for (const TensorId output : graph.outputs) {
    mark(output);
  }
  // Producers come first, so one walk backwards sees every reader before its producer.
  std::vector<bool> kept(graph.nodes.size());
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    for (const TensorId output : graph.nodes[n].outputs) {
      kept[n] = kept[n] || (output != no_tensor && live[index(output)]);
    }
    if (kept[n]) {
      for (const TensorId input : graph.nodes[n].inputs) {
        mark(input);
      }
    }
  }
  std::vector<Node> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (kept[n]) {
      // Results of a live node that nobody reads vanish with their tensors.
      for (TensorId& output : graph.nodes[n].outputs) {
        if (output != no_tensor && !live[index(output)]) {
          output = no_tensor;
        }
      }
      nodes.push_back(std::move(graph.nodes[n]));
      while (nodes.back().outputs.back() == no_tensor) {
        nodes.back().outputs.pop_back();
      }
    }
  }
  bool changed = nodes.size() != graph.nodes.size();
  graph.nodes = std::move(nodes);
  for (const TensorId input : graph.inputs) {
    mark(input);
  }
  for (const bool used : live) {
    changed = changed || !used;
  }
  if (changed) {
    compact_tensors(graph, live);
  }
  return changed;
}

std::string describe(const Graph& graph, const Node& node) {
  std::string op = node.op;
  if (op.starts_with("onnx:")) {
    op.erase(0, 5);
  }
  std::string text = node.position >= 0 ? "node " + std::to_string(node.position) : "node";
  text += " \"" + node.name + "\" (" + op + ")";
  for (const TensorId output : node.outputs) {
    if (output != no_tensor && index(output) < graph.tensors.size()) {
      return text + " -> " + graph.tensor(output).name;
    }
  }
  return text;
}

} // namespace plena::ir
