#include "codegen/loop_nest.h"

namespace plena::codegen {

using lower::Item;

Loops loops_of(const Listing& listing) {
  Loops loops;
  std::size_t open = no_loop;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::LoopBegin) {
      loops.push_back({p, 0, item.operands[1].value, open});
      open = loops.size() - 1;
    } else if (item.kind == Item::Kind::LoopEnd) {
      loops[open].end = p;
      open = loops[open].parent;
    }
  }
  return loops;
}

std::vector<std::size_t> innermost_loops(const Listing& listing, const Loops& loops) {
  std::vector<std::size_t> innermost(listing.items.size(), no_loop);
  std::size_t open = no_loop;
  std::size_t next = 0;
  for (std::size_t p = 0; p < innermost.size(); ++p) {
    const Item::Kind kind = listing.items[p].kind;
    if (kind == Item::Kind::LoopBegin) {
      open = next++;
    }
    innermost[p] = open;
    if (kind == Item::Kind::LoopEnd) {
      open = loops[open].parent;
    }
  }
  return innermost;
}

std::vector<std::vector<Register>> incoming_registers(const Listing& listing) {
  std::vector<std::vector<Register>> incoming;
  ByRegister<std::size_t> used(listing); ///< last, as position + 1
  struct Open {
    std::size_t loop = 0;
    std::size_t begin = 0;
  };
  std::vector<Open> open;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::LoopBegin) {
      open.push_back({incoming.size(), p + 1});
      incoming.emplace_back();
    } else if (item.kind == Item::Kind::LoopEnd) {
      open.pop_back();
    }
    each_read(item, [&](Register reg) {
      // Into the loops that have begun since.
      for (std::size_t k = open.size(); k > 0 && used[reg] < open[k - 1].begin; --k) {
        incoming[open[k - 1].loop].push_back(reg);
      }
      used[reg] = p + 1;
    });
    if (const auto reg = written_by(item)) {
      used[*reg] = p + 1;
    }
  }
  return incoming;
}

} // namespace plena::codegen
