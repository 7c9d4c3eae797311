#include "io/safetensors_json.h"

#include "base/size.h"
#include "io/elements.h"
#include "io/json_fields.h"
#include "io/json_syntax.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace plena::io {

namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::size_t max_rank = 16;

/// Element types of the format; those without a type of ours are skipped over, but not read.
struct TypeRow {
  std::string_view name;
  std::size_t bits;
  std::optional<ir::DType> read{};
};
constexpr TypeRow types[] = {
  {"F32", 32, ir::DType::F32},
  {"F16", 16, ir::DType::F16},
  {"BF16", 16, ir::DType::BF16},
  {"F64", 64},
  {"I64", 64},
  {"U64", 64},
  {"I32", 32},
  {"U32", 32},
  {"I16", 16},
  {"U16", 16},
  {"I8", 8},
  {"U8", 8},
  {"BOOL", 8},
  {"F8_E5M2", 8},
  {"F8_E4M3", 8},
  {"F8_E8M0", 8},
  {"C64", 64}};

const TypeRow* find_type(std::string_view name) {
  const auto found = std::find_if(std::begin(types), std::end(types), [&](const TypeRow& row) {
    return row.name == name;
  });
  return found == std::end(types) ? nullptr : found;
}

/// The texts of tensors and files, checked and parsed.
Result<json> parse(const std::string& name, Bytes bytes, std::size_t limit) {
  ImportOptions options;
  options.max_json_bytes = limit;
  if (Status syntax = check_json_syntax(name, bytes, options); !syntax) {
    return std::move(syntax).diagnostics();
  }
  try {
    return json::parse(bytes.begin(), bytes.end());
  } catch (const json::exception& exception) {
    return Diagnostic{
      .code = "E_JSON",
      .message = exception.what(),
      .hint = "correct what the message names",
      .file = name};
  }
}

constexpr const char* damaged = "the file is damaged or no safetensors file; download it again";

class HeaderReader {
 public:
  HeaderReader(const std::string& file, std::uint64_t data, std::uint64_t size)
      : problems_(file),
        data_(data),
        size_(size) {}

  using Entries = std::map<std::string, Safetensors::Entry, std::less<>>;

  Result<Entries> read(const json& header) {
    if (!header.is_object()) {
      error("header", "the header is no JSON object");
    } else {
      for (const auto& [name, value] : header.items()) {
        if (name != "__metadata__") {
          entry(name, value);
        }
      }
      check_overlaps();
    }
    if (problems_.any_error()) {
      return problems_.take();
    }
    return std::move(entries_);
  }

 private:
  void error(const std::string& where, std::string message) {
    problems_.error("E_SAFETENSORS", where, std::move(message), damaged);
  }

  void entry(const std::string& name, const json& value) {
    const bool complete = value.is_object() && value.contains("dtype") && value.contains("shape") &&
                          value.contains("data_offsets") && value["dtype"].is_string() &&
                          value["shape"].is_array() && value["data_offsets"].is_array();
    if (!complete) {
      return error(name, "the entry has no dtype, shape and data_offsets");
    }
    Safetensors::Entry entry{.dtype = value["dtype"].get<std::string>()};
    const std::optional<ir::Shape> shape = shape_of(value["shape"]);
    if (!shape) {
      return error(name, "the shape " + value["shape"].dump() + " is impossible");
    }
    entry.shape = *shape;
    const json& offsets = value["data_offsets"];
    if (offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
      return error(name, "data_offsets are not two whole numbers");
    }
    const auto begin = offsets[0].get<std::uint64_t>();
    const auto end = offsets[1].get<std::uint64_t>();
    const std::uint64_t room = size_ - data_;
    if (begin > end || end > room) {
      return error(
        name,
        "bytes " + std::to_string(begin) + " to " + std::to_string(end) + " do not lie in the " +
          std::to_string(room) + " bytes of values"
      );
    }
    entry.begin = data_ + begin;
    entry.end = data_ + end;
    if (const TypeRow* type = find_type(entry.dtype)) {
      const auto count = static_cast<std::uint64_t>(*ir::element_count(entry.shape));
      if (end - begin != count * (type->bits / 8)) {
        return error(
          name,
          std::to_string(end - begin) + " bytes are not the values of " + entry.dtype + " " +
            ir::to_string(entry.shape)
        );
      }
    }
    entries_.emplace(name, std::move(entry));
  }

  static std::optional<ir::Shape> shape_of(const json& value) {
    ir::Shape shape;
    for (const json& size : value) {
      if (!size.is_number_unsigned() || size.get<std::uint64_t>() > std::uint64_t{ir::max_elements}) {
        return std::nullopt;
      }
      shape.push_back(size.get<std::int64_t>());
    }
    return shape.size() <= max_rank && ir::element_count(shape) ? std::optional(shape) : std::nullopt;
  }

  void check_overlaps() {
    struct Range {
      std::uint64_t begin, end;
      const std::string* name;
    };
    std::vector<Range> ranges;
    for (const auto& [name, entry] : entries_) {
      if (entry.begin != entry.end) {
        ranges.push_back({entry.begin, entry.end, &name});
      }
    }
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
      return a.begin < b.begin;
    });
    for (std::size_t i = 1; i < ranges.size(); ++i) {
      if (ranges[i].begin < ranges[i - 1].end) {
        error(*ranges[i].name, "its bytes overlap those of " + *ranges[i - 1].name);
      }
    }
  }

  Problems problems_;
  std::uint64_t data_;
  std::uint64_t size_;
  Entries entries_;
};

Diagnostic broken(const std::string& file, std::string message) {
  return {
    .code = "E_SAFETENSORS",
    .message = std::move(message),
    .hint = damaged,
    .file = file,
    .where = "byte 0"};
}

} // namespace

Result<Safetensors> Safetensors::open(const ModelFile& file) {
  const std::uint64_t size = file.bytes->size();
  if (size < length_bytes) {
    return broken(file.name, "the file has only " + std::to_string(size) + " bytes");
  }
  std::vector<std::uint8_t> head(length_bytes);
  if (Status read = file.bytes->read(0, head); !read) {
    return std::move(read).diagnostics();
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= std::uint64_t{head[i]} << (8 * i);
  }
  if (length > max_safetensors_header || length > size - length_bytes) {
    return broken(
      file.name,
      "the header is said to have " + std::to_string(length) + " bytes, the file has " +
        std::to_string(size) + " and headers at most " + std::to_string(max_safetensors_header)
    );
  }
  std::vector<std::uint8_t> text(to_size(length));
  if (Status read = file.bytes->read(length_bytes, text); !read) {
    return std::move(read).diagnostics();
  }
  const Result<json> header = parse(file.name, text, to_size(max_safetensors_header));
  if (!header) {
    return header.diagnostics();
  }
  auto entries = HeaderReader(file.name, length_bytes + length, size).read(*header);
  if (!entries) {
    return std::move(entries).diagnostics();
  }
  Safetensors opened;
  opened.file_ = file;
  opened.header_.assign(text.begin(), text.end());
  opened.entries_ = std::move(*entries);
  return opened;
}

Result<std::vector<float>>
Safetensors::read(std::string_view tensor, std::int64_t first, std::int64_t count) const {
  const auto found = entries_.find(tensor);
  PLENA_CHECK(found != entries_.end());
  const Entry& entry = found->second;
  const TypeRow* type = find_type(entry.dtype);
  if (type == nullptr || !type->read) {
    return Diagnostic{
      .code = "E_DTYPE",
      .message = "values of type " + entry.dtype + " are not read",
      .hint = "save the model in float32, float16 or bfloat16",
      .file = file_.name,
      .where = std::string(tensor)};
  }
  const std::int64_t entries = entry.shape.empty() ? 1 : entry.shape.front();
  PLENA_CHECK(first >= 0 && count >= 0 && count <= entries && first <= entries - count);
  const std::uint64_t each =
    entries == 0 ? 0 : (entry.end - entry.begin) / static_cast<std::uint64_t>(entries);
  std::vector<std::uint8_t> bytes(to_size(each * static_cast<std::uint64_t>(count)));
  if (Status read = file_.bytes->read(entry.begin + each * static_cast<std::uint64_t>(first), bytes);
      !read) {
    return std::move(read).diagnostics();
  }
  return read_elements(bytes, *type->read).floats;
}

Result<std::map<std::string, std::string, std::less<>>>
read_safetensors_index(const ModelFile& file) {
  const Result<std::vector<std::uint8_t>> bytes = read_all(file, max_safetensors_header);
  if (!bytes) {
    return bytes.diagnostics();
  }
  const Result<json> document = parse(file.name, *bytes, to_size(max_safetensors_header));
  if (!document) {
    return document.diagnostics();
  }
  Problems problems(file.name);
  JsonFields fields(problems);
  std::map<std::string, std::string, std::less<>> places;
  if (fields.object(*document, "")) {
    if (const json* map = fields.object_member(*document, "", "weight_map", true)) {
      for (const auto& [tensor, place] : map->items()) {
        if (const auto name = fields.as_text(place, child("/weight_map", tensor))) {
          places.emplace(tensor, *name);
        }
      }
    }
  }
  if (problems.any_error()) {
    return problems.take();
  }
  return places;
}

} // namespace plena::io
