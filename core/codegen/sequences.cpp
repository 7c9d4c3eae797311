#include "codegen/sequences.h"

#include "codegen/ranges.h"

#include <algorithm>

namespace plena::codegen {

namespace {

using lower::Item;
using lower::Operand;

constexpr std::size_t outside = Sequence::outside;

std::uint64_t joined(std::uint64_t digest, std::uint64_t value) {
  const std::uint64_t product = (digest ^ (value >> 31)) * 0x9E3779B97F4A7C15u + value;
  return (product ^ (product >> 29)) * 0xBF58476D1CE4E5B9u;
}

std::uint64_t digest_of(const Item& item) {
  std::uint64_t digest = joined(static_cast<std::uint64_t>(item.kind), item.node);
  digest = joined(digest, static_cast<std::uint64_t>(item.op));
  for (std::size_t i = 0; i < item.operands.size(); ++i) {
    const Operand& operand = item.operands[i];
    digest = joined(digest, static_cast<std::uint64_t>(operand.kind));
    if (lower::class_of(operand)) {
      digest = joined(digest, is_zero_register(operand) ? 1 : 0);
    } else if (!may_advance(item, i)) {
      digest = joined(digest, operand.value);
    }
  }
  return digest;
}

} // namespace

Sequences::Sequences(const Listing& listing, const PassSettings& settings)
    : most_executed_(settings.iteration_instructions) {
  survey(listing, settings);
}

void Sequences::survey(const Listing& listing, const PassSettings& settings) {
  struct Open {
    Sequence sequence;
    std::size_t begin = 0;
    std::uint64_t digest = 0;
  };
  std::vector<Open> open(1);
  std::size_t comments = outside; ///< the first one before the item
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::Comment) {
      comments = std::min(comments, p);
      continue;
    }
    const std::size_t begin = std::min(comments, p);
    comments = outside;
    // What is to stay as it is, is like nothing else.
    const std::uint64_t digest = settings.writes_out(item.node) ? joined(p, p) : digest_of(item);
    if (item.kind == Item::Kind::LoopBegin) {
      const std::size_t parent = open.back().sequence.loop;
      open.push_back({{loops_.size()}, begin, digest});
      loops_.push_back({p, parent, item.operands[1].value});
      continue;
    }
    if (item.kind == Item::Kind::LoopEnd) {
      Open loop = std::move(open.back());
      open.pop_back();
      for (const Element& element : loop.sequence.elements) {
        loop.digest = joined(loop.digest, element.digest);
      }
      const Loop& closed = loops_[loop.sequence.loop];
      if (closed.parent != outside) {
        loops_[closed.parent].executed += 1 + closed.trips * (closed.executed + 1);
      }
      sequences_.push_back(std::move(loop.sequence));
      open.back().sequence.elements.push_back({loop.begin, p + 1, joined(loop.digest, digest)});
      continue;
    }
    if (open.back().sequence.loop != outside) {
      loops_[open.back().sequence.loop].executed += words_of(item);
    }
    open.back().sequence.elements.push_back({begin, p + 1, digest});
  }
  sequences_.push_back(std::move(open.back().sequence));
  element_of_loop_.resize(loops_.size());
  for (Sequence& sequence : sequences_) {
    for (std::size_t i = 0; i < sequence.elements.size(); ++i) {
      const Element& element = sequence.elements[i];
      if (listing.items[element.end - 1].kind == Item::Kind::LoopEnd) {
        const auto loop = std::lower_bound(
          loops_.begin(),
          loops_.end(),
          element.begin,
          [](const Loop& a, std::size_t position) { return a.begin < position; }
        );
        element_of_loop_[static_cast<std::size_t>(loop - loops_.begin())] = &sequence.elements[i];
      }
    }
  }
}

void Sequences::mark_around(const Sequence& sequence) {
  for (std::size_t loop = sequence.loop; loop != outside; loop = loops_[loop].parent) {
    element_of_loop_[loop]->changed = true;
  }
}

bool Sequences::replace(const Sequence& sequence, std::uint64_t before, std::uint64_t after) {
  std::uint64_t more = after - before; // may wrap, and comes back
  for (std::size_t at = sequence.loop; at != outside; at = loops_[at].parent) {
    if (loops_[at].executed + 1 <= most_executed_ && loops_[at].executed + more + 1 > most_executed_) {
      return false;
    }
    more *= loops_[at].trips;
  }
  more = after - before;
  for (std::size_t at = sequence.loop; at != outside; at = loops_[at].parent) {
    loops_[at].executed += more;
    more *= loops_[at].trips;
  }
  return true;
}

} // namespace plena::codegen
