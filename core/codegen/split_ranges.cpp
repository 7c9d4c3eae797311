// Every write starts a new value, which gets a register of its own, except where an instruction adds
// to what its only target holds: registers are allotted to whole ranges, from the first write to the last read. A value that
// comes into a loop from before it, or from the iteration before, keeps its name throughout the loop.
#include "codegen/passes.h"
#include "lower/verify.h"

#include <array>
#include <limits>
#include <utility>

namespace plena::codegen {

namespace {

using lower::Access;
using lower::Item;

using Register = std::pair<std::size_t, std::uint32_t>; ///< class, number

template <class F> void each_access(const Item& item, Access access, F&& visit) {
  for (std::size_t i = 0; i < item.operands.size(); ++i) {
    const auto reg_class = lower::class_of(item.operands[i]);
    if (reg_class && lower::accesses(item, i, access)) {
      visit(Register{static_cast<std::size_t>(*reg_class), item.operands[i].reg});
    }
  }
}

class Splitter {
 public:
  explicit Splitter(Listing listing) : listing_(std::move(listing)) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      const std::uint32_t count = listing_.registers[c];
      names_[c].resize(count);
      carried_[c].assign(count, 0);
      for (std::uint32_t reg = 0; reg < count; ++reg) {
        names_[c][reg] = reg;
      }
    }
  }

  Listing run() {
    find_incoming();
    std::vector<std::size_t> open;
    std::size_t next = 0;
    for (Item& item : listing_.items) {
      if (item.kind == Item::Kind::LoopEnd) {
        carry(incoming_[open.back()], -1);
        open.pop_back();
      }
      rename(item);
      if (item.kind == Item::Kind::LoopBegin) {
        carry(incoming_[next], 1);
        open.push_back(next++);
      }
    }
    return std::move(listing_);
  }

 private:
  /// Registers that the body of each loop reads before it writes them, loops in the order of their
  /// starts.
  void find_incoming() {
    constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
    std::array<std::vector<std::size_t>, lower::reg_classes> last;
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      last[c].assign(listing_.registers[c], never);
    }
    struct Open {
      std::size_t loop = 0;
      std::size_t begin = 0;
    };
    std::vector<Open> open;
    for (std::size_t p = 0; p < listing_.items.size(); ++p) {
      const Item& item = listing_.items[p];
      if (item.kind == Item::Kind::LoopEnd) {
        open.pop_back();
        continue;
      }
      each_access(item, Access::Read, [&](Register reg) {
        std::size_t& used = last[reg.first][reg.second];
        // Loops that have begun since the register was last used.
        for (std::size_t k = open.size(); k > 0; --k) {
          if (used != never && used >= open[k - 1].begin) {
            break;
          }
          incoming_[open[k - 1].loop].push_back(reg);
        }
        used = p;
      });
      each_access(item, Access::Write, [&](Register reg) { last[reg.first][reg.second] = p; });
      if (item.kind == Item::Kind::LoopBegin) {
        open.push_back({incoming_.size(), p});
        incoming_.emplace_back();
      }
    }
  }

  void carry(const std::vector<Register>& registers, int change) {
    for (const auto& [c, reg] : registers) {
      carried_[c][reg] += change;
    }
  }

  void rename(Item& item) {
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      lower::Operand& operand = item.operands[i];
      const auto reg_class = lower::class_of(operand);
      if (reg_class && !lower::accesses(item, i, Access::Write)) {
        operand.reg = names_[static_cast<std::size_t>(*reg_class)][operand.reg];
      }
    }
    // An instruction writes its first operand, if any.
    lower::Operand& target = item.operands[0];
    const auto reg_class = lower::class_of(target);
    if (!reg_class || !lower::accesses(item, 0, Access::Write)) {
      return;
    }
    const std::size_t c = static_cast<std::size_t>(*reg_class);
    std::uint32_t& name = names_[c][target.reg];
    if (!lower::accesses(item, 0, Access::Read) && carried_[c][target.reg] == 0) {
      name = listing_.registers[c]++;
    }
    target.reg = name;
  }

  Listing listing_;
  std::vector<std::vector<Register>> incoming_;
  std::array<std::vector<std::uint32_t>, lower::reg_classes> names_; ///< in force, by register
  std::array<std::vector<int>, lower::reg_classes> carried_; ///< loops that the register comes into
};

} // namespace

Result<Listing> split_ranges(Listing listing, const PassSettings&) {
  return Splitter(std::move(listing)).run();
}

} // namespace plena::codegen
