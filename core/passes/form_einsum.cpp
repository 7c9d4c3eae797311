// Pass: Einsum taken apart into what the other passes know: axes moved into place, a matrix product
// over the axes that are summed, or an element-wise one where none is, and the axes of the result
// moved into place. Sums within one operand, diagonals and more than two operands are refused.
#include "passes/einsum.h"
#include "passes/rewriter.h"

#include <cstddef>
#include <algorithm>

namespace plena::passes {

namespace {

bool has(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

/// Those labels of `of` for which `wanted` holds, in their order.
template <class F> std::string those(const std::string& of, F&& wanted) {
  std::string found;
  std::copy_if(of.begin(), of.end(), std::back_inserter(found), wanted);
  return found;
}

struct Operand {
  TensorId id{};
  std::string labels;
};

class Former {
 public:
  Former(ir::Graph& graph, Context& context) : rewriter_(graph), context_(context) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (node.op == "onnx:Einsum" && !context_.failures.contains(node.name) &&
          rewriter_.graph.tensor(node.outputs.front()).known) {
        map(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  void refuse(const ir::Node& node, const std::string& why, std::string hint) {
    const OnnxNode view{rewriter_.graph, node};
    context_.refuse(
      node,
      view.error(
        "E_UNSUPPORTED_ATTR",
        "its equation \"" + view.text("equation", "") + "\" " + why,
        std::move(hint)
      )
    );
  }

  void map(ir::Node& node) {
    const Result<Einsum> read = read_einsum({rewriter_.graph, node});
    if (!read) {
      return;
    }
    std::vector<Operand> operands;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const std::string& labels = read->operands[i];
      if (!rewriter_.known_float(node.inputs[i])) {
        return context_.refuse(
          node,
          OnnxNode{rewriter_.graph, node}.error(
            "E_DTYPE", "its operands are integers", "cast them to a floating-point type before it"
          )
        );
      }
      for (const char label : labels) {
        if (std::count(labels.begin(), labels.end(), label) != 1) {
          return refuse(
            node, "takes a diagonal", "give every axis of an operand a letter of its own"
          );
        }
        const bool elsewhere =
          std::any_of(read->operands.begin(), read->operands.end(), [&](const std::string& other) {
            return &other != &labels && has(other, label);
          });
        if (!elsewhere && !has(read->result, label)) {
          return refuse(
            node,
            "sums over an axis that one operand alone has",
            "sum over it in a node of its own, or with a product with ones"
          );
        }
      }
      operands.push_back({node.inputs[i], labels});
    }
    if (operands.size() > 2) {
      return refuse(
        node,
        "has more than two operands",
        "write it as products of two operands, one after the other"
      );
    }
    if (operands.size() == 1) {
      return finish(node, operands[0], *read);
    }
    const Operand& a = operands[0];
    const Operand& b = operands[1];
    const std::string summed =
      those(a.labels, [&](char label) { return !has(read->result, label); });
    if (summed.empty()) {
      return multiply(node, a, b, *read);
    }
    // Weights come second; of two computed operands, the one that has the last axis of the result.
    const bool constant[]{rewriter_.constant(a.id), rewriter_.constant(b.id)};
    const bool last_is_first = !read->result.empty() && has(a.labels, read->result.back()) &&
                               !has(b.labels, read->result.back());
    if (constant[0] != constant[1] ? constant[0] : last_is_first) {
      product(node, b, a, *read);
    } else {
      product(node, a, b, *read);
    }
  }

  /// In the order of the groups, each of them one axis; an empty one is an axis of 1, or none at
  /// the front.
  TensorId
  arranged(const ir::Node& node, const Operand& operand, const std::vector<std::string>& groups) {
    const ir::Shape from = rewriter_.shape(operand.id);
    const auto size = [&](char label) { return from[operand.labels.find(label)]; };
    std::string order;
    ir::Shape wanted;
    for (const std::string& group : groups) {
      if (group.empty() && wanted.empty()) {
        continue;
      }
      std::int64_t all = 1;
      for (const char label : group) {
        all *= size(label);
      }
      wanted.push_back(all);
      order += group;
    }
    if (rewriter_.constant(operand.id)) {
      return arranged_constant(operand, order, wanted);
    }
    const TensorId turned = transposed(node, operand, order);
    return rewriter_.shape(turned) == wanted ? turned : reshaped(node, turned, wanted);
  }

  /// At once, so that the passes behind this one find weights.
  TensorId
  arranged_constant(const Operand& operand, const std::string& order, const ir::Shape& wanted) {
    const ir::Shape from = rewriter_.shape(operand.id);
    if (order == operand.labels) {
      return rewriter_.reshaped_constant(operand.id, wanted);
    }
    std::vector<std::size_t> sizes;
    std::vector<std::size_t> steps;
    for (const std::int64_t axis : permutation(operand.labels, order)) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(axis);
      sizes.push_back(static_cast<std::size_t>(*begin));
      steps.push_back(static_cast<std::size_t>(*ir::element_count({begin + 1, from.end()})));
    }
    const std::vector<float>& given = rewriter_.graph.tensor(operand.id).constant->floats;
    std::vector<float> values;
    values.reserve(given.size());
    std::vector<std::size_t> at(sizes.size());
    for (std::size_t offset = 0; values.size() < given.size();) {
      values.push_back(given[offset]);
      for (std::size_t axis = sizes.size(); axis-- > 0;) {
        offset += steps[axis];
        if (++at[axis] < sizes[axis]) {
          break;
        }
        offset -= steps[axis] * sizes[axis];
        at[axis] = 0;
      }
    }
    return rewriter_.add_constant(
      rewriter_.graph.tensor(operand.id).name + "_arranged", wanted, std::move(values)
    );
  }

  std::vector<std::int64_t> permutation(const std::string& from, const std::string& to) {
    std::vector<std::int64_t> numbers;
    for (const char label : to) {
      numbers.push_back(static_cast<std::int64_t>(from.find(label)));
    }
    return numbers;
  }

  TensorId transposed(const ir::Node& node, const Operand& operand, const std::string& order) {
    if (order == operand.labels) {
      return operand.id;
    }
    const std::vector<std::int64_t> numbers = permutation(operand.labels, order);
    ir::Shape shape;
    for (const std::int64_t axis : numbers) {
      shape.push_back(rewriter_.shape(operand.id)[static_cast<std::size_t>(axis)]);
    }
    return rewriter_.insert(
      node, "onnx:Transpose", {operand.id}, {{"perm", numbers}}, std::move(shape), {&node}
    );
  }

  TensorId reshaped(const ir::Node& node, TensorId id, const ir::Shape& shape) {
    return rewriter_.insert(
      node, "onnx:Reshape", {id, numbers_of(node, shape)}, {}, shape, {&node}
    );
  }

  TensorId numbers_of(const ir::Node& node, const ir::Shape& shape) {
    return rewriter_.add_integers(
      node.name + "_shape", {static_cast<std::int64_t>(shape.size())}, shape
    );
  }

  /// `last`, which has the axes `labels`, as the result.
  void finish(ir::Node& node, const Operand& last, const Einsum& read) {
    if (last.labels == read.result) {
      rewriter_.replace(node, "onnx:Identity", {last.id}, {});
    } else {
      rewriter_.replace(
        node, "onnx:Transpose", {last.id}, {{"perm", permutation(last.labels, read.result)}}
      );
    }
  }

  void multiply(ir::Node& node, const Operand& a, const Operand& b, const Einsum& read) {
    const auto placed = [&](const Operand& operand) {
      std::vector<std::string> groups;
      for (const char label : read.result) {
        groups.push_back(has(operand.labels, label) ? std::string(1, label) : std::string());
      }
      return arranged(node, operand, groups);
    };
    const TensorId left = placed(a);
    const TensorId right = placed(b);
    rewriter_.replace(node, "onnx:Mul", {left, right}, {});
  }

  void product(ir::Node& node, const Operand& a, const Operand& b, const Einsum& read) {
    const std::string& result = read.result;
    const std::string summed = those(a.labels, [&](char label) { return !has(result, label); });
    const std::string rows = those(result, [&](char label) { return !has(b.labels, label); });
    const std::string columns = those(result, [&](char label) { return !has(a.labels, label); });
    // One axis of the rows is that of the matrices; the others are matrices of their own.
    const std::string row = rows.empty() ? std::string() : rows.substr(rows.size() - 1);
    const std::string matrices = those(result, [&](char label) {
      return has(a.labels, label) && std::string(1, label) != row;
    });
    std::vector<std::string> left;
    std::vector<std::string> right;
    ir::Shape shape;
    for (const char label : matrices) {
      left.emplace_back(1, label);
      right.push_back(has(b.labels, label) ? std::string(1, label) : std::string());
      shape.push_back(read.sizes.at(label));
    }
    const auto size = [&](const std::string& labels) {
      std::int64_t all = 1;
      for (const char label : labels) {
        all *= read.sizes.at(label);
      }
      return all;
    };
    // An axis of rows has a size that nothing stretches, and so has the sum.
    left.push_back(row);
    left.push_back(summed);
    right.push_back(summed);
    right.push_back(columns);
    shape.push_back(size(row));
    shape.push_back(size(columns));
    if (row.empty() && matrices.empty()) {
      left.erase(left.begin());
      shape.erase(shape.begin());
    }
    const TensorId first = arranged(node, a, left);
    const TensorId second = arranged(node, b, right);
    const Operand made{{}, matrices + row + columns};
    ir::Shape apart;
    for (const char label : made.labels) {
      apart.push_back(read.sizes.at(label));
    }
    if (made.labels == result && shape == apart) {
      return rewriter_.replace(node, "onnx:MatMul", {first, second}, {});
    }
    const TensorId matrix =
      rewriter_.insert(node, "onnx:MatMul", {first, second}, {}, shape, {&node});
    if (made.labels == result) {
      return rewriter_.replace(node, "onnx:Reshape", {matrix, numbers_of(node, apart)}, {});
    }
    finish(node, {shape == apart ? matrix : reshaped(node, matrix, apart), made.labels}, read);
  }

  Rewriter rewriter_;
  Context& context_;
};

} // namespace

bool form_einsum(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
