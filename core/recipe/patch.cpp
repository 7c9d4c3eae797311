#include "recipe/patch.h"

#include "base/difference.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <optional>

namespace plena::recipe {

namespace {

/// Texts that differ in more lines than this are told as one edit: finding the fewest would take
/// long.
constexpr std::size_t max_distance = 512;
/// Places that a search looks at, over all edits of a text; a hostile link gets no more.
constexpr std::size_t max_looks = 100'000'000;
/// More than any text has; a hostile link may tell any number.
constexpr std::uint64_t most_lines = std::uint64_t{1} << 40;

using Lines = std::vector<std::string_view>;

/// Lines with their line ends, which the last one may lack.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

std::uint64_t hash_of(std::string_view line) {
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (const char c : line) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

/// Hashes of any stretch of lines, in constant time each. Beyond both ends stands a line that no
/// text has.
class Anchors {
 public:
  explicit Anchors(const Lines& lines) {
    sums_.reserve(lines.size() + 3);
    powers_.reserve(lines.size() + 3);
    add(1);
    for (const std::string_view line : lines) {
      add(hash_of(line));
    }
    add(2);
  }

  /// Lines that there are.
  std::size_t size() const { return sums_.size() - 3; }

  /// Of `count` lines from `first` on and the one on either side; first + count is at most size().
  std::uint32_t anchor(std::size_t first, std::size_t count) const {
    std::uint64_t hash = sums_[first + count + 2] - sums_[first] * powers_[count + 2];
    hash ^= hash >> 29;
    hash *= 0xbf58476d1ce4e5b9;
    return static_cast<std::uint32_t>(hash >> 32);
  }

 private:
  static constexpr std::uint64_t base = 0x9e3779b97f4a7c15;

  void add(std::uint64_t hash) {
    sums_.push_back(sums_.back() * base + hash);
    powers_.push_back(powers_.back() * base);
  }

  std::vector<std::uint64_t> sums_{0};
  std::vector<std::uint64_t> powers_{1};
};

std::string text_of(std::uint32_t anchor) { return fmt::format("{:08x}", anchor); }

/// Nothing for what `text_of` never writes.
std::optional<std::uint32_t> anchor_in(const std::string& text) {
  std::uint32_t anchor = 0;
  std::from_chars(text.data(), text.data() + text.size(), anchor, 16);
  return text_of(anchor) == text ? std::optional(anchor) : std::nullopt;
}

struct Stretch {
  std::size_t before = 0; ///< first line that goes
  std::size_t removed = 0;
  std::size_t after = 0; ///< first line that comes
  std::size_t added = 0;
};

/// Changes that touch each other, or with one line between them, become one: it needs one anchor.
std::vector<Stretch> joined(const std::vector<EditStep>& changes) {
  std::vector<Stretch> result;
  for (const EditStep& change : changes) {
    const std::size_t removed = change.removed ? 1 : 0;
    if (!result.empty()) {
      Stretch& last = result.back();
      const std::size_t between = change.a - (last.before + last.removed);
      if (between <= 1) {
        last.removed += between + removed;
        last.added += between + 1 - removed;
        continue;
      }
    }
    result.push_back({change.a, removed, change.b, 1 - removed});
  }
  return result;
}

} // namespace

std::vector<Edit> edits_between(std::string_view before, std::string_view after) {
  const Lines lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  const std::span<const std::string_view> a = lines;
  const std::span<const std::string_view> b = new_lines;
  const auto [head, tail] = common_ends(a, b);
  const auto inner_a = a.subspan(head, a.size() - head - tail);
  const auto inner_b = b.subspan(head, b.size() - head - tail);
  if (inner_a.empty() && inner_b.empty()) {
    return {};
  }
  const auto fewest = shortest_edit(inner_a, inner_b, max_distance);
  const std::vector<Stretch> stretches =
    fewest ? joined(*fewest) : std::vector<Stretch>{{0, inner_a.size(), 0, inner_b.size()}};
  const Anchors anchors(lines);
  std::vector<Edit> edits;
  for (const Stretch& stretch : stretches) {
    Edit edit{
      .line = head + stretch.before + 1,
      .removed = stretch.removed,
      .anchor = text_of(anchors.anchor(head + stretch.before, stretch.removed))};
    for (std::size_t i = 0; i < stretch.added; ++i) {
      edit.added += inner_b[stretch.after + i];
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

Patched patched(std::string_view before, const std::vector<Edit>& edits) {
  const Lines lines = lines_of(before);
  const Anchors anchors(lines);
  Patched result;
  std::size_t next = 0;   // first line that is not yet in the result
  std::int64_t moved = 0; // how far the last edit was from where it was made
  std::size_t looks = 0;
  const auto copy_to = [&](std::size_t end) {
    for (; next < end; ++next) {
      result.text += lines[next];
    }
  };
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const Edit& edit = edits[i];
    const std::optional<std::uint32_t> anchor = anchor_in(edit.anchor);
    const auto made = static_cast<std::int64_t>(std::min(edit.line - 1, most_lines));
    std::optional<std::size_t> place;
    if (anchor && edit.line >= 1 && edit.removed <= lines.size() && next + edit.removed <= lines.size()) {
      const auto count = static_cast<std::size_t>(edit.removed);
      const std::size_t last = lines.size() - count;
      const auto start = static_cast<std::size_t>(
        std::clamp(made + moved, static_cast<std::int64_t>(next), static_cast<std::int64_t>(last))
      );
      // Outwards from where it should be.
      for (std::size_t step = 0; !place && looks < max_looks; ++step, ++looks) {
        const bool below = start + step <= last;
        const bool above = step <= start - next;
        if (!below && !above) {
          break;
        }
        if (below && anchors.anchor(start + step, count) == *anchor) {
          place = start + step;
        } else if (above && anchors.anchor(start - step, count) == *anchor) {
          place = start - step;
        }
      }
    }
    if (!place) {
      result.lost.push_back(i);
      continue;
    }
    moved = static_cast<std::int64_t>(*place) - made;
    copy_to(*place);
    result.text += edit.added;
    next = *place + static_cast<std::size_t>(edit.removed);
  }
  copy_to(lines.size());
  return result;
}

} // namespace plena::recipe
