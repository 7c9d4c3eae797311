#include "io/onnx_proto.h"

#include "io/onnx_wire.h"

namespace plena::io::onnx {

namespace {

TensorProto read_tensor(Message in) {
  TensorProto tensor{.offset = in.offset()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      in.integers(tensor.dims);
      break;
    case 2:
      tensor.data_type = in.integer();
      break;
    case 3:
      tensor.unsupported = "segment", in.skip();
      break;
    case 4:
      in.reals(tensor.floats);
      break;
    case 5:
      in.integers(tensor.ints);
      break;
    case 6:
      tensor.unsupported = "string_data", in.skip();
      break;
    case 7:
      in.integers(tensor.ints);
      break;
    case 8:
      tensor.name = in.text();
      break;
    case 9:
      tensor.raw = in.bytes();
      break;
    case 10:
      in.doubles(tensor.doubles);
      break;
    case 11:
      tensor.unsupported = "uint64_data", in.skip();
      break;
    case 13: {
      std::string_view key;
      std::string_view value;
      for (Message entry = in.message(); entry.next();) {
        switch (entry.field()) {
        case 1:
          key = entry.text();
          break;
        case 2:
          value = entry.text();
          break;
        default:
          entry.skip();
        }
      }
      tensor.external = true;
      tensor.location = key == "location" ? value : tensor.location;
      tensor.data_offset = key == "offset" ? value : tensor.data_offset;
      tensor.data_length = key == "length" ? value : tensor.data_length;
      break;
    }
    case 14:
      tensor.external = in.integer() == 1;
      break;
    default:
      in.skip();
    }
  }
  return tensor;
}

AttributeProto read_attribute(Message in) {
  AttributeProto attribute{.offset = in.offset()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      attribute.name = in.text();
      break;
    case 2:
      attribute.f = in.real();
      break;
    case 3:
      attribute.i = in.integer();
      break;
    case 4:
      attribute.s = in.bytes();
      break;
    case 5:
      attribute.t = read_tensor(in.message());
      break;
    case 6:
    case 11:
      attribute.unsupported = "a subgraph", in.skip();
      break;
    case 7:
      in.reals(attribute.floats);
      break;
    case 8:
      in.integers(attribute.ints);
      break;
    case 9:
      attribute.unsupported = "a list of strings", in.skip();
      break;
    case 10:
      attribute.unsupported = "a list of tensors", in.skip();
      break;
    case 14:
    case 15:
      attribute.unsupported = "a type", in.skip();
      break;
    case 20:
      attribute.type = in.integer();
      break;
    case 21:
      attribute.unsupported = "a reference to a function's attribute", in.skip();
      break;
    case 22:
    case 23:
      attribute.unsupported = "a sparse tensor", in.skip();
      break;
    default:
      in.skip();
    }
  }
  return attribute;
}

NodeProto read_node(Message in, std::size_t& attributes_left) {
  NodeProto node{.offset = in.offset()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      node.inputs.push_back(in.text());
      break;
    case 2:
      node.outputs.push_back(in.text());
      break;
    case 3:
      node.name = in.text();
      break;
    case 4:
      node.op_type = in.text();
      break;
    case 5:
      if (attributes_left-- == 0) {
        throw Broken{in.offset(), "too many attributes", "E_RESOURCE"};
      }
      node.attributes.push_back(read_attribute(in.message()));
      break;
    case 7:
      node.domain = in.text();
      break;
    default:
      in.skip();
    }
  }
  return node;
}

std::vector<Dimension> read_shape(Message in) {
  std::vector<Dimension> shape;
  while (in.next()) {
    if (in.field() != 1) {
      in.skip();
      continue;
    }
    Dimension dimension;
    for (Message dim = in.message(); dim.next();) {
      switch (dim.field()) {
      case 1:
        dimension.value = dim.integer();
        break;
      case 2:
        dimension.param = dim.text();
        break;
      default:
        dim.skip();
      }
    }
    shape.push_back(dimension);
  }
  return shape;
}

void read_type(Message in, ValueInfo& value) {
  while (in.next()) {
    switch (in.field()) {
    case 1:
      for (Message tensor = in.message(); tensor.next();) {
        switch (tensor.field()) {
        case 1:
          value.elem_type = tensor.integer();
          break;
        case 2:
          value.shape = read_shape(tensor.message());
          break;
        default:
          tensor.skip();
        }
      }
      break;
    case 4:
      value.other_type = "sequence", in.skip();
      break;
    case 5:
      value.other_type = "map", in.skip();
      break;
    case 7:
      value.other_type = "opaque type", in.skip();
      break;
    case 8:
      value.other_type = "sparse tensor", in.skip();
      break;
    case 9:
      value.other_type = "optional", in.skip();
      break;
    default:
      in.skip();
    }
  }
}

ValueInfo read_value_info(Message in) {
  ValueInfo value{.offset = in.offset()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      value.name = in.text();
      break;
    case 2:
      read_type(in.message(), value);
      break;
    default:
      in.skip();
    }
  }
  return value;
}

/// Appends with a limit, so that a file of empty messages cannot grow a thousandfold in memory.
template <class T> void push(std::vector<T>& list, T item, std::size_t limit, std::size_t offset) {
  if (list.size() >= limit) {
    throw Broken{offset, "more than " + std::to_string(limit) + " entries", "E_RESOURCE"};
  }
  list.push_back(std::move(item));
}

void read_graph(Message in, Model& model, const ImportOptions& options) {
  std::size_t attributes_left = 8 * options.max_nodes;
  while (in.next()) {
    const std::size_t offset = in.offset();
    const auto value_info = [&](std::vector<ValueInfo>& list) {
      push(list, read_value_info(in.message()), options.max_tensors, offset);
    };
    switch (in.field()) {
    case 1:
      push(model.nodes, read_node(in.message(), attributes_left), options.max_nodes, offset);
      break;
    case 2:
      model.graph_name = in.text();
      break;
    case 5:
      push(model.initializers, read_tensor(in.message()), options.max_tensors, offset);
      break;
    case 11:
      value_info(model.inputs);
      break;
    case 12:
      value_info(model.outputs);
      break;
    case 13:
      value_info(model.value_infos);
      break;
    case 15:
      ++model.sparse_initializers, in.skip();
      break;
    default:
      in.skip();
    }
  }
}

void read_opset(Message in, Model& model) {
  std::string_view domain;
  std::int64_t version = 0;
  while (in.next()) {
    switch (in.field()) {
    case 1:
      domain = in.text();
      break;
    case 2:
      version = in.integer();
      break;
    default:
      in.skip();
    }
  }
  if (domain.empty() || domain == "ai.onnx") {
    model.opset = version;
  }
}

void read_function(Message in, Model& model, const ImportOptions& options) {
  std::string_view name;
  const std::size_t offset = in.offset();
  while (in.next()) {
    if (in.field() == 1) {
      name = in.text();
    } else {
      in.skip();
    }
  }
  push(model.functions, name, options.max_nodes, offset);
}

} // namespace

Result<Model> read_model(std::string_view file, Bytes bytes, const ImportOptions& options) {
  const auto diagnostic = [&](const Broken& broken) {
    return Diagnostic{
      .code = broken.code,
      .message = broken.message,
      .hint =
        broken.code == std::string_view("E_PROTOBUF")
          ? "the file is no ONNX model, or was cut short or damaged; export or download it again"
          : "split the model, or raise the limit of the importer",
      .file = std::string(file),
      .where = "byte " + std::to_string(broken.offset)};
  };
  if (bytes.empty()) {
    return diagnostic({0, "the file is empty"});
  }
  if (bytes.size() > options.max_onnx_bytes) {
    return diagnostic(
      {0,
       "the file has " + std::to_string(bytes.size()) + " bytes, at most " +
         std::to_string(options.max_onnx_bytes) + " are read",
       "E_RESOURCE"}
    );
  }
  const auto* start = reinterpret_cast<const char*>(bytes.data());
  try {
    Model model;
    for (Message in({start, bytes.size()}, start); in.next();) {
      switch (in.field()) {
      case 7:
        model.has_graph = true;
        model.graph_offset = in.offset();
        read_graph(in.message(), model, options);
        break;
      case 8:
        read_opset(in.message(), model);
        break;
      case 25:
        read_function(in.message(), model, options);
        break;
      default:
        in.skip();
      }
    }
    if (!model.has_graph) {
      throw Broken{bytes.size(), "the file holds no graph"};
    }
    return model;
  } catch (const Broken& broken) {
    return diagnostic(broken);
  }
}

} // namespace plena::io::onnx
