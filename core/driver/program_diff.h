// Two programs instruction by instruction: aligned by graph node, then within nodes, with what is
// only another register or another address told from what is another computation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

enum class Change : std::uint8_t {
  Same,    ///< the same operation on the same values in the same registers
  Renamed, ///< the same operation on the same values, in other registers
  Shifted, ///< the same operation with another constant: an address, mostly
  Changed, ///< the same instruction on other values, or with another selector
  Removed, ///< only in the first program
  Added,   ///< only in the second
};
/// By Change, as reports name them, and as lines of text begin.
inline constexpr std::string_view change_names[]{
  "same", "renamed", "shifted", "changed", "removed", "added"};
inline constexpr std::string_view change_signs = " ~@!-+";

inline constexpr std::uint32_t no_word = 0xFFFFFFFF;

/// Words that stand side by side.
struct DiffRow {
  std::uint32_t a = no_word; ///< index of the word; no_word when Added
  std::uint32_t b = no_word; ///< no_word when Removed
  Change change = Change::Same;

  bool operator==(const DiffRow&) const = default;
};

/// A program whose words belong to nodes of a graph (no_node for none).
struct DiffSide {
  std::span<const std::uint32_t> words;
  std::span<const std::uint32_t> node_of_word; ///< empty: no word belongs to a node
  std::span<const std::string> node_names;     ///< by node
};

/// Programs without a node name in common are aligned as they stand. Every word of both is in
/// exactly one row, in order. Registers match when the rows that gave them their values match, in
/// loops also from one iteration to the next; an operand that matches in another register is
/// Renamed, whatever the register's number.
std::vector<DiffRow> program_diff(const DiffSide& a, const DiffSide& b);

/// Whether a row is another computation, not just other registers or constants.
constexpr bool is_real(Change change) { return change >= Change::Changed; }

} // namespace plena::driver
