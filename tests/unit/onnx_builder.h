// Small ONNX files made in memory, for tests that need no recorded data.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <variant>
#include <vector>

namespace plena::tests {

class OnnxBuilder {
 public:
  using AttrValue = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>>;
  struct Attr {
    std::string name;
    AttrValue value;
  };
  using Names = std::vector<std::string>;
  using Shape = std::vector<std::int64_t>;

  OnnxBuilder& input(const std::string& name, const Shape& shape, int elem_type = 1) {
    return value(11, name, shape, elem_type);
  }
  OnnxBuilder& output(const std::string& name, const Shape& shape, int elem_type = 1) {
    return value(12, name, shape, elem_type);
  }
  OnnxBuilder& value_info(const std::string& name, const Shape& shape, int elem_type = 1) {
    return value(13, name, shape, elem_type);
  }
  /// An input whose first dimension has a name.
  OnnxBuilder&
  symbolic_input(const std::string& name, const std::string& dim, std::int64_t second) {
    std::string info;
    protozero::pbf_writer writer(info);
    writer.add_string(1, name);
    {
      protozero::pbf_writer type(writer, 2);
      protozero::pbf_writer tensor(type, 1);
      tensor.add_int32(1, 1);
      protozero::pbf_writer shape(tensor, 2);
      {
        protozero::pbf_writer open(shape, 1);
        open.add_string(2, dim);
      }
      protozero::pbf_writer fixed(shape, 1);
      fixed.add_int64(1, second);
    }
    protozero::pbf_writer(graph_).add_message(11, info);
    return *this;
  }
  OnnxBuilder&
  floats(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    return tensor(
      name, shape, 1, {reinterpret_cast<const char*>(values.data()), values.size() * 4}
    );
  }
  OnnxBuilder&
  ints(const std::string& name, const Shape& shape, const std::vector<std::int64_t>& values) {
    return tensor(
      name, shape, 7, {reinterpret_cast<const char*>(values.data()), values.size() * 8}
    );
  }
  /// An initialiser with any bytes as its raw data.
  OnnxBuilder&
  tensor(const std::string& name, const Shape& shape, int data_type, const std::string& raw) {
    std::string text;
    protozero::pbf_writer writer(text);
    for (const std::int64_t dim : shape) {
      writer.add_int64(1, dim);
    }
    writer.add_int32(2, data_type);
    writer.add_string(8, name);
    writer.add_bytes(9, raw);
    return initializer(text);
  }
  OnnxBuilder& initializer(const std::string& message) {
    protozero::pbf_writer(graph_).add_message(5, message);
    return *this;
  }
  OnnxBuilder& node(
    const std::string& op,
    const Names& inputs,
    const Names& outputs,
    const std::vector<Attr>& attrs = {},
    const std::string& name = "",
    const std::string& domain = ""
  ) {
    std::string text;
    protozero::pbf_writer writer(text);
    for (const std::string& input : inputs) {
      writer.add_string(1, input);
    }
    for (const std::string& output : outputs) {
      writer.add_string(2, output);
    }
    writer.add_string(3, name);
    writer.add_string(4, op);
    for (const Attr& attr : attrs) {
      protozero::pbf_writer entry(writer, 5);
      entry.add_string(1, attr.name);
      if (const auto* integer = std::get_if<std::int64_t>(&attr.value)) {
        entry.add_int64(3, *integer);
        entry.add_int32(20, 2);
      } else if (const auto* real = std::get_if<float>(&attr.value)) {
        entry.add_float(2, *real);
        entry.add_int32(20, 1);
      } else if (const auto* string = std::get_if<std::string>(&attr.value)) {
        entry.add_string(4, *string);
        entry.add_int32(20, 3);
      } else {
        const auto& list = std::get<std::vector<std::int64_t>>(attr.value);
        entry.add_packed_int64(8, list.begin(), list.end());
        entry.add_int32(20, 7);
      }
    }
    if (!domain.empty()) {
      writer.add_string(7, domain);
    }
    return node_message(text);
  }
  OnnxBuilder& node_message(const std::string& message) {
    protozero::pbf_writer(graph_).add_message(1, message);
    return *this;
  }
  OnnxBuilder& opset(std::int64_t version) {
    opset_ = version;
    return *this;
  }

  std::vector<std::uint8_t> bytes() const {
    std::string text;
    protozero::pbf_writer writer(text);
    writer.add_int64(1, 8);
    {
      protozero::pbf_writer version(writer, 8);
      version.add_string(1, "");
      version.add_int64(2, opset_);
    }
    writer.add_message(7, graph_);
    return {text.begin(), text.end()};
  }

 private:
  OnnxBuilder&
  value(protozero::pbf_tag_type field, const std::string& name, const Shape& shape, int elem_type) {
    std::string info;
    protozero::pbf_writer writer(info);
    writer.add_string(1, name);
    {
      protozero::pbf_writer type(writer, 2);
      protozero::pbf_writer tensor_type(type, 1);
      tensor_type.add_int32(1, elem_type);
      protozero::pbf_writer shape_writer(tensor_type, 2);
      for (const std::int64_t dim : shape) {
        protozero::pbf_writer entry(shape_writer, 1);
        entry.add_int64(1, dim);
      }
    }
    protozero::pbf_writer(graph_).add_message(field, info);
    return *this;
  }

  std::string graph_;
  std::int64_t opset_ = 18;
};

} // namespace plena::tests
