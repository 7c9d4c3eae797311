#include "emu/timing.h"

#include "base/check.h"
#include "emu/scoreboard.h"
#include "isa/codec.h"

#include <algorithm>
#include <utility>

namespace plena::emu {

namespace {

/// Blocks that a range touches.
std::uint64_t touched_blocks(std::uint64_t address, std::uint64_t count) {
  return count == 0
           ? 0
           : (address % hbm::block_bytes + count + hbm::block_bytes - 1) / hbm::block_bytes;
}

/// Appends the blocks that a range touches, in ascending order.
void append_blocks(std::uint64_t address, std::uint64_t count, std::vector<std::uint64_t>& blocks) {
  const std::uint64_t touched = touched_blocks(address, count);
  const std::uint64_t first = address - address % hbm::block_bytes;
  for (std::uint64_t i = 0; i < touched; ++i) {
    blocks.push_back(first + i * hbm::block_bytes);
  }
}

/// Bytes of the scales' blocks that are asked for: a load takes the scales from one block only.
std::uint64_t scale_span(const TransferRow& row) {
  return row.store || row.scale_bytes == 0 ? row.scale_bytes : 1;
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

/// What the overlap schedule needs besides.
struct Timing::Overlap {
  Overlap(const config::Machine& settings, std::size_t words)
      : machine(settings),
        board(settings),
        charged(words) {}

  Overlap(const Overlap& other)
      : machine(other.machine),
        board(other.board),
        memory(other.memory ? other.memory->copy() : nullptr),
        charged(other.charged),
        last_start(other.last_start),
        slot(other.slot),
        waits(other.waits) {}

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
  // Programs have up to millions of words and few different prices.
  constexpr std::uint8_t dropped = 64;
  constexpr std::uint8_t policies = 128;
  const auto set_price = [&](std::size_t key, const isa::Instr& instr) {
    prices_[key] = {instr.op, emu::cycles(instr, machine, timing.cost_profile)};
  };
  for (std::uint8_t code = 0; code < 64; ++code) {
    isa::Instr instr;
    instr.op = static_cast<isa::Opcode>(code);
    set_price(dropped + code, instr);
    instr.rd = 1;
    set_price(code, instr);
  }
  for (std::uint8_t policy = 0; policy < 16; ++policy) {
    isa::Instr instr;
    instr.op = isa::Opcode::V_TOPK;
    instr.rs3 = policy;
    set_price(policies + policy, instr);
  }
  std::array<bool, 64> plain{};
  for (std::uint8_t code = 0; code < 64; ++code) {
    const auto op = static_cast<isa::Opcode>(code);
    plain[code] = is_price_of_opcode(op) && !is_transfer(cost_class(op));
  }
  price_of_.reserve(program.words.size());
  for (std::size_t pc = 0; pc < program.words.size(); ++pc) {
    const std::uint32_t word = program.words[pc];
    auto key = static_cast<std::uint8_t>(word & 63);
    if (plain[key]) {
      price_of_.push_back(key);
      continue;
    }
    const auto op = static_cast<isa::Opcode>(key);
    if (!is_price_of_opcode(op)) {
      const isa::Instr instr = isa::decode_word(word).instr;
      if (op == isa::Opcode::V_TOPK) {
        key = static_cast<std::uint8_t>(policies + (instr.rs3 & 15));
      } else if (is_dropped(instr)) {
        key = static_cast<std::uint8_t>(dropped + key);
      }
    } else if (is_transfer(cost_class(op))) {
      transfers_.push_back(static_cast<std::uint32_t>(pc));
    }
    price_of_.push_back(key);
  }
  waits_.resize(transfers_.size());
  bytes_.resize(transfers_.size());
  if (timing.schedule == config::Schedule::overlap) {
    overlap_ = std::make_unique<Overlap>(machine, program.words.size());
    if (timing.has_memory()) {
      overlap_->memory = hbm::make(timing);
      overlap_->waits.resize(program.words.size());
    }
    quiet_ = false;
  }
}

Timing::Timing(const Timing& other)
    : settings_(other.settings_),
      prices_(other.prices_),
      price_of_(other.price_of_),
      executions_(other.executions_),
      wraps_(other.wraps_),
      transfers_(other.transfers_),
      waits_(other.waits_),
      bytes_(other.bytes_),
      moving_(other.moving_),
      memory_(other.memory_ ? other.memory_->copy() : nullptr),
      overlap_(other.overlap_ ? std::make_unique<Overlap>(*other.overlap_) : nullptr),
      now_(other.now_),
      quiet_(other.overlap_ == nullptr) {}

std::unique_ptr<Timing> Timing::copy() const { return std::unique_ptr<Timing>(new Timing(*this)); }

std::uint64_t Timing::bytes() const {
  const std::uint64_t causes =
    waits_.size() + (overlap_ ? overlap_->charged.size() + overlap_->waits.size() : 0);
  return sizeof(Timing) + prices_.size() * sizeof(Price) + price_of_.size() +
         (executions_.size() + wraps_.size() + transfers_.size()) * sizeof(std::uint32_t) +
         bytes_.size() * sizeof(std::uint64_t) + causes * sizeof(CauseCycles);
}

Timing::~Timing() = default;
Timing::Timing(Timing&&) noexcept = default;

void Timing::listen(TimingListener& listener) {
  listeners_.push_back(&listener);
  quiet_ = false;
}

void Timing::wrap(std::uint32_t pc) {
  wraps_.resize(executions_.size());
  ++wraps_[pc];
}

bool Timing::asks_memory(std::uint32_t pc) const {
  return memory_ != nullptr && is_transfer(cost_class(price(pc).opcode));
}

std::size_t Timing::transfer_at(std::uint32_t pc) const {
  const auto found = std::lower_bound(transfers_.begin(), transfers_.end(), pc);
  return static_cast<std::size_t>(found - transfers_.begin());
}

void Timing::moved(std::uint32_t pc) { bytes_[transfer_at(pc)] += std::exchange(moving_, 0); }

std::uint64_t Timing::cycles() const { return overlap_ ? overlap_->board.end() : now_; }
std::uint64_t Timing::serial_cycles() const { return now_; }

PcTime Timing::account(std::uint32_t pc) const {
  PcTime time{.executions = executions(pc)};
  if (is_transfer(cost_class(price(pc).opcode))) {
    time.bytes = bytes_[transfer_at(pc)];
  }
  const Cause own = cause_of(price(pc).opcode);
  if (overlap_) {
    time.cycles = overlap_->charged[pc];
    const std::uint64_t end = overlap_->board.end();
    if (end > overlap_->last_start && overlap_->board.last_to_end() == pc) {
      overlap_->charge(pc, end - overlap_->last_start, own, time.cycles);
    }
  } else if (asks_memory(pc)) {
    time.cycles = waits_[transfer_at(pc)];
  } else {
    at(time.cycles, own) = time.executions * price(pc).cycles;
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
    if (executions(pc) > 0) {
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
  // As the machine counts: whole blocks, of which a store reads those that it writes.
  const std::uint64_t blocks = touched_blocks(row.element_address, row.element_bytes) +
                               touched_blocks(row.scale_address, scale_span(row));
  moving_ += (row.store ? 2 : 1) * blocks * hbm::block_bytes;
  if (memory_ != nullptr) {
    append_blocks(row.element_address, row.element_bytes, blocks_);
    append_blocks(row.scale_address, scale_span(row), blocks_);
  }
}

void Timing::transfer(std::uint32_t pc, const isa::Instr& instr) {
  const std::uint64_t start = now_;
  moved(pc);
  if (memory_ == nullptr) {
    now_ += price(pc).cycles;
    tell(pc, start, now_, nullptr);
    return;
  }
  CauseCycles waits{};
  now_ = memory_->serve(start, {instr.op == isa::Opcode::H_STORE_V, blocks_}, waits);
  blocks_.clear();
  CauseCycles& sum = waits_[transfer_at(pc)];
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
    const Cause own = cause_of(price(waited_for).opcode);
    overlap.charge(waited_for, start - overlap.last_start, own, overlap.charged[waited_for]);
    for (TimingListener* listener : listeners_) {
      listener->charged({waited_for, overlap.last_start, start});
    }
    overlap.last_start = start;
  }
  const hbm::Transfer asked{instr.op == isa::Opcode::H_STORE_V, blocks_};
  const bool memory = memory_ != nullptr && is_transfer(cost);
  std::uint64_t end = start;
  if (is_transfer(cost)) {
    moved(pc);
  }
  if (memory) {
    CauseCycles& waits = overlap.waits[pc];
    waits = {};
    end = overlap.memory->serve(start, asked, waits);
    CauseCycles ignored{};
    now_ = memory_->serve(now_, asked, ignored);
  } else {
    end += price(pc).cycles;
    now_ += price(pc).cycles;
  }
  overlap.board.settle(end);
  for (TimingListener* listener : listeners_) {
    listener->stepped({pc, start, end, memory ? &overlap.waits[pc] : nullptr});
  }
  blocks_.clear();
}

} // namespace plena::emu
