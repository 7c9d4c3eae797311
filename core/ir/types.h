// Ids, shapes and element types of graphs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::ir {

enum class TensorId : std::uint32_t {};
enum class NodeId : std::uint32_t {};
inline constexpr TensorId no_tensor{0xFFFFFFFF};

constexpr std::size_t index(TensorId id) { return static_cast<std::size_t>(id); }
constexpr std::size_t index(NodeId id) { return static_cast<std::size_t>(id); }

enum class DType : std::uint8_t { F32, F16, BF16, F64, I64, I32, I16, I8, U8, Bool };

using Shape = std::vector<std::int64_t>; ///< outermost dimension first; empty for a scalar

/// What an element type is called in texts and how it is stored in files.
struct DTypeInfo {
  DType dtype;
  std::string_view name;
  bool is_float;     ///< values live in Constant::floats, else in Constant::ints
  std::size_t bytes; ///< per element in a file
};
inline constexpr DTypeInfo dtypes[] = {
  {DType::F32, "f32", true, 4},
  {DType::F16, "f16", true, 2},
  {DType::BF16, "bf16", true, 2},
  {DType::F64, "f64", true, 8},
  {DType::I64, "i64", false, 8},
  {DType::I32, "i32", false, 4},
  {DType::I16, "i16", false, 2},
  {DType::I8, "i8", false, 1},
  {DType::U8, "u8", false, 1},
  {DType::Bool, "bool", false, 1},
};
constexpr const DTypeInfo& info(DType dtype) { return dtypes[static_cast<std::size_t>(dtype)]; }
constexpr bool is_float(DType dtype) { return info(dtype).is_float; }
std::optional<DType> parse_dtype(std::string_view name);

/// Tensors of more elements than this are refused everywhere, so that products of dimensions and
/// byte counts never overflow.
inline constexpr std::int64_t max_elements = std::int64_t{1} << 48;

/// Product of the dimensions; nothing when one is negative or the product of those that are not 0
/// exceeds `max_elements`.
std::optional<std::int64_t> element_count(const Shape& shape);

/// `[2,3]`; `[]` for a scalar.
std::string to_string(const Shape& shape);

} // namespace plena::ir
