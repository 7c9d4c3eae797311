// Leaves out instructions whose only effect is a register that nothing reads before it is written
// again, and loops with nothing in them.
#include "codegen/loop_nest.h"
#include "codegen/loops.h"
#include "codegen/passes.h"
#include "codegen/registers.h"

namespace plena::codegen {

namespace {

using lower::Item;

using Flags = ByRegister<std::uint8_t>;

/// Registers that something is made of that counts, wherever it is read.
Flags useful_registers(const Listing& listing) {
  Flags useful(listing, false);
  // Backwards finds nearly all at once; loops may need another round.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t p = listing.items.size(); p > 0; --p) {
      const Item& item = listing.items[p - 1];
      const auto written = written_by(item);
      if (!written || useful[*written]) {
        each_read(item, [&](Register reg) {
          changed = changed || !useful[reg];
          useful[reg] = true;
        });
      }
    }
  }
  return useful;
}

/// One round; whether it has left anything out. Without loops one is enough, and so is knowing what
/// is live.
bool leave_out(Listing& listing, bool loops) {
  const Flags useful = loops ? useful_registers(listing) : Flags(listing, true);
  std::vector<std::vector<Register>> incoming;
  std::vector<std::size_t> loop_of;
  if (loops) {
    incoming = incoming_registers(listing);
    loop_of = innermost_loops(listing, loops_of(listing));
  }
  Flags live(listing, false);
  std::vector<std::uint8_t> dead(listing.items.size(), false);
  struct Open {
    std::size_t end = 0;
    bool empty = true;
  };
  std::vector<Open> open;
  bool changed = false;
  for (std::size_t p = listing.items.size(); p > 0; --p) {
    const Item& item = listing.items[p - 1];
    if (item.kind == Item::Kind::LoopEnd) {
      for (const Register reg : incoming[loop_of[p - 1]]) {
        live[reg] = true;
      }
      open.push_back({p - 1});
    } else if (item.kind == Item::Kind::LoopBegin) {
      const Open loop = open.back();
      open.pop_back();
      if (loop.empty) {
        dead[p - 1] = dead[loop.end] = true;
        changed = true;
      } else if (!open.empty()) {
        open.back().empty = false;
      }
    } else if (item.kind != Item::Kind::Comment) {
      if (const auto written = written_by(item)) {
        if (!live[*written] || !useful[*written]) {
          dead[p - 1] = true;
          changed = true;
          continue;
        }
        live[*written] = false;
      }
      each_read(item, [&](Register reg) { live[reg] = true; });
      if (!open.empty()) {
        open.back().empty = false;
      }
    }
  }
  if (changed) {
    drop(listing, dead);
  }
  return changed;
}

} // namespace

Result<Listing> dead_code(Listing listing, const PassSettings&) {
  const bool loops = has_loops(listing);
  while (leave_out(listing, loops) && loops) {
  }
  return listing;
}

} // namespace plena::codegen
