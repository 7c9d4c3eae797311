// Faults as values: kind, place, operands, address and limit; errors at creation.
#include "assemble.h"

#include <vector>

using namespace plena;
using emu::FaultKind;
using isa::Opcode;
using tests::set;
using tests::word;

namespace {

emu::Fault fault_of(const config::Machine& settings, const isa::Program& program) {
  emu::Machine machine = tests::make(settings, program);
  const auto result = machine.run(1'000'000);
  REQUIRE(result.reason == emu::RunResult::Reason::Fault);
  REQUIRE(machine.fault().has_value());
  CHECK(machine.pc() == machine.fault()->pc);
  CHECK_FALSE(machine.fault()->message.empty());
  CHECK_FALSE(machine.fault()->hint.empty());
  // A faulted machine stays where it is.
  CHECK(machine.run(10).executed == 0);
  return *machine.fault();
}

struct Case {
  FaultKind kind;
  std::vector<std::uint32_t> words; ///< the last one faults
};

} // namespace

TEST_CASE("each kind of fault names its instruction", "[unit][emu]") {
  isa::Program odd;
  set(odd, 1, 7);
  isa::Program far;
  set(far, 1, 16 * 64);
  isa::Program far_tile;
  set(far_tile, 1, 256 * 4);
  isa::Program beyond_scalars;
  set(beyond_scalars, 1, 1024);
  isa::Program row;
  set(row, 1, 16);
  isa::Program four;
  set(four, 1, 4);
  isa::Program hbm_end;
  set(hbm_end, 1, 4090);
  const auto with = [](isa::Program program, std::uint32_t last) {
    program.words.push_back(last);
    return program.words;
  };
  const std::vector<Case> cases{
    {FaultKind::invalid_opcode, {word(Opcode::C_SET_SCALE_REG), 0}},
    {FaultKind::invalid_opcode, {0x31}},
    {FaultKind::invalid_opcode, {0x3F}},
    {FaultKind::unsupported_instruction, {word(Opcode::M_BMV)}},
    {FaultKind::fp_register_index, {word(Opcode::S_ADD_FP, {.rd = 1, .rs1 = 8})}},
    {FaultKind::fp_register_index, {word(Opcode::S_LD_FP, {.rd = 9})}},
    {FaultKind::vector_sram_alignment, with(odd, word(Opcode::V_ADD_VV, {.rs1 = 1}))},
    {FaultKind::vector_sram_bounds, with(far, word(Opcode::V_ADD_VV, {.rd = 1}))},
    {FaultKind::matrix_sram_alignment, with(odd, word(Opcode::H_PREFETCH_M, {.rd = 1}))},
    {FaultKind::matrix_sram_bounds, with(far_tile, word(Opcode::H_PREFETCH_M, {.rd = 1}))},
    {FaultKind::matrix_sram_bounds, with(far_tile, word(Opcode::M_MM, {.rs1 = 1}))},
    {FaultKind::matrix_offset_alignment, with(row, word(Opcode::M_MM, {.rs1 = 1}))},
    {FaultKind::matrix_offset_alignment, with(odd, word(Opcode::M_MV, {.rs1 = 1}))},
    {FaultKind::matrix_offset_range, with(row, word(Opcode::M_MV, {.rs1 = 1}))},
    {FaultKind::matrix_offset_range, with(row, word(Opcode::M_BMM, {.rs1 = 1}))},
    {FaultKind::matrix_sram_alignment, with(four, word(Opcode::M_TMV, {.rs1 = 1}))},
    {FaultKind::writeout_alignment, with(odd, word(Opcode::M_MM_WO, {.rd = 1}))},
    {FaultKind::writeout_alignment, with(four, word(Opcode::M_BMM_WO, {.rd = 1}))},
    {FaultKind::fp_sram_bounds, with(beyond_scalars, word(Opcode::S_ST_FP, {.rs1 = 1}))},
    {FaultKind::fp_sram_bounds, {word(Opcode::S_MAP_V_FP, {.imm = 1024 - 15})}},
    {FaultKind::int_sram_bounds, with(beyond_scalars, word(Opcode::S_LD_INT, {.rd = 2, .rs1 = 1}))},
    {FaultKind::topk_policy, {word(Opcode::V_TOPK, {.rs3 = 2})}},
    {FaultKind::loop_count_zero, {word(Opcode::C_LOOP_START, {.rd = 1})}},
    {FaultKind::loop_end_without_start, {word(Opcode::C_LOOP_END, {.rd = 1})}},
    {FaultKind::break_outside_loop, {word(Opcode::C_BREAK)}},
    {FaultKind::hbm_write_bounds, with(hbm_end, word(Opcode::H_STORE_V, {.rs1 = 1}))},
  };
  for (const Case& c : cases) {
    INFO(emu::to_string(c.kind) << ", last word " << c.words.back());
    const emu::Fault fault = fault_of(tests::small_machine(), {c.words});
    CHECK(emu::to_string(fault.kind) == emu::to_string(c.kind));
    CHECK(fault.pc == c.words.size() - 1);
    CHECK(fault.word == c.words.back());
  }
}

TEST_CASE("a fault carries line, operands, address and limit", "[unit][emu]") {
  isa::Program program;
  set(program, 3, 2048);
  program.words.push_back(word(Opcode::V_ADD_VF, {.rd = 3, .rs1 = 4, .rs2 = 2}));
  program.lines = {10, 11, 12};
  const emu::Fault fault = fault_of(tests::small_machine(), program);
  CHECK(fault.kind == FaultKind::vector_sram_bounds);
  CHECK(fault.line == 12);
  CHECK(fault.address == 2048);
  CHECK(fault.limit == 64 * 16);
  CHECK(fault.instruction.find("V_ADD_VF") == 0);
  const std::vector<emu::OperandValue> operands{{"gp3", 2048}, {"gp4", 0}, {"f2", 0}};
  CHECK(fault.operands == operands);
}

TEST_CASE("settings that fit no transfer or product fault when they are used", "[unit][emu]") {
  config::Machine heads = tests::small_machine();
  heads.broadcast_amount = 2;
  CHECK(fault_of(heads, {{word(Opcode::M_BTMM)}}).kind == FaultKind::broadcast_config);
  CHECK(fault_of(heads, {{word(Opcode::M_BMV)}}).kind == FaultKind::broadcast_config);
  config::Machine none = tests::small_machine();
  none.hbm_v_prefetch_amount = 0;
  CHECK(fault_of(none, {{word(Opcode::H_PREFETCH_V)}}).kind == FaultKind::dma_format);
  config::Machine narrow = tests::small_machine();
  narrow.hbm_v_act_type.element = numerics::ScalarFormat::fp(true, 2, 1);
  CHECK(fault_of(narrow, {{word(Opcode::H_PREFETCH_V)}}).kind == FaultKind::dma_format);
  CHECK(fault_of(narrow, {{word(Opcode::H_STORE_V)}}).kind == FaultKind::dma_format);
  config::Machine unequal = tests::small_machine();
  unequal.vlen = 32;
  CHECK(fault_of(unequal, {{word(Opcode::M_MM)}}).kind == FaultKind::matrix_offset_range);
  CHECK(
    tests::make(unequal, {{word(Opcode::V_ADD_VV)}}).run(9).reason == emu::RunResult::Reason::Done
  );
}

TEST_CASE("a program that may not be loaded names its word", "[unit][emu]") {
  auto machine = emu::Machine::create(tests::small_machine(), {});
  REQUIRE(machine.ok());
  const auto fault = machine->load({{word(Opcode::C_SET_SCALE_REG), 0x0000C843}});
  REQUIRE(fault.has_value());
  CHECK(fault->kind == FaultKind::decode);
  CHECK(fault->pc == 1);
  CHECK(machine->run(10).reason == emu::RunResult::Reason::Fault);
  REQUIRE_FALSE(machine->load({{word(Opcode::C_SET_SCALE_REG)}}).has_value());
  CHECK(machine->run(10).reason == emu::RunResult::Reason::Done);
}

TEST_CASE("images that do not fit are refused", "[unit][emu]") {
  const std::vector<std::uint8_t> bytes(5000);
  const auto code =
    [&](
      const config::Machine& settings, const emu::Images& images, const emu::Options& options = {}
    ) {
      const auto machine = emu::Machine::create(settings, images, options);
      return machine.ok() ? std::string() : machine.diagnostics().front().code;
    };
  const config::Machine settings = tests::small_machine();
  CHECK(code(settings, {.hbm = bytes}) == "E_EMU_HBM_IMAGE_SIZE");
  CHECK(code(settings, {.hbm = std::span(bytes).first(4096)}).empty());
  CHECK(code(settings, {.fp_sram = std::span(bytes).first(2050)}) == "E_EMU_FP_SRAM_IMAGE_SIZE");
  CHECK(code(settings, {.fp_sram = std::span(bytes).first(2049)}).empty());
  CHECK(code(settings, {.int_sram = std::span(bytes).first(4100)}) == "E_EMU_INT_SRAM_IMAGE_SIZE");
  CHECK(code(settings, {.int_sram = std::span(bytes).first(4099)}).empty());
  CHECK(code(settings, {.vram = bytes}).empty()); // rows beyond the SRAM are ignored
  CHECK(code(settings, {}, {.hbm_bytes = 100}) == "E_EMU_HBM_SIZE");
  config::Machine wide = settings;
  wide.vector_sram_type.element = numerics::ScalarFormat::integer(32);
  CHECK(code(wide, {}) == "E_EMU_SRAM_FORMAT");
  const std::vector<std::uint8_t> ones(4096, 1);
  CHECK(
    code(settings, {.hbm = ones}, {.hbm_bytes = {}, .memory_limit_bytes = 100}) ==
    "E_EMU_HOST_MEMORY"
  );
}
