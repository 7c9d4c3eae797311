// Live ranges of virtual registers, and how many of them there are at once: what the allocation of
// registers and the passes that keep values longer go by.
#pragma once

#include "codegen/instructions.h"
#include "isa/fields.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace plena::codegen {

struct FileInfo {
  isa::Kind kind;
  bool has_zero; ///< register 0 holds zero and is not given out
  std::string_view name;

  unsigned capacity() const { return isa::info_of(kind).count - (has_zero ? 1 : 0); }
};
/// Indexed by class.
inline constexpr std::array<FileInfo, lower::reg_classes> register_files{
  {{isa::Kind::gp, true, "integer"},
   {isa::Kind::fp, true, "scalar"},
   {isa::Kind::addr, false, "address"}}};

/// Whether the operand, a register, is the machine's register 0 that holds zero.
inline bool is_zero_register(const lower::Operand& operand) {
  return operand.reg == 0 && operand.kind != lower::Operand::Kind::Addr;
}

/// Positions in the listing.
struct Range {
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

  std::size_t first = never;
  std::size_t last = 0;
};

/// By class and register.
using Ranges = std::array<std::vector<Range>, lower::reg_classes>;

/// A value lives from its first write to its last read; when it is made before a loop and read in
/// it, to the end of that loop.
Ranges live_ranges(const Listing& listing);

/// By class and position, how many registers hold a value that is read later; at the end none.
using Held = std::array<std::vector<std::int32_t>, lower::reg_classes>;
Held held_after(std::size_t items, const Ranges& ranges);

/// Numbers by position, to ranges of which something is added, and the largest of a range: both in
/// time logarithmic in the length.
class RangeMax {
 public:
  explicit RangeMax(std::vector<std::int32_t> values);

  void add(std::size_t from, std::size_t to, std::int32_t change) { add(0, from, to, change); }
  /// Of [from, to), which is not empty.
  std::int32_t largest(std::size_t from, std::size_t to) const { return largest(0, from, to); }

 private:
  /// A level has the largest of each part of the one below.
  struct Level {
    std::vector<std::int32_t> largest{}; ///< without what is added to the parts that it lies in
    std::vector<std::int32_t> added{};   ///< to the whole part; empty in the lowest level
  };
  static constexpr std::size_t part = 64;

  void add(std::size_t level, std::size_t from, std::size_t to, std::int32_t change);
  void change_parts(std::size_t level, std::size_t from, std::size_t to, std::int32_t change);
  std::int32_t largest(std::size_t level, std::size_t from, std::size_t to) const;
  std::int32_t largest_in_part(std::size_t level, std::size_t from, std::size_t to) const;

  std::vector<Level> levels_;
};

/// What held_after() tells, kept up to date.
class Pressure {
 public:
  Pressure(const Listing& listing, const Ranges& ranges);

  /// Whether there is a register for one range more from `from` up to `to`, and
  /// one fewer in [less_from, less_to).
  bool has_room(
    std::size_t reg_class,
    std::size_t from,
    std::size_t to,
    std::size_t less_from = 0,
    std::size_t less_to = 0
  ) const;
  void add(std::size_t reg_class, std::size_t from, std::size_t to, int change);

 private:
  std::vector<RangeMax> held_; ///< by class
};

} // namespace plena::codegen
