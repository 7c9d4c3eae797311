// Values that a JSON document holds itself: numbers, or bytes in base64.
#include "io/base64.h"
#include "io/elements.h"
#include "io/json_tensors.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

/// Collects the numbers of one tensor.
class Collector {
 public:
  Collector(JsonFields& fields, ir::DType type) : fields_(fields), type_(type) {}

  std::uint64_t count() const { return values.floats.size() + values.ints.size(); }

  bool
  nested(const json& value, const std::string& path, const ir::Shape& shape, std::size_t depth) {
    if (depth == shape.size()) {
      return one(value, path);
    }
    if (!fields_.array(value, path)) {
      return false;
    }
    if (static_cast<std::int64_t>(value.size()) != shape[depth]) {
      fields_.error(
        "E_SHAPE",
        path,
        std::to_string(value.size()) + " entries, expected " + std::to_string(shape[depth]) +
          " for shape " + ir::to_string(shape),
        "correct the shape or the values"
      );
      return false;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!nested(value[i], child(path, i), shape, depth + 1)) {
        return false;
      }
    }
    return true;
  }
  bool flat(const json& value, const std::string& path) {
    if (!value.is_array()) {
      return one(value, path);
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!one(value[i], child(path, i))) {
        return false;
      }
    }
    return true;
  }

  ir::Constant values{};

 private:
  bool one(const json& value, const std::string& path) {
    if (!ir::is_float(type_)) {
      if (!fields_.expect(value.is_number_integer(), value, path, "a whole number")) {
        return false;
      }
      values.ints.push_back(value.get<std::int64_t>());
      return true;
    }
    if (value.is_number()) {
      values.floats.push_back(value.get<float>());
      return true;
    }
    const float infinity = std::numeric_limits<float>::infinity();
    if (value == "inf" || value == "-inf") {
      values.floats.push_back(value == "inf" ? infinity : -infinity);
      return true;
    }
    if (value == "nan") {
      values.floats.push_back(std::numeric_limits<float>::quiet_NaN());
      return true;
    }
    return fields_.expect(false, value, path, "a number, \"inf\", \"-inf\" or \"nan\"");
  }

  JsonFields& fields_;
  ir::DType type_;
};

} // namespace

bool read_json_values(
  JsonFields& fields, const json& value, const std::string& path, TensorSpec& spec
) {
  if (!spec.shape && value.is_array()) {
    fields.error(
      "E_MISSING",
      path,
      "a tensor with an array of values needs `shape`",
      "add `shape` beside the values"
    );
    return false;
  }
  const ir::Shape shape = spec.shape.value_or(ir::Shape{});
  const bool nested = value.is_array() && !value.empty() && value[0].is_array();
  const auto count = static_cast<std::uint64_t>(*ir::element_count(shape));
  if (value.is_array() && !nested && value.size() != count) {
    fields.error(
      "E_SHAPE",
      path,
      std::to_string(value.size()) + " values, expected " + std::to_string(count) + " for shape " +
        ir::to_string(shape),
      "correct the shape or the values"
    );
    return false;
  }
  Collector collected(fields, spec.dtype);
  if (!(nested ? collected.nested(value, path, shape, 0) : collected.flat(value, path))) {
    return false;
  }
  if (collected.count() != count) {
    fields.error(
      "E_SHAPE",
      path,
      "one value for shape " + ir::to_string(shape),
      "give every value, or use `fill`"
    );
    return false;
  }
  spec.shape = shape;
  spec.values = std::move(collected.values);
  return true;
}

bool read_json_base64(
  JsonFields& fields, const json& parent, const std::string& path, TensorSpec& spec
) {
  const auto given = fields.text(parent, path, "base64");
  if (!given) {
    return false;
  }
  const std::string place = child(path, "base64");
  const std::uint64_t wanted =
    static_cast<std::uint64_t>(*ir::element_count(*spec.shape)) * ir::info(spec.dtype).bytes;
  const auto bytes = base64_decode(*given);
  if (!bytes) {
    fields.error(
      "E_WEIGHTS",
      place,
      "this is no base64 text",
      "use the standard alphabet with padding and without white space"
    );
    return false;
  }
  if (bytes->size() != wanted) {
    fields.error(
      "E_WEIGHTS",
      place,
      "byte length " + std::to_string(bytes->size()) + ", expected " + std::to_string(wanted),
      "correct the shape, the dtype or the text"
    );
    return false;
  }
  spec.values = read_elements(*bytes, spec.dtype);
  return true;
}

} // namespace plena::io
