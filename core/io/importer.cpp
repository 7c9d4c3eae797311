#include "io/importer.h"

namespace plena::io {

namespace {

/// The first character that is no white space is an opening brace.
bool looks_like_json(Bytes bytes) {
  std::size_t at = bytes.size() >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB ? 3 : 0;
  while (at < bytes.size() &&
         (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\n' || bytes[at] == '\r')) {
    ++at;
  }
  return at < bytes.size() && bytes[at] == '{';
}

/// Exporters write the format version first: field 1, a small number.
bool looks_like_onnx(Bytes bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x08 && bytes[1] >= 1 && bytes[1] <= 64;
}

using Recogniser = bool (*)(Bytes);
using Importer = Result<ir::Graph> (*)(std::string_view, Bytes, const ImportOptions&);

struct Row {
  Recogniser recognise;
  Importer import;
};
constexpr Row rows[] = {
#define FORMAT(id, name, suffix) {looks_like_##id, import_##id},
#include "io/formats.def"
#undef FORMAT
};

} // namespace

const std::vector<FormatInfo>& formats() {
  static const std::vector<FormatInfo> table = {
#define FORMAT(id, name, suffix) {#id, name, suffix},
#include "io/formats.def"
#undef FORMAT
  };
  return table;
}

const FormatInfo* recognise(std::string_view name, Bytes bytes) {
  for (std::size_t i = 0; i < formats().size(); ++i) {
    if (rows[i].recognise(bytes)) {
      return &formats()[i];
    }
  }
  for (const FormatInfo& format : formats()) {
    if (name.ends_with(format.suffix)) {
      return &format;
    }
  }
  return nullptr;
}

Result<ir::Graph> import_model(std::string_view name, Bytes bytes, const ImportOptions& options) {
  const FormatInfo* format = recognise(name, bytes);
  if (format == nullptr) {
    std::string known;
    for (const FormatInfo& row : formats()) {
      known += known.empty() ? "" : ", ";
      known += std::string(row.name) + " (" + std::string(row.suffix) + ")";
    }
    return Diagnostic{
      .code = "E_FORMAT",
      .message = bytes.empty() ? "the file is empty" : "the file is in no known model format",
      .hint = "formats read: " + known,
      .file = std::string(name),
      .where = "byte 0"};
  }
  const auto row = static_cast<std::size_t>(format - formats().data());
  return rows[row].import(name, bytes, options);
}

} // namespace plena::io
