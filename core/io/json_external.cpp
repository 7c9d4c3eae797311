// Tensors of a JSON document whose values lie in files beside it.
#include "base/sha256.h"
#include "base/size.h"
#include "io/companions.h"
#include "io/elements.h"
#include "io/json_tensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

struct TensorsType {
  std::string_view name; ///< in a file of tensors
  ir::DType dtype;
};
constexpr TensorsType tensors_types[] = {
  {"F32", ir::DType::F32}, {"F16", ir::DType::F16}, {"BF16", ir::DType::BF16}};

std::optional<std::uint64_t>
count_of(JsonFields& fields, const json& parent, const std::string& path, const char* key) {
  const json* value = fields.member(parent, path, key, false);
  if (value == nullptr ||
      !fields.expect(value->is_number_unsigned(), *value, child(path, key), "a whole number")) {
    return std::nullopt;
  }
  return value->get<std::uint64_t>();
}

/// Bytes in the file, and their type, for a tensor that the file has by name.
bool find_key(
  JsonFields& fields,
  const json& value,
  const std::string& path,
  Companions& companions,
  const std::string& key,
  TensorSpec& spec
) {
  External& external = *spec.external;
  const Result<const Safetensors*> file = companions.tensors(external.file);
  if (!file) {
    const Diagnostic& why = file.diagnostics().front();
    fields.error(why.code, child(path, "file"), why.message, why.hint);
    return false;
  }
  const auto entry = (*file)->entries().find(key);
  if (entry == (*file)->entries().end()) {
    fields.error(
      "E_WEIGHTS",
      child(path, "key"),
      "the file " + external.file + " has no tensor " + key,
      "correct the name, or give the file that has it"
    );
    return false;
  }
  const auto type = std::find_if(
    std::begin(tensors_types),
    std::end(tensors_types),
    [&](const TensorsType& row) { return row.name == entry->second.dtype; }
  );
  const bool other = value.contains("dtype") && type != std::end(tensors_types) && type->dtype != spec.dtype;
  if (type == std::end(tensors_types) || other) {
    fields.error(
      "E_DTYPE",
      child(path, "key"),
      "values in the file are of type " + entry->second.dtype,
      other ? "leave `dtype` out: the file tells it" : "save them in float32, float16 or bfloat16"
    );
    return false;
  }
  if (spec.shape && *spec.shape != entry->second.shape) {
    fields.error(
      "E_SHAPE",
      child(path, "shape"),
      "shape " + ir::to_string(*spec.shape) + ", but in the file " + ir::to_string(entry->second.shape),
      "correct it, or leave it out"
    );
    return false;
  }
  spec.shape = entry->second.shape;
  spec.dtype = type->dtype;
  external.offset = entry->second.begin;
  external.length = entry->second.end - entry->second.begin;
  return true;
}

} // namespace

bool JsonTensors::external(const json& value, const std::string& path, TensorSpec& spec) {
  const auto file = fields_.text(value, path, "file");
  if (!file) {
    return false;
  }
  if (companions_ == nullptr) {
    fields_.error(
      "E_EXTERNAL_DATA",
      child(path, "file"),
      "the values lie in the file " + *file + ", which is not there",
      "give it together with the model"
    );
    return false;
  }
  External& external = spec.external.emplace();
  external.file = *file;
  external.offset = count_of(fields_, value, path, "offset").value_or(0);
  const auto length = count_of(fields_, value, path, "length");
  external.sha256 = fields_.text(value, path, "sha256").value_or("");
  std::transform(
    external.sha256.begin(), external.sha256.end(), external.sha256.begin(), [](char c) {
      return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  );
  if (const auto key = fields_.text(value, path, "key")) {
    if (value.contains("offset") || value.contains("length")) {
      fields_.error(
        "E_WEIGHTS", path, "two places for one tensor: `key` and bytes of the file", "keep one of them"
      );
      return false;
    }
    return find_key(fields_, value, path, *companions_, *key, spec);
  }
  if (!spec.shape) {
    (void)fields_.member(value, path, "shape", true);
    return false;
  }
  const std::uint64_t wanted =
    static_cast<std::uint64_t>(*ir::element_count(*spec.shape)) * ir::info(spec.dtype).bytes;
  external.length = wanted;
  external.to_end = !value.contains("offset") && !length;
  if (length && *length != wanted) {
    fields_.error(
      "E_WEIGHTS",
      child(path, "length"),
      "byte length " + std::to_string(*length) + ", expected " + std::to_string(wanted),
      "correct the shape, the dtype or the length"
    );
    return false;
  }
  return true;
}

Result<ir::Constant> read_external(Companions& companions, const TensorSpec& spec) {
  const External& external = *spec.external;
  const Result<std::vector<std::uint8_t>> bytes = companions.read(
    external.file,
    external.offset,
    external.to_end ? std::nullopt : std::optional(external.length)
  );
  if (!bytes) {
    return bytes.diagnostics();
  }
  const auto refuse = [&](std::string message, std::string hint) {
    return Diagnostic{
      .code = "E_WEIGHTS",
      .message = std::move(message),
      .hint = std::move(hint),
      .file = external.file};
  };
  if (bytes->size() != external.length) {
    return refuse(
      "the file " + external.file + " has a byte length of " + std::to_string(bytes->size()) +
        ", expected " + std::to_string(external.length),
      "correct the shape or the dtype, or say with `offset` where the values begin"
    );
  }
  if (!external.sha256.empty() && sha256_hex(*bytes) != external.sha256) {
    return refuse(
      "the bytes in " + external.file + " have the SHA-256 " + sha256_hex(*bytes) + ", expected " +
        external.sha256,
      "give the file that the model was made with, or correct the digest"
    );
  }
  return read_elements(*bytes, spec.dtype);
}

} // namespace plena::io
