#include "codegen/ranges.h"

#include <algorithm>

namespace plena::codegen {

namespace {

using lower::Item;

} // namespace

std::vector<std::size_t> loop_ends(const Listing& listing) {
  std::vector<std::size_t> ends(listing.items.size());
  std::vector<std::size_t> open;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    if (listing.items[p].kind == Item::Kind::LoopBegin) {
      open.push_back(p);
    } else if (listing.items[p].kind == Item::Kind::LoopEnd) {
      ends[open.back()] = p;
      open.pop_back();
    }
  }
  return ends;
}

Ranges live_ranges(const Listing& listing) {
  Ranges ranges;
  for (std::size_t c = 0; c < lower::reg_classes; ++c) {
    ranges[c].resize(listing.registers[c]);
  }
  const std::vector<std::size_t> ends = loop_ends(listing);
  std::vector<std::size_t> loops; ///< starts of those that are open
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::LoopBegin) {
      loops.push_back(p);
    }
    for (const lower::Operand& operand : item.operands) {
      const auto reg_class = lower::class_of(operand);
      if (!reg_class || is_zero_register(operand)) {
        continue;
      }
      Range& range = ranges[static_cast<std::size_t>(*reg_class)][operand.reg];
      range.first = std::min(range.first, p);
      range.last = std::max(range.last, p);
      // The outermost loop that the value was made before.
      const auto carried = std::upper_bound(loops.begin(), loops.end(), range.first);
      if (carried != loops.end()) {
        range.last = std::max(range.last, ends[*carried]);
      }
    }
    if (item.kind == Item::Kind::LoopEnd) {
      loops.pop_back();
    }
  }
  return ranges;
}

Pressure::Pressure(const Listing& listing, const Ranges& ranges) {
  const std::size_t count = listing.items.size();
  for (std::size_t c = 0; c < lower::reg_classes; ++c) {
    std::vector<std::uint32_t>& held = held_[c];
    held.assign(count + 1, 0); // differences first, which wrap where they are negative
    for (const Range& range : ranges[c]) {
      if (range.first != Range::never) {
        ++held[range.first];
        --held[std::max(range.last, range.first + 1)];
      }
    }
    for (std::size_t p = 1; p <= count; ++p) {
      held[p] += held[p - 1];
    }
  }
}

bool Pressure::has_room(
  std::size_t reg_class,
  std::size_t from,
  std::size_t to,
  std::size_t less_from,
  std::size_t less_to
) const {
  const std::uint32_t capacity = register_files[reg_class].capacity();
  for (std::size_t p = from; p < to; ++p) {
    const std::uint32_t freed = p >= less_from && p < less_to ? 1 : 0;
    if (held_[reg_class][p] + 1 - freed > capacity) {
      return false;
    }
  }
  return true;
}

void Pressure::add(std::size_t reg_class, std::size_t from, std::size_t to, int change) {
  for (std::size_t p = from; p < to; ++p) {
    held_[reg_class][p] += static_cast<std::uint32_t>(change);
  }
}

} // namespace plena::codegen
