// Windows of one, two, four, ... elements are compared by digests. Where a repeat has a period of one to
// two windows, the window before each of its places that looks the same is one period away.
#include "codegen/repeats.h"

#include <algorithm>

namespace plena::codegen {

namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

std::uint64_t joined(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t product = (a ^ (b >> 31)) * 0x9E3779B97F4A7C15u + b;
  return (product ^ (product >> 29)) * 0xBF58476D1CE4E5B9u;
}

/// The last place of each digest.
class LastPlaces {
 public:
  explicit LastPlaces(std::size_t count) {
    std::size_t slots = 16;
    while (slots < 2 * count) {
      slots *= 2;
    }
    slots_.resize(slots);
  }

  void clear() { std::fill(slots_.begin(), slots_.end(), Slot{}); }

  /// `place` is the last one from here on; the one before it, or none.
  std::size_t exchange(std::uint64_t digest, std::size_t place) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(digest ^ (digest >> 32)) & mask;
    while (slots_[at].place != none && slots_[at].digest != digest) {
      at = (at + 1) & mask;
    }
    const std::size_t before = slots_[at].place;
    slots_[at] = {digest, place};
    return before;
  }

 private:
  struct Slot {
    std::uint64_t digest = 0;
    std::size_t place = none;
  };
  std::vector<Slot> slots_;
};

/// The whole of the repeat with this period around [begin, end), where it has been seen.
Repeat whole(
  std::span<const std::uint64_t> elements, std::size_t begin, std::size_t end, std::size_t period
) {
  while (begin > 0 && elements[begin - 1] == elements[begin - 1 + period]) {
    --begin;
  }
  while (end < elements.size() && elements[end] == elements[end - period]) {
    ++end;
  }
  return {begin, end, period};
}

} // namespace

std::vector<Repeat>
find_repeats(std::span<const std::uint64_t> elements, std::size_t longest_period) {
  std::vector<Repeat> repeats;
  std::vector<std::uint64_t> digests(elements.begin(), elements.end());
  LastPlaces last(elements.size());
  for (std::size_t window = 1; window <= longest_period && 2 * window <= elements.size();
       window *= 2) {
    last.clear();
    const std::size_t places = elements.size() - window + 1;
    const auto period_at = [&](std::size_t place) {
      const std::size_t before = last.exchange(digests[place], place);
      const std::size_t period = before == none ? 0 : place - before;
      return period >= window && period < 2 * window && period <= longest_period ? period : 0;
    };
    Repeat latest;
    const auto note = [&](std::size_t first, std::size_t end, std::size_t period) {
      const bool known = period == latest.period && end <= latest.end;
      if (period == 0 || known || end - first + window <= period) {
        return;
      }
      const Repeat found = whole(elements, first - period, end - 1 + window, period);
      if (found.end - found.begin >= 2 * period) {
        repeats.push_back(found);
        latest = found;
      }
    };
    std::size_t first = 0; ///< of places with one period
    std::size_t period = 0;
    for (std::size_t place = 0; place < places; ++place) {
      const std::size_t here = period_at(place);
      if (here != period) {
        note(first, place, period);
        first = place;
        period = here;
      }
    }
    note(first, places, period);
    // Windows twice as long, from two of these.
    for (std::size_t place = 0; place + 2 * window <= elements.size(); ++place) {
      digests[place] = joined(digests[place], digests[place + window]);
    }
  }
  return repeats;
}

} // namespace plena::codegen
