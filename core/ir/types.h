// Ids, shapes and element types of graphs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plena::ir {

enum class TensorId : std::uint32_t {};
enum class NodeId : std::uint32_t {};
inline constexpr TensorId no_tensor{0xFFFFFFFF};

constexpr std::size_t index(TensorId id) { return static_cast<std::size_t>(id); }
constexpr std::size_t index(NodeId id) { return static_cast<std::size_t>(id); }

enum class DType : std::uint8_t { F32, F16, BF16, F64, I64, I32, I16, I8, U8, Bool };

using Shape = std::vector<std::int64_t>; ///< outermost dimension first; empty for a scalar

} // namespace plena::ir
