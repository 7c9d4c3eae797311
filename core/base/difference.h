// How one sequence becomes another, in the fewest removals and insertions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace plena {

/// Elements with which both sequences begin, and with which what is left of both ends.
struct CommonEnds {
  std::size_t head = 0;
  std::size_t tail = 0;
};

template <class T> CommonEnds common_ends(std::span<const T> a, std::span<const T> b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  CommonEnds ends;
  while (ends.head < shorter && a[ends.head] == b[ends.head]) {
    ++ends.head;
  }
  while (ends.tail < shorter - ends.head &&
         a[a.size() - 1 - ends.tail] == b[b.size() - 1 - ends.tail]) {
    ++ends.tail;
  }
  return ends;
}

/// Element `a` of the first sequence is removed, or element `b` of the second one comes in front of
/// it.
struct EditStep {
  std::size_t a = 0;
  std::size_t b = 0;
  bool removed = false;

  bool operator==(const EditStep&) const = default;
};

/// The fewest changes from `a` to `b`, in order; what lies between them is the same in both.
/// Nothing when they are more than `most`. Takes time and memory with the square of their number
/// (Myers 1986, O(ND)).
template <class T>
std::optional<std::vector<EditStep>>
shortest_edit(std::span<const T> a, std::span<const T> b, std::size_t most) {
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto m = static_cast<std::ptrdiff_t>(b.size());
  const auto limit = static_cast<std::ptrdiff_t>(std::min(a.size() + b.size(), most));
  // reach[d][k + d]: how far along `a` the best path of d changes gets on diagonal k = x - y.
  std::vector<std::vector<std::int32_t>> reach;
  const auto reached = [&](std::ptrdiff_t d, std::ptrdiff_t k) {
    return std::ptrdiff_t{reach[static_cast<std::size_t>(d)][static_cast<std::size_t>(k + d)]};
  };
  const auto came_down = [&](std::ptrdiff_t d, std::ptrdiff_t k) {
    return k == -d || (k != d && reached(d - 1, k - 1) < reached(d - 1, k + 1));
  };
  std::ptrdiff_t distance = 0;
  for (bool found = false;; ++distance) {
    if (distance > limit) {
      return std::nullopt;
    }
    reach.emplace_back(static_cast<std::size_t>(2 * distance + 1));
    for (std::ptrdiff_t k = -distance; k <= distance && !found; k += 2) {
      std::ptrdiff_t x = distance == 0            ? 0
                         : came_down(distance, k) ? reached(distance - 1, k + 1)
                                                  : reached(distance - 1, k - 1) + 1;
      while (x < n && x - k < m &&
             a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)]) {
        ++x;
      }
      reach.back()[static_cast<std::size_t>(k + distance)] = static_cast<std::int32_t>(x);
      found = x >= n && x - k >= m;
    }
    if (found) {
      break;
    }
  }
  // Back along the path.
  std::vector<EditStep> changes;
  std::ptrdiff_t k = n - m;
  for (std::ptrdiff_t d = distance; d > 0; --d) {
    const bool down = came_down(d, k);
    k += down ? 1 : -1;
    const std::ptrdiff_t x = reached(d - 1, k);
    changes.push_back({static_cast<std::size_t>(x), static_cast<std::size_t>(x - k), !down});
  }
  std::reverse(changes.begin(), changes.end());
  return changes;
}

} // namespace plena
