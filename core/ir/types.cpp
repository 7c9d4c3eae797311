#include "ir/types.h"

namespace plena::ir {

namespace {
constexpr bool table_is_in_enum_order() {
  std::size_t expected = 0;
  for (const DTypeInfo& row : dtypes) {
    if (static_cast<std::size_t>(row.dtype) != expected++) {
      return false;
    }
  }
  return expected == static_cast<std::size_t>(DType::Bool) + 1;
}
static_assert(table_is_in_enum_order());
} // namespace

std::optional<DType> parse_dtype(std::string_view name) {
  for (const DTypeInfo& row : dtypes) {
    if (row.name == name) {
      return row.dtype;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> element_count(const Shape& shape) {
  std::int64_t count = 1; // of the dimensions that are not 0, so that strides cannot overflow either
  bool empty = false;
  for (const std::int64_t dim : shape) {
    if (dim < 0 || dim > max_elements / count) {
      return std::nullopt;
    }
    empty = empty || dim == 0;
    count *= dim == 0 ? 1 : dim;
  }
  return empty ? 0 : count;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += i == 0 ? "" : ",";
    text += std::to_string(shape[i]);
  }
  text += ']';
  return text;
}

} // namespace plena::ir
