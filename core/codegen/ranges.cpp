#include "codegen/ranges.h"

#include <algorithm>

namespace plena::codegen {

namespace {

using lower::Item;

/// The last position of a range that lives to the end of a loop which is still open.
constexpr std::size_t to_the_end = std::numeric_limits<std::size_t>::max();

} // namespace

Ranges live_ranges(const Listing& listing) {
  Ranges ranges;
  for (std::size_t c = 0; c < lower::reg_classes; ++c) {
    ranges[c].resize(listing.registers[c]);
  }
  /// A loop with the registers that live to its end.
  struct Open {
    std::size_t begin = 0;
    std::vector<Range*> carried{};
  };
  std::vector<Open> open; ///< outermost first
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::LoopBegin) {
      open.push_back({p});
    }
    for (const lower::Operand& operand : item.operands) {
      const auto reg_class = lower::class_of(operand);
      if (!reg_class || is_zero_register(operand)) {
        continue;
      }
      Range& range = ranges[static_cast<std::size_t>(*reg_class)][operand.reg];
      range.first = std::min(range.first, p);
      if (range.last == to_the_end) {
        continue;
      }
      range.last = p;
      // The outermost loop that the value was made before.
      const auto carrier = std::find_if(open.begin(), open.end(), [&](const Open& loop) {
        return loop.begin > range.first;
      });
      if (carrier != open.end()) {
        range.last = to_the_end;
        carrier->carried.push_back(&range);
      }
    }
    if (item.kind == Item::Kind::LoopEnd) {
      for (Range* range : open.back().carried) {
        range->last = p;
      }
      open.pop_back();
    }
  }
  return ranges;
}

RangeMax::RangeMax(std::vector<std::int32_t> values) {
  levels_.push_back({std::move(values)});
  while (levels_.back().largest.size() > part) {
    const std::vector<std::int32_t>& below = levels_.back().largest;
    Level level;
    for (std::size_t i = 0; i < below.size(); i += part) {
      const auto begin = below.begin() + static_cast<std::ptrdiff_t>(i);
      const std::size_t count = std::min(part, below.size() - i);
      level.largest.push_back(*std::max_element(begin, begin + static_cast<std::ptrdiff_t>(count)));
    }
    level.added.resize(level.largest.size());
    levels_.push_back(std::move(level));
  }
}

void RangeMax::add(std::size_t level, std::size_t from, std::size_t to, std::int32_t change) {
  const std::size_t first = (from + part - 1) / part; ///< parts that lie in the range as a whole
  const std::size_t last = to / part;
  if (first >= last || level + 1 == levels_.size()) {
    change_parts(level, from, to, change);
    return;
  }
  add(level + 1, first, last, change);
  change_parts(level, from, first * part, change);
  change_parts(level, last * part, to, change);
}

void RangeMax::change_parts(
  std::size_t level, std::size_t from, std::size_t to, std::int32_t change
) {
  if (from >= to) {
    return;
  }
  Level& at = levels_[level];
  for (std::size_t i = from; i < to; ++i) {
    at.largest[i] += change;
    if (level > 0) {
      at.added[i] += change;
    }
  }
  // Up as far as it makes a difference.
  for (; level + 1 < levels_.size(); ++level) {
    const std::vector<std::int32_t>& below = levels_[level].largest;
    Level& above = levels_[level + 1];
    bool changed = false;
    for (std::size_t i = from / part; i <= (to - 1) / part; ++i) {
      std::int32_t largest = below[i * part];
      for (std::size_t k = i * part; k < std::min((i + 1) * part, below.size()); ++k) {
        largest = std::max(largest, below[k]);
      }
      largest += above.added[i];
      changed = changed || above.largest[i] != largest;
      above.largest[i] = largest;
    }
    if (!changed) {
      return;
    }
    from /= part;
    to = (to - 1) / part + 1;
  }
}

std::int32_t RangeMax::largest(std::size_t level, std::size_t from, std::size_t to) const {
  const std::size_t first = (from + part - 1) / part;
  const std::size_t last = to / part;
  if (first >= last || level + 1 == levels_.size()) {
    const std::size_t middle = std::min(first * part, to);
    return from == middle || middle == to ? largest_in_part(level, from, to)
                                          : std::max(
                                              largest_in_part(level, from, middle),
                                              largest_in_part(level, middle, to)
                                            );
  }
  std::int32_t result = largest(level + 1, first, last);
  if (from < first * part) {
    result = std::max(result, largest_in_part(level, from, first * part));
  }
  if (last * part < to) {
    result = std::max(result, largest_in_part(level, last * part, to));
  }
  return result;
}

std::int32_t RangeMax::largest_in_part(std::size_t level, std::size_t from, std::size_t to) const {
  const std::vector<std::int32_t>& values = levels_[level].largest;
  std::int32_t result = values[from];
  for (std::size_t i = from + 1; i < to; ++i) {
    result = std::max(result, values[i]);
  }
  while (++level < levels_.size()) {
    from /= part;
    result += levels_[level].added[from];
  }
  return result;
}

Held held_after(std::size_t items, const Ranges& ranges) {
  Held held;
  for (std::size_t c = 0; c < lower::reg_classes; ++c) {
    held[c].resize(items + 1); // differences first
    for (const Range& range : ranges[c]) {
      if (range.first != Range::never) {
        ++held[c][range.first];
        --held[c][std::max(range.last, range.first + 1)];
      }
    }
    for (std::size_t p = 1; p <= items; ++p) {
      held[c][p] += held[c][p - 1];
    }
  }
  return held;
}

Pressure::Pressure(const Listing& listing, const Ranges& ranges) {
  for (std::vector<std::int32_t>& held : held_after(listing.items.size(), ranges)) {
    held_.emplace_back(std::move(held));
  }
}

bool Pressure::has_room(
  std::size_t reg_class,
  std::size_t from,
  std::size_t to,
  std::size_t less_from,
  std::size_t less_to
) const {
  const auto capacity = static_cast<std::int32_t>(register_files[reg_class].capacity());
  const auto fits = [&](std::size_t begin, std::size_t end, std::int32_t freed) {
    return begin >= end || held_[reg_class].largest(begin, end) < capacity + freed;
  };
  // The part of the range where there is one fewer; none of it may be left.
  const std::size_t begin = std::clamp(less_from, from, std::max(from, to));
  const std::size_t end = std::clamp(less_to, begin, std::max(begin, to));
  return fits(from, begin, 0) && fits(begin, end, 1) && fits(end, to, 0);
}

void Pressure::add(std::size_t reg_class, std::size_t from, std::size_t to, int change) {
  if (from < to) {
    held_[reg_class].add(from, to, change);
  }
}

} // namespace plena::codegen
