#include "io/onnx_attributes.h"

#include "base/text.h"

namespace plena::io::onnx {

namespace {

/// AttributeProto.AttributeType values.
enum Type : std::int64_t { Float = 1, Int = 2, String = 3, Floats = 6, Ints = 7 };

void read_tensor_attribute(
  const TensorProto& proto,
  const std::string& name,
  const std::string& where,
  Problems& problems,
  ir::Node& node
) {
  ir::Tensor tensor;
  if (!read_tensor(proto, where + ", attribute `" + name + "`", problems, tensor)) {
    return;
  }
  if (tensor.constant->floats.size() + tensor.constant->ints.size() != 1) {
    problems.error(
      "E_UNSUPPORTED_ATTR",
      where,
      "attribute `" + name + "` is a tensor of several values, which is not read",
      "store the tensor as an initialiser, or a single number here"
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

void refuse(const AttributeProto& attribute, const std::string& where, Problems& problems) {
  const bool subgraph = attribute.unsupported == "a subgraph";
  problems.error(
    subgraph ? "E_UNSUPPORTED_OP" : "E_UNSUPPORTED_ATTR",
    where,
    "attribute `" + std::string(attribute.name) + "` holds " + std::string(attribute.unsupported) +
      ", which is not read",
    subgraph ? "control flow is not supported; export the model with it unrolled or traced"
             : "numbers, lists of numbers, texts and tensors of one value are read"
  );
}

} // namespace

void read_attribute(
  const AttributeProto& attribute, const std::string& where, Problems& problems, ir::Node& node
) {
  const std::string name(attribute.name);
  if (!attribute.unsupported.empty()) {
    refuse(attribute, where, problems);
  } else if (attribute.t) {
    read_tensor_attribute(*attribute.t, name, where, problems, node);
  } else if (attribute.type == Type::Floats || !attribute.floats.empty()) {
    node.attrs[name] = std::vector<double>(attribute.floats.begin(), attribute.floats.end());
  } else if (attribute.type == Type::Ints || !attribute.ints.empty()) {
    node.attrs[name] = attribute.ints;
  } else if (attribute.i || attribute.type == Type::Int) {
    node.attrs[name] = attribute.i.value_or(0);
  } else if (attribute.f || attribute.type == Type::Float) {
    node.attrs[name] = static_cast<double>(attribute.f.value_or(0.0f));
  } else if (attribute.s || attribute.type == Type::String) {
    const std::string_view text = attribute.s.value_or(std::string_view());
    node.attrs[name] = std::string(text);
    if (!is_valid_utf8(text)) {
      problems.error(
        "E_PROTOBUF", where, "attribute `" + name + "` is not UTF-8", "write the text as UTF-8"
      );
    }
  }
}

void read_constant_node(
  const NodeProto& proto, const std::string& where, Problems& problems, ir::Tensor& tensor
) {
  for (const AttributeProto& attribute : proto.attributes) {
    if (attribute.t) {
      (void)read_tensor(*attribute.t, where, problems, tensor);
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
    problems.error(
      "E_UNSUPPORTED_ATTR",
      where,
      "a Constant without a tensor, numbers or a number",
      "strings and sparse tensors are not read"
    );
  }
}

} // namespace plena::io::onnx
