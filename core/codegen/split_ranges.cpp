// Every write starts a new value, which gets a register of its own, except where an instruction
// adds to what its only target holds: registers are allotted to whole ranges, from the first write
// to the last read. A value that comes into a loop from before it, or from the iteration before,
// keeps its name throughout the loop.
#include "codegen/loop_nest.h"
#include "codegen/passes.h"
#include "codegen/registers.h"

#include <utility>

namespace plena::codegen {

namespace {

using lower::Item;

class Splitter {
 public:
  explicit Splitter(Listing listing)
      : listing_(std::move(listing)),
        names_(listing_),
        carried_(listing_) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      for (std::uint32_t reg = 0; reg < listing_.registers[c]; ++reg) {
        names_[{c, reg}] = reg;
      }
    }
  }

  Listing run() {
    std::vector<std::size_t> open;
    std::size_t next = 0;
    for (Item& item : listing_.items) {
      if (item.kind == Item::Kind::LoopEnd) {
        carry(incoming_[open.back()], -1);
        open.pop_back();
      }
      rename(item);
      if (item.kind == Item::Kind::LoopBegin) {
        if (next == 0) { // what lies before loops does not matter, so that it may be renamed
          incoming_ = incoming_registers(listing_);
        }
        carry(incoming_[next], 1);
        open.push_back(next++);
      }
    }
    return std::move(listing_);
  }

 private:
  void carry(const std::vector<Register>& registers, int change) {
    for (const Register reg : registers) {
      carried_[reg] += change;
    }
  }

  void rename(Item& item) {
    const lower::Accesses accesses = lower::accesses_of(item);
    each_operand(accesses.read, [&](std::size_t i) {
      if (((accesses.written >> i) & 1) == 0) {
        item.operands[i].reg = names_[register_of(item.operands[i])];
      }
    });
    if (accesses.written == 0) {
      return;
    }
    lower::Operand& target = item.operands[0];
    const Register reg = register_of(target);
    if (accesses.read % 2 == 0 && carried_[reg] == 0) {
      names_[reg] = listing_.registers[reg.reg_class]++;
    }
    target.reg = names_[reg];
  }

  Listing listing_;
  std::vector<std::vector<Register>> incoming_; ///< by loop, in the order of their starts
  ByRegister<std::uint32_t> names_;             ///< in force
  ByRegister<int> carried_;                     ///< loops that the register comes into
};

} // namespace

Result<Listing> split_ranges(Listing listing, const PassSettings&) {
  return Splitter(std::move(listing)).run();
}

} // namespace plena::codegen
