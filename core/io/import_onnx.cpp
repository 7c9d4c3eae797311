// ONNX models to graphs, operators kept as `onnx:Name`; the passes turn them into rows of ops.def.
// Reads inline initialisers and a single flat graph of opsets 13 to 24. External data, subgraphs,
// functions, sparse tensors and sequences are refused by name.
#include "base/text.h"
#include "io/importer.h"
#include "io/onnx_proto.h"
#include "io/weights.h"
#include "ir/verify.h"

#include <bit>
#include <cstring>
#include <map>
#include <set>

namespace plena::io {

namespace {

using onnx::TensorProto;

constexpr std::int64_t min_opset = 13;
constexpr std::int64_t max_opset = 24;
constexpr std::size_t max_errors = 50;
constexpr std::size_t max_rank = 16;

/// TensorProto.DataType values that are read.
struct OnnxType {
  std::int64_t code;
  ir::DType dtype;
};
constexpr OnnxType onnx_types[] = {
  {1, ir::DType::F32},
  {2, ir::DType::U8},
  {3, ir::DType::I8},
  {6, ir::DType::I32},
  {7, ir::DType::I64},
  {9, ir::DType::Bool},
  {10, ir::DType::F16},
  {11, ir::DType::F64},
  {16, ir::DType::BF16},
};
constexpr std::string_view type_hint =
  "types read: FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT64, INT32, INT8, UINT8, BOOL";

std::optional<ir::DType> dtype_of(std::int64_t code) {
  for (const OnnxType& row : onnx_types) {
    if (row.code == code) {
      return row.dtype;
    }
  }
  return std::nullopt;
}

/// Little-endian elements of type T; the file's bytes need no alignment.
template <class T, class F> void each(std::string_view raw, F&& use) {
  for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    use(value);
  }
}
static_assert(std::endian::native == std::endian::little);

class Importer {
 public:
  Importer(std::string_view file, const onnx::Model& model, const ImportOptions& options)
      : file_(file),
        model_(model),
        options_(options) {}

  Result<ir::Graph> run() {
    graph_.name = model_.graph_name.empty() ? "graph" : std::string(model_.graph_name);
    check_model();
    read_initializers();
    read_inputs();
    read_nodes();
    read_value_infos();
    resolve_inputs();
    read_outputs();
    if (errors_ == 0) {
      order();
    }
    if (errors_ == 0) {
      if (Status status = ir::verify(graph_, ir::Level::Imported); !status) {
        for (Diagnostic diagnostic : status.diagnostics()) {
          report(std::move(diagnostic));
        }
      }
    }
    if (errors_ != 0) {
      return std::move(diagnostics_);
    }
    return {std::move(graph_), std::move(diagnostics_)};
  }

 private:
  // ---- messages

  void report(Diagnostic diagnostic) {
    if (diagnostic.severity == Severity::Error && ++errors_ > max_errors) {
      return;
    }
    diagnostic.file = file_;
    diagnostics_.push_back(std::move(diagnostic));
  }
  void error(std::string code, std::string where, std::string message, std::string hint = {}) {
    report(
      {.code = std::move(code),
       .message = std::move(message),
       .hint = std::move(hint),
       .where = std::move(where)}
    );
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
      error("E_GRAPH", where, "tensor \"" + std::string(name) + "\" has two producers");
      return std::nullopt;
    }
    if (graph_.tensors.size() >= options_.max_tensors) {
      error("E_RESOURCE", where, "more than " + std::to_string(options_.max_tensors) + " tensors");
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
    for (const TensorProto& proto : model_.initializers) {
      const std::string where =
        "tensor \"" + std::string(proto.name) + "\" at " + at_byte(proto.offset);
      if (proto.name.empty()) {
        error("E_GRAPH", where, "an initialiser has no name");
        continue;
      }
      if (const auto id = define(proto.name, where)) {
        read_constant(proto, where, graph_.tensor(*id));
      }
    }
  }

  /// Fills type, shape and values; on an error the tensor stays unknown.
  bool read_constant(const TensorProto& proto, const std::string& where, ir::Tensor& tensor) {
    if (proto.external) {
      error(
        "E_EXTERNAL_DATA",
        where,
        "its values lie in another file" +
          (proto.location.empty() ? std::string() : " (" + std::string(proto.location) + ")"),
        "save the model as a single file: onnx.save(onnx.load(path), path, "
        "save_as_external_data=False)"
      );
      return false;
    }
    if (!proto.unsupported.empty()) {
      error(
        "E_DTYPE",
        where,
        "field " + std::string(proto.unsupported) + " is not read",
        std::string(type_hint)
      );
      return false;
    }
    const auto dtype = dtype_of(proto.data_type);
    if (!dtype) {
      error(
        "E_DTYPE",
        where,
        "element type " + std::to_string(proto.data_type) + " is not read",
        std::string(type_hint)
      );
      return false;
    }
    const auto count = ir::element_count(proto.dims);
    if (!count || proto.dims.size() > max_rank) {
      error("E_SHAPE", where, "shape " + ir::to_string(proto.dims) + " is impossible");
      return false;
    }
    ir::Constant values;
    if (!read_values(proto, *dtype, static_cast<std::uint64_t>(*count), where, values)) {
      return false;
    }
    tensor.dtype = *dtype;
    tensor.shape = proto.dims;
    tensor.constant = std::move(values);
    tensor.known = true;
    return true;
  }

  /// Compares what the shape claims with what is there before anything is allocated.
  bool read_values(
    const TensorProto& proto,
    ir::DType dtype,
    std::uint64_t claimed,
    const std::string& where,
    ir::Constant& values
  ) {
    const std::size_t size = ir::info(dtype).bytes;
    const bool half = dtype == ir::DType::F16 || dtype == ir::DType::BF16;
    const std::size_t given = proto.raw                 ? proto.raw->size() / size
                              : dtype == ir::DType::F32 ? proto.floats.size()
                              : dtype == ir::DType::F64 ? proto.doubles.size()
                                                        : proto.ints.size();
    if (given != claimed || (proto.raw && proto.raw->size() % size != 0)) {
      error(
        "E_SHAPE",
        where,
        "shape " + ir::to_string(proto.dims) + " of " + std::string(ir::info(dtype).name) +
          " needs " + std::to_string(claimed) + " values (" + std::to_string(claimed * size) +
          " bytes), the file holds " + std::to_string(given) +
          (proto.raw ? " (" + std::to_string(proto.raw->size()) + " bytes)" : std::string()),
        "the file was cut short or damaged; export or download it again"
      );
      return false;
    }
    const std::size_t count = given; // what is there, hence addressable
    if (ir::is_float(dtype)) {
      values.floats.reserve(count);
    } else {
      values.ints.reserve(count);
    }
    if (proto.raw) {
      read_raw(*proto.raw, dtype, values);
    } else if (dtype == ir::DType::F32) {
      values.floats = proto.floats;
    } else if (dtype == ir::DType::F64) {
      for (const double value : proto.doubles) {
        values.floats.push_back(static_cast<float>(value));
      }
    } else if (half) {
      for (const std::int64_t value : proto.ints) {
        const auto bits = static_cast<std::uint16_t>(value);
        values.floats.push_back(dtype == ir::DType::F16 ? half_value(bits) : bf16_value(bits));
      }
    } else {
      values.ints = proto.ints;
    }
    return true;
  }

  static void read_raw(std::string_view raw, ir::DType dtype, ir::Constant& values) {
    const auto real = [&](auto value) { values.floats.push_back(static_cast<float>(value)); };
    const auto whole = [&](auto value) { values.ints.push_back(static_cast<std::int64_t>(value)); };
    switch (dtype) {
    case ir::DType::F32:
      each<float>(raw, real);
      break;
    case ir::DType::F64:
      each<double>(raw, real);
      break;
    case ir::DType::F16:
      each<std::uint16_t>(raw, [&](std::uint16_t bits) { real(half_value(bits)); });
      break;
    case ir::DType::BF16:
      each<std::uint16_t>(raw, [&](std::uint16_t bits) { real(bf16_value(bits)); });
      break;
    case ir::DType::I64:
      each<std::int64_t>(raw, whole);
      break;
    case ir::DType::I32:
      each<std::int32_t>(raw, whole);
      break;
    case ir::DType::I16:
      each<std::int16_t>(raw, whole);
      break;
    case ir::DType::I8:
      each<std::int8_t>(raw, whole);
      break;
    case ir::DType::U8:
      each<std::uint8_t>(raw, whole);
      break;
    case ir::DType::Bool:
      each<std::uint8_t>(raw, [&](std::uint8_t value) { whole(value != 0 ? 1 : 0); });
      break;
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
        error("E_GRAPH", at_byte(value.offset), "a graph input has no name");
        continue;
      }
      const auto id = define(value.name, where);
      if (!id) {
        continue;
      }
      graph_.inputs.push_back(*id);
      inputs_.insert(*id);
      const auto dtype = dtype_of(value.elem_type);
      if (!dtype) {
        const std::string what = value.other_type.empty()
                                   ? "element type " + std::to_string(value.elem_type)
                                   : "a " + std::string(value.other_type) + " as graph input";
        error("E_DTYPE", where, what + " is not read", std::string(type_hint));
        continue;
      }
      ir::Tensor& tensor = graph_.tensor(*id);
      tensor.dtype = *dtype;
      tensor.known = bind(value, where, tensor.shape);
    }
  }

  /// Turns the declared dimensions of a graph input into numbers.
  bool bind(const onnx::ValueInfo& value, const std::string& where, ir::Shape& shape) {
    if (!value.shape || value.shape->size() > max_rank) {
      error(
        "E_DYNAMIC_SHAPE",
        where,
        "the file does not say how many dimensions it has",
        "export with a fixed shape"
      );
      return false;
    }
    bool bound = true;
    for (std::size_t axis = 0; axis < value.shape->size(); ++axis) {
      const auto size = dimension((*value.shape)[axis], value.name, axis, where);
      bound = bound && size.has_value();
      shape.push_back(size.value_or(1));
    }
    const auto count = ir::element_count(shape);
    if (bound && count && *count > max_input_elements) {
      error(
        "E_RESOURCE",
        where,
        "shape " + ir::to_string(shape) + " has more than " + std::to_string(max_input_elements) +
          " elements"
      );
      bound = false;
    } else if (bound && (!count || *count == 0)) {
      error("E_SHAPE", where, "shape " + ir::to_string(shape) + " is empty or too large");
      bound = false;
    }
    return bound;
  }

  std::optional<std::int64_t> dimension(
    const onnx::Dimension& dim, std::string_view input, std::size_t axis, const std::string& where
  ) {
    if (dim.value && *dim.value >= 0) {
      return *dim.value;
    }
    const std::string name = dim.param.empty()
                               ? std::string(input) + "[" + std::to_string(axis) + "]"
                               : std::string(dim.param);
    if (const auto given = options_.dims.find(name); given != options_.dims.end()) {
      if (given->second >= 1 && given->second <= ir::max_elements) {
        return given->second;
      }
      error(
        "E_DYNAMIC_SHAPE",
        where,
        "dimension `" + name + "` is bound to " + std::to_string(given->second),
        "a dimension is a whole number from 1"
      );
      return std::nullopt;
    }
    if (name == "batch" || name == "batch_size" || name == "B") {
      report(
        {.severity = Severity::Note,
         .code = "N_BOUND_DIM",
         .message = "dimension `" + name + "` is open in the file; 1 is used",
         .where = where}
      );
      return 1;
    }
    error(
      "E_DYNAMIC_SHAPE",
      where,
      "dimension " + std::to_string(axis) + " (`" + name + "`) has no fixed size",
      "give `" + name + "` a value, or export with a fixed shape"
    );
    return std::nullopt;
  }

  /// Shapes that the file states for other tensors, when complete, for inference to check against.
  void read_value_infos() {
    for (const auto* list : {&model_.value_infos, &model_.outputs}) {
      for (const onnx::ValueInfo& value : *list) {
        const auto entry = ids_.find(value.name);
        const auto dtype = dtype_of(value.elem_type);
        if (entry == ids_.end() || !dtype || !value.shape || value.shape->size() > max_rank) {
          continue;
        }
        ir::Shape shape;
        for (const onnx::Dimension& dim : *value.shape) {
          const auto bound = options_.dims.find(dim.param);
          if (dim.value && *dim.value >= 0) {
            shape.push_back(*dim.value);
          } else if (!dim.param.empty() && bound != options_.dims.end()) {
            shape.push_back(bound->second);
          }
        }
        ir::Tensor& tensor = graph_.tensor(entry->second);
        const bool complete = shape.size() == value.shape->size() && ir::element_count(shape);
        if (!tensor.known && complete && !inputs_.contains(entry->second)) {
          tensor.dtype = *dtype;
          tensor.shape = shape;
          tensor.known = true;
        }
      }
    }
  }
  void read_outputs() {
    for (const onnx::ValueInfo& value : model_.outputs) {
      const auto entry = ids_.find(value.name);
      if (entry == ids_.end()) {
        error("E_GRAPH", "graph output \"" + std::string(value.name) + "\"", "nothing produces it");
      } else {
        graph_.outputs.push_back(entry->second);
      }
    }
    if (model_.outputs.empty()) {
      error("E_GRAPH", at_byte(model_.graph_offset), "the graph has no outputs");
    }
  }

  // ---- nodes

  void read_nodes() {
    for (std::size_t n = 0; n < model_.nodes.size(); ++n) {
      const onnx::NodeProto& proto = model_.nodes[n];
      const std::string where = at_node(n);
      if (op_name(proto) == "onnx:Constant") {
        read_constant_node(proto, where);
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
        read_attribute(attribute, where, node);
      }
      if (proto.op_type.empty()) {
        error("E_GRAPH", where, "a node has no operator");
      }
      graph_.add_node(std::move(node));
    }
  }

  /// `Constant` becomes a constant tensor at once.
  void read_constant_node(const onnx::NodeProto& proto, const std::string& where) {
    const auto id = proto.outputs.empty() || proto.outputs.front().empty()
                      ? std::nullopt
                      : define(proto.outputs.front(), where);
    if (!id) {
      return;
    }
    ir::Tensor& tensor = graph_.tensor(*id);
    for (const onnx::AttributeProto& attribute : proto.attributes) {
      if (attribute.t) {
        read_constant(*attribute.t, where, tensor);
        return;
      }
      if (attribute.name == "value_float" && attribute.f) {
        set(tensor, ir::DType::F32, {}, {.floats = {*attribute.f}});
      } else if (attribute.name == "value_int" && attribute.i) {
        set(tensor, ir::DType::I64, {}, {.ints = {*attribute.i}});
      } else if (attribute.name == "value_floats") {
        const auto count = static_cast<std::int64_t>(attribute.floats.size());
        set(tensor, ir::DType::F32, {count}, {.floats = attribute.floats});
      } else if (attribute.name == "value_ints") {
        const auto count = static_cast<std::int64_t>(attribute.ints.size());
        set(tensor, ir::DType::I64, {count}, {.ints = attribute.ints});
      }
    }
    if (!tensor.constant) {
      error(
        "E_UNSUPPORTED_ATTR",
        where,
        "a Constant without a tensor, numbers or a number",
        "strings and sparse tensors are not read"
      );
    }
  }
  static void set(ir::Tensor& tensor, ir::DType dtype, ir::Shape shape, ir::Constant values) {
    tensor.dtype = dtype;
    tensor.shape = std::move(shape);
    tensor.constant = std::move(values);
    tensor.known = true;
  }

  void
  read_attribute(const onnx::AttributeProto& attribute, const std::string& where, ir::Node& node) {
    const std::string name(attribute.name);
    if (!attribute.unsupported.empty()) {
      const bool subgraph = attribute.unsupported == "a subgraph";
      error(
        subgraph ? "E_UNSUPPORTED_OP" : "E_UNSUPPORTED_ATTR",
        where,
        "attribute `" + name + "` holds " + std::string(attribute.unsupported) +
          ", which is not read",
        subgraph ? "control flow is not supported; export the model with it unrolled or traced" : ""
      );
    } else if (attribute.t) {
      read_tensor_attribute(*attribute.t, name, where, node);
    } else if (attribute.type == 6 || !attribute.floats.empty()) {
      node.attrs[name] = std::vector<double>(attribute.floats.begin(), attribute.floats.end());
    } else if (attribute.type == 7 || !attribute.ints.empty()) {
      node.attrs[name] = attribute.ints;
    } else if (attribute.i || attribute.type == 2) {
      node.attrs[name] = attribute.i.value_or(0);
    } else if (attribute.f || attribute.type == 1) {
      node.attrs[name] = static_cast<double>(attribute.f.value_or(0.0f));
    } else if (attribute.s || attribute.type == 3) {
      node.attrs[name] = std::string(attribute.s.value_or(std::string_view()));
      if (!is_valid_utf8(std::get<std::string>(node.attrs[name]))) {
        error("E_PROTOBUF", where, "attribute `" + name + "` is not UTF-8");
      }
    }
  }
  /// A tensor of one element (the value of ConstantOfShape) is kept as a number and its type.
  void read_tensor_attribute(
    const TensorProto& proto, const std::string& name, const std::string& where, ir::Node& node
  ) {
    ir::Tensor tensor;
    if (!read_constant(proto, where + ", attribute `" + name + "`", tensor)) {
      return;
    }
    if (tensor.constant->floats.size() + tensor.constant->ints.size() != 1) {
      error(
        "E_UNSUPPORTED_ATTR",
        where,
        "attribute `" + name + "` is a tensor of several values, which is not read"
      );
      return;
    }
    if (ir::is_float(tensor.dtype)) {
      node.attrs[name] = static_cast<double>(tensor.constant->floats.front());
    } else {
      node.attrs[name] = tensor.constant->ints.front();
    }
    node.attrs[name + "_dtype"] = std::string(ir::info(tensor.dtype).name);
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
            "input \"" + std::string(input) + "\" is produced by nothing"
          );
        }
      }
    }
  }

  void order() {
    const auto cycle = ir::sort_nodes(graph_);
    if (!cycle.empty()) {
      error(
        "E_GRAPH",
        ir::describe(graph_, graph_.node(cycle.front())),
        std::to_string(cycle.size()) + " nodes lie on or behind a cycle",
        "a graph must not feed back into itself"
      );
    }
  }

  std::string file_;
  const onnx::Model& model_;
  const ImportOptions& options_;
  ir::Graph graph_;
  std::map<std::string_view, ir::TensorId> ids_;
  std::set<ir::TensorId> inputs_;
  std::set<std::string> node_names_;
  Diagnostics diagnostics_;
  std::size_t errors_ = 0;
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
