// Whether groups of instructions are trips of one loop: the same but for names of registers that
// hold nothing from one group to the next, and for numbers that change by the same amount from
// group to group.
#pragma once

#include "codegen/ranges.h"
#include "codegen/registers.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace plena::codegen {

/// Items of a listing.
struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Likeness {
 public:
  explicit Likeness(const Listing& listing);

  /// Groups are compared with this one from here on.
  void set_base(const Group& base);

  /// Compares a group with the base, `distance` groups before it. The first one, next to the base,
  /// tells how numbers change.
  bool is_alike(const Group& group, std::size_t distance);

  /// Whether the registers that have other names in the group than in the base are used nowhere
  /// else. Goes by the names of the last comparison.
  bool keeps_to_itself(const Group& group);

  /// The name in the group that was compared last of a register of the base.
  std::uint32_t name(std::size_t reg_class, std::uint32_t reg) {
    return *names_.find(reg_class, reg);
  }

  /// By how much numbers that may change do so from group to group, in their order.
  const std::vector<std::uint32_t>& steps() const { return steps_; }

 private:
  bool lies_within(std::size_t c, std::uint32_t reg, const Group& group);
  bool is_renamed(std::size_t c, std::uint32_t a, std::uint32_t b);
  bool has_fixed_base(const lower::Item& a, const lower::Item& b, std::size_t i);

  const Listing& listing_;
  Group base_;
  RegisterTable<Range> spans_;                ///< first and last position of any access
  RegisterTable<bool> written_;               ///< in the base
  RegisterTable<std::uint32_t> names_;        ///< in a group, by name in the base
  RegisterTable<std::uint32_t> former_names_; ///< the other way round
  std::vector<std::pair<std::size_t, std::uint32_t>> renamed_; ///< by class; names in the group
  std::vector<std::uint32_t> steps_;
};

} // namespace plena::codegen
