#include "io/json_tensors.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

/// Elements that generators and fills may make in one document.
constexpr std::int64_t max_generated = std::int64_t{1} << 28;
constexpr std::size_t max_rank = 16;

const Keys tensor_keys = {
  "shape",
  "dtype",
  "values",
  "base64",
  "file",
  "offset",
  "length",
  "sha256",
  "key",
  "generator",
  "name",
  "seed",
  "std",
  "mean",
  "fill",
  "layout"};
constexpr ir::DType json_dtypes[] = {
  ir::DType::F32, ir::DType::F16, ir::DType::BF16, ir::DType::I32, ir::DType::I64, ir::DType::U8};

bool whole(double value) { return std::fabs(value) < 0x1p62 && value == std::trunc(value); }

} // namespace

std::optional<ir::Shape> JsonTensors::shape(const json& value, const std::string& path) {
  if (!fields_.array(value, path)) {
    return std::nullopt;
  }
  ir::Shape result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!fields_.expect(value[i].is_number_integer(), value[i], child(path, i), "an integer")) {
      return std::nullopt;
    }
    const bool huge = value[i].is_number_unsigned() &&
                      value[i].get<std::uint64_t>() > static_cast<std::uint64_t>(ir::max_elements);
    result.push_back(huge ? -1 : value[i].get<std::int64_t>());
  }
  const auto count = ir::element_count(result);
  if (!count || *count == 0 || result.size() > max_rank) {
    fields_.error(
      "E_RANGE",
      path,
      "the shape " + value.dump() + " is empty or too large",
      "dimensions are whole numbers from 1"
    );
    return std::nullopt;
  }
  return result;
}

std::optional<ir::DType> JsonTensors::dtype(const json& parent, const std::string& path) {
  if (fields_.member(parent, path, "dtype", false) == nullptr) {
    return ir::DType::F32;
  }
  const auto name = fields_.text(parent, path, "dtype");
  const auto found = name ? ir::parse_dtype(*name) : std::nullopt;
  const bool read = found && std::find(std::begin(json_dtypes), std::end(json_dtypes), *found) !=
                               std::end(json_dtypes);
  if (name && !read) {
    std::string known;
    for (const ir::DType type : json_dtypes) {
      known += (known.empty() ? "" : ", ") + std::string(ir::info(type).name);
    }
    fields_.error(
      "E_RANGE",
      child(path, "dtype"),
      "element type \"" + *name + "\" is not read",
      "types read: " + known
    );
    return std::nullopt;
  }
  return found;
}

std::optional<TensorSpec>
JsonTensors::spec(
  const json& value, const std::string& path, const std::string& name, bool later
) {
  if (!fields_.object(value, path)) {
    return std::nullopt;
  }
  fields_.check_keys(value, path, tensor_keys, true);
  TensorSpec spec;
  const auto type = dtype(value, path);
  if (const json* given = fields_.member(value, path, "shape", false)) {
    spec.shape = shape(*given, child(path, "shape"));
    if (!spec.shape) {
      return std::nullopt;
    }
  }
  if (const auto layout = fields_.text(value, path, "layout")) {
    spec.out_in = *layout == "out_in";
    if (!spec.out_in && *layout != "in_out") {
      fields_.error(
        "E_RANGE",
        child(path, "layout"),
        "layout \"" + *layout + "\" is not known",
        "a layout is `out_in`, as checkpoints store weights, or `in_out`"
      );
    }
  }
  if (!type) {
    return std::nullopt;
  }
  spec.dtype = *type;
  if (!source(value, path, name, spec)) {
    return std::nullopt;
  }
  if (spec.external && !later) {
    Result<ir::Constant> values = read_external(*companions_, spec);
    if (!values) {
      const Diagnostic& why = values.diagnostics().front();
      fields_.error(why.code, child(path, "file"), why.message, why.hint);
      return std::nullopt;
    }
    spec.values = std::move(*values);
    spec.external.reset();
  }
  return spec;
}

bool JsonTensors::reserve(const ir::Shape& shape) {
  generated_ += *ir::element_count(shape);
  return generated_ <= max_generated;
}

/// The one key that says where the values come from; empty when there is none, nothing after an
/// error.
std::optional<std::string> JsonTensors::source_key(const json& value, const std::string& path) {
  std::string given;
  for (const char* key : {"values", "base64", "file", "generator", "fill"}) {
    if (!value.contains(key)) {
      continue;
    }
    if (!given.empty()) {
      fields_.error(
        "E_WEIGHTS",
        path,
        "two sources for one tensor: `" + given + "` and `" + key + "`",
        "keep one of them"
      );
      return std::nullopt;
    }
    given = key;
  }
  return given;
}

bool JsonTensors::source(
  const json& value, const std::string& path, const std::string& name, TensorSpec& spec
) {
  const auto given = source_key(value, path);
  if (!given || given->empty()) {
    return given.has_value();
  }
  if (*given == "file") {
    return external(value, path, spec);
  }
  const bool half = spec.dtype == ir::DType::F16 || spec.dtype == ir::DType::BF16;
  if (half && *given != "base64") {
    fields_.error(
      "E_TYPE", path, "f16 and bf16 tensors are given as `base64` or `file` only", "use dtype f32"
    );
    return false;
  }
  if (*given == "values") {
    return read_json_values(fields_, value["values"], child(path, "values"), spec);
  }
  if (!spec.shape) {
    (void)fields_.member(value, path, "shape", true);
    return false;
  }
  if (*given == "base64") {
    return read_json_base64(fields_, value, path, spec);
  }
  if (!reserve(*spec.shape)) {
    fields_.error(
      "E_RESOURCE",
      child(path, "shape"),
      "generated tensors have more than " + std::to_string(max_generated) + " elements",
      "use a smaller model"
    );
    return false;
  }
  return *given == "fill" ? fill(value, path, spec) : generator(value, path, name, spec);
}

bool JsonTensors::fill(const json& value, const std::string& path, TensorSpec& spec) {
  const auto filled = fields_.number(value, path, "fill");
  const auto count = static_cast<std::size_t>(*ir::element_count(*spec.shape));
  if (filled && ir::is_float(spec.dtype)) {
    spec.values = ir::Constant{.floats = std::vector<float>(count, static_cast<float>(*filled))};
  } else if (filled && whole(*filled)) {
    spec.values =
      ir::Constant{.ints = std::vector<std::int64_t>(count, static_cast<std::int64_t>(*filled))};
  } else if (filled) {
    fields_.error(
      "E_TYPE",
      child(path, "fill"),
      "expected a whole number",
      "write a whole number, or choose dtype f32"
    );
  }
  return spec.values.has_value();
}

bool JsonTensors::generator(
  const json& value, const std::string& path, const std::string& name, TensorSpec& spec
) {
  const auto kind = fields_.text(value, path, "generator");
  if (!kind) {
    return false;
  }
  if (*kind != "ih4" || !ir::is_float(spec.dtype)) {
    fields_.error(
      "E_RANGE",
      child(path, "generator"),
      "only `ih4` for f32 tensors is known",
      "use `ih4` and dtype f32, or give `values`, `base64` or `fill`"
    );
    return false;
  }
  Generator made{.name = fields_.text(value, path, "name").value_or(name)};
  made.seed = fields_.seed(value, path).value_or(made.seed);
  made.std = fields_.number(value, path, "std").value_or(made.std);
  made.mean = fields_.number(value, path, "mean").value_or(made.mean);
  spec.generator = std::move(made);
  return true;
}

} // namespace plena::io
