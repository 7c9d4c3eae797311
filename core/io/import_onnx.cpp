// ONNX models to graphs, operators kept as `onnx:Name`; the passes turn them into rows of ops.def.
// Reads initialisers, in the file or beside it, and a single flat graph of opsets 11 to 24. Subgraphs,
// functions, sparse tensors and sequences are refused by name.
#include "io/importer.h"
#include "io/onnx_attributes.h"
#include "io/onnx_shapes.h"
#include "ir/onnx_types.h"
#include "ir/verify.h"

#include <map>
#include <set>

namespace plena::io {

namespace {

constexpr std::int64_t min_opset = 11;
/// Until this one, Softmax without an axis meant axis 1 and all behind it.
constexpr std::int64_t softmax_of_last_axis = 13;
constexpr std::int64_t max_opset = 24;
/// Inputs that are replaced by values are not larger than this.
constexpr std::int64_t max_bound_elements = std::int64_t{1} << 22;
constexpr const char* export_hint =
  "check the file with onnx.checker.check_model, then export or download it again";

class Importer {
 public:
  Importer(std::string_view file, const onnx::Model& model, const ImportOptions& options)
      : model_(model),
        options_(options),
        problems_(file) {}

  Result<ir::Graph> run() {
    graph_.name = model_.graph_name.empty() ? "graph" : std::string(model_.graph_name);
    check_model();
    read_initializers();
    read_inputs();
    read_nodes();
    read_value_infos();
    resolve_inputs();
    read_outputs();
    if (!problems_.any_error()) {
      finish();
    }
    if (problems_.any_error()) {
      return problems_.take();
    }
    return {std::move(graph_), problems_.take()};
  }

 private:
  // ---- messages

  void error(std::string code, std::string where, std::string message, std::string hint) {
    problems_.error(std::move(code), std::move(where), std::move(message), std::move(hint));
  }
  static std::string at_byte(std::size_t offset) { return "byte " + std::to_string(offset); }
  static std::string op_name(const onnx::NodeProto& node) {
    const bool standard = node.domain.empty() || node.domain == "ai.onnx";
    return (standard ? std::string("onnx") : std::string(node.domain)) + ":" +
           std::string(node.op_type);
  }
  std::string at_node(std::size_t position) const {
    const onnx::NodeProto& node = model_.nodes[position];
    std::string text = "node " + std::to_string(position) + " \"" + std::string(node.name) +
                       "\" (" + std::string(node.op_type) + ")";
    if (!node.outputs.empty()) {
      text += " -> " + std::string(node.outputs.front());
    }
    return text;
  }

  // ---- names

  /// A tensor that must be new: two producers of one name are an error.
  std::optional<ir::TensorId> define(std::string_view name, const std::string& where) {
    const auto [entry, added] = ids_.try_emplace(name, ir::no_tensor);
    if (!added) {
      error(
        "E_GRAPH",
        where,
        "tensor \"" + std::string(name) + "\" has two producers",
        "give every tensor of the graph a name of its own"
      );
      return std::nullopt;
    }
    if (graph_.tensors.size() >= options_.max_tensors) {
      error(
        "E_RESOURCE",
        where,
        "more than " + std::to_string(options_.max_tensors) + " tensors",
        "split the model"
      );
      return std::nullopt;
    }
    entry->second = graph_.add_tensor({.name = std::string(name), .known = false});
    return entry->second;
  }

  std::string unique_node_name(const onnx::NodeProto& node, std::size_t position) {
    std::string name(node.name);
    if (name.empty() || node_names_.contains(name)) {
      name = (name.empty() ? std::string(node.op_type) : name) + "_" + std::to_string(position);
    }
    while (!node_names_.insert(name).second) {
      name += "_";
    }
    return name;
  }

  // ---- the model as a whole

  void check_model() {
    if (!model_.opset) {
      error(
        "E_OPSET",
        at_byte(0),
        "the model names no operator set of the standard domain",
        opset_hint()
      );
    } else if (*model_.opset < min_opset || *model_.opset > max_opset) {
      error(
        "E_OPSET",
        at_byte(0),
        "operator set " + std::to_string(*model_.opset) + " is not read",
        opset_hint()
      );
    }
    for (const std::string_view name : model_.functions) {
      error(
        "E_UNSUPPORTED_OP",
        "function " + std::string(name),
        "functions inside a model are not read",
        "inline them before saving, for example with onnx.inliner.inline_local_functions"
      );
    }
    if (model_.sparse_initializers != 0) {
      error(
        "E_UNSUPPORTED_OP",
        at_byte(model_.graph_offset),
        std::to_string(model_.sparse_initializers) + " sparse initialisers are not read",
        "store them as ordinary tensors"
      );
    }
  }
  static std::string opset_hint() {
    return "export with an opset from " + std::to_string(min_opset) + " to " +
           std::to_string(max_opset) + ", for example torch.onnx.export(..., opset_version=18)";
  }

  // ---- tensors with values

  void read_initializers() {
    for (const onnx::TensorProto& proto : model_.initializers) {
      const std::string where =
        "tensor \"" + std::string(proto.name) + "\" at " + at_byte(proto.offset);
      if (proto.name.empty()) {
        error("E_GRAPH", where, "an initialiser has no name", export_hint);
        continue;
      }
      if (const auto id = define(proto.name, where)) {
        (void)onnx::read_tensor(proto, where, problems_, graph_.tensor(*id), options_.companions);
      }
    }
  }

  // ---- inputs and outputs

  void read_inputs() {
    for (const onnx::ValueInfo& value : model_.inputs) {
      if (ids_.contains(value.name)) {
        continue; // an initialiser that older files list among the inputs
      }
      const std::string where = "graph input \"" + std::string(value.name) + "\"";
      if (value.name.empty()) {
        error("E_GRAPH", at_byte(value.offset), "a graph input has no name", export_hint);
        continue;
      }
      const auto id = define(value.name, where);
      if (!id) {
        continue;
      }
      graph_.inputs.push_back(*id);
      inputs_.insert(*id);
      const auto dtype = ir::onnx_dtype(value.elem_type);
      if (!dtype) {
        const std::string what = value.other_type.empty()
                                   ? "element type " + std::to_string(value.elem_type)
                                   : "a " + std::string(value.other_type) + " as graph input";
        error("E_DTYPE", where, what + " is not read", onnx::type_hint);
        continue;
      }
      if (ir::is_float(*dtype) && value.name.starts_with("past_key")) {
        error(
          "E_KV_CACHE",
          where,
          "the model takes keys and values of earlier tokens",
          "export the model without a cache (use_cache=False)"
        );
        continue;
      }
      if (auto shape = onnx::input_shape(value, options_, where, problems_)) {
        ir::Tensor& tensor = graph_.tensor(*id);
        tensor.dtype = *dtype;
        tensor.shape = *std::move(shape);
        tensor.known = true;
        bind(*id, where);
      }
    }
  }

  /// Integers of inputs that shape the program instead of being computed with, by the names that
  /// exporters of transformers give them: every token counts, in order.
  void bind(ir::TensorId id, const std::string& where) {
    ir::Tensor& tensor = graph_.tensor(id);
    const bool mask = tensor.name == "attention_mask";
    const std::int64_t count = *ir::element_count(tensor.shape);
    if (ir::is_float(tensor.dtype) || tensor.shape.empty() || count > max_bound_elements || (!mask && tensor.name != "position_ids")) {
      return;
    }
    const std::int64_t positions = tensor.shape.back();
    std::vector<std::int64_t>& values = tensor.constant.emplace().ints;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(mask ? 1 : i % positions);
    }
    graph_.inputs.pop_back();
    problems_.note(
      "N_BOUND_INPUT",
      where,
      mask ? "every position counts: 1 is used throughout" : "positions are counted from 0",
      mask ? "programs are made for sequences without padding"
           : "programs are made for whole sequences"
    );
  }

  /// Shapes that the file states for other tensors, when complete, for inference to check against.
  void read_value_infos() {
    for (const auto* list : {&model_.value_infos, &model_.outputs}) {
      for (const onnx::ValueInfo& value : *list) {
        const auto entry = ids_.find(value.name);
        const auto dtype = ir::onnx_dtype(value.elem_type);
        if (entry == ids_.end() || !dtype) {
          continue;
        }
        const auto shape = onnx::stated_shape(value, options_);
        ir::Tensor& tensor = graph_.tensor(entry->second);
        if (shape && !tensor.known && !inputs_.contains(entry->second)) {
          tensor.dtype = *dtype;
          tensor.shape = *shape;
          tensor.known = true;
        }
      }
    }
  }
  void read_outputs() {
    for (const onnx::ValueInfo& value : model_.outputs) {
      const auto entry = ids_.find(value.name);
      if (entry == ids_.end()) {
        error(
          "E_GRAPH",
          "graph output \"" + std::string(value.name) + "\"",
          "nothing produces it",
          export_hint
        );
      } else {
        graph_.outputs.push_back(entry->second);
      }
    }
    if (model_.outputs.empty()) {
      error("E_GRAPH", at_byte(model_.graph_offset), "the graph has no outputs", export_hint);
    }
  }

  // ---- nodes

  void read_nodes() {
    for (std::size_t n = 0; n < model_.nodes.size(); ++n) {
      const onnx::NodeProto& proto = model_.nodes[n];
      const std::string where = at_node(n);
      if (op_name(proto) == "onnx:Constant") {
        define_constant(proto, where);
        continue;
      }
      ir::Node node{
        .name = unique_node_name(proto, n),
        .op = op_name(proto),
        .inputs = {},
        .outputs = {},
        .position = static_cast<std::int64_t>(n)};
      node.origin.push_back(node.name);
      for (const std::string_view output : proto.outputs) {
        node.outputs.push_back(
          output.empty() ? ir::no_tensor : define(output, where).value_or(ir::no_tensor)
        );
      }
      for (const onnx::AttributeProto& attribute : proto.attributes) {
        onnx::read_attribute(attribute, where, problems_, node);
      }
      if (proto.op_type.empty()) {
        error("E_GRAPH", where, "a node has no operator", export_hint);
      }
      if (node.op == "onnx:Softmax" && model_.opset.value_or(max_opset) < softmax_of_last_axis) {
        node.attrs.try_emplace("axis", std::int64_t{1});
      }
      graph_.add_node(std::move(node));
    }
  }

  /// `Constant` becomes a constant tensor at once.
  void define_constant(const onnx::NodeProto& proto, const std::string& where) {
    const auto id = proto.outputs.empty() || proto.outputs.front().empty()
                      ? std::nullopt
                      : define(proto.outputs.front(), where);
    if (id) {
      onnx::read_constant_node(proto, where, problems_, graph_.tensor(*id));
    }
  }

  void resolve_inputs() {
    for (ir::Node& node : graph_.nodes) {
      const auto position = static_cast<std::size_t>(node.position);
      for (const std::string_view input : model_.nodes[position].inputs) {
        if (input.empty()) {
          node.inputs.push_back(ir::no_tensor);
        } else if (const auto entry = ids_.find(input); entry != ids_.end()) {
          node.inputs.push_back(entry->second);
        } else {
          error(
            "E_GRAPH",
            at_node(position),
            "input \"" + std::string(input) + "\" is produced by nothing",
            export_hint
          );
        }
      }
    }
  }

  void finish() {
    if (const auto cycle = ir::sort_nodes(graph_); !cycle.empty()) {
      error(
        "E_GRAPH",
        ir::describe(graph_, graph_.node(cycle.front())),
        std::to_string(cycle.size()) + " nodes lie on or behind a cycle",
        "a graph must not feed back into itself"
      );
      return;
    }
    const Status legal = ir::verify(graph_, ir::Level::Imported);
    for (const Diagnostic& problem : legal.diagnostics()) {
      const std::string hint = problem.hint.empty() ? export_hint : problem.hint;
      error(problem.code, problem.where, problem.message, hint);
    }
  }

  const onnx::Model& model_;
  const ImportOptions& options_;
  Problems problems_;
  ir::Graph graph_;
  std::map<std::string_view, ir::TensorId> ids_;
  std::set<ir::TensorId> inputs_;
  std::set<std::string> node_names_;
};

} // namespace

Result<ir::Graph> import_onnx(std::string_view name, Bytes bytes, const ImportOptions& options) {
  const Result<onnx::Model> model = onnx::read_model(name, bytes, options);
  if (!model) {
    return model.diagnostics();
  }
  return Importer(name, *model, options).run();
}

} // namespace plena::io
