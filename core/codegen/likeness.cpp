#include "codegen/likeness.h"

#include "codegen/sequences.h"

#include <algorithm>

namespace plena::codegen {

using lower::Access;
using lower::Item;
using lower::Operand;

Likeness::Likeness(const Listing& listing)
    : listing_(listing),
      spans_(listing),
      written_(listing),
      names_(listing),
      former_names_(listing) {
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::Comment) {
      continue;
    }
    for (const Operand& operand : item.operands) {
      if (const auto reg_class = lower::class_of(operand)) {
        Range& span = spans_.at(static_cast<std::size_t>(*reg_class), operand.reg);
        span.first = std::min(span.first, p);
        span.last = p;
      }
    }
  }
}

void Likeness::set_base(const Group& base) {
  base_ = base;
  steps_.clear();
  written_.clear();
  for (std::size_t p = base.begin; p < base.end; ++p) {
    const Item& item = listing_.items[p];
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      const auto reg_class = lower::class_of(item.operands[i]);
      if (reg_class && lower::accesses(item, i, Access::Write)) {
        written_.at(static_cast<std::size_t>(*reg_class), item.operands[i].reg) = true;
      }
    }
  }
}

bool Likeness::lies_within(std::size_t c, std::uint32_t reg, const Group& group) {
  const Range& span = spans_.at(c, reg);
  return span.first >= group.begin && span.last < group.end;
}

bool Likeness::keeps_to_itself(const Group& group) {
  return std::all_of(renamed_.begin(), renamed_.end(), [&](const auto& one) {
    return lies_within(one.first, one.second, group);
  });
}

bool Likeness::is_alike(const Group& group, std::size_t distance) {
  names_.clear();
  former_names_.clear();
  renamed_.clear();
  std::size_t next_step = 0;
  std::size_t q = group.begin;
  for (std::size_t p = base_.begin; p < base_.end; ++p) {
    const Item& a = listing_.items[p];
    if (a.kind == Item::Kind::Comment) {
      continue;
    }
    while (listing_.items[q].kind == Item::Kind::Comment) {
      ++q;
    }
    const Item& b = listing_.items[q++];
    if (a.kind != b.kind || a.op != b.op || a.node != b.node) {
      return false;
    }
    for (std::size_t i = 0; i < a.operands.size(); ++i) {
      const Operand& x = a.operands[i];
      const Operand& y = b.operands[i];
      if (x.kind != y.kind) {
        return false;
      }
      if (const auto reg_class = lower::class_of(x)) {
        if (!is_renamed(static_cast<std::size_t>(*reg_class), x.reg, y.reg)) {
          return false;
        }
      } else if (may_advance(a, i)) {
        const auto amount = static_cast<std::uint32_t>(y.value - x.value);
        if (distance == 1) {
          steps_.push_back(amount);
        }
        const std::uint32_t step = steps_[next_step++];
        if (amount != step * static_cast<std::uint32_t>(distance) ||
            (step != 0 && !has_fixed_base(a, b, i))) {
          return false;
        }
      } else if (x.value != y.value) {
        return false;
      }
    }
  }
  return true;
}

/// Whether register `b` of a group can do what `a` does in the base.
bool Likeness::is_renamed(std::size_t c, std::uint32_t a, std::uint32_t b) {
  std::uint32_t* name = names_.find(c, a);
  std::uint32_t* former = former_names_.find(c, b);
  if (name != nullptr || former != nullptr) {
    return name != nullptr && former != nullptr && *name == b && *former == a;
  }
  names_.at(c, a) = b;
  former_names_.at(c, b) = a;
  if (a == b) {
    return true;
  }
  renamed_.emplace_back(c, b);
  return lies_within(c, a, base_); // so that it is written before it is read
}

/// Whether what the number in operand `i` is added to is the same in all groups.
bool Likeness::has_fixed_base(const Item& a, const Item& b, std::size_t i) {
  const auto base = base_of(a, i);
  return !base || (a.operands[*base].reg == b.operands[*base].reg &&
                   written_.find(gp_class, a.operands[*base].reg) == nullptr);
}

} // namespace plena::codegen
