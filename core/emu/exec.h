// The interpreter behind Machine. Every row of core/isa/instructions.def has a body EXEC(name) in
// one of the exec_*.cpp files; a missing body is a link error that names the instruction. Bodies
// speak the vocabulary below, which takes fields of the current instruction by name (rd, rs1 ..)
// and does bounds checks and rounding.
//
// A fault does not leave a body early: it is recorded, reads give zeros from then on, and nothing
// is written any more, so that the body runs to its end without effect.
#pragma once

#include "emu/costs.h"
#include "emu/fault.h"
#include "emu/machine.h"
#include "emu/memory.h"
#include "numerics/bits.h"
#include "numerics/mx.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#define EXEC(name) void Exec::name()

namespace plena::emu {

/// Division of addresses by a row length or tile size that is mostly a power of two.
class Divisor {
 public:
  explicit Divisor(std::uint64_t value);
  std::uint64_t value() const { return value_; }
  std::uint64_t quotient(std::uint32_t x) const { return pow2_ ? x >> shift_ : x / value_; }
  std::uint64_t remainder(std::uint32_t x) const { return pow2_ ? x & (value_ - 1) : x % value_; }

 private:
  std::uint64_t value_;
  unsigned shift_ = 0;
  bool pow2_ = false;
};

/// One of the HBM types, and what transfers can do with it.
struct TransferFormat {
  numerics::StorageFormat format;
  std::optional<numerics::RowCodec> codec; ///< absent when neither direction works
  std::string load_problem;                ///< empty when loads work
  std::string store_problem;               ///< empty when stores work
  bool encoder_broken = false;             ///< stores happen but write wrong values
  std::uint64_t elements_per_scale_byte = 1;
  unsigned significant_bits = 24;
};

/// Stack of open loops. Ends match the nearest entry of their register, so entries are also chained
/// by register; both operations take constant time.
class LoopStack {
 public:
  struct Entry {
    std::uint32_t pc = 0;
    std::uint8_t reg = 0;
    std::uint64_t base = 0; ///< instructions executed when the current iteration began
    std::int32_t previous = -1;
    std::int32_t next = -1;
    std::int32_t previous_same = -1; ///< of the same register
  };

  bool empty() const { return top_ < 0; }
  std::size_t depth() const { return depth_; }
  void push(std::uint32_t pc, std::uint8_t reg, std::uint64_t base);
  /// Nearest entry of a register, null if there is none.
  Entry* nearest(std::uint8_t reg);
  Entry& innermost() { return entries_[static_cast<std::size_t>(top_)]; }
  void remove_nearest(std::uint8_t reg);
  /// The smallest base of all entries; not empty.
  std::uint64_t oldest_base() const;
  std::vector<LoopView> view() const;
  void clear();

 private:
  std::vector<Entry> entries_;
  std::vector<std::int32_t> free_;
  std::int32_t top_ = -1;
  std::size_t depth_ = 0;
  std::array<std::int32_t, 16> nearest_ = [] {
    std::array<std::int32_t, 16> none{};
    none.fill(-1);
    return none;
  }();
};

struct SavedState;

class Exec {
 public:
  static constexpr std::size_t scalar_entries = 1024;
  static constexpr std::size_t max_open_loops = std::size_t{1} << 22;

  struct Formats {
    TransferFormat weight;
    TransferFormat matrix_kv;
    TransferFormat activation;
    TransferFormat vector_kv;
  };

  Exec(const config::Machine& settings, const Options& options);

  std::optional<Fault> load(const isa::Program& program);
  RunResult run(std::uint64_t budget, Observer* observer, std::uint32_t stop_pc);
  /// The instruction that executes next; null behind the end.
  const isa::Instr* next() const { return pc_ < ops_.size() ? &ops_[pc_].instr : nullptr; }
  /// Calls `f` with each part of the state that a program changes, beside its copy. The memories
  /// are left out: they share their pages.
  template <class F> void each_part(SavedState& saved, F&& f);

  // State that Machine shows.
  const config::Machine settings_;
  MemoryBudget budget_;
  Hbm hbm_;
  VectorSram vector_;
  MatrixSram matrix_;
  std::array<std::uint16_t, scalar_entries> fp_sram_{};
  std::array<std::uint32_t, scalar_entries> int_sram_{};
  std::array<std::uint32_t, 16> gp_{};
  std::array<std::uint16_t, 8> f_{};
  std::array<std::uint64_t, 16> a_{};
  std::uint32_t scale_ = 0;
  std::uint32_t stride_ = 1;
  std::uint32_t v_mask_ = 0;
  std::uint32_t pc_ = 0;
  LoopStack loops_;
  Counters counters_;
  std::optional<Fault> fault_;
  std::array<Warning, 32> warnings_{};
  Formats formats_;

 private:
  using Handler = void (*)(Exec&);
  /// A word made ready: whom to call and with which fields.
  struct Op {
    Handler handler;
    isa::Instr instr;
    CostClass cost;
    std::uint8_t static_warnings; ///< bits, in the order of `static_warning_kinds`
  };

#define INSN(name, code, unit, cost, operands, reads, effect, summary) void name();
#include "isa/instructions.def"

  static Handler handler_of(isa::Opcode opcode);
  /// Counts the warnings that a word always causes, then executes it.
  static void warn_and_execute(Exec& exec);
  std::uint8_t static_warnings_of(const isa::Instr& instr, std::uint32_t word) const;
  template <class Watcher, bool with_operands>
  RunResult loop(std::uint64_t budget, Watcher* observer, std::uint32_t stop_pc);
  /// Refreshes `loop_limit_at_`; false when a loop's iteration has grown too long.
  bool within_loop_limit();
  Fault make_fault(
    FaultKind kind,
    std::uint32_t pc,
    std::string message,
    std::optional<std::uint64_t> address,
    std::optional<std::uint64_t> limit
  ) const;

  // Vocabulary: fields.
  static constexpr std::uint8_t isa::Instr::*rd = &isa::Instr::rd;
  static constexpr std::uint8_t isa::Instr::*rs1 = &isa::Instr::rs1;
  static constexpr std::uint8_t isa::Instr::*rs2 = &isa::Instr::rs2;
  static constexpr std::uint8_t isa::Instr::*rs3 = &isa::Instr::rs3;
  static constexpr std::uint8_t isa::Instr::*funct = &isa::Instr::funct;
  using RegisterField = std::uint8_t isa::Instr::*;

  std::uint32_t field(RegisterField which) const { return op_->instr.*which; }
  std::uint32_t imm() const { return op_->instr.imm; }
  /// gp[field] + immediate, modulo 2^32.
  std::uint32_t address(RegisterField base);

  // Vocabulary: registers.
  std::uint32_t gp(RegisterField which) const { return gp_[field(which)]; }
  void set_gp(RegisterField which, std::uint32_t value) {
    if (!fault_) {
      gp_[field(which)] = value;
    }
  }
  std::uint16_t f_bits(RegisterField which);
  float f(RegisterField which) { return numerics::widen_bf16(f_bits(which)); }
  void set_f(RegisterField which, std::uint16_t bits);
  void set_f(RegisterField which, float value) { set_f(which, numerics::narrow_bf16(value)); }

  // Vocabulary: scalar memories.
  bool inside_scalar_sram(FaultKind kind, std::uint32_t index, std::uint32_t count);
  std::uint16_t load_fp(std::uint32_t index);
  void store_fp(std::uint32_t index, std::uint16_t bits);
  std::uint32_t load_int(std::uint32_t index);
  void store_int(std::uint32_t index, std::uint32_t value);

  // Vocabulary: Vector SRAM, by element address.
  std::optional<std::uint64_t> row_index(std::uint32_t address);
  const float* row(std::uint32_t address);
  void write_row(std::uint32_t address, const float* values);
  void write_row_lanes(std::uint32_t address, std::uint32_t first, std::span<const float> values);
  /// Scratch for a row's results.
  float* result() { return result_.data(); }
  std::size_t vlen() const { return settings_.vlen; }
  /// Lane groups that the v_mask selects.
  bool selects_group(std::uint32_t group) const { return ((v_mask_ >> (group & 31)) & 1) != 0; }
  /// Writes V[rd]: `result()` where the mask field selects lanes, `source` elsewhere.
  void write_masked(const float* source);
  void settle_row(const float* x, const float* y);
  void settle_row(const float* x, float c);
  void combine_rows(bool (*operation)(const float*, const float*, float*, std::size_t));
  void combine_scalar(bool (*operation)(const float*, float, float*, std::size_t), bool negate);
  void limit_row(void (*operation)(const float*, float, float*, std::size_t));
  void check_mask_bits();
  void binary_fp(float (*operation)(float, float), numerics::NanFrom preferred);
  void unary_fp(float (*operation)(float));

  // Vocabulary: matrix products.
  struct TileAddress {
    const Tile* tile = nullptr; ///< null: all zeros, or a fault
    std::uint64_t index = 0;
    std::uint32_t offset = 0; ///< elements past the tile's start
    bool ok = false;
  };
  TileAddress tile_at(std::uint32_t address);
  bool tile_rows_match();
  /// Rows `V[vector + i * MLEN]`, i < count, into `x_rows_`.
  bool gather_rows(std::uint32_t vector, std::uint32_t count);
  struct Selection {
    TileAddress tile;
    bool transposed = false;
    std::uint32_t first_row = 0; ///< of the tile as it is used (transposed or not)
    std::uint32_t first_column = 0;
  };
  /// Adds the product of the gathered rows, from lane `x_offset` on, with the selected part of a
  /// tile.
  void accumulate(const Selection& selection, numerics::Product product, std::uint32_t x_offset);
  void tile_product(std::uint32_t matrix, std::uint32_t vector, bool transposed);
  void row_product(Selection selection);
  void head_products(
    std::uint32_t matrix,
    std::uint32_t vector,
    bool transposed,
    std::uint32_t rows,
    std::vector<float>& accumulator
  );
  bool ready(std::vector<float>& accumulator, std::uint64_t elems);
  void write_broadcast(std::vector<float>& accumulator, std::uint32_t rows);
  std::optional<std::uint32_t> lane_offset(std::uint32_t address);

  // Vocabulary: HBM.
  struct Transfer;
  std::optional<Transfer>
  start_transfer(const TransferFormat& format, std::uint32_t lanes, std::uint64_t rows, bool store);
  void load_row(const Transfer& transfer, std::uint64_t i, std::span<float> values);
  void store_row(const Transfer& transfer, std::uint64_t i, const float* values);
  bool store_bytes(std::uint64_t address, std::span<const std::uint8_t> bytes);

  // Vocabulary: what goes wrong.
  void fail(
    FaultKind kind,
    std::string message,
    std::optional<std::uint64_t> address = std::nullopt,
    std::optional<std::uint64_t> limit = std::nullopt
  );
  void out_of_memory();
  void reserved();
  void warn(WarningKind kind);

  std::vector<Op> ops_;
  isa::Program program_;
  const Op* op_ = nullptr;
  Observer* observer_ = nullptr;
  std::uint64_t loop_limit_at_ = UINT64_MAX; ///< no loop can be over its limit before this count
  bool open_loops_reported_ = false;

  Divisor vlen_divisor_;
  Divisor tile_divisor_;
  std::vector<float> result_;      // (vlen)
  std::vector<float> zero_;        // (max(vlen, mlen)); what reads give after a fault
  std::vector<float> clamped_row_; // (vlen)
  std::vector<float> m_acc_;       // (blen, blen)
  std::vector<float> hm_acc_;      // (broadcast, mlen, mlen)
  std::vector<float> v_acc_;       // (blen)
  std::vector<float> hv_acc_;      // (broadcast, mlen)
  std::vector<const float*> x_rows_;
  std::vector<const float*> x_shifted_;
  std::vector<std::uint64_t> x_indices_;
  std::vector<std::uint8_t> element_bytes_;
  std::vector<std::uint8_t> scale_bytes_;
};

} // namespace plena::emu
