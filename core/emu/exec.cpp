// Pre-decoding, the dispatch loop and the vocabulary that all instruction bodies share.
#include "emu/exec.h"

#include "emu/timing.h"
#include "isa/codec.h"
#include "numerics/minifloat.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <type_traits>

namespace plena::emu {

using numerics::ScalarFormat;
using numerics::StorageFormat;

namespace {

/// Stands for the observer that a run does not have.
class Nobody;

bool is_power_of_two(unsigned value) { return std::has_single_bit(value); }

/// Warnings that depend on the word alone, by bit of Op::static_warnings.
constexpr std::array static_warning_kinds{
  WarningKind::gp0_written,
  WarningKind::f0_written,
  WarningKind::mask_without_effect,
  WarningKind::stride_field,
  WarningKind::writeout_rs1_ignored,
};

/// What a transfer of `format` can do (emulator.md 3.9).
TransferFormat transfer_format(const StorageFormat& format) {
  TransferFormat result;
  result.format = format;
  const ScalarFormat& element = format.element;
  const unsigned width = element.width;
  const std::string described =
    fmt::format("{} elements of {} bits", format.mx ? "MX" : "plain", width);
  if (!numerics::is_supported(element) ||
      (format.mx && (!numerics::is_supported(format.scale) || format.block == 0))) {
    result.load_problem = described + " are not supported";
    result.store_problem = result.load_problem;
    return result;
  }
  result.codec.emplace(format);
  const bool odd_scale = format.mx && !is_power_of_two(format.scale.width);
  if (!is_power_of_two(width) || odd_scale) {
    result.load_problem = described + " cannot be transferred: widths are powers of two";
    result.store_problem = result.load_problem;
  } else if (width < 8) {
    result.load_problem = described + " cannot be loaded";
    if (format.mx) {
      result.store_problem = described + " overwrite each other when stored";
    }
  }
  const bool broken_fp = [&] {
    const ScalarFormat& rounded = format.mx ? format.scale : element;
    return rounded.kind == ScalarFormat::Kind::Fp && rounded.exponent < 8;
  }();
  result.encoder_broken = broken_fp;
  unsigned bits = numerics::significant_bits(element);
  if (format.mx) {
    result.elements_per_scale_byte = std::uint64_t{width} * format.block / format.scale.width;
    const unsigned scale_bits = numerics::significant_bits(format.scale);
    bits = scale_bits > 1 ? bits + scale_bits : bits;
    if (result.elements_per_scale_byte == 0 && result.load_problem.empty()) {
      result.load_problem = described + " have more scale than element bits";
      result.store_problem = result.load_problem;
    }
  }
  result.significant_bits = std::min(bits, 24u);
  return result;
}

} // namespace

Divisor::Divisor(std::uint64_t value)
    : value_(value),
      shift_(static_cast<unsigned>(std::countr_zero(value))),
      pow2_(std::has_single_bit(value) && value <= (std::uint64_t{1} << 31)) {}

Exec::Exec(const config::Machine& settings, const Options& options)
    : settings_(settings),
      budget_(options.memory_limit_bytes),
      hbm_(options.hbm_bytes.value_or(settings.hbm_size), budget_),
      vector_(settings.vector_sram_size, settings.vlen, settings.vector_sram_type.element, budget_),
      matrix_(settings.matrix_tiles(), settings.mlen, budget_),
      formats_{
        transfer_format(settings.hbm_m_weight_type),
        transfer_format(settings.hbm_m_kv_type),
        transfer_format(settings.hbm_v_act_type),
        transfer_format(settings.hbm_v_kv_type),
      },
      vlen_divisor_(settings.vlen),
      tile_divisor_(settings.tile_elems()),
      result_(settings.vlen),
      zero_(std::max(settings.vlen, settings.mlen)),
      clamped_row_(settings.vlen) {}

Exec::Handler Exec::handler_of(isa::Opcode opcode) {
  static constexpr std::array<Handler, 64> handlers = [] {
    std::array<Handler, 64> table{};
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  table[code] = [](Exec& exec) { exec.name(); };
#include "isa/instructions.def"
    return table;
  }();
  return handlers[static_cast<std::size_t>(opcode) & 63];
}

std::uint8_t Exec::static_warnings_of(const isa::Instr& instr, std::uint32_t word) const {
  const isa::InsnDef* def = isa::find(static_cast<std::uint32_t>(instr.op));
  if (def == nullptr || def->unit == isa::Unit::None) {
    return 0;
  }
  using isa::Opcode;
  const isa::Operand* destination = def->reads.find(isa::Field::rd);
  const isa::Operand* third = def->reads.find(isa::Field::rs3);
  // The instructions that write the integer register in rd; the others use rd as an address.
  const bool writes_gp = (def->unit == isa::Unit::Integer && instr.op != Opcode::S_ST_INT) ||
                         instr.op == Opcode::C_LOOP_START;
  const std::array<bool, static_warning_kinds.size()> found{
    writes_gp && destination != nullptr && instr.rd == 0,
    instr.op == Opcode::S_LD_FP && instr.rd == 0,
    instr.op == Opcode::V_RED_MAX && instr.rs3 != 0,
    third != nullptr && third->kind == isa::Kind::stride && instr.rs3 > 1,
    (instr.op == Opcode::M_BMM_WO || instr.op == Opcode::M_MV_WO || instr.op == Opcode::M_BMV_WO) &&
      isa::extract(word, isa::Field::rs1) != 0,
  };
  std::uint8_t bits = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    bits = static_cast<std::uint8_t>(bits | (found[i] ? 1u << i : 0u));
  }
  return bits;
}

std::optional<Fault> Exec::load(const isa::Program& program) {
  ops_.clear();
  program_ = program;
  pc_ = 0;
  loops_.clear();
  loop_limit_at_ = UINT64_MAX;
  open_loops_reported_ = false;
  fault_.reset();
  ops_.reserve(program.words.size());
  for (std::size_t i = 0; i < program.words.size(); ++i) {
    const std::uint32_t word = program.words[i];
    const isa::Decoded decoded = isa::decode_word(word);
    if (decoded.status == isa::DecodeStatus::Refused) {
      ops_.clear();
      fault_ = make_fault(
        FaultKind::decode,
        static_cast<std::uint32_t>(i),
        fmt::format("word 0x{:08X} has a field set that must be 0", word),
        std::nullopt,
        std::nullopt
      );
      return fault_;
    }
    const std::uint8_t warnings = static_warnings_of(decoded.instr, word);
    ops_.push_back(
      {warnings != 0 ? &warn_and_execute : handler_of(decoded.instr.op),
       decoded.instr,
       cost_class(decoded.instr.op),
       warnings}
    );
  }
  return std::nullopt;
}

void Exec::warn_and_execute(Exec& exec) {
  for (std::size_t i = 0; i < static_warning_kinds.size(); ++i) {
    if ((exec.op_->static_warnings >> i & 1) != 0) {
      exec.warn(static_warning_kinds[i]);
    }
  }
  handler_of(exec.op_->instr.op)(exec);
}

bool Exec::within_loop_limit() {
  if (loops_.empty()) {
    loop_limit_at_ = UINT64_MAX;
    return true;
  }
  const std::uint64_t base = loops_.oldest_base();
  const std::uint64_t limit = settings_.max_loop_instructions;
  loop_limit_at_ = base > UINT64_MAX - limit ? UINT64_MAX : base + limit;
  return counters_.executed < loop_limit_at_;
}

template <class Watcher, bool with_operands>
RunResult Exec::loop(std::uint64_t budget, Watcher* observer, std::uint32_t stop_pc) {
  constexpr bool observed = !std::is_same_v<Watcher, Nobody>;
  if constexpr (observed) {
    observer_ = observer;
  }
  const std::uint64_t before = counters_.executed;
  const std::uint64_t end = before > UINT64_MAX - budget ? UINT64_MAX : before + budget;
  const auto length = static_cast<std::uint32_t>(ops_.size());
  const std::uint32_t stop = std::min(length, stop_pc);
  while (pc_ < stop && counters_.executed < end && !fault_) {
    if (counters_.executed >= loop_limit_at_ && !within_loop_limit()) {
      op_ = &ops_[pc_];
      fail(
        FaultKind::loop_instruction_limit,
        fmt::format(
          "an iteration of a loop executed more than {} instructions",
          settings_.max_loop_instructions
        ),
        std::nullopt,
        settings_.max_loop_instructions
      );
      break;
    }
    const std::uint32_t pc = pc_;
    op_ = &ops_[pc];
    pc_ = pc + 1;
    if constexpr (with_operands) {
      observer->executing(pc, op_->instr, {gp_, a_, scale_, stride_, v_mask_});
    }
    op_->handler(*this);
    if (fault_) [[unlikely]] {
      pc_ = pc;
      break;
    }
    ++counters_.executed;
    ++counters_.by_opcode[static_cast<std::size_t>(op_->instr.op)];
    if constexpr (observed) {
      observer->executed(pc, op_->instr, op_->cost);
    }
  }
  observer_ = nullptr;
  RunResult result;
  result.executed = counters_.executed - before;
  if (fault_) {
    result.reason = RunResult::Reason::Fault;
  } else if (pc_ >= length) {
    result.reason = RunResult::Reason::Done;
    if (!loops_.empty() && !open_loops_reported_) {
      open_loops_reported_ = true;
      warn(WarningKind::loops_left_open);
    }
  }
  return result;
}

RunResult Exec::run(std::uint64_t budget, Observer* observer, std::uint32_t stop_pc) {
  if (observer == nullptr) {
    return loop<Nobody, false>(budget, nullptr, stop_pc);
  }
  if (observer->needs_operands()) {
    return loop<Observer, true>(budget, observer, stop_pc);
  }
  // The clock is so common that its calls are worth resolving here.
  if (auto* timing = dynamic_cast<Timing*>(observer)) {
    return loop<Timing, false>(budget, timing, stop_pc);
  }
  return loop<Observer, false>(budget, observer, stop_pc);
}

Fault Exec::make_fault(
  FaultKind kind,
  std::uint32_t pc,
  std::string message,
  std::optional<std::uint64_t> address,
  std::optional<std::uint64_t> limit
) const {
  Fault fault;
  fault.kind = kind;
  fault.pc = pc;
  fault.address = address;
  fault.limit = limit;
  fault.message = std::move(message);
  fault.hint = std::string(hint_of(kind));
  if (pc < program_.words.size()) {
    fault.word = program_.words[pc];
    fault.instr = isa::decode_word(fault.word).instr;
    fault.instruction = isa::disassemble(fault.word);
  }
  if (pc < program_.lines.size()) {
    fault.line = program_.lines[pc];
  }
  const isa::InsnDef* def = isa::find(static_cast<std::uint32_t>(fault.instr.op));
  if (def == nullptr) {
    return fault;
  }
  for (const isa::Operand& operand : def->reads) {
    const std::uint32_t index = fault.instr.get(operand.field);
    const isa::KindInfo& info = isa::info_of(operand.kind);
    std::uint64_t value = 0;
    if (info.prefix == "gp") {
      value = gp_[index & 15];
    } else if (info.prefix == "f") {
      value = index < f_.size() ? f_[index] : 0;
    } else if (info.prefix == "a") {
      value = a_[index & 15];
    } else {
      continue;
    }
    fault.operands.push_back({fmt::format("{}{}", info.prefix, index), value});
  }
  return fault;
}

void Exec::fail(
  FaultKind kind,
  std::string message,
  std::optional<std::uint64_t> address,
  std::optional<std::uint64_t> limit
) {
  if (!fault_) {
    fault_ = make_fault(
      kind, static_cast<std::uint32_t>(op_ - ops_.data()), std::move(message), address, limit
    );
  }
}

void Exec::out_of_memory() {
  fail(FaultKind::host_memory, "the memory that this run may use is taken up");
}

void Exec::warn(WarningKind kind) {
  Warning& warning = warnings_[static_cast<std::size_t>(kind)];
  if (warning.count == 0) {
    const auto pc = op_ == nullptr ? 0 : op_ - ops_.data();
    warning = {kind, static_cast<std::uint32_t>(pc), 0};
  }
  ++warning.count;
}

std::uint32_t Exec::address(RegisterField base) {
  const std::uint32_t sum = gp(base) + imm();
  if (sum < imm()) {
    warn(WarningKind::address_wrap);
  }
  return sum;
}

std::uint16_t Exec::f_bits(RegisterField which) {
  const std::uint32_t index = field(which);
  if (index >= f_.size()) {
    fail(
      FaultKind::fp_register_index,
      fmt::format("f{} is no register: the machine has {}", index, f_.size()),
      index,
      f_.size()
    );
    return 0;
  }
  return f_[index];
}

void Exec::set_f(RegisterField which, std::uint16_t bits) {
  f_bits(which);
  if (!fault_) {
    f_[field(which)] = bits;
  }
}

std::optional<std::uint64_t> Exec::row_index(std::uint32_t address) {
  if (vlen_divisor_.remainder(address) != 0) {
    fail(
      FaultKind::vector_sram_alignment,
      fmt::format("Vector SRAM address {} is not a multiple of VLEN = {}", address, vlen()),
      address,
      vlen()
    );
    return std::nullopt;
  }
  const std::uint64_t index = vlen_divisor_.quotient(address);
  if (index >= vector_.rows()) {
    fail(
      FaultKind::vector_sram_bounds,
      fmt::format("Vector SRAM address {} is row {} of {}", address, index, vector_.rows()),
      address,
      vector_.rows() * vlen()
    );
    return std::nullopt;
  }
  return index;
}

const float* Exec::row(std::uint32_t address) {
  const std::optional<std::uint64_t> index = row_index(address);
  return index ? vector_.row(*index) : zero_.data();
}

void Exec::write_row(std::uint32_t address, const float* values) {
  write_row_lanes(address, 0, {values, vlen()});
}

void Exec::write_row_lanes(
  std::uint32_t address, std::uint32_t first, std::span<const float> values
) {
  const std::optional<std::uint64_t> index = row_index(address);
  if (index && !fault_ && !vector_.write_lanes(*index, first, values)) {
    out_of_memory();
  }
}

} // namespace plena::emu
