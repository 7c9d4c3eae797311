#include "driver/npy.h"

#include "driver/tensor_bytes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <string_view>

namespace plena::driver {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

Diagnostic npy_error(std::string_view name, std::string message) {
  return {
    .code = "E_NPY",
    .message = std::move(message),
    .hint = "save it with numpy.save from a C-ordered array of numbers",
    .where = std::string(name)};
}

/// The text after `'key':` in the header's dictionary, without leading blanks.
std::string_view entry(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) {
    return {};
  }
  header.remove_prefix(at + key.size() + 3);
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

std::optional<ElementType> element_type(std::string_view descr) {
  struct Row {
    std::string_view descr;
    ElementType type;
  };
  constexpr std::array<Row, 9> rows{{
    {"<f2", ElementType::F16},
    {"<f4", ElementType::F32},
    {"<f8", ElementType::F64},
    {"|i1", ElementType::I8},
    {"|u1", ElementType::U8},
    {"<i2", ElementType::I16},
    {"<i4", ElementType::I32},
    {"<i8", ElementType::I64},
    {"|b1", ElementType::U8},
  }};
  for (const Row& row : rows) {
    if (descr == row.descr) {
      return row.type;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  if (text.empty() || text.front() != '(' || text.find(')') == std::string_view::npos) {
    return std::nullopt;
  }
  text = text.substr(1, text.find(')') - 1);
  std::vector<std::int64_t> shape;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty()) {
      break;
    }
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc{} || extent < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    shape.push_back(extent);
  }
  return shape;
}

} // namespace

bool is_npy(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Result<NamedTensor> read_npy(std::span<const std::uint8_t> bytes, std::string_view name) {
  if (!is_npy(bytes) || bytes.size() < 12) {
    return npy_error(name, "not a .npy file");
  }
  const bool long_header = bytes[6] >= 2;
  std::size_t header_bytes = bytes[8] | static_cast<std::size_t>(bytes[9]) << 8;
  if (long_header) {
    header_bytes |= static_cast<std::size_t>(bytes[10]) << 16 | static_cast<std::size_t>(bytes[11])
                                                                  << 24;
  }
  const std::size_t header_begin = long_header ? 12 : 10;
  if (bytes.size() - header_begin < header_bytes) {
    return npy_error(name, "the header is cut off");
  }
  const std::string_view header(
    reinterpret_cast<const char*>(bytes.data()) + header_begin, header_bytes
  );
  std::string_view descr = entry(header, "descr");
  descr = descr.size() > 4 ? descr.substr(1, 3) : std::string_view{};
  const std::optional<ElementType> type = element_type(descr);
  if (!type) {
    return npy_error(name, fmt::format("element type '{}' is not supported", descr));
  }
  if (!entry(header, "fortran_order").starts_with("False")) {
    return npy_error(name, "the array is in Fortran order");
  }
  const auto shape = parse_shape(entry(header, "shape"));
  if (!shape) {
    return npy_error(name, "the header has no readable shape");
  }
  Result<std::vector<float>> values =
    values_from_bytes(bytes.subspan(header_begin + header_bytes), *type, *shape, name);
  if (!values) {
    return std::move(values).diagnostics();
  }
  return NamedTensor{std::string(name), *shape, std::move(values).value()};
}

std::vector<std::uint8_t> npy_bytes(const NamedTensor& tensor) {
  std::string header = fmt::format(
    "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
    fmt::join(tensor.shape, ", "),
    tensor.shape.size() == 1 ? "," : ""
  );
  // The values start at a multiple of 64 bytes.
  const std::size_t unpadded = 10 + header.size() + 1;
  header.append((64 - unpadded % 64) % 64, ' ');
  header += '\n';
  const std::string length{
    '\x01', '\x00', static_cast<char>(header.size()), static_cast<char>(header.size() >> 8)};
  const std::string head = std::string(magic) + length + header;
  std::vector<std::uint8_t> bytes(head.begin(), head.end());
  const std::size_t begin = bytes.size();
  bytes.resize(begin + 4 * tensor.values.size());
  if (!tensor.values.empty()) {
    std::memcpy(bytes.data() + begin, tensor.values.data(), 4 * tensor.values.size());
  }
  return bytes;
}

} // namespace plena::driver
