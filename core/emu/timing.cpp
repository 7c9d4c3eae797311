#include "emu/timing.h"

#include "base/check.h"
#include "emu/scoreboard.h"
#include "isa/codec.h"

#include <algorithm>

namespace plena::emu {

namespace {

/// Appends the blocks that a range touches, in ascending order.
void append_blocks(std::uint64_t address, std::uint64_t count, std::vector<std::uint64_t>& blocks) {
  if (count == 0) {
    return;
  }
  const std::uint64_t within = address % hbm::block_bytes;
  const std::uint64_t touched = (within + count + hbm::block_bytes - 1) / hbm::block_bytes;
  for (std::uint64_t i = 0; i < touched; ++i) {
    blocks.push_back(address - within + i * hbm::block_bytes);
  }
}

/// Adds `cycles` of a transfer that waited for the reasons `waits`, in proportion; what the
/// division leaves is the transfer's own.
void charge_share(CauseCycles& charged, const CauseCycles& waits, std::uint64_t cycles, Cause own) {
  const std::uint64_t whole = total(waits);
  std::uint64_t left = cycles;
  for (std::size_t i = 0; i < cause_count && whole > 0; ++i) {
    // Both factors are cycles of one transfer, far below 2^32.
    const std::uint64_t share = waits[i] * cycles / whole;
    charged[i] += share;
    left -= share;
  }
  at(charged, own) += left;
}

} // namespace

Cause cause_of(isa::Opcode opcode) { return cause_of(cost_class(opcode)); }
Lane lane_of(isa::Opcode opcode) { return row_of(cause_of(opcode)).lane; }

/// What the overlap schedule needs besides.
struct Timing::Overlap {
  Overlap(const config::Machine& settings, std::size_t words)
      : machine(settings),
        board(settings),
        charged(words) {}

  const config::Machine machine;
  Scoreboard board;
  std::vector<Access> accesses;
  std::unique_ptr<hbm::MemoryModel> memory; ///< of this schedule; the serial one has its own
  std::vector<CauseCycles> charged;         ///< by pc
  std::uint64_t last_start = 0;
  Scoreboard::Slot slot;
  /// By pc: of its last transfer, why it took its time.
  std::vector<CauseCycles> waits;

  void charge(std::uint32_t pc, std::uint64_t cycles, Cause own, CauseCycles& into) const {
    if (pc < waits.size() && total(waits[pc]) > 0) {
      charge_share(into, waits[pc], cycles, own);
    } else {
      at(into, own) += cycles;
    }
  }
};

Timing::Timing(
  const config::Machine& machine, const config::Timing& timing, const isa::Program& program
)
    : settings_(timing),
      executions_(program.words.size()) {
  if (timing.has_memory()) {
    memory_ = hbm::make(timing);
  }
  // Programs have up to millions of words, and few different prices: most opcodes have one.
  struct Price {
    bool known = false;
    std::uint64_t cycles = 0;
  };
  std::array<Price, 64> prices{};
  cost_.reserve(program.words.size());
  opcodes_.reserve(program.words.size());
  for (const std::uint32_t word : program.words) {
    const auto op = static_cast<isa::Opcode>(word & 63);
    Price& price = prices[word & 63];
    opcodes_.push_back(op);
    if (memory_ != nullptr && is_transfer(cost_class(op))) {
      cost_.push_back(waits_.size());
      waits_.emplace_back();
    } else if (price.known) {
      cost_.push_back(price.cycles);
    } else {
      const isa::Instr instr = isa::decode_word(word).instr;
      cost_.push_back(emu::cycles(instr, machine, timing.cost_profile));
      price = {is_price_of_opcode(op), cost_.back()};
    }
  }
  if (timing.schedule == config::Schedule::overlap) {
    overlap_ = std::make_unique<Overlap>(machine, program.words.size());
    if (timing.has_memory()) {
      overlap_->memory = hbm::make(timing);
      overlap_->waits.resize(program.words.size());
    }
    quiet_ = false;
  }
}

Timing::~Timing() = default;
Timing::Timing(Timing&&) noexcept = default;

void Timing::listen(TimingListener& listener) {
  listeners_.push_back(&listener);
  quiet_ = false;
}

std::uint64_t Timing::cycles() const { return overlap_ ? overlap_->board.end() : now_; }
std::uint64_t Timing::serial_cycles() const { return now_; }

PcTime Timing::account(std::uint32_t pc) const {
  PcTime time{executions_[pc], {}};
  const Cause own = cause_of(opcodes_[pc]);
  if (overlap_) {
    time.cycles = overlap_->charged[pc];
    const std::uint64_t end = overlap_->board.end();
    if (end > overlap_->last_start && overlap_->board.last_to_end() == pc) {
      overlap_->charge(pc, end - overlap_->last_start, own, time.cycles);
    }
  } else if (asks_memory(pc)) {
    time.cycles = waits_[cost_[pc]];
  } else {
    at(time.cycles, own) = executions_[pc] * cost_[pc];
  }
  return time;
}

std::vector<PcTime> Timing::account() const {
  std::vector<PcTime> times;
  times.reserve(executions_.size());
  for (std::uint32_t pc = 0; pc < executions_.size(); ++pc) {
    times.push_back(account(pc));
  }
  return times;
}

CauseCycles Timing::causes() const {
  CauseCycles sum{};
  for (std::uint32_t pc = 0; pc < executions_.size(); ++pc) {
    if (executions_[pc] > 0) {
      const PcTime time = account(pc);
      for (std::size_t i = 0; i < cause_count; ++i) {
        sum[i] += time.cycles[i];
      }
    }
  }
  return sum;
}

void Timing::executing(std::uint32_t pc, const isa::Instr& instr, const Operands& operands) {
  PLENA_CHECK(overlap_ != nullptr);
  accesses_of(instr, operands, overlap_->machine, overlap_->accesses);
  overlap_->slot = overlap_->board.place(pc, instr, overlap_->accesses);
  blocks_.clear();
}

void Timing::transferred(const TransferRow& row) {
  if (memory_ == nullptr) {
    return;
  }
  append_blocks(row.element_address, row.element_bytes, blocks_);
  if (row.scale_bytes > 0) {
    // A load takes the scales from one block only.
    append_blocks(row.scale_address, row.store ? row.scale_bytes : 1, blocks_);
  }
}

void Timing::transfer(std::uint32_t pc, const isa::Instr& instr) {
  const std::uint64_t start = now_;
  if (memory_ == nullptr) {
    now_ += cost_[pc];
    tell(pc, start, now_, nullptr);
    return;
  }
  CauseCycles waits{};
  now_ = memory_->serve(start, {instr.op == isa::Opcode::H_STORE_V, blocks_}, waits);
  blocks_.clear();
  CauseCycles& sum = waits_[cost_[pc]];
  for (std::size_t i = 0; i < cause_count; ++i) {
    sum[i] += waits[i];
  }
  tell(pc, start, now_, &waits);
}

void Timing::tell(
  std::uint32_t pc, std::uint64_t start, std::uint64_t end, const CauseCycles* waits
) {
  for (TimingListener* listener : listeners_) {
    listener->stepped({pc, start, end, waits});
  }
}

void Timing::overlapped(std::uint32_t pc, const isa::Instr& instr, CostClass cost) {
  Overlap& overlap = *overlap_;
  const auto [start, waited_for] = overlap.slot;
  if (start > overlap.last_start) {
    const Cause own = cause_of(opcodes_[waited_for]);
    overlap.charge(waited_for, start - overlap.last_start, own, overlap.charged[waited_for]);
    for (TimingListener* listener : listeners_) {
      listener->charged({waited_for, overlap.last_start, start});
    }
    overlap.last_start = start;
  }
  const hbm::Transfer asked{instr.op == isa::Opcode::H_STORE_V, blocks_};
  const bool memory = memory_ != nullptr && is_transfer(cost);
  std::uint64_t end = start;
  if (memory) {
    CauseCycles& waits = overlap.waits[pc];
    waits = {};
    end = overlap.memory->serve(start, asked, waits);
    CauseCycles ignored{};
    now_ = memory_->serve(now_, asked, ignored);
  } else {
    end += cost_[pc];
    now_ += cost_[pc];
  }
  overlap.board.settle(end);
  for (TimingListener* listener : listeners_) {
    listener->stepped({pc, start, end, memory ? &overlap.waits[pc] : nullptr});
  }
  blocks_.clear();
}

} // namespace plena::emu
