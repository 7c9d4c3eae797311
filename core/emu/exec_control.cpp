// Loops and register set-up (emulator.md 5.7 and 7), and the words that are no instructions.
#include "emu/exec.h"

#include <fmt/format.h>

namespace plena::emu {

void LoopStack::push(std::uint32_t pc, std::uint8_t reg, std::uint64_t base) {
  std::int32_t slot = static_cast<std::int32_t>(entries_.size());
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  entries_[static_cast<std::size_t>(slot)] = {pc, reg, base, top_, -1, nearest_[reg]};
  if (top_ >= 0) {
    innermost().next = slot;
  }
  top_ = slot;
  nearest_[reg] = slot;
  ++depth_;
}

LoopStack::Entry* LoopStack::nearest(std::uint8_t reg) {
  const std::int32_t slot = nearest_[reg];
  return slot < 0 ? nullptr : &entries_[static_cast<std::size_t>(slot)];
}

void LoopStack::remove_nearest(std::uint8_t reg) {
  const std::int32_t slot = nearest_[reg];
  const Entry removed = entries_[static_cast<std::size_t>(slot)];
  nearest_[reg] = removed.previous_same;
  if (removed.previous >= 0) {
    entries_[static_cast<std::size_t>(removed.previous)].next = removed.next;
  }
  if (removed.next >= 0) {
    entries_[static_cast<std::size_t>(removed.next)].previous = removed.previous;
  } else {
    top_ = removed.previous;
  }
  free_.push_back(slot);
  --depth_;
}

std::uint64_t LoopStack::oldest_base() const {
  std::uint64_t oldest = UINT64_MAX;
  for (std::int32_t slot = top_; slot >= 0;) {
    const Entry& entry = entries_[static_cast<std::size_t>(slot)];
    oldest = entry.base < oldest ? entry.base : oldest;
    slot = entry.previous;
  }
  return oldest;
}

std::vector<LoopView> LoopStack::view() const {
  std::vector<LoopView> loops(depth_);
  std::size_t at = depth_;
  for (std::int32_t slot = top_; slot >= 0;) {
    const Entry& entry = entries_[static_cast<std::size_t>(slot)];
    loops[--at] = {entry.pc, entry.reg};
    slot = entry.previous;
  }
  return loops;
}

void LoopStack::clear() { *this = LoopStack(); }

EXEC(C_SET_ADDR_REG) { a_[field(rd)] = std::uint64_t{gp(rs1)} << 32 | gp(rs2); }
EXEC(C_SET_SCALE_REG) { scale_ = gp(rd); }
EXEC(C_SET_STRIDE_REG) { stride_ = gp(rd); }
EXEC(C_SET_V_MASK_REG) { v_mask_ = gp(rd); }

EXEC(C_LOOP_START) {
  if (imm() == 0) {
    fail(FaultKind::loop_count_zero, "the loop's count is 0");
    return;
  }
  // Open loops are normally few; a program that opens them without end must not eat the host.
  if (loops_.depth() >= max_open_loops) {
    fail(
      FaultKind::host_memory,
      fmt::format("{} loops are open", loops_.depth()),
      loops_.depth(),
      max_open_loops
    );
    return;
  }
  set_gp(rd, imm());
  // The count of a new entry starts after this instruction.
  loops_.push(pc_ - 1, static_cast<std::uint8_t>(field(rd)), counters_.executed + 1);
  if (loops_.depth() == 1) {
    loop_limit_at_ = 0; // computed before the next instruction
  }
}

EXEC(C_LOOP_END) {
  const auto reg = static_cast<std::uint8_t>(field(rd));
  LoopStack::Entry* entry = loops_.nearest(reg);
  if (entry == nullptr) {
    fail(FaultKind::loop_end_without_start, fmt::format("no loop is open on gp{}", reg));
    return;
  }
  if (gp(rd) > 1) {
    set_gp(rd, gp(rd) - 1);
    entry->base = counters_.executed + 1;
    pc_ = entry->pc + 1;
  } else {
    set_gp(rd, 0);
    loops_.remove_nearest(reg);
  }
}

EXEC(C_BREAK) {
  if (loops_.empty()) {
    fail(FaultKind::break_outside_loop, "no loop is open");
    return;
  }
  const std::uint8_t reg = loops_.innermost().reg;
  gp_[reg] = 0;
  loops_.remove_nearest(reg);
}

void Exec::reserved() {
  fail(
    FaultKind::invalid_opcode,
    fmt::format(
      "opcode 0x{:02X} is no instruction of this machine",
      program_.words[static_cast<std::size_t>(op_ - ops_.data())] & 63
    )
  );
}

EXEC(INVALID_OPCODE) { reserved(); }
EXEC(V_PS_V) { reserved(); }
EXEC(C_HADAMARD_TRANSFORM) { reserved(); }

} // namespace plena::emu
