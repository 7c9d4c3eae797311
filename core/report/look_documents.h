// The JSON documents about what memories hold and where it came from. Their types are in
// wasm/plena.d.ts under the same names.
#pragma once

#include "numerics/formats.h"
#include "report/documents.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

/// ConditionInfo[]: name, arguments, meaning.
std::string describe_conditions(std::span<const ChoiceRow> rows);

/// A memory of the machine, in the units of its addresses.
struct MemoryFacts {
  std::string_view name;
  std::uint64_t size = 0;
  numerics::ScalarFormat element{}; ///< as it is stored; of the HBM bytes
};

/// A piece of a memory that belongs to a tensor.
struct Region {
  std::string name;
  std::string_view memory;
  std::string_view kind; ///< `weight`, `input`, `result` or `made`, by the compiler
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::int64_t node = -1; ///< that makes it
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::uint64_t tile_cols = 0; ///< columns that lie side by side; 0: all
  numerics::StorageFormat format{};
};

/// MemoryMap
std::string memory_map(std::span<const MemoryFacts> memories, std::span<const Region> regions);

struct Window {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t step = 1;
};
struct Elements {
  Window rows;
  Window cols;
  std::vector<float> values;
  std::vector<std::uint32_t> bits;   ///< as stored
  std::vector<std::uint32_t> scales; ///< stored bits of their blocks' scales; empty: none
  std::vector<std::uint64_t> addresses;
};
/// Elements
std::string elements(const Elements& elements);

/// What is touched in a memory, in a tensor's coordinates when it has an owner.
struct Box {
  std::string_view memory;
  bool write = false;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::int64_t region = -1;
  std::uint64_t row = 0;
  std::uint64_t rows = 0;
  std::uint64_t col = 0;
  std::uint64_t cols = 0;
};
/// Touches
std::string touches(std::uint32_t pc, std::string_view instruction, std::span<const Box> boxes);

/// An instruction that had a part in a value.
struct OriginStep {
  std::uint64_t executed = 0;
  std::uint32_t pc = 0;
  std::string instruction;
  std::int64_t node = -1;
};
struct OriginSource {
  std::string name;
  std::string_view kind;
  std::string_view memory;
  std::uint64_t count = 0; ///< in the units of the memory's addresses
};
struct Origin {
  bool done = false;
  std::uint64_t reached = 0; ///< instructions executed before the moment that was reached
  std::uint64_t instructions = 0;
  std::vector<OriginStep> steps;
  std::vector<std::uint32_t> nodes;
  std::vector<OriginSource> sources;
};
/// Origin
std::string origin(const Origin& origin);

} // namespace plena::report
