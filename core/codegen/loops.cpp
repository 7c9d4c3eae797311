#include "codegen/loops.h"

#include "base/size.h"
#include "codegen/registers.h"
#include "isa/fields.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace plena::codegen {

namespace {

using lower::Item;

constexpr std::uint64_t most_trips = isa::max_of(isa::Field::imm22);

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::uint64_t saturated_sum(std::uint64_t a, std::uint64_t b) {
  return a > largest - b ? largest : a + b;
}
std::uint64_t saturated_product(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > largest / b ? largest : a * b;
}

/// A copy becomes a part of what reads it.
bool is_step_or_copy(const Item& item) {
  return is_step(item) || (is_addition(item) && item.operands[2].value == 0);
}

struct Size {
  std::uint64_t words = 0;
  std::uint64_t executed = 0;

  void add(const Size& other, std::uint64_t times = 1) {
    words = saturated_sum(words, saturated_product(other.words, times));
    executed = saturated_sum(executed, saturated_product(other.executed, times));
  }
};

/// Loops in the order of their starts.
struct Loop {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t copies = 1; ///< in one trip
  std::uint64_t trips = 0;  ///< of the loop that is left, 0 when none is
  std::uint64_t rest = 0;   ///< copies after it
  std::uint64_t steps = 0;
  Size body{};
};

class WriteOut {
 public:
  WriteOut(const Listing& in, const CopiesOf& copies_of) : in_(in) {
    plan(copies_of);
  }

  const Size& size() const { return size_; }

  Listing run() {
    out_.comments = in_.comments;
    out_.registers = in_.registers;
    out_.items.reserve(to_size(size_.words) + in_.comments.size());
    copy(0, in_.items.size());
    return std::move(out_);
  }

 private:
  void plan(const CopiesOf& copies_of) {
    std::vector<std::size_t> open;
    for (std::size_t p = 0; p < in_.items.size(); ++p) {
      const Item& item = in_.items[p];
      if (item.kind == Item::Kind::LoopBegin) {
        open.push_back(loops_.size());
        loops_.push_back({p});
        continue;
      }
      if (item.kind != Item::Kind::LoopEnd) {
        const std::uint64_t words = words_of(item);
        (open.empty() ? size_ : loops_[open.back()].body).add({words, words});
        if (!open.empty() && is_step_or_copy(item)) {
          ++loops_[open.back()].steps;
        }
        continue;
      }
      Loop& loop = loops_[open.back()];
      open.pop_back();
      loop.end = p;
      const Size size = decide(loop, copies_of);
      (open.empty() ? size_ : loops_[open.back()].body).add(size);
    }
  }

  Size decide(Loop& loop, const CopiesOf& copies_of) {
    const Item& begin = in_.items[loop.begin];
    const std::uint64_t trips = begin.operands[1].value;
    loop.copies = std::max<std::uint64_t>(
      copies_of(
        {trips,
         std::max<std::uint64_t>(begin.operands[2].value, 1),
         begin.node,
         loop.body.executed,
         loop.steps}
      ),
      1
    );
    Size size;
    if (trips / loop.copies < 2) {
      loop.rest = trips;
      size.add(loop.body, trips);
      return size;
    }
    loop.trips = trips / loop.copies;
    loop.rest = trips % loop.copies;
    // One start and end for as many trips as a loop may have; then a start once, an end every trip.
    const std::uint64_t parts = (loop.trips + most_trips - 1) / most_trips;
    size.add({2 * parts, parts + loop.trips});
    size.add({saturated_product(loop.body.words, loop.copies), 0}, parts);
    size.add({0, saturated_product(loop.body.executed, loop.copies)}, loop.trips);
    size.add(loop.body, loop.rest);
    return size;
  }

  void copy(std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) {
      const Item& item = in_.items[p];
      if (item.kind == Item::Kind::LoopBegin) {
        const auto begins_before = [](const Loop& l, std::size_t at) { return l.begin < at; };
        const auto loop = std::lower_bound(loops_.begin(), loops_.end(), p, begins_before);
        copy_loop(*loop);
        p = loop->end;
      } else if (item.kind != Item::Kind::Comment || !repeating_) {
        out_.items.push_back(item);
      }
    }
  }

  void copy_loop(const Loop& loop) {
    const bool repeating = repeating_;
    for (std::uint64_t left = loop.trips; left > 0;) {
      const std::uint64_t trips = std::min(left, most_trips);
      left -= trips;
      if (trips == 1) {
        copies(loop, loop.copies);
        continue;
      }
      Item begin = in_.items[loop.begin];
      begin.operands[1].value = trips;
      begin.operands[2] = {};
      out_.items.push_back(begin);
      copies(loop, loop.copies);
      out_.items.push_back(in_.items[loop.end]);
    }
    copies(loop, loop.rest);
    repeating_ = repeating;
  }

  /// The body `count` times. Comments are for the first copy.
  void copies(const Loop& loop, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      copy(loop.begin + 1, loop.end);
      repeating_ = true;
    }
  }

  const Listing& in_;
  std::vector<Loop> loops_;
  Size size_;
  bool repeating_ = false; ///< a copy that is not the first
  Listing out_;
};

} // namespace

bool has_loops(const Listing& listing) {
  return std::any_of(listing.items.begin(), listing.items.end(), [](const Item& item) {
    return item.kind == Item::Kind::LoopBegin;
  });
}

Result<Listing> write_out(
  const Listing& listing, const PassSettings& asked, const CopiesOf& copies_of, std::string hint
) {
  WriteOut work(listing, copies_of);
  if (work.size().words > asked.program_words) {
    return Diagnostic{
      Severity::Error,
      "E_RESOURCE",
      fmt::format(
        "the program needs at least {} instructions, {} are allowed",
        work.size().words,
        asked.program_words
      ),
      std::move(hint)};
  }
  return work.run();
}

} // namespace plena::codegen
