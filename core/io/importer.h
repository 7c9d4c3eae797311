// Model files to graphs. Every format is a row of formats.def and a file import_<format>.cpp.
#pragma once

#include "base/result.h"
#include "frontend/build.h"
#include "io/companions.h"
#include "ir/graph.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::io {

/// A graph input is only a claim; larger ones are refused before anybody allocates them.
inline constexpr std::int64_t max_input_elements = std::int64_t{1} << 28;

using Bytes = std::span<const std::uint8_t>;

struct ImportOptions {
  /// Sizes of dimensions that the file leaves open, by their name in the file; a dimension without
  /// a name is `input[axis]`. part_dimensions.h has names that mean something by themselves.
  std::map<std::string, std::int64_t, std::less<>> dims{};
  /// Of models by their dimensions that start from tokens: these instead of the document's.
  std::vector<std::int64_t> ids{};
  /// Of models by their dimensions: a graph that goes on with a text.
  std::optional<frontend::Step> step{};
  Companions* companions = nullptr; ///< files beside the model's; null: there are none
  std::size_t max_onnx_bytes = 0x7FFFFFFF; ///< the limit of protobuf itself
  std::size_t max_json_bytes = std::size_t{256} << 20;
  std::size_t max_nodes = 1'000'000;
  std::size_t max_tensors = 1'000'000;
  /// Is told what was built of a model that is described by its dimensions; else left alone.
  frontend::BuiltPart* built = nullptr;
};

struct FormatInfo {
  std::string_view id;
  std::string_view name;
  std::string_view suffix;
};
const std::vector<FormatInfo>& formats();

/// The format of a file: by its content, else by its name; nothing when neither tells.
const FormatInfo* recognise(std::string_view name, Bytes bytes);

/// Reads a model of any format. `name` is used for messages and, when the content does not tell,
/// for the format. The graph passes `ir::verify` at the imported level; its operators are
/// `onnx:Name`, `com.microsoft:Name` or, from a JSON model, rows of ops.def. E_FORMAT when no
/// format fits; other codes are listed with the importers.
Result<ir::Graph>
import_model(std::string_view name, Bytes bytes, const ImportOptions& options = {});

/// E_PROTOBUF, E_OPSET, E_UNSUPPORTED_OP, E_UNSUPPORTED_ATTR, E_DTYPE, E_EXTERNAL_DATA,
/// E_DYNAMIC_SHAPE, E_SHAPE, E_GRAPH, E_RESOURCE; each with a byte offset or a node.
Result<ir::Graph> import_onnx(std::string_view name, Bytes bytes, const ImportOptions& options);

/// E_JSON, E_VERSION, E_FAMILY, E_MISSING, E_UNKNOWN_KEY, E_TYPE, E_RANGE, E_SHAPE, E_WEIGHTS,
/// E_GRAPH, E_INPUT, E_UNSUPPORTED_OP, E_COMPAT, E_RESOURCE, E_EXTERNAL_DATA,
/// E_SAFETENSORS; each with a JSON pointer or, for syntax, line and column.
Result<ir::Graph> import_json(std::string_view name, Bytes bytes, const ImportOptions& options);

} // namespace plena::io
