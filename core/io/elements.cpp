#include "io/elements.h"

#include "io/weights.h"

#include <bit>
#include <cstring>

namespace plena::io {

namespace {

static_assert(std::endian::native == std::endian::little);

/// Elements of type T; the file's bytes need no alignment.
template <class T, class F> void each(std::span<const std::uint8_t> raw, F&& use) {
  for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    use(value);
  }
}

} // namespace

ir::Constant read_elements(std::span<const std::uint8_t> raw, ir::DType type) {
  ir::Constant values;
  const std::size_t count = raw.size() / ir::info(type).bytes;
  if (ir::is_float(type)) {
    values.floats.reserve(count);
  } else {
    values.ints.reserve(count);
  }
  const auto real = [&](auto value) { values.floats.push_back(static_cast<float>(value)); };
  const auto whole = [&](auto value) { values.ints.push_back(static_cast<std::int64_t>(value)); };
  switch (type) {
  case ir::DType::F32:
    each<float>(raw, real);
    break;
  case ir::DType::F64:
    each<double>(raw, real);
    break;
  case ir::DType::F16:
    each<std::uint16_t>(raw, [&](std::uint16_t bits) { real(half_value(bits)); });
    break;
  case ir::DType::BF16:
    each<std::uint16_t>(raw, [&](std::uint16_t bits) { real(bf16_value(bits)); });
    break;
  case ir::DType::I64:
    each<std::int64_t>(raw, whole);
    break;
  case ir::DType::I32:
    each<std::int32_t>(raw, whole);
    break;
  case ir::DType::I16:
    each<std::int16_t>(raw, whole);
    break;
  case ir::DType::I8:
    each<std::int8_t>(raw, whole);
    break;
  case ir::DType::U8:
    each<std::uint8_t>(raw, whole);
    break;
  case ir::DType::Bool:
    each<std::uint8_t>(raw, [&](std::uint8_t value) { whole(value != 0 ? 1 : 0); });
    break;
  }
  return values;
}

} // namespace plena::io
