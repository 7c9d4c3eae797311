#include "ops/plan.h"

#include "ops/registry.h"

#include <fmt/format.h>
#include <numeric>
#include <optional>

namespace plena::ops {

namespace {

/// Tensors that must be grouped alike form a set; each set has at most one grouping.
class GroupPlanner {
 public:
  GroupPlanner(const ir::Graph& graph, const Arithmetic& arithmetic)
      : graph_(graph),
        arithmetic_(arithmetic),
        parent_(graph.tensors.size()),
        wanted_(graph.tensors.size()) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }

  Result<std::vector<std::uint64_t>> run() {
    for (const ir::Node& node : graph_.nodes) {
      join(node);
    }
    for (const ir::Node& node : graph_.nodes) {
      ask(node);
    }
    if (!errors_.empty()) {
      return errors_;
    }
    std::vector<std::uint64_t> groups(graph_.tensors.size(), 0);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i] = wanted_[set_of(i)].value_or(0);
    }
    for (const ir::Node& node : graph_.nodes) {
      check_units(node, groups);
    }
    if (!errors_.empty()) {
      return errors_;
    }
    return groups;
  }

 private:
  std::size_t set_of(std::size_t tensor) {
    while (parent_[tensor] != tensor) {
      parent_[tensor] = parent_[parent_[tensor]];
      tensor = parent_[tensor];
    }
    return tensor;
  }

  /// Operands with columns of the Vector SRAM or HBM; a vector follows the tensor it is applied to.
  template <class F> static void visit_operands(const ir::Node& node, F&& visit) {
    const Op& op = op_of(node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const Role role = op.inputs[i].role;
      const bool has_columns = role == Role::Activation || role == Role::Stored ||
                               role == Role::Table || role == Role::Cache;
      if (node.inputs[i] != ir::no_tensor && has_columns) {
        visit(i, node.inputs[i]);
      }
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (op.outputs[i].memory == ResultMemory::VectorSram || op.outputs[i].memory == ResultMemory::Hbm) {
        visit(op.inputs.size() + i, node.outputs[i]);
      }
    }
  }

  void join(const ir::Node& node) {
    const ColumnUse& use = op_of(node).columns;
    if (use.kind != ColumnUse::Kind::Kept && use.kind != ColumnUse::Kind::Asked) {
      return;
    }
    std::optional<std::size_t> first;
    visit_operands(node, [&](std::size_t i, ir::TensorId id) {
      if (use.kind == ColumnUse::Kind::Asked && !takes_any(node, i)) {
        return;
      }
      const std::size_t set = set_of(ir::index(id));
      parent_[set] = first.value_or(set);
      first = set_of(set);
    });
  }

  bool takes_any(const ir::Node& node, std::size_t i) const {
    return op_of(node).columns.group_cols({graph_, node}, arithmetic_, i) == any_group;
  }

  void ask(const ir::Node& node) {
    const Op& op = op_of(node);
    const NodeView view{graph_, node};
    if (op.columns.kind == ColumnUse::Kind::Kept || op.columns.kind == ColumnUse::Kind::Free) {
      return;
    }
    visit_operands(node, [&](std::size_t i, ir::TensorId id) {
      std::uint64_t group = op.columns.kind == ColumnUse::Kind::Asked
                              ? op.columns.group_cols(view, arithmetic_, i)
                              : 0;
      if (group == any_group) {
        return;
      }
      const std::uint64_t cols = extent_of(graph_.tensor(id).shape).cols;
      if (group >= cols || group % arithmetic_.lanes == 0) {
        group = 0; // padding to whole rows of the machine changes nothing
      }
      std::optional<std::uint64_t>& wanted = wanted_[set_of(ir::index(id))];
      if (wanted && *wanted != group) {
        const ir::Tensor& tensor = graph_.tensor(id);
        errors_.push_back(view.error(
          "E_LAYOUT",
          fmt::format(
            "{} needs the columns of {} in groups of {}, another operator in groups of {}",
            op.name,
            tensor.name,
            group == 0 ? cols : group,
            *wanted == 0 ? cols : *wanted
          ),
          "use a machine whose MLEN divides the head size, or give the operators tensors of their own"
        ));
        return;
      }
      wanted = group;
    });
  }

  void check_units(const ir::Node& node, const std::vector<std::uint64_t>& groups) {
    const ColumnUse& use = op_of(node).columns;
    if (use.kind != ColumnUse::Kind::Asked || use.group_unit == nullptr) {
      return;
    }
    const NodeView view{graph_, node};
    const std::uint64_t unit = use.group_unit(view);
    visit_operands(node, [&](std::size_t i, ir::TensorId id) {
      const std::uint64_t group = groups[ir::index(id)];
      if (takes_any(node, i) && group % unit != 0) {
        errors_.push_back(view.error(
          "E_LAYOUT",
          fmt::format(
            "{} needs groups of a multiple of {} columns of {}, another operator groups of {}",
            node.op,
            unit,
            graph_.tensor(id).name,
            group
          ),
          "give the operators tensors of their own"
        ));
      }
    });
  }

  const ir::Graph& graph_;
  const Arithmetic& arithmetic_;
  std::vector<std::size_t> parent_;
  std::vector<std::optional<std::uint64_t>> wanted_; ///< by set
  Diagnostics errors_;
};

} // namespace

Result<std::vector<std::uint64_t>> plan_groups(const ir::Graph& graph, const Arithmetic& arithmetic) {
  return GroupPlanner(graph, arithmetic).run();
}

bool has_transposed_weight(const NodeView& view, std::size_t i) {
  const Op& op = op_of(view.node);
  return op.inputs[i].role == Role::Weight && op.columns.weight_transposed != nullptr &&
         op.columns.weight_transposed(view);
}

std::uint64_t column_group(const NodeView& view, const Plan& plan, std::size_t i) {
  const Op& op = op_of(view.node);
  switch (op.inputs[i].role) {
  case Role::Activation:
  case Role::Stored:
  case Role::Table:
  case Role::Cache:
    return plan.group_cols(view.node.inputs[i]);
  case Role::Vector:
    return plan.group_cols(view.node.outputs[0]);
  case Role::Weight:
    return plan.group_cols(
      has_transposed_weight(view, i) ? view.node.inputs[0] : view.node.outputs[0]
    );
  case Role::Laid:
  case Role::Scalar:
  case Role::Numbers:
  case Role::Entries:
    break;
  }
  return 0;
}

std::vector<bool> all_dense(const ir::Graph& graph) {
  std::vector<bool> dense;
  for (const ir::Node& node : graph.nodes) {
    dense.push_back(op_of(node).has_products);
  }
  return dense;
}

} // namespace plena::ops
