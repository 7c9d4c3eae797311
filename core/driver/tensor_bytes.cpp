#include "driver/tensor_bytes.h"

#include "numerics/bits.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <string>

namespace plena::driver {

namespace {

template <class T> float load(const std::uint8_t* bytes) {
  T value{};
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<float>(value);
}

float load_element(const std::uint8_t* bytes, ElementType type) {
  switch (type) {
  case ElementType::F32:
    return load<float>(bytes);
  case ElementType::F64:
    return load<double>(bytes);
  case ElementType::F16:
  case ElementType::BF16: {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes, sizeof bits);
    return type == ElementType::F16 ? numerics::half_to_f32(bits) : numerics::widen_bf16(bits);
  }
  case ElementType::I64:
    return load<std::int64_t>(bytes);
  case ElementType::I32:
    return load<std::int32_t>(bytes);
  case ElementType::I16:
    return load<std::int16_t>(bytes);
  case ElementType::I8:
    return load<std::int8_t>(bytes);
  case ElementType::U8:
  case ElementType::Bool:
    return load<std::uint8_t>(bytes);
  }
  return 0;
}

} // namespace

Result<std::vector<float>> values_from_bytes(
  std::span<const std::uint8_t> bytes,
  ElementType type,
  const ir::Shape& shape,
  std::string_view name
) {
  const std::size_t width = ir::info(type).bytes;
  const std::optional<std::int64_t> count = ir::element_count(shape);
  if (!count || static_cast<std::uint64_t>(*count) * width != bytes.size()) {
    return Diagnostic{
      .code = "E_TENSOR_SIZE",
      .message = fmt::format(
        "{} bytes given, {} elements of {} bytes expected", bytes.size(), count.value_or(0), width
      ),
      .hint = "give raw little-endian elements in the model's type, or a .npy file",
      .where = std::string(name)};
  }
  std::vector<float> values(static_cast<std::size_t>(*count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = load_element(bytes.data() + i * width, type);
  }
  return values;
}

Result<std::vector<float>>
values_from_text(std::string_view text, const ir::Shape& shape, std::string_view name) {
  const auto fail = [&](std::string message) {
    return Diagnostic{
      .code = "E_TENSOR_TEXT",
      .message = std::move(message),
      .hint = "give decimal numbers separated by white space or commas",
      .where = std::string(name)};
  };
  std::vector<float> values;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n,"), text.size()));
    if (text.empty()) {
      break;
    }
    const std::string token(text.substr(0, text.find_first_of(" \t\r\n,")));
    char* end = nullptr;
    values.push_back(std::strtof(token.c_str(), &end));
    if (end != token.c_str() + token.size()) {
      return fail(fmt::format("'{}' is not a number", token.substr(0, 20)));
    }
    text.remove_prefix(token.size());
  }
  const std::optional<std::int64_t> count = ir::element_count(shape);
  if (!count || values.size() != static_cast<std::uint64_t>(*count)) {
    return fail(fmt::format("{} numbers given, {} expected", values.size(), count.value_or(0)));
  }
  return values;
}

} // namespace plena::driver
