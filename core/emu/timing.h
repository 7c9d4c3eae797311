// The clock: an observer that charges every instruction its cycles (timing.md 1, 2) and keeps, per
// word of the program, how often it ran and where its cycles went. What a program computes never
// depends on it.
//
// In the serial schedule an instruction starts when the one before it has ended and is charged its
// own time. In the overlap schedule (scoreboard.h) instructions start in order, each as soon as its
// unit and its operands are free; the time between two starts is charged to the instruction that
// had to be waited for, and the time after the last start to the one that ends last.
#pragma once

#include "config/config.h"
#include "emu/costs.h"
#include "emu/hbm/hbm.h"
#include "emu/observer.h"
#include "isa/program.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace plena::emu {

/// An executed instruction. Starts never go back; in the serial schedule it starts when the one
/// before it ends.
struct Step {
  std::uint32_t pc = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  const CauseCycles* waits = nullptr; ///< of an H_ instruction: end - start by cause; else null
};

/// Cycles [from, to) that the instruction at `pc` is charged.
struct Charge {
  std::uint32_t pc = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Sees the run as the clock does.
class TimingListener {
 public:
  virtual ~TimingListener() = default;
  virtual void stepped(const Step& step) = 0;
  /// Overlap schedule only, before the step that starts at `to`. In the serial schedule every step
  /// is charged to itself.
  virtual void charged(const Charge&) {}
};

/// Executions and cycles of one word of the program.
struct PcTime {
  std::uint64_t executions = 0;
  CauseCycles cycles{};
  std::uint64_t bytes = 0; ///< moved between HBM and the chip
};

class Timing final : public Observer {
 public:
  /// Of a run of `program` from its start.
  Timing(const config::Machine& machine, const config::Timing& timing, const isa::Program& program);
  ~Timing() override;
  Timing(Timing&&) noexcept;

  /// Another clock that shows the same, without listeners.
  std::unique_ptr<Timing> copy() const;
  std::uint64_t bytes() const; ///< of host memory, about

  /// Listeners are called in order; they outlive the run.
  void listen(TimingListener& listener);

  std::size_t words() const { return price_of_.size(); }
  const config::Timing& settings() const { return settings_; }
  /// Cycles of the run so far.
  std::uint64_t cycles() const;
  /// Of an overlapped run: what the serial schedule would have taken so far; else `cycles()`.
  std::uint64_t serial_cycles() const;
  /// By cause; they add up to `cycles()`.
  CauseCycles causes() const;
  /// One entry per word; all their cycles add up to `cycles()`.
  std::vector<PcTime> account() const;
  PcTime account(std::uint32_t pc) const;

  bool needs_operands() const override { return overlap_ != nullptr; }
  void executing(std::uint32_t pc, const isa::Instr& instr, const Operands& operands) override;
  void transferred(const TransferRow& row) override;
  void executed(std::uint32_t pc, const isa::Instr& instr, CostClass cost) override;

 private:
  struct Overlap;
  Timing(const Timing& other);
  void transfer(std::uint32_t pc, const isa::Instr& instr);
  void tell(std::uint32_t pc, std::uint64_t start, std::uint64_t end, const CauseCycles* waits);
  void overlapped(std::uint32_t pc, const isa::Instr& instr, CostClass cost);

  config::Timing settings_;
  /// Instructions that cost the same: of one opcode and, where that matters, of one policy, or
  /// dropped.
  struct Price {
    isa::Opcode opcode{};
    std::uint64_t cycles = 0;
  };
  const Price& price(std::uint32_t pc) const { return prices_[price_of_[pc]]; }
  void wrap(std::uint32_t pc);
  std::uint64_t executions(std::uint32_t pc) const {
    return executions_[pc] + (wraps_.empty() ? 0 : std::uint64_t{wraps_[pc]} << 32);
  }
  bool asks_memory(std::uint32_t pc) const;
  /// The place of a word that asks the memory among its kind.
  std::size_t transfer_at(std::uint32_t pc) const;
  void moved(std::uint32_t pc);

  std::array<Price, 256> prices_{};
  std::vector<std::uint8_t> price_of_;    // by pc
  std::vector<std::uint32_t> executions_; // by pc, modulo 2^32
  std::vector<std::uint32_t> wraps_;      // by pc: how often that began again; empty: never
  std::vector<std::uint32_t> transfers_;  // pcs of the words that ask the memory, ascending
  std::vector<CauseCycles> waits_;        // theirs
  std::vector<std::uint64_t> bytes_;      // theirs
  std::uint64_t moving_ = 0;              // bytes of the transfer in hand
  std::vector<std::uint64_t> blocks_;     // of the transfer in hand
  std::unique_ptr<hbm::MemoryModel> memory_;
  std::unique_ptr<Overlap> overlap_;
  std::vector<TimingListener*> listeners_;
  std::uint64_t now_ = 0; // of the serial schedule
  bool quiet_ = true;     // nobody listens, nothing overlaps
};

inline void Timing::executed(std::uint32_t pc, const isa::Instr& instr, CostClass cost) {
  if (++executions_[pc] == 0) [[unlikely]] {
    wrap(pc);
  }
  if (quiet_ && !is_transfer(cost)) [[likely]] {
    now_ += price(pc).cycles;
    return;
  }
  if (overlap_) {
    overlapped(pc, instr, cost);
  } else if (is_transfer(cost)) {
    transfer(pc, instr);
  } else {
    const std::uint64_t start = now_;
    now_ += price(pc).cycles;
    tell(pc, start, now_, nullptr);
  }
}

} // namespace plena::emu
