// The part of the ONNX file structure that is read: plain records that point into the file's bytes.
// Field numbers follow onnx.proto3 of the ONNX project. Nothing is allocated for sizes that the
// file merely claims.
#pragma once

#include "base/result.h"
#include "io/importer.h"

#include <optional>
#include <string_view>
#include <vector>

namespace plena::io::onnx {

/// Packed values as bytes.
inline Bytes bytes_of(std::string_view raw) {
  return {reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()};
}

/// A tensor as stored. Exactly one of the value fields is expected to be filled.
struct TensorProto {
  std::size_t offset = 0; ///< byte in the file, for messages
  std::string_view name{};
  std::vector<std::int64_t> dims{};
  std::int64_t data_type = 0;
  std::optional<std::string_view> raw{};
  std::vector<float> floats{};
  std::vector<double> doubles{};
  std::vector<std::int64_t> ints{};
  bool external = false;
  std::string_view location{};    ///< file name of external data
  std::string_view data_offset{}; ///< of its first byte there, and their number, as digits; empty: all
  std::string_view data_length{};
  std::string_view unsupported{}; ///< name of a field that is not read
};

struct AttributeProto {
  std::size_t offset = 0;
  std::string_view name{};
  std::int64_t type = 0; ///< 0 when the file does not say
  std::optional<float> f{};
  std::optional<std::int64_t> i{};
  std::optional<std::string_view> s{};
  std::optional<TensorProto> t{};
  std::vector<float> floats{};
  std::vector<std::int64_t> ints{};
  std::string_view unsupported{}; ///< kind of value that is not read, e.g. `a subgraph`
};

struct NodeProto {
  std::size_t offset = 0;
  std::vector<std::string_view> inputs{};
  std::vector<std::string_view> outputs{};
  std::string_view name{};
  std::string_view op_type{};
  std::string_view domain{};
  std::vector<AttributeProto> attributes{};
};

struct Dimension {
  std::optional<std::int64_t> value{};
  std::string_view param{};
};

struct ValueInfo {
  std::size_t offset = 0;
  std::string_view name{};
  std::int64_t elem_type = 0;
  std::optional<std::vector<Dimension>> shape{};
  std::string_view other_type{}; ///< `sequence`, `map`, ... when it is no tensor
};

struct Model {
  bool has_graph = false;
  std::size_t graph_offset = 0;
  std::string_view graph_name{};
  std::vector<NodeProto> nodes{};
  std::vector<TensorProto> initializers{};
  std::vector<ValueInfo> inputs{};
  std::vector<ValueInfo> outputs{};
  std::vector<ValueInfo> value_infos{};
  std::optional<std::int64_t> opset{}; ///< of the default domain
  std::vector<std::string_view> functions{};
  std::size_t sparse_initializers = 0;
};

/// E_PROTOBUF with the byte offset of the broken field; E_RESOURCE when there are more nodes or
/// tensors than the options allow.
Result<Model> read_model(std::string_view file, Bytes bytes, const ImportOptions& options);

} // namespace plena::io::onnx
