#include "ops/infer.h"

#include "base/check.h"
#include "base/text.h"
#include "ops/load.h"
#include "ops/registry.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

namespace plena::ops {

namespace {

/// Elements that one tensor may have: they are counted in 32-bit addresses on the machine.
constexpr std::int64_t max_elements = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t max_errors = 50;

enum class Known : std::uint8_t { No, Yes, Refused };

class Inference {
 public:
  explicit Inference(ir::Graph& graph)
      : graph_(graph),
        known_(graph.tensors.size(), Known::No),
        entries_(graph.tensors.size()) {}

  Status run() {
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
      if (graph_.tensors[i].constant) {
        source(i);
      }
    }
    for (const ir::TensorId id : graph_.inputs) {
      if (exists(id)) {
        source(ir::index(id));
      } else {
        graph_error("the graph names an input tensor that does not exist");
      }
    }
    for (ir::Node& node : graph_.nodes) {
      if (errors_.size() >= max_errors) {
        break;
      }
      visit(node);
    }
    outputs();
    return errors_.empty() ? Status(Done{}) : Status(std::move(errors_));
  }

 private:
  bool exists(ir::TensorId id) const { return ir::index(id) < graph_.tensors.size(); }

  void graph_error(std::string message) {
    errors_.push_back({Severity::Error, "E_GRAPH", std::move(message)});
  }

  void source(std::size_t i) {
    const ir::Tensor& tensor = graph_.tensors[i];
    known_[i] = Known::Yes;
    if (!check_size(tensor.shape, tensor.name)) {
      known_[i] = Known::Refused;
      return;
    }
    if (tensor.constant) {
      const std::size_t values =
        std::max(tensor.constant->floats.size(), tensor.constant->ints.size());
      if (values != extent_of(tensor.shape).count()) {
        known_[i] = Known::Refused;
        errors_.push_back(
          {Severity::Error,
           "E_SHAPE",
           fmt::format(
             "constant {} has {} values, but its shape is {}",
             tensor.name,
             values,
             to_string(tensor.shape)
           ),
           {},
           {},
           {},
           tensor.name}
        );
      }
    }
  }

  bool check_size(const ir::Shape& shape, const std::string& name) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) {
      if (size < 1 || size > max_elements || count > max_elements / size) {
        errors_.push_back(
          {Severity::Error,
           "E_SHAPE",
           fmt::format("tensor {} has the shape {}", name, to_string(shape)),
           "every dimension is at least 1 and a tensor has fewer than 2^32 elements",
           {},
           {},
           name}
        );
        return false;
      }
      count *= size;
    }
    return true;
  }

  void refuse(const ir::Node& node, Diagnostic error) {
    errors_.push_back(std::move(error));
    refuse_outputs(node);
  }
  void refuse_outputs(const ir::Node& node) {
    for (const ir::TensorId id : node.outputs) {
      if (exists(id)) {
        known_[ir::index(id)] = Known::Refused;
      }
    }
  }

  void visit(ir::Node& node) {
    const NodeView view{graph_, node};
    const Op* op = find(node.op);
    if (op == nullptr) {
      return refuse(node, unknown_operator(view));
    }
    std::optional<Diagnostic> error = check_operands(view, *op);
    if (error) {
      return refuse(node, *std::move(error));
    }
    if (depends_on_refused(node)) {
      return refuse_outputs(node);
    }
    error = check_roles(view, *op);
    if (!error) {
      error = check_attrs(view, *op);
    }
    if (error) {
      return refuse(node, *std::move(error));
    }
    const Result<Shapes> shapes = op->infer(view);
    if (!shapes) {
      for (const Diagnostic& diagnostic : shapes.diagnostics()) {
        refuse(node, diagnostic);
      }
      return;
    }
    PLENA_CHECK(shapes->size() == node.outputs.size());
    for (std::size_t i = 0; i < shapes->size(); ++i) {
      finish(view, i, (*shapes)[i]);
    }
  }

  void finish(const NodeView& view, std::size_t number, const ir::Shape& shape) {
    ir::Tensor& output = graph_.tensor(view.node.outputs[number]);
    if (!output.shape.empty() && output.shape != shape) {
      return refuse(
        view.node,
        view.error(
          "E_SHAPE",
          fmt::format(
            "output {} is declared as {}, but is {}",
            output.name,
            to_string(output.shape),
            to_string(shape)
          ),
          "leave the declaration out, or correct it"
        )
      );
    }
    if (!check_size(shape, output.name)) {
      return refuse_outputs(view.node);
    }
    output.shape = shape;
    known_[ir::index(view.node.outputs[number])] = Known::Yes;
    switch (op_of(view.node).outputs[number].memory) {
    case ResultMemory::VectorSram:
    case ResultMemory::Hbm:
      break;
    case ResultMemory::FpSram:
      entries_[ir::index(view.node.outputs[number])] = "FP SRAM";
      break;
    case ResultMemory::IntSram:
      entries_[ir::index(view.node.outputs[number])] = "INT SRAM";
      break;
    }
  }

  static Diagnostic unknown_operator(const NodeView& view) {
    std::vector<std::string_view> names;
    for (const Op& op : all()) {
      names.push_back(op.name);
    }
    const std::optional<std::string_view> near = nearest(view.node.op, names);
    return view.error(
      "E_UNSUPPORTED_OP",
      fmt::format("operator {} is not supported", view.node.op),
      near ? fmt::format("did you mean {}?", *near)
           : fmt::format("supported are {}", fmt::join(names, ", "))
    );
  }

  /// "a, b, c"
  template <class Specs> static std::string names_of(const Specs& specs) {
    std::vector<std::string_view> names;
    for (const auto& spec : specs) {
      names.push_back(spec.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  std::optional<Diagnostic> check_operands(const NodeView& view, const Op& op) {
    const ir::Node& node = view.node;
    if (node.inputs.size() > op.inputs.size()) {
      return view.error(
        "E_GRAPH",
        fmt::format(
          "{} takes at most {} inputs, not {}", op.name, op.inputs.size(), node.inputs.size()
        ),
        fmt::format("its inputs are {}", names_of(op.inputs))
      );
    }
    const bool all_exist = std::all_of(
      node.outputs.begin(), node.outputs.end(), [&](ir::TensorId id) { return exists(id); }
    );
    if (node.outputs.size() != op.outputs.size() || !all_exist) {
      return view.error(
        "E_GRAPH",
        op.outputs.size() == 1 ? fmt::format("{} has exactly one output", op.name)
                               : fmt::format("{} has {} outputs", op.name, op.outputs.size()),
        fmt::format("its outputs are {}", names_of(op.outputs))
      );
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const ir::TensorId id = node.outputs[i];
      const bool repeated =
        std::find(node.outputs.begin(), node.outputs.begin() + static_cast<std::ptrdiff_t>(i), id) !=
        node.outputs.begin() + static_cast<std::ptrdiff_t>(i);
      if (repeated || known_[ir::index(id)] != Known::No) {
        return view.error(
          "E_GRAPH",
          fmt::format("tensor {} is written twice", graph_.tensor(id).name),
          "give every output a tensor of its own"
        );
      }
    }
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const bool absent = i >= node.inputs.size() || node.inputs[i] == ir::no_tensor;
      if (absent && !op.inputs[i].optional) {
        return view.error(
          "E_GRAPH",
          fmt::format("{} lacks its input {}", op.name, op.inputs[i].name),
          fmt::format("its inputs are {}", names_of(op.inputs))
        );
      }
      if (!absent && (!exists(node.inputs[i]) || known_[ir::index(node.inputs[i])] == Known::No)) {
        return view.error(
          "E_GRAPH",
          fmt::format("input {} is not produced before this node", op.inputs[i].name),
          "order the nodes so that producers come first"
        );
      }
    }
    return std::nullopt;
  }

  bool depends_on_refused(const ir::Node& node) const {
    return std::any_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
      return id != ir::no_tensor && known_[ir::index(id)] == Known::Refused;
    });
  }

  std::optional<Diagnostic> check_roles(const NodeView& view, const Op& op) const {
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const ir::Tensor* tensor = view.input(i);
      if (tensor == nullptr) {
        continue;
      }
      if (const std::string_view memory = entries_[ir::index(view.node.inputs[i])];
          !memory.empty()) {
        return view.error(
          "E_PATTERN",
          fmt::format("input {} ({}) lies in the {}", op.inputs[i].name, tensor->name, memory),
          "operators take rows of the Vector SRAM; such a result can be an output of the model only"
        );
      }
      const Role role = op.inputs[i].role;
      const bool constant = tensor->constant.has_value();
      const bool must_be =
        role == Role::Weight || role == Role::Laid || role == Role::Scalar;
      if (!constant && must_be) {
        return view.error(
          "E_PATTERN",
          fmt::format("input {} ({}) has to be a constant", op.inputs[i].name, tensor->name),
          "products of two computed tensors exist only inside attention"
        );
      }
      if (role == Role::Table && origin_of(view.graph, view.node.inputs[i]) != Origin::Host) {
        return view.error(
          "E_PATTERN",
          fmt::format(
            "input {} ({}) has to be a constant or an input in HBM", op.inputs[i].name, tensor->name
          ),
          "rows of computed tensors lie in the Vector SRAM already"
        );
      }
      if (role == Role::Cache && !is_cache(view.node.inputs[i])) {
        return view.error(
          "E_PATTERN",
          fmt::format(
            "input {} ({}) has to be an input of the graph in HBM that nothing else uses",
            op.inputs[i].name,
            tensor->name
          ),
          "it is changed where it lies; what comes after takes the output"
        );
      }
      if (role == Role::Entries && origin_of(view.graph, view.node.inputs[i]) != Origin::Host) {
        return view.error(
          "E_PATTERN",
          fmt::format(
            "input {} ({}) has to be an input of the graph", op.inputs[i].name, tensor->name
          ),
          "it lies in the INT SRAM when the program starts"
        );
      }
      if (role == Role::Entries && constant) {
        return view.error(
          "E_PATTERN",
          fmt::format("input {} ({}) is a constant", op.inputs[i].name, tensor->name),
          "make it an input of the graph"
        );
      }
      if (role == Role::Numbers || role == Role::Entries) {
        if (ir::is_float(tensor->dtype)) {
          return view.error(
            "E_DTYPE",
            fmt::format(
              "input {} ({}) is of a floating-point type", op.inputs[i].name, tensor->name
            ),
            "it takes integers"
          );
        }
        if (origin_of(view.graph, view.node.inputs[i]) == Origin::Computed) {
          return view.error(
            "E_PATTERN",
            fmt::format("input {} ({}) is computed", op.inputs[i].name, tensor->name),
            "it has to be known when the program is made: a constant or an input of the graph"
          );
        }
        continue;
      }
      if (constant && role != Role::Scalar && tensor->constant->floats.empty()) {
        return view.error(
          "E_DTYPE",
          fmt::format(
            "input {} ({}) is not of a floating-point type", op.inputs[i].name, tensor->name
          ),
          "give its values as floats"
        );
      }
      if (role == Role::Scalar && extent_of(tensor->shape).count() != 1) {
        return view.error(
          "E_SHAPE",
          fmt::format(
            "input {} has the shape {}, not one value", op.inputs[i].name, to_string(tensor->shape)
          ),
          "give a single number"
        );
      }
    }
    return std::nullopt;
  }

  /// Whether this is an input of the graph that one node takes, once, and that is no output.
  bool is_cache(ir::TensorId id) const {
    std::ptrdiff_t uses = std::count(graph_.outputs.begin(), graph_.outputs.end(), id);
    for (const ir::Node& node : graph_.nodes) {
      uses += std::count(node.inputs.begin(), node.inputs.end(), id);
    }
    return uses == 1 && !graph_.tensor(id).constant && origin_of(graph_, id) == Origin::Host;
  }

  static std::optional<Diagnostic> check_attrs(const NodeView& view, const Op& op) {
    for (const auto& [name, value] : view.node.attrs) {
      const auto spec =
        std::find_if(op.attrs.begin(), op.attrs.end(), [&wanted = name](const AttrSpec& candidate) {
          return candidate.name == wanted;
        });
      if (spec == op.attrs.end()) {
        return view.error(
          "E_UNSUPPORTED_ATTR",
          fmt::format("{} has no attribute {}", op.name, name),
          op.attrs.empty() ? std::string("it has none")
                           : fmt::format("it has {}", names_of(op.attrs))
        );
      }
      if (std::optional<Diagnostic> error = check_attr(view, *spec, value)) {
        return error;
      }
    }
    for (const AttrSpec& spec : op.attrs) {
      if (spec.required && view.node.attrs.count(std::string(spec.name)) == 0) {
        return view.error(
          "E_UNSUPPORTED_ATTR",
          fmt::format("{} lacks the attribute {}", op.name, spec.name),
          fmt::format("{}: {}", spec.name, spec.meaning)
        );
      }
    }
    return std::nullopt;
  }

  static std::optional<Diagnostic>
  check_attr(const NodeView& view, const AttrSpec& spec, const ir::Attr& value) {
    const bool integer = std::holds_alternative<std::int64_t>(value);
    bool fits = false;
    switch (spec.type) {
    case AttrType::Real:
      fits = integer || std::holds_alternative<double>(value);
      break;
    case AttrType::Integer:
      fits = integer;
      break;
    case AttrType::Integers:
      fits = std::holds_alternative<std::vector<std::int64_t>>(value);
      break;
    case AttrType::Text:
      fits = std::holds_alternative<std::string>(value);
      break;
    }
    if (!fits) {
      return view.error(
        "E_UNSUPPORTED_ATTR",
        fmt::format("attribute {} has the wrong type", spec.name),
        std::string(spec.meaning)
      );
    }
    if (spec.type == AttrType::Text) {
      const std::string& text = std::get<std::string>(value);
      if (std::find(spec.texts.begin(), spec.texts.end(), text) == spec.texts.end()) {
        return view.error(
          "E_UNSUPPORTED_ATTR",
          fmt::format("attribute {} is '{}'", spec.name, text),
          fmt::format("accepted are {}", fmt::join(spec.texts, ", "))
        );
      }
    }
    return std::nullopt;
  }

  void outputs() {
    for (const ir::TensorId id : graph_.outputs) {
      if (!exists(id) || known_[ir::index(id)] == Known::No) {
        graph_error(
          exists(id) && errors_.empty()
            ? fmt::format("output {} is not produced by any node", graph_.tensor(id).name)
            : "the graph names an output that no node produces"
        );
      }
    }
  }

  ir::Graph& graph_;
  std::vector<Known> known_;
  std::vector<std::string_view> entries_; ///< by tensor: the scalar memory that it lies in, or empty
  Diagnostics errors_;
};

} // namespace

Status infer_shapes(ir::Graph& graph) { return Inference(graph).run(); }

} // namespace plena::ops
