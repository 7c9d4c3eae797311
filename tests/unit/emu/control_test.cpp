// Loops, slices, warnings, counters, observers, costs and the memory that a run takes.
#include "assemble.h"
#include "emu/costs.h"
#include "numerics/bits.h"

#include <vector>

using namespace plena;
using emu::WarningKind;
using isa::Opcode;
using tests::set;
using tests::word;

namespace {

/// A loop around `body` on gp1.
isa::Program loop(std::uint32_t count, std::vector<std::uint32_t> body) {
  isa::Program program{{word(Opcode::C_LOOP_START, {.rd = 1, .imm = count})}};
  program.words.insert(program.words.end(), body.begin(), body.end());
  program.words.push_back(word(Opcode::C_LOOP_END, {.rd = 1}));
  return program;
}

const std::uint32_t count_up = word(Opcode::S_ADDI_INT, {.rd = 2, .rs1 = 2, .imm = 1});

std::uint64_t warned(const emu::Machine& machine, WarningKind kind) {
  for (const emu::Warning& warning : machine.warnings()) {
    if (warning.kind == kind) {
      return warning.count;
    }
  }
  return 0;
}

class Recorder : public emu::Observer {
 public:
  void transferred(const emu::TransferRow& row) override { rows.push_back(row); }
  void executed(std::uint32_t pc, const isa::Instr& instr, emu::CostClass cost) override {
    pcs.push_back(pc);
    CHECK(cost == emu::cost_class(instr.op));
  }
  std::vector<std::uint32_t> pcs;
  std::vector<emu::TransferRow> rows;
};

} // namespace

TEST_CASE("loops count down and slices do not matter", "[unit][emu]") {
  emu::Machine whole = tests::make(tests::small_machine(), loop(5, {count_up}));
  const auto result = whole.run(1000);
  CHECK(result.reason == emu::RunResult::Reason::Done);
  CHECK(result.executed == 11);
  CHECK(whole.registers().gp[2] == 5);
  CHECK(whole.registers().gp[1] == 0);
  CHECK(whole.counters().by_opcode[static_cast<std::size_t>(Opcode::C_LOOP_END)] == 5);
  emu::Machine sliced = tests::make(tests::small_machine(), loop(5, {count_up}));
  for (int i = 0; i < 10; ++i) {
    CHECK(sliced.run(1).reason == emu::RunResult::Reason::Slice);
  }
  REQUIRE(sliced.registers().loops.size() == 1);
  CHECK(sliced.registers().loops[0].reg == 1);
  CHECK(sliced.run(1).reason == emu::RunResult::Reason::Done);
  CHECK(sliced.registers().gp == whole.registers().gp);
  CHECK(sliced.run(1).executed == 0);
}

TEST_CASE("the loop limit counts one iteration, its end included", "[unit][emu]") {
  config::Machine settings = tests::small_machine();
  settings.max_loop_instructions = 3;
  CHECK(
    tests::make(settings, loop(100, {count_up, count_up})).run(1000).reason ==
    emu::RunResult::Reason::Done
  );
  emu::Machine machine = tests::make(settings, loop(100, {count_up, count_up, count_up}));
  CHECK(machine.run(1000).reason == emu::RunResult::Reason::Fault);
  CHECK(machine.fault()->kind == emu::FaultKind::loop_instruction_limit);
  CHECK(machine.fault()->pc == 4);
  // An inner loop counts against the outer one.
  settings.max_loop_instructions = 10;
  isa::Program nested = loop(3, {});
  const std::vector<std::uint32_t> inner{
    word(Opcode::C_LOOP_START, {.rd = 3, .imm = 4}), count_up, word(Opcode::C_LOOP_END, {.rd = 3})};
  nested.words.insert(nested.words.begin() + 1, inner.begin(), inner.end());
  CHECK(tests::make(settings, nested).run(1000).reason == emu::RunResult::Reason::Done);
  settings.max_loop_instructions = 9;
  CHECK(tests::make(settings, nested).run(1000).reason == emu::RunResult::Reason::Fault);
}

TEST_CASE("an endless loop stops when it is no longer run", "[unit][emu]") {
  config::Machine settings = tests::small_machine();
  // The body sets the counter again and again.
  emu::Machine machine =
    tests::make(settings, loop(2, {word(Opcode::S_ADDI_INT, {.rd = 1, .rs1 = 0, .imm = 9})}));
  CHECK(machine.run(100'000).reason == emu::RunResult::Reason::Slice);
  CHECK(machine.counters().executed == 100'000);
}

TEST_CASE("C_BREAK closes the innermost loop and goes on", "[unit][emu]") {
  isa::Program program{
    {word(Opcode::C_LOOP_START, {.rd = 1, .imm = 3}),
     word(Opcode::C_LOOP_START, {.rd = 2, .imm = 7}),
     word(Opcode::C_BREAK),
     count_up,
     word(Opcode::C_LOOP_END, {.rd = 1})}};
  emu::Machine machine = tests::make(tests::small_machine(), program);
  CHECK(machine.run(1000).reason == emu::RunResult::Reason::Done);
  CHECK(machine.counters().executed == 13);
  CHECK(machine.registers().gp[2] == 1);
}

TEST_CASE("silent oddities are counted", "[unit][emu]") {
  const auto run = [](isa::Program program) {
    emu::Machine machine = tests::make(tests::small_machine(), program);
    machine.run(1000);
    return machine;
  };
  CHECK(
    warned(
      run({{word(Opcode::S_ADDI_INT, {.imm = 4}), word(Opcode::S_ADDI_INT)}}),
      WarningKind::gp0_written
    ) == 2
  );
  CHECK(warned(run({{word(Opcode::S_LD_FP)}}), WarningKind::f0_written) == 1);
  CHECK(
    warned(
      run(loop(1, {word(Opcode::C_LOOP_START, {.rd = 4, .imm = 1})})), WarningKind::loops_left_open
    ) == 1
  );
  CHECK(warned(run({{word(Opcode::H_PREFETCH_V, {.rs3 = 2})}}), WarningKind::stride_field) == 1);
  CHECK(
    warned(
      run({{word(Opcode::V_RED_MAX, {.rd = 1, .rs3 = 1})}}), WarningKind::mask_without_effect
    ) == 1
  );
  CHECK(warned(run({{word(Opcode::M_MV_WO)}}), WarningKind::writeout_rs1_ignored) == 0);
  CHECK(warned(run({{word(Opcode::M_MV_WO) | 5u << 10}}), WarningKind::writeout_rs1_ignored) == 1);
  isa::Program beyond;
  set(beyond, 1, 4096);
  beyond.words.push_back(word(Opcode::H_PREFETCH_V, {.rs1 = 1}));
  CHECK(warned(run(beyond), WarningKind::hbm_read_beyond) == 4);
  isa::Program last;
  set(last, 1, 16 * 63);
  last.words.push_back(word(Opcode::H_PREFETCH_V, {.rd = 1}));
  CHECK(warned(run(last), WarningKind::rows_dropped) == 3);
  isa::Program wrap;
  set(wrap, 1, 0xFFFFFFFF);
  wrap.words.push_back(word(Opcode::S_LD_INT, {.rd = 2, .rs1 = 1, .imm = 2}));
  CHECK(warned(run(wrap), WarningKind::address_wrap) == 1);
  isa::Program mask;
  set(mask, 1, 16);
  mask.words.push_back(word(Opcode::C_SET_V_MASK_REG, {.rd = 1}));
  mask.words.push_back(word(Opcode::V_ADD_VV, {.rs3 = 1}));
  CHECK(warned(run(mask), WarningKind::mask_beyond_groups) == 1);
}

TEST_CASE("observers see instructions and transfers", "[unit][emu]") {
  isa::Program program;
  set(program, 1, 640);
  program.words.push_back(word(Opcode::C_SET_SCALE_REG, {.rd = 1}));
  program.words.push_back(word(Opcode::H_PREFETCH_V));
  program.words.push_back(word(Opcode::H_STORE_V));
  Recorder recorder;
  emu::Machine machine = tests::make(tests::small_machine(), program);
  machine.run(100, &recorder);
  CHECK(recorder.pcs == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
  REQUIRE(recorder.rows.size() == 8);
  CHECK(recorder.rows[3].element_address == 48);
  CHECK(recorder.rows[3].element_bytes == 16);
  CHECK(recorder.rows[3].scale_address == 646);
  CHECK(recorder.rows[3].scale_bytes == 2);
  CHECK_FALSE(recorder.rows[3].store);
  CHECK(recorder.rows[4].store);
  CHECK(machine.counters().hbm_read_bytes == 8 * 128);
  CHECK(machine.counters().hbm_written_bytes == 4 * 128);
}

TEST_CASE("cycles of the shipped machine", "[unit][emu]") {
  config::Machine enabled;
  config::Machine disabled;
  disabled.dc_en = 0;
  const auto check =
    [&](Opcode op, std::uint64_t with, std::uint64_t without, const isa::Instr& fields = {}) {
      isa::Instr instr = fields;
      instr.op = op;
      INFO(isa::to_string(op));
      CHECK(emu::cycles(instr, enabled) == with);
      CHECK(emu::cycles(instr, disabled) == without);
    };
  isa::Instr dest;
  dest.rd = 1;
  isa::Instr policy1;
  policy1.rs3 = 1;
  check(Opcode::M_MM, 64, 64);
  check(Opcode::M_BTMM, 64, 64);
  check(Opcode::M_TMV, 64, 64);
  check(Opcode::M_BTMV, 1, 1);
  check(Opcode::M_BMM_WO, 1, 1);
  check(Opcode::V_SUB_VF, 1, 2);
  check(Opcode::V_MUL_VV, 1, 5);
  check(Opcode::V_SHFT_V, 1, 5);
  check(Opcode::V_MAX_VF, 4, 4);
  check(Opcode::V_EXP_V, 1, 6);
  check(Opcode::V_RECI_V, 2, 7);
  check(Opcode::V_RED_SUM, 8, 20, dest);
  check(Opcode::V_RED_SUM, 0, 0);
  check(Opcode::V_RED_MAX, 4, 4, dest);
  check(Opcode::V_RED_MAX, 0, 0);
  check(Opcode::V_TOPK, 128, 128);
  check(Opcode::V_TOPK, 512, 512, policy1);
  check(Opcode::S_ADD_FP, 1, 1, dest);
  check(Opcode::S_ADD_FP, 0, 0);
  check(Opcode::S_EXP_FP, 1, 2, dest);
  check(Opcode::S_SQRT_FP, 0, 0);
  check(Opcode::S_LD_FP, 1, 1);
  check(Opcode::S_MAP_V_FP, 128, 128);
  check(Opcode::S_LUI_INT, 1, 1);
  check(Opcode::C_LOOP_END, 1, 1);
  check(Opcode::H_PREFETCH_M, 0, 0);
  check(Opcode::V_PS_V, 0, 0);
  enabled.systolic_processing_overhead = {10, 20};
  CHECK(emu::cycles(emu::CostClass::systolic_tile, enabled) == 74);
  CHECK(emu::cycles(emu::CostClass::systolic_vector, enabled) == 64);
  enabled.vector_max_cycles = {0xFFFFFFFF, 1};
  CHECK(
    emu::cycles(emu::CostClass::topk, enabled, config::CostProfile::emulator, 128) == 0xFFFFFFFF
  );
  CHECK(emu::latency_key(emu::CostClass::vector_shift) == "VECTOR_MUL_CYCLES");
  for (const isa::InsnDef& def : isa::all()) {
    CHECK(emu::to_string(emu::cost_class(def.code)) == def.cost);
  }
}

TEST_CASE("gigabytes of memory cost nothing until they are used", "[unit][emu]") {
  const config::Machine shipped; // 16 GiB of HBM, 4 M rows of Vector SRAM
  isa::Program program;
  set(program, 1, 4194303u * 64); // the last row
  set(program, 2, 3);
  program.words.push_back(word(Opcode::C_SET_ADDR_REG, {.rd = 1, .rs1 = 2}));
  program.words.push_back(word(Opcode::H_PREFETCH_V, {.rd = 1, .rs2 = 1}));
  program.words.push_back(word(Opcode::V_EXP_V, {.rd = 1, .rs1 = 1}));
  auto machine =
    emu::Machine::create(shipped, {}, {.hbm_bytes = {}, .memory_limit_bytes = 1 << 20});
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(program).has_value());
  CHECK(machine->run(100).reason == emu::RunResult::Reason::Done);
  CHECK(machine->vector_row(4194303)[5] == 1.0f);
  CHECK(machine->vector_row(4194302)[5] == 0.0f);
  CHECK(machine->dump_bytes(emu::Memory::vram) == 536870912);
  CHECK(machine->dump_bytes(emu::Memory::hbm) == 17179869184);
}

TEST_CASE("using more host memory than allowed is a fault", "[unit][emu]") {
  const config::Machine shipped;
  isa::Program program = loop(
    4000,
    {
      word(Opcode::V_EXP_V, {.rd = 3, .rs1 = 0}),
      word(Opcode::S_ADD_INT, {.rd = 3, .rs1 = 3, .rs2 = 4}),
    }
  );
  isa::Program head;
  set(head, 4, 64 * 1024);
  program.words.insert(program.words.begin(), head.words.begin(), head.words.end());
  auto machine =
    emu::Machine::create(shipped, {}, {.hbm_bytes = {}, .memory_limit_bytes = 1 << 20});
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(program).has_value());
  CHECK(machine->run(100'000).reason == emu::RunResult::Reason::Fault);
  CHECK(machine->fault()->kind == emu::FaultKind::host_memory);
}

TEST_CASE("machines do not share state", "[unit][emu]") {
  emu::Machine a = tests::make(tests::small_machine(), loop(3, {count_up}));
  config::Machine wide;
  emu::Machine b = tests::make(wide, loop(9, {count_up}));
  a.run(4);
  b.run(1000);
  a.run(1000);
  CHECK(a.registers().gp[2] == 3);
  CHECK(b.registers().gp[2] == 9);
}
