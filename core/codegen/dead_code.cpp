// Leaves out instructions whose only effect is a register that nothing reads before it is written
// again, and loops with nothing in them.
#include "codegen/loops.h"
#include "codegen/passes.h"
#include "lower/verify.h"

#include <algorithm>
#include <array>
#include <utility>

namespace plena::codegen {

namespace {

using isa::Opcode;
using lower::Access;
using lower::Item;

/// Registers that instructions name by operands, by class, and those that none names.
constexpr std::size_t scale = 0;
constexpr std::size_t stride = 1;
constexpr std::size_t mask = 2;
constexpr std::size_t state_class = lower::reg_classes;
using Register = std::pair<std::size_t, std::uint32_t>;

template <class F> void each_written(const Item& item, F&& visit) {
  if (item.kind == Item::Kind::Insn) {
    switch (item.op) {
    case Opcode::C_SET_SCALE_REG:
      return visit(Register{state_class, scale});
    case Opcode::C_SET_STRIDE_REG:
      return visit(Register{state_class, stride});
    case Opcode::C_SET_V_MASK_REG:
      return visit(Register{state_class, mask});
    default:
      break;
    }
  }
  const auto reg_class = lower::class_of(item.operands[0]);
  if (reg_class && item.kind != Item::Kind::LoopBegin && lower::accesses(item, 0, Access::Write)) {
    visit(Register{static_cast<std::size_t>(*reg_class), item.operands[0].reg});
  }
}

template <class F> void each_read(const Item& item, F&& visit) {
  if (item.kind != Item::Kind::Insn) {
    return;
  }
  const isa::OperandList& reads = isa::def(item.op).reads;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const lower::Operand& operand = item.operands[i];
    if (const auto reg_class = lower::class_of(operand)) {
      if (lower::accesses(item, i, Access::Read)) {
        visit(Register{static_cast<std::size_t>(*reg_class), operand.reg});
      }
    } else if (reads[i].kind == isa::Kind::stride && operand.value != 0) {
      visit(Register{state_class, stride});
    } else if (reads[i].kind == isa::Kind::mask && operand.value != 0) {
      visit(Register{state_class, mask});
    }
  }
  if (isa::def(item.op).unit == isa::Unit::Memory) {
    visit(Register{state_class, scale});
  }
}

class Flags {
 public:
  explicit Flags(const Listing& listing, bool value = false) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      flags_[c].assign(listing.registers[c], value);
    }
    flags_[state_class].assign(3, value);
  }
  bool at(Register reg) const { return flags_[reg.first][reg.second]; }
  void set(Register reg, bool value) { flags_[reg.first][reg.second] = value; }

 private:
  std::array<std::vector<bool>, lower::reg_classes + 1> flags_;
};

/// Registers that something is made of that counts, wherever it is read. Without loops it is enough
/// to know what is live.
Flags useful_registers(const Listing& listing, bool loops) {
  Flags useful(listing, !loops);
  // Backwards finds nearly all at once; loops may need another round.
  for (bool changed = loops; changed;) {
    changed = false;
    for (std::size_t p = listing.items.size(); p > 0; --p) {
      const Item& item = listing.items[p - 1];
      bool counts = true;
      each_written(item, [&](Register reg) { counts = useful.at(reg); });
      if (counts) {
        each_read(item, [&](Register reg) {
          changed = changed || !useful.at(reg);
          useful.set(reg, true);
        });
      }
    }
  }
  return useful;
}

/// By loop, in the order of their ends from the last to the first: the registers that its body may
/// read before it writes them.
std::vector<std::vector<Register>> incoming_registers(const Listing& listing) {
  std::array<std::vector<std::size_t>, lower::reg_classes + 1> last; ///< position + 1, of any access
  for (std::size_t c = 0; c < lower::reg_classes; ++c) {
    last[c].assign(listing.registers[c], 0);
  }
  last[state_class].assign(3, 0);
  struct Open {
    std::size_t begin = 0;
    std::vector<Register> incoming{};
  };
  std::vector<Open> open;
  std::vector<std::vector<Register>> result;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    const Item& item = listing.items[p];
    if (item.kind == Item::Kind::LoopBegin) {
      open.push_back({p + 1});
    } else if (item.kind == Item::Kind::LoopEnd) {
      result.push_back(std::move(open.back().incoming));
      open.pop_back();
    }
    each_read(item, [&](Register reg) {
      std::size_t& used = last[reg.first][reg.second];
      for (std::size_t k = open.size(); k > 0 && used < open[k - 1].begin; --k) {
        open[k - 1].incoming.push_back(reg);
      }
      used = p + 1;
    });
    each_written(item, [&](Register reg) { last[reg.first][reg.second] = p + 1; });
  }
  std::reverse(result.begin(), result.end());
  return result;
}

/// One round; whether it has left anything out.
bool leave_out(Listing& listing, bool loops) {
  const Flags useful = useful_registers(listing, loops);
  std::vector<std::vector<Register>> incoming;
  if (loops) {
    incoming = incoming_registers(listing);
  }
  Flags live(listing);
  std::vector<bool> dead(listing.items.size(), false);
  std::size_t next = 0;
  struct Open {
    std::size_t end = 0;
    bool empty = true;
  };
  std::vector<Open> open;
  bool changed = false;
  for (std::size_t p = listing.items.size(); p > 0; --p) {
    const Item& item = listing.items[p - 1];
    if (item.kind == Item::Kind::LoopEnd) {
      for (const Register& reg : incoming[next]) {
        live.set(reg, true);
      }
      ++next;
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
      bool needed = true;
      each_written(item, [&](Register reg) { needed = live.at(reg) && useful.at(reg); });
      if (!needed) {
        dead[p - 1] = true;
        changed = true;
        continue;
      }
      each_written(item, [&](Register reg) { live.set(reg, false); });
      each_read(item, [&](Register reg) { live.set(reg, true); });
      if (!open.empty()) {
        open.back().empty = false;
      }
    }
  }
  std::size_t kept = 0;
  for (std::size_t p = 0; p < listing.items.size(); ++p) {
    if (!dead[p]) {
      listing.items[kept++] = listing.items[p];
    }
  }
  listing.items.resize(kept);
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
