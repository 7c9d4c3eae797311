// Who watches a run: tracing, profiling, timing. A run without an observer does not pay for it.
#pragma once

#include "emu/costs.h"
#include "isa/instr.h"

#include <array>
#include <cstdint>

namespace plena::emu {

/// One row of a transfer: contiguous bytes of the element stream and of the scale stream.
struct TransferRow {
  bool store = false;
  std::uint64_t element_address = 0;
  std::uint64_t element_bytes = 0;
  std::uint64_t scale_address = 0;
  std::uint64_t scale_bytes = 0; ///< 0 for plain formats
};

/// The registers that instructions take addresses from.
struct Operands {
  const std::array<std::uint32_t, 16>& gp;
  const std::array<std::uint64_t, 16>& a;
  std::uint32_t scale = 0;
  std::uint32_t stride = 1;
  std::uint32_t v_mask = 0;
};

class Observer {
 public:
  virtual ~Observer() = default;
  /// Whether `executing` is to be called.
  virtual bool needs_operands() const { return false; }
  /// Before an instruction executes. It may still fault, and then has no `executed`.
  virtual void executing(std::uint32_t, const isa::Instr&, const Operands&) {}
  /// Before the instruction's `executed`, once per row of an H_ instruction, in order.
  virtual void transferred(const TransferRow&) {}
  /// After each instruction that did not fault. `cost` is its class; use `cycles(instr, machine)`
  /// for its cycles.
  virtual void executed(std::uint32_t pc, const isa::Instr& instr, CostClass cost) = 0;
};

} // namespace plena::emu
