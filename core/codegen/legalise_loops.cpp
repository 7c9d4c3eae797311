#include "codegen/passes.h"
#include "lower/verify.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace plena::codegen {

namespace {

using lower::Item;
using lower::Operand;

struct Block {
  std::vector<Item> items;
  std::uint64_t words = 0;
  std::uint64_t executed = 0;

  void append(const Block& other) {
    items.insert(items.end(), other.items.begin(), other.items.end());
    words += other.words;
    executed += other.executed;
  }
  void instruction(const Item& item) {
    items.push_back(item);
    words += words_of(item);
    executed += words_of(item);
  }
};

class Legaliser {
 public:
  Legaliser(const Listing& listing, const PassSettings& limits)
      : in_(listing),
        limits_(limits),
        registers_(listing.registers) {}

  Result<Listing> run() {
    std::size_t position = 0;
    Block block = sequence(position);
    if (needed_ > limits_.program_words || block.words > limits_.program_words) {
      return Diagnostic{
        Severity::Error,
        "E_RESOURCE",
        fmt::format(
          "the program needs at least {} instructions, {} are allowed",
          std::max(needed_, block.words),
          limits_.program_words
        ),
        "loops longer than MAX_LOOP_INSTRUCTIONS are written out: raise it, or use fewer rows"};
    }
    Listing out;
    out.items = std::move(block.items);
    out.comments = in_.comments;
    out.registers = registers_;
    return out;
  }

 private:
  /// Items up to the end of the enclosing loop or of the listing.
  Block sequence(std::size_t& position) {
    Block block;
    while (position < in_.items.size()) {
      const Item& item = in_.items[position];
      if (item.kind == Item::Kind::LoopEnd) {
        return block;
      }
      ++position;
      if (item.kind == Item::Kind::LoopBegin) {
        const Block body = sequence(position);
        const Item& end = in_.items[position];
        ++position;
        block.append(loop(item, body, end));
      } else {
        block.instruction(item);
      }
    }
    return block;
  }

  Block loop(const Item& begin, const Block& body, const Item& end) {
    const std::uint64_t trips = begin.operands[1].value;
    if (body.executed + 1 > limits_.iteration_instructions) {
      return written_out(body, trips);
    }
    constexpr std::uint64_t most_trips = isa::max_of(isa::Field::imm22);
    Block result;
    for (std::uint64_t left = trips; left > 0; left -= std::min(left, most_trips)) {
      Item start = begin;
      start.operands[1].value = std::min(left, most_trips);
      result.instruction(start);
      result.append(body);
      result.instruction(end);
      // The start once; then body and end for every trip, of which one is already counted.
      result.executed += (start.operands[1].value - 1) * (body.executed + 1);
    }
    return result;
  }

  Block written_out(const Block& body, std::uint64_t trips) {
    Block result;
    if (body.words != 0 && trips > limits_.program_words / body.words) {
      needed_ = std::max(needed_, saturated_product(body.words, trips));
      return result;
    }
    for (std::uint64_t i = 0; i + 1 < trips; ++i) {
      result.append(renamed(body));
    }
    result.append(body); // values that are used afterwards keep their registers
    return result;
  }

  static std::uint64_t saturated_product(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX / b ? UINT64_MAX : a * b;
  }

  /// A copy with registers of its own for the values that it makes itself, so that these do not
  /// stay occupied from the first copy to the last.
  Block renamed(const Block& body) {
    Block copy = body;
    std::map<std::pair<lower::RegClass, std::uint32_t>, std::uint32_t> names;
    std::map<std::pair<lower::RegClass, std::uint32_t>, bool> from_outside;
    for (Item& item : copy.items) {
      visit_reads(item, [&](const Operand& operand, lower::RegClass reg_class) {
        if (names.count({reg_class, operand.reg}) == 0) {
          from_outside[{reg_class, operand.reg}] = true;
        }
      });
      visit_writes(item, [&](const Operand& operand, lower::RegClass reg_class) {
        const std::pair key{reg_class, operand.reg};
        if (from_outside.count(key) == 0 && names.count(key) == 0) {
          names[key] = registers_[static_cast<std::size_t>(reg_class)]++;
        }
      });
      for (Operand& operand : item.operands) {
        if (const auto reg_class = lower::class_of(operand)) {
          const auto name = names.find({*reg_class, operand.reg});
          operand.reg = name == names.end() ? operand.reg : name->second;
        }
      }
    }
    return copy;
  }

  template <class F> static void visit(const Item& item, lower::Access access, F&& visitor) {
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      const auto reg_class = lower::class_of(item.operands[i]);
      if (reg_class && lower::accesses(item, i, access)) {
        visitor(item.operands[i], *reg_class);
      }
    }
  }
  template <class F> static void visit_reads(const Item& item, F&& f) {
    visit(item, lower::Access::Read, f);
  }
  template <class F> static void visit_writes(const Item& item, F&& f) {
    visit(item, lower::Access::Write, f);
  }

  const Listing& in_;
  const PassSettings& limits_;
  std::array<std::uint32_t, lower::reg_classes> registers_;
  std::uint64_t needed_ = 0; ///< words, when that is too many
};

} // namespace

Result<Listing> legalise_loops(Listing listing, const PassSettings& settings) {
  return Legaliser(listing, settings).run();
}

} // namespace plena::codegen
