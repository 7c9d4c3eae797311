#include "codegen/regalloc.h"

#include "codegen/ranges.h"
#include "isa/fields.h"
#include "lower/access.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::codegen {

namespace {

using lower::Item;

class Allocator {
 public:
  explicit Allocator(const Listing& listing) : listing_(listing), ranges_(live_ranges(listing)) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      registers_.numbers[c].assign(listing.registers[c], 0);
      const unsigned count = isa::info_of(register_files[c].kind).count;
      for (unsigned number = register_files[c].has_zero ? 1 : 0; number < count; ++number) {
        free_[c].push_back(static_cast<std::uint8_t>(number));
      }
    }
  }

  Result<Registers> run() {
    find_ends();
    for (std::size_t position = 0; position < listing_.items.size(); ++position) {
      const Item& item = listing_.items[position];
      // What is read for the last time here may make room for what is written here.
      for (std::size_t i = 0; i < item.operands.size(); ++i) {
        release(item, i, lower::Access::Read, position);
      }
      for (std::size_t i = 0; i < item.operands.size(); ++i) {
        if (!acquire(item, i, position)) {
          return exhausted(item, i);
        }
      }
      for (std::size_t i = 0; i < item.operands.size(); ++i) {
        release(item, i, lower::Access::Write, position);
      }
      release_at_loop_end(position);
    }
    return std::move(registers_);
  }

 private:
  void find_ends() {
    ending_at_.resize(listing_.items.size());
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      for (std::uint32_t reg = 1; reg < ranges_[c].size(); ++reg) {
        const Range& range = ranges_[c][reg];
        if (range.first != Range::never && listing_.items[range.last].kind == Item::Kind::LoopEnd) {
          ending_at_[range.last].push_back({c, reg});
        }
      }
    }
  }

  bool acquire(const Item& item, std::size_t i, std::size_t position) {
    const auto reg_class = lower::class_of(item.operands[i]);
    if (!reg_class || is_zero_register(item.operands[i])) {
      return true;
    }
    const std::size_t c = static_cast<std::size_t>(*reg_class);
    const std::uint32_t reg = item.operands[i].reg;
    if (ranges_[c][reg].first != position) {
      return true;
    }
    if (free_[c].empty()) {
      return false;
    }
    const auto lowest = std::min_element(free_[c].begin(), free_[c].end());
    registers_.numbers[c][reg] = *lowest;
    free_[c].erase(lowest);
    return true;
  }

  void release(const Item& item, std::size_t i, lower::Access access, std::size_t position) {
    const auto reg_class = lower::class_of(item.operands[i]);
    if (!reg_class || is_zero_register(item.operands[i]) || item.kind == Item::Kind::LoopEnd) {
      return;
    }
    const std::size_t c = static_cast<std::size_t>(*reg_class);
    const Range& range = ranges_[c][item.operands[i].reg];
    // A value that is also written here is still needed as the destination.
    const bool here = range.last == position;
    const bool written = lower::accesses(item, i, lower::Access::Write);
    if (here && lower::accesses(item, i, access) && (access == lower::Access::Write || !written)) {
      give_back(c, item.operands[i].reg);
    }
  }

  void release_at_loop_end(std::size_t position) {
    for (const auto& [c, reg] : ending_at_[position]) {
      give_back(c, reg);
    }
  }

  void give_back(std::size_t c, std::uint32_t reg) {
    const std::uint8_t number = registers_.numbers[c][reg];
    // An instruction may name a register twice.
    if (std::find(free_[c].begin(), free_[c].end(), number) == free_[c].end()) {
      free_[c].push_back(number);
    }
  }

  Diagnostic exhausted(const Item& item, std::size_t i) const {
    const std::size_t c = static_cast<std::size_t>(*lower::class_of(item.operands[i]));
    const FileInfo& file = register_files[c];
    return {
      Severity::Error,
      "E_RESOURCE",
      fmt::format(
        "the code of node {} needs more than the {} {} registers of the machine",
        item.node,
        file.capacity(),
        file.name
      ),
      "split the operator into smaller ones"};
  }

  const Listing& listing_;
  Ranges ranges_;
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> ending_at_; ///< by loop end
  std::array<std::vector<std::uint8_t>, lower::reg_classes> free_;
  Registers registers_;
};

} // namespace

Result<Registers> allocate(const Listing& listing) { return Allocator(listing).run(); }

} // namespace plena::codegen
