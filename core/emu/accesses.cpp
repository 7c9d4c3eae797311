// Registers follow from the instruction table, what happens to rd from unit and opcode; the rest is
// said per opcode in `memories`, beside which the bodies in exec_*.cpp are to be read. A new opcode
// does not compile until it has its case.
#include "emu/accesses.h"

#include "emu/costs.h"
#include "emu/exec.h"
#include "emu/transfer.h"
#include "isa/isa.h"

#include <algorithm>
#include <array>

namespace plena::emu {

namespace {

using isa::Field;
using isa::Kind;
using isa::Opcode;
using isa::Unit;

constexpr std::uint64_t scale_register = 0;
constexpr std::uint64_t stride_register = 1;
constexpr std::uint64_t mask_register = 2;

constexpr std::uint64_t tile_accumulator = 0;
constexpr std::uint64_t head_accumulator = 1;
constexpr std::uint64_t row_accumulator = 2;
constexpr std::uint64_t head_row_accumulator = 3;

constexpr std::uint64_t address_range = std::uint64_t{1} << 32;
/// A transfer of more rows gives one range that covers its bytes in the HBM.
constexpr std::uint64_t max_listed_rows = 1 << 16;
constexpr std::uint64_t scale_block_bytes = 64;

struct RegisterUse {
  Field field = Field::rd;
  Kind kind = Kind::gp;
  bool read = true;
  bool write = false;
};

struct RegisterUses {
  std::array<RegisterUse, isa::OperandList::capacity> uses{};
  std::size_t count = 0;
};

/// What an instruction does with the register in rd.
constexpr RegisterUse use_of_rd(Opcode op, Unit unit, Kind kind) {
  const bool accumulates = (unit == Unit::Vector && kind == Kind::fp) || op == Opcode::C_LOOP_END;
  const bool result = (unit == Unit::Integer && op != Opcode::S_ST_INT) ||
                      (unit == Unit::Float && op != Opcode::S_ST_FP) ||
                      op == Opcode::C_SET_ADDR_REG || op == Opcode::C_LOOP_START;
  return {Field::rd, kind, !result, result || accumulates};
}

constexpr RegisterUses uses_of(Opcode op, Unit unit, const isa::OperandList& reads) {
  RegisterUses found;
  for (const isa::Operand& operand : reads) {
    RegisterUse use{operand.field, operand.kind};
    if (operand.field == Field::rd) {
      use = use_of_rd(op, unit, operand.kind);
    }
    // The mask has no effect on the maximum.
    if (operand.kind == Kind::mask && op == Opcode::V_RED_MAX) {
      continue;
    }
    if (isa::info_of(operand.kind).count > 0 || operand.kind == Kind::mask || operand.kind == Kind::stride) {
      found.uses[found.count++] = use;
    }
  }
  return found;
}

/// Indexed by opcode.
constexpr std::array<RegisterUses, isa::opcode_space> register_table = [] {
  std::array<RegisterUses, isa::opcode_space> table{};
#define INSN(name, code, unit, cost, operands, reads, effect, summary)                             \
  table[code] = uses_of(Opcode::name, Unit::unit, isa::parse_operands(reads));
#include "isa/instructions.def"
  return table;
}();

class Finder {
 public:
  Finder(
    const isa::Instr& instr,
    const Operands& operands,
    const config::Machine& machine,
    std::vector<Access>& found
  )
      : instr_(instr),
        operands_(operands),
        m_(machine),
        found_(found) {}

  void registers();
  void memories();

 private:
  static constexpr bool read = false;
  static constexpr bool write = true;

  std::uint32_t gp(std::uint8_t index) const { return operands_.gp[index & 15]; }
  std::uint32_t rd() const { return gp(instr_.rd); }
  std::uint32_t rs1() const { return gp(instr_.rs1); }
  std::uint32_t rs2() const { return gp(instr_.rs2); }

  /// Entries that follow those found last extend them.
  void add(Space space, bool is_write, std::uint64_t first, std::uint64_t count) {
    if (count == 0) {
      return;
    }
    if (!found_.empty()) {
      Access& last = found_.back();
      if (last.space == space && last.write == is_write && first >= last.first &&
          first - last.first <= last.count) {
        last.count = std::max(last.count, first - last.first + count);
        return;
      }
    }
    found_.push_back({space, is_write, first, count});
  }
  void add_inside(
    Space space, bool is_write, std::uint64_t first, std::uint64_t count, std::uint64_t size
  ) {
    if (first < size) {
      add(space, is_write, first, std::min(count, size - first));
    }
  }
  void registers(const RegisterUse& use, Space space, std::uint64_t index, std::uint64_t size) {
    if (use.read) {
      add_inside(space, read, index, 1, size);
    }
    if (use.write) {
      add_inside(space, write, index, 1, size);
    }
  }

  /// Rows one after the other from an element address on, which wraps like the machine's.
  void rows(bool is_write, std::uint32_t address, std::uint64_t count) {
    std::uint64_t at = address;
    while (count > 0 && at % m_.vlen == 0) {
      const std::uint64_t before_wrap = (address_range - at + m_.vlen - 1) / m_.vlen;
      const std::uint64_t piece = std::min(count, before_wrap);
      add_inside(Space::vector_row, is_write, at / m_.vlen, piece, m_.vector_sram_size);
      at = at + piece * m_.vlen - (piece == before_wrap ? address_range : 0);
      count -= piece;
    }
  }
  void tiles(bool is_write, std::uint32_t address, std::uint64_t count) {
    add_inside(Space::matrix_tile, is_write, address / m_.tile_elems(), count, m_.matrix_tiles());
  }
  void scalars(Space space, bool is_write, std::uint32_t first, std::uint64_t count) {
    add_inside(space, is_write, first, count, Exec::scalar_entries);
  }

  void product(
    std::uint32_t matrix, std::uint32_t vector, std::uint64_t rows_read, std::uint64_t accumulator
  ) {
    tiles(read, matrix, 1);
    rows(read, vector, rows_read);
    add(Space::accumulator, read, accumulator, 1);
    add(Space::accumulator, write, accumulator, 1);
  }
  void cleared(std::uint64_t accumulator) {
    add(Space::accumulator, read, accumulator, 1);
    add(Space::accumulator, write, accumulator, 1);
  }
  void block_rows(std::uint64_t count, std::uint32_t step);
  void element_wise(bool two_rows) {
    rows(read, rs1(), 1);
    if (two_rows) {
      rows(read, rs2(), 1);
    }
    rows(write, rd(), 1);
  }
  void top_logits();
  void transfer(const numerics::StorageFormat& format, std::uint32_t lanes, std::uint64_t count);

  const isa::Instr& instr_;
  const Operands& operands_;
  const config::Machine& m_;
  std::vector<Access>& found_;
};

void Finder::registers() {
  const RegisterUses& table = register_table[static_cast<std::size_t>(instr_.op) & 63];
  for (std::size_t i = 0; i < table.count; ++i) {
    const RegisterUse& use = table.uses[i];
    const std::uint32_t index = instr_.get(use.field);
    const std::uint64_t size = isa::info_of(use.kind).count;
    switch (use.kind) {
    case Kind::gp:
      registers(use, Space::gp, index, size);
      break;
    case Kind::step:
      if (index != 0) {
        registers(use, Space::gp, index, size);
      }
      break;
    case Kind::fp:
      registers(use, Space::f, index, size);
      break;
    case Kind::addr:
      registers(use, Space::a, index, size);
      break;
    case Kind::mask:
      if (index != 0) {
        add(Space::special, read, mask_register, 1);
      }
      break;
    case Kind::stride:
      if (index == 1) {
        add(Space::special, read, stride_register, 1);
      }
      break;
    case Kind::integer:
    case Kind::policy:
    case Kind::order:
    case Kind::precision:
    case Kind::zero:
      break;
    }
  }
}

/// BLEN lanes of each row; the other lanes stay, so that the rows are read too.
void Finder::block_rows(std::uint64_t count, std::uint32_t step) {
  const std::uint32_t first = rd() + instr_.imm;
  const std::uint32_t aligned = first - first % m_.mlen;
  for (const bool is_write : {read, write}) {
    if (!is_write && m_.blen == m_.vlen) {
      continue;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      rows(is_write, aligned + i * m_.mlen * step, 1);
    }
  }
}

void Finder::top_logits() {
  const std::uint64_t logits = topk_logits(instr_.rs3);
  const std::uint64_t chosen = topk_chosen(instr_.rs3);
  rows(read, rs1(), (logits + m_.vlen - 1) / m_.vlen);
  scalars(Space::fp_sram, write, rd(), chosen);
  scalars(Space::int_sram, write, rs2(), chosen);
}

void Finder::transfer(
  const numerics::StorageFormat& format, std::uint32_t lanes, std::uint64_t count
) {
  const bool is_store = instr_.op == Opcode::H_STORE_V;
  const std::uint64_t element_bytes = std::uint64_t{format.element.width} * lanes / 8;
  std::uint64_t ratio = 1;
  std::uint64_t scale_bytes = 0;
  if (format.mx) {
    add(Space::special, read, scale_register, 1);
    if (format.block == 0 || format.scale.width == 0) {
      return; // the transfer will fault
    }
    ratio = std::uint64_t{format.element.width} * format.block / format.scale.width;
    scale_bytes = std::uint64_t{format.scale.width} * (lanes / format.block) / 8;
  }
  if (ratio == 0 || count == 0) {
    return;
  }
  RowAddresses at;
  at.base = operands_.a[instr_.rs2 & 15];
  at.offset = rs1();
  at.step = instr_.rs3 == 1 ? operands_.stride : lanes;
  at.scale_base = at.base + operands_.scale + at.offset / ratio;
  at.elements_per_scale_byte = ratio;
  // A load takes its scales from one block.
  const auto scales = [&](std::uint64_t address) {
    return is_store ? scale_bytes
                    : std::min(scale_bytes, scale_block_bytes - address % scale_block_bytes);
  };
  if (count > max_listed_rows) {
    const std::uint64_t reach = std::min((count - 1) * at.step, address_range - 1);
    add(Space::hbm_byte, is_store, at.element_address(0), reach + element_bytes);
    if (scale_bytes > 0) {
      const std::uint64_t first = at.scale_address(0);
      const std::uint64_t last = at.scale_address(count - 1);
      add(Space::hbm_byte, is_store, first, last - first + scale_bytes);
    }
    return;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    add(Space::hbm_byte, is_store, at.element_address(i), element_bytes);
  }
  for (std::uint64_t i = 0; i < count && scale_bytes > 0; ++i) {
    const std::uint64_t address = at.scale_address(i);
    add(Space::hbm_byte, is_store, address, scales(address));
  }
}

void Finder::memories() {
  switch (instr_.op) {
  case Opcode::INVALID_OPCODE:
  case Opcode::V_PS_V:
  case Opcode::C_HADAMARD_TRANSFORM:
  case Opcode::M_BMV: // always faults
    return;

  case Opcode::M_MM:
    return product(rs1(), rs2(), m_.blen, tile_accumulator);
  case Opcode::M_TMM:
    return product(rs2(), rs1(), m_.blen, tile_accumulator);
  case Opcode::M_BMM:
  case Opcode::M_BTMM:
    return product(rs1(), rs2(), m_.mlen, head_accumulator);
  case Opcode::M_MV:
  case Opcode::M_TMV:
    return product(rs1(), rs2(), 1, row_accumulator);
  case Opcode::M_BTMV:
    return product(rs1() + rd(), rs2(), 1, head_row_accumulator);
  case Opcode::M_BMM_WO:
    cleared(head_accumulator);
    return rows(write, rd() + instr_.imm, std::uint64_t{m_.broadcast_amount} * m_.mlen);
  case Opcode::M_BMV_WO:
    cleared(head_row_accumulator);
    return rows(write, rd() + instr_.imm, m_.broadcast_amount);
  case Opcode::M_MM_WO:
    cleared(tile_accumulator);
    return block_rows(m_.blen, instr_.rs1 == 0 ? 1 : rs1());
  case Opcode::M_MV_WO:
    cleared(row_accumulator);
    return block_rows(1, 1);

  case Opcode::V_ADD_VV:
  case Opcode::V_SUB_VV:
  case Opcode::V_MUL_VV:
    return element_wise(true);
  // Lanes that the mask leaves out come from the first operand.
  case Opcode::V_ADD_VF:
  case Opcode::V_SUB_VF:
  case Opcode::V_MUL_VF:
  case Opcode::V_MAX_VF:
  case Opcode::V_MIN_VF:
  case Opcode::V_EXP_V:
  case Opcode::V_RECI_V:
  case Opcode::V_SHFT_V:
    return element_wise(false);
  case Opcode::V_RED_SUM:
  case Opcode::V_RED_MAX:
    return rows(read, rs1(), 1);
  case Opcode::V_TOPK:
    return top_logits();
  case Opcode::S_MAP_V_FP:
    scalars(Space::fp_sram, read, rs1() + instr_.imm, m_.vlen);
    return rows(write, rd(), 1);

  case Opcode::S_LD_FP:
    return scalars(Space::fp_sram, read, rs1() + instr_.imm, 1);
  case Opcode::S_ST_FP:
    return scalars(Space::fp_sram, write, rs1() + instr_.imm, 1);
  case Opcode::S_LD_INT:
    return scalars(Space::int_sram, read, rs1() + instr_.imm, 1);
  case Opcode::S_ST_INT:
    return scalars(Space::int_sram, write, rs1() + instr_.imm, 1);

  case Opcode::H_PREFETCH_M:
    transfer(
      instr_.funct == 0 ? m_.hbm_m_weight_type : m_.hbm_m_kv_type, m_.mlen, m_.m_prefetch_rows()
    );
    return tiles(write, rd(), m_.m_prefetch_tiles());
  case Opcode::H_PREFETCH_V:
    transfer(
      instr_.funct == 0 ? m_.hbm_v_act_type : m_.hbm_v_kv_type, m_.vlen, m_.hbm_v_prefetch_amount
    );
    // Rows are counted here, not addresses: past the end they are dropped, they do not wrap.
    if (rd() % m_.vlen == 0) {
      add_inside(
        Space::vector_row, write, rd() / m_.vlen, m_.hbm_v_prefetch_amount, m_.vector_sram_size
      );
    }
    return;
  case Opcode::H_STORE_V:
    rows(read, rd(), m_.hbm_v_writeback_amount);
    return transfer(
      instr_.funct == 0 ? m_.hbm_v_act_type : m_.hbm_v_kv_type, m_.vlen, m_.hbm_v_writeback_amount
    );

  case Opcode::C_SET_SCALE_REG:
    return add(Space::special, write, scale_register, 1);
  case Opcode::C_SET_STRIDE_REG:
    return add(Space::special, write, stride_register, 1);
  case Opcode::C_SET_V_MASK_REG:
    return add(Space::special, write, mask_register, 1);
  case Opcode::C_BREAK:
    // It clears the counter of the innermost loop, which no field tells; the others stay.
    add(Space::gp, read, 0, operands_.gp.size());
    return add(Space::gp, write, 0, operands_.gp.size());

  case Opcode::S_ADD_FP:
  case Opcode::S_SUB_FP:
  case Opcode::S_MAX_FP:
  case Opcode::S_MUL_FP:
  case Opcode::S_EXP_FP:
  case Opcode::S_RECI_FP:
  case Opcode::S_SQRT_FP:
  case Opcode::S_ADD_INT:
  case Opcode::S_ADDI_INT:
  case Opcode::S_SUB_INT:
  case Opcode::S_MUL_INT:
  case Opcode::S_LUI_INT:
  case Opcode::C_SET_ADDR_REG:
  case Opcode::C_LOOP_START:
  case Opcode::C_LOOP_END:
    return; // registers only
  }
}

} // namespace

void accesses_of(
  const isa::Instr& instr,
  const Operands& operands,
  const config::Machine& machine,
  std::vector<Access>& found
) {
  found.clear();
  if (is_dropped(instr)) {
    return;
  }
  Finder finder(instr, operands, machine, found);
  finder.registers();
  finder.memories();
}

} // namespace plena::emu
