// A listing as sequences of elements of which some may be like those before them: what is in each
// loop, and what lies outside of loops.
#pragma once

#include "codegen/passes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace plena::codegen {

/// The operand of the register that an instruction adds the number in operand `i` to, where a loop
/// may add to the register instead; nothing where the number is what it is.
inline std::optional<std::size_t> base_of(const lower::Item& item, std::size_t i) {
  if (item.kind != lower::Item::Kind::Insn || i != 2) {
    return std::nullopt;
  }
  switch (item.op) {
  case isa::Opcode::M_MM_WO:
    return 0;
  case isa::Opcode::S_ADDI_INT:
  case isa::Opcode::S_LD_FP:
  case isa::Opcode::S_ST_FP:
  case isa::Opcode::S_MAP_V_FP:
  case isa::Opcode::S_LD_INT:
  case isa::Opcode::S_ST_INT:
    return 1;
  default:
    return std::nullopt;
  }
}

/// Whether the number in operand `i` may change from trip to trip.
inline bool may_advance(const lower::Item& item, std::size_t i) {
  return item.kind == lower::Item::Kind::Set ? i == 1 : base_of(item, i).has_value();
}

/// An item, or a loop with all that is in it, with the comments before it. The digest is equal for
/// those that one in a loop can stand for, as far as each alone can tell.
struct Element {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t digest = 0;
  bool changed = false; ///< a loop has been formed in it
};

struct Sequence {
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);

  std::size_t loop = outside;
  std::vector<Element> elements{};
};

class Sequences {
 public:
  Sequences(const Listing& listing, const PassSettings& settings);

  /// Inner ones come before those around them.
  std::vector<Sequence>& all() { return sequences_; }

  /// A loop has been formed in the sequence: it is in what holds the sequence, too.
  void mark_around(const Sequence& sequence);

  /// Whether the loops around the sequence are not too long when what took `before` instructions
  /// takes `after`; they then know.
  bool replace(const Sequence& sequence, std::uint64_t before, std::uint64_t after);

 private:
  struct Loop {
    std::size_t begin = 0;
    std::size_t parent = Sequence::outside;
    std::uint64_t trips = 1;
    std::uint64_t executed = 0; ///< instructions of one iteration, without the end of the loop
  };

  void survey(const Listing& listing, const PassSettings& settings);

  std::uint64_t most_executed_;     ///< by one iteration
  std::vector<Loop> loops_;         ///< in the order of their starts
  std::vector<Sequence> sequences_; ///< in the order of their ends
  std::vector<Element*> element_of_loop_;
};

} // namespace plena::codegen
