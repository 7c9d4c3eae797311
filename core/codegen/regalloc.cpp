#include "codegen/regalloc.h"

#include "base/size.h"
#include "isa/fields.h"
#include "lower/verify.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace plena::codegen {

namespace {

using lower::Item;

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

struct Range {
  std::uint64_t first = never;
  std::uint64_t last = 0;
};

struct FileInfo {
  isa::Kind kind;
  bool has_zero; ///< register 0 holds zero and is not given out
  std::string_view name;
};
constexpr std::array<FileInfo, lower::reg_classes> files{
  {{isa::Kind::gp, true, "integer"},
   {isa::Kind::fp, true, "scalar"},
   {isa::Kind::addr, false, "address"}}};

class Allocator {
 public:
  explicit Allocator(const Listing& listing) : listing_(listing) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      ranges_[c].resize(listing.registers[c]);
      registers_.numbers[c].assign(listing.registers[c], 0);
      const unsigned count = isa::info_of(files[c].kind).count;
      for (unsigned number = files[c].has_zero ? 1 : 0; number < count; ++number) {
        free_[c].push_back(static_cast<std::uint8_t>(number));
      }
    }
  }

  Result<Registers> run() {
    find_ranges();
    for (std::uint64_t position = 0; position < listing_.items.size(); ++position) {
      const Item& item = listing_.items[to_size(position)];
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
  struct Loop {
    std::uint64_t begin;
    std::uint64_t end;
  };

  void find_ranges() {
    std::vector<std::uint64_t> ends(listing_.items.size());
    std::vector<std::uint64_t> open;
    for (std::uint64_t p = 0; p < listing_.items.size(); ++p) {
      if (listing_.items[to_size(p)].kind == Item::Kind::LoopBegin) {
        open.push_back(p);
      } else if (listing_.items[to_size(p)].kind == Item::Kind::LoopEnd) {
        ends[to_size(open.back())] = p;
        open.pop_back();
      }
    }
    std::vector<Loop> loops;
    for (std::uint64_t p = 0; p < listing_.items.size(); ++p) {
      const Item& item = listing_.items[to_size(p)];
      if (item.kind == Item::Kind::LoopBegin) {
        loops.push_back({p, ends[to_size(p)]});
      }
      for (std::size_t i = 0; i < item.operands.size(); ++i) {
        note(item, i, p, loops);
      }
      if (item.kind == Item::Kind::LoopEnd) {
        loops.pop_back();
      }
    }
    ending_at_.resize(listing_.items.size());
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      for (std::uint32_t reg = 1; reg < ranges_[c].size(); ++reg) {
        const Range& range = ranges_[c][reg];
        if (range.first != never && listing_.items[to_size(range.last)].kind == Item::Kind::LoopEnd) {
          ending_at_[to_size(range.last)].push_back({c, reg});
        }
      }
    }
  }

  void
  note(const Item& item, std::size_t i, std::uint64_t position, const std::vector<Loop>& loops) {
    const auto reg_class = lower::class_of(item.operands[i]);
    if (!reg_class || is_zero(item.operands[i])) {
      return;
    }
    Range& range = ranges_[static_cast<std::size_t>(*reg_class)][item.operands[i].reg];
    range.first = std::min(range.first, position);
    range.last = std::max(range.last, position);
    // The outermost loop that the value was made before.
    const auto carried = std::find_if(loops.begin(), loops.end(), [&](const Loop& loop) {
      return loop.begin > range.first;
    });
    if (carried != loops.end()) {
      range.last = std::max(range.last, carried->end);
    }
  }

  static bool is_zero(const lower::Operand& operand) {
    return operand.reg == 0 && operand.kind != lower::Operand::Kind::Addr;
  }

  bool acquire(const Item& item, std::size_t i, std::uint64_t position) {
    const auto reg_class = lower::class_of(item.operands[i]);
    if (!reg_class || is_zero(item.operands[i])) {
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

  void release(const Item& item, std::size_t i, lower::Access access, std::uint64_t position) {
    const auto reg_class = lower::class_of(item.operands[i]);
    if (!reg_class || is_zero(item.operands[i]) || item.kind == Item::Kind::LoopEnd) {
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

  void release_at_loop_end(std::uint64_t position) {
    for (const auto& [c, reg] : ending_at_[to_size(position)]) {
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
    const FileInfo& file = files[c];
    return {
      Severity::Error,
      "E_RESOURCE",
      fmt::format(
        "the code of node {} needs more than the {} {} registers of the machine",
        item.node,
        isa::info_of(file.kind).count - (file.has_zero ? 1 : 0),
        file.name
      ),
      "split the operator into smaller ones"};
  }

  const Listing& listing_;
  std::array<std::vector<Range>, lower::reg_classes> ranges_;
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> ending_at_; ///< by loop end
  std::array<std::vector<std::uint8_t>, lower::reg_classes> free_;
  Registers registers_;
};

} // namespace

Result<Registers> allocate(const Listing& listing) { return Allocator(listing).run(); }

} // namespace plena::codegen
