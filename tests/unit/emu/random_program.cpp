// Registers have fixed roles, so that every instruction finds a legal operand:
//   gp1-gp3 rows, gp4 gp5 tiles, gp6 HBM offset, gp7 scalar address, gp8 any value, gp9 stride,
//   gp10 scale, gp11 mask, gp12 row step, gp13 tile with a column, gp14 gp15 loops
#include "random_program.h"

#include "assemble.h"
#include "random.h"

namespace plena::tests {

namespace {

using isa::Opcode;

constexpr std::uint32_t hbm_bytes = 1 << 16;
constexpr std::uint32_t vector_rows = 1024;

config::Latency random_latency(Random& random) { return {random.below(12), random.below(25)}; }

config::Machine random_machine(Random& random) {
  config::Machine m = small_machine();
  m.hbm_size = hbm_bytes;
  m.vector_sram_size = vector_rows;
  m.hbm_m_prefetch_amount = random.pick({16u, 20u});
  m.hbm_v_prefetch_amount = 1 + random.below(6);
  m.hbm_v_writeback_amount = 1 + random.below(4);
  m.hbm_v_kv_type = {numerics::bf16, false, 1, numerics::e8m0};
  m.hbm_m_kv_type = {numerics::e5m2, true, 4, numerics::e8m0};
  m.dc_en = random.below(2);
  m.systolic_processing_overhead = random_latency(random);
  m.vector_add_cycles = random_latency(random);
  m.vector_mul_cycles = random_latency(random);
  m.vector_exp_cycles = random_latency(random);
  m.vector_reci_cycles = random_latency(random);
  m.vector_max_cycles = random_latency(random);
  m.vector_sum_cycles = random_latency(random);
  m.scalar_fp_basic_cycles = random_latency(random);
  m.scalar_fp_exp_cycles = random_latency(random);
  m.scalar_int_basic_cycles = {random.below(3), random.below(3)};
  return m;
}

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_{seed * 2 + 1} {
    random_.next();
    out_.machine = random_machine(random_);
    out_.hbm.resize(hbm_bytes);
    for (std::uint8_t& byte : out_.hbm) {
      byte = static_cast<std::uint8_t>(random_.next() & 0xBF);
    }
  }

  RandomProgram write() {
    for (unsigned reg = 1; reg <= 13; ++reg) {
      set(reg);
    }
    for (unsigned reg = 0; reg < 4; ++reg) {
      emit(Opcode::C_SET_ADDR_REG, {.rd = reg, .rs1 = 0, .rs2 = 6});
      set(6);
    }
    emit(Opcode::C_SET_SCALE_REG, {.rd = 10});
    emit(Opcode::C_SET_STRIDE_REG, {.rd = 9});
    block(14, 25);
    return std::move(out_);
  }

 private:
  void emit(Opcode op, const Fields& fields) { out_.program.words.push_back(word(op, fields)); }
  unsigned row() { return 1 + random_.below(3); }
  unsigned tile() { return 4 + random_.below(2); }
  unsigned f() { return random_.below(8); }
  unsigned flag() { return random_.below(2); }

  std::uint32_t value_for(unsigned reg) {
    const config::Machine& m = out_.machine;
    const auto tile_elems = static_cast<std::uint32_t>(m.tile_elems());
    switch (reg) {
    case 1:
    case 2:
    case 3:
      headroom_[reg] = 300;
      return random_.below(random_.once_in(2) ? 12 : 500) * m.vlen;
    case 4:
    case 5:
      return random_.below(3) * tile_elems;
    case 6:
      return random_.below(1024) * 8;
    case 7:
      return random_.below(random_.once_in(2) ? 16 : 900);
    case 9:
      return random_.below(64) * 8;
    case 10:
      return random_.below(256) * 64;
    case 12:
      return 1 + random_.below(4);
    case 13:
      return random_.below(4) * tile_elems + random_.below(4) * m.blen;
    default:
      return random_.next() & 0x3FFFF;
    }
  }
  void set(unsigned reg) { emit(Opcode::S_ADDI_INT, {.rd = reg, .rs1 = 0, .imm = value_for(reg)}); }

  void block(unsigned loop, std::uint32_t items) {
    for (std::uint32_t i = 0; i < items; ++i) {
      if (loop <= 15 && random_.once_in(10)) {
        const std::uint32_t times = 1 + random_.below(4);
        emit(Opcode::C_LOOP_START, {.rd = loop, .imm = times});
        const bool leaves = random_.once_in(4);
        times_ *= leaves ? 1 : times;
        block(loop + 1, 2 + random_.below(6));
        times_ /= leaves ? 1 : times;
        if (leaves) {
          emit(Opcode::C_BREAK, {});
        } else {
          emit(Opcode::C_LOOP_END, {.rd = loop});
        }
      } else {
        item();
      }
    }
  }

  void item() {
    switch (random_.below(8)) {
    case 0:
    case 1:
      return matrix();
    case 2:
    case 3:
      return vector();
    case 4:
      return scalar();
    case 5:
      return integer();
    default:
      return random_.once_in(3) ? registers() : transfer();
    }
  }

  void matrix() {
    const std::uint32_t lanes = random_.below(3) * out_.machine.vlen;
    switch (random_.below(11)) {
    case 0:
      return emit(Opcode::M_TMM, {.rs1 = row(), .rs2 = tile()});
    case 1:
      return emit(Opcode::M_BMM, {.rs1 = tile(), .rs2 = row()});
    case 2:
      return emit(Opcode::M_BTMM, {.rs1 = tile(), .rs2 = row()});
    case 3:
      return emit(Opcode::M_BMM_WO, {.rd = row(), .imm = lanes});
    case 4:
      return emit(Opcode::M_MV, {.rs1 = 13, .rs2 = row()});
    case 5:
      return emit(Opcode::M_TMV, {.rs1 = tile(), .rs2 = row()});
    case 6:
      return emit(Opcode::M_BTMV, {.rd = 0, .rs1 = tile(), .rs2 = row()});
    case 7:
      return emit(Opcode::M_MV_WO, {.rd = row(), .imm = lanes + 4});
    case 8:
      return emit(Opcode::M_BMV_WO, {.rd = row(), .imm = lanes});
    case 9:
      return emit(Opcode::M_MM_WO, {.rd = row(), .rs1 = flag() * 12, .imm = lanes + 8});
    default:
      return emit(Opcode::M_MM, {.rs1 = tile(), .rs2 = row()});
    }
  }

  void vector() {
    const Fields two_rows{.rd = row(), .rs1 = row(), .rs2 = row(), .rs3 = flag()};
    const Fields with_f{.rd = row(), .rs1 = row(), .rs2 = f(), .rs3 = flag()};
    switch (random_.below(9)) {
    case 0:
      return emit(random_.pick({Opcode::V_ADD_VV, Opcode::V_SUB_VV, Opcode::V_MUL_VV}), two_rows);
    case 1:
      return emit(random_.pick({Opcode::V_ADD_VF, Opcode::V_MUL_VF, Opcode::V_MAX_VF}), with_f);
    case 2:
      return emit(Opcode::V_MIN_VF, with_f);
    case 3: {
      Fields reversed = with_f;
      reversed.funct = flag();
      return emit(Opcode::V_SUB_VF, reversed);
    }
    case 4:
      return emit(
        random_.pick({Opcode::V_EXP_V, Opcode::V_RECI_V}),
        {.rd = row(), .rs1 = row(), .rs3 = flag()}
      );
    case 5:
      return emit(
        random_.pick({Opcode::V_RED_SUM, Opcode::V_RED_MAX}),
        {.rd = f(), .rs1 = row(), .rs3 = flag()}
      );
    case 6:
      return emit(Opcode::V_TOPK, {.rd = 7, .rs1 = row(), .rs2 = 7, .rs3 = flag()});
    case 7:
      return emit(Opcode::V_SHFT_V, {.rd = row(), .rs1 = row(), .rs2 = 12});
    default:
      return emit(Opcode::S_MAP_V_FP, {.rd = row(), .rs1 = 7, .imm = random_.below(60)});
    }
  }

  void scalar() {
    switch (random_.below(4)) {
    case 0:
      return emit(
        random_.pick({Opcode::S_ADD_FP, Opcode::S_SUB_FP, Opcode::S_MAX_FP, Opcode::S_MUL_FP}),
        {.rd = f(), .rs1 = f(), .rs2 = f()}
      );
    case 1:
      return emit(
        random_.pick({Opcode::S_EXP_FP, Opcode::S_RECI_FP, Opcode::S_SQRT_FP}),
        {.rd = f(), .rs1 = f()}
      );
    case 2:
      return emit(Opcode::S_LD_FP, {.rd = f(), .rs1 = 7, .imm = random_.below(60)});
    default:
      return emit(Opcode::S_ST_FP, {.rd = f(), .rs1 = 7, .imm = random_.below(60)});
    }
  }

  void integer() {
    switch (random_.below(6)) {
    case 0:
      return emit(
        random_.pick({Opcode::S_ADD_INT, Opcode::S_SUB_INT, Opcode::S_MUL_INT}),
        {.rd = 8, .rs1 = random_.below(16), .rs2 = 8}
      );
    case 1:
      return emit(Opcode::S_LUI_INT, {.rd = 8, .imm = random_.next() & 0x3FFFFF});
    case 2:
      return emit(Opcode::S_LD_INT, {.rd = 8, .rs1 = 7, .imm = random_.below(60)});
    case 3:
      return emit(Opcode::S_ST_INT, {.rd = 8, .rs1 = 7, .imm = random_.below(60)});
    case 4: {
      const unsigned reg = row();
      if (headroom_[reg] >= times_) {
        headroom_[reg] -= times_;
        emit(Opcode::S_ADDI_INT, {.rd = reg, .rs1 = reg, .imm = out_.machine.vlen});
      }
      return;
    }
    default:
      // A pointer that is set inside of a loop starts its steps anew in each iteration, but those
      // in front of it count for all: keep what is left.
      const unsigned reg = 1 + random_.below(13);
      const std::uint32_t left = headroom_[reg];
      set(reg);
      headroom_[reg] = left;
      return;
    }
  }

  void registers() {
    switch (random_.below(4)) {
    case 0:
      return emit(Opcode::C_SET_ADDR_REG, {.rd = random_.below(4), .rs1 = 0, .rs2 = 6});
    case 1:
      return emit(Opcode::C_SET_SCALE_REG, {.rd = 10});
    case 2:
      return emit(Opcode::C_SET_STRIDE_REG, {.rd = 9});
    default:
      return emit(Opcode::C_SET_V_MASK_REG, {.rd = 11});
    }
  }

  void transfer() {
    Fields fields{.rs1 = 6, .rs2 = random_.below(4), .rs3 = flag(), .funct = flag()};
    const Opcode op = random_.pick({Opcode::H_PREFETCH_M, Opcode::H_PREFETCH_V, Opcode::H_STORE_V});
    fields.rd = op == Opcode::H_PREFETCH_M ? tile() : row();
    emit(op, fields);
  }

  Random random_;
  RandomProgram out_;
  std::array<std::uint32_t, 16> headroom_{}; ///< rows that a pointer may still go up
  std::uint32_t times_ = 1;                  ///< executions of the words being written
};

} // namespace

RandomProgram random_legal_program(std::uint64_t seed) { return Writer(seed).write(); }

} // namespace plena::tests
