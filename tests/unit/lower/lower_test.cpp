// The tile program: what the builder writes, and what verify() refuses.
#include "lower/access.h"
#include "lower/builder.h"
#include "lower/tiling.h"
#include "lower/verify.h"

#include <catch2/catch.hpp>

using namespace plena;
using namespace plena::lower;

namespace {

std::vector<isa::Opcode> opcodes(const Program& program) {
  std::vector<isa::Opcode> result;
  for (const Item& item : program.items) {
    if (item.kind == Item::Kind::Insn) {
      result.push_back(item.op);
    }
  }
  return result;
}

using Ops = std::vector<isa::Opcode>;

/// One complaint that contains `text`.
void check_refused(const Program& program, const std::string& text) {
  const std::vector<std::string> errors = verify(program);
  REQUIRE(errors.size() == 1);
  INFO(errors[0]);
  CHECK(errors[0].find(text) != std::string::npos);
}

static_assert(detail::arguments_fit<isa::Opcode::V_ADD_VV, Gp, Gp, Gp>());
static_assert(detail::arguments_fit<isa::Opcode::V_ADD_VV, Gp, Gp, Gp, int>());
static_assert(!detail::arguments_fit<isa::Opcode::V_ADD_VV, Gp, Gp>());
static_assert(!detail::arguments_fit<isa::Opcode::V_ADD_VV, Gp, Gp, Fp>());
static_assert(!detail::arguments_fit<isa::Opcode::V_ADD_VF, Gp, Gp, Gp>());
static_assert(!detail::arguments_fit<isa::Opcode::S_LD_FP, Fp, Gp, Fp>());
static_assert(detail::arguments_fit<isa::Opcode::S_LD_FP, Fp, Gp, Address>());
static_assert(!detail::arguments_fit<isa::Opcode::C_BREAK, int>());
static_assert(detail::arguments_fit<isa::Opcode::H_PREFETCH_M, Gp, Gp, Addr, int, int>());

} // namespace

TEST_CASE("steps are one instruction, or two through a register of their own") {
  Program program;
  Builder b(program);
  const Gp r = b.set(0);
  b.step(r, 0);
  CHECK(opcodes(program).empty());
  b.step(r, 262143);
  CHECK(opcodes(program) == Ops{isa::Opcode::S_ADDI_INT});
  b.step(r, 262144);
  CHECK(opcodes(program) == Ops{isa::Opcode::S_ADDI_INT, isa::Opcode::S_ADD_INT});
  CHECK(verify(program).empty());
}

TEST_CASE("loops of one trip are no loops, short ones may be written out") {
  const auto items = [](std::uint64_t trips, bool repeat) {
    Program program;
    Builder b(program);
    const Gp r = b.set(0);
    const auto body = [&] { b.step(r, 1); };
    repeat ? b.repeat(trips, body) : b.loop(trips, body);
    CHECK(verify(program).empty());
    return program.items.size() - 1;
  };
  CHECK(items(0, false) == 0);
  CHECK(items(1, false) == 1);
  CHECK(items(2, false) == 3);
  CHECK(items(1000, false) == 3);
  CHECK(items(0, true) == 0);
  CHECK(items(4, true) == 4);
  CHECK(items(5, true) == 3);
}

TEST_CASE("equal constants share an entry") {
  Program program;
  Builder b(program);
  b.constant(0.1f);
  b.constant(0.1f);
  b.constant(0.1001f); // the same bf16 number
  b.constant(0.2f);
  CHECK(program.symbols.size() == 2);
  CHECK(program.symbols[0].constant == 0.10009765625f);
  CHECK(opcodes(program) == Ops(4, isa::Opcode::S_LD_FP));
}

TEST_CASE("verify finds what codegen could not do") {
  Program program;
  Builder b(program);
  SECTION("a register that was never written") {
    b.S_ADD_INT(b.set(1), b.gp(), zero_gp);
    check_refused(program, "read before");
  }
  SECTION("a scalar that a reduction adds to") {
    b.V_RED_SUM(b.fp(), b.set(0));
    check_refused(program, "read before");
  }
  SECTION("register 0 as a destination") {
    b.S_ADDI_INT(zero_gp, zero_gp, 1);
    check_refused(program, "register 0");
  }
  SECTION("a counter changed in its loop") {
    const Gp r = b.set(0);
    b.loop(3, [&] { b.step(r, 1); });
    const std::uint32_t counter = program.items[1].operands[0].reg;
    program.items[2].operands[0].reg = counter;
    check_refused(program, "counter is written");
  }
  SECTION("a counter read in its loop") {
    const Gp r = b.set(0);
    b.loop(3, [&] { b.step(r, 1); });
    program.items[2].operands[1].reg = program.items[1].operands[0].reg;
    check_refused(program, "counter is read");
  }
  SECTION("a counter read after its loop") {
    const Gp r = b.set(0);
    b.loop(3, [&] { b.step(r, 1); });
    b.copy(r, Gp{program.items[1].operands[0].reg});
    check_refused(program, "read before");
  }
  SECTION("a loop left open") {
    b.loop(3, [&] { b.set(0); });
    program.items.pop_back();
    check_refused(program, "left open");
  }
  SECTION("loops that cross") {
    b.loop(3, [&] { b.loop(2, [&] { b.set(0); }); });
    std::swap(program.items[3], program.items[4]);
    CHECK_FALSE(verify(program).empty());
  }
  SECTION("loops that are instructions, which nothing that goes by loops would see") {
    const Gp counter = b.set(1);
    b.C_LOOP_START(counter, 3);
    check_refused(program, "C_LOOP_START");
    program.items.pop_back();
    b.C_LOOP_END(counter);
    check_refused(program, "C_LOOP_END");
    program.items.pop_back();
    b.loop(3, [&] { b.C_BREAK(); });
    check_refused(program, "C_BREAK");
  }
  SECTION("an immediate that does not fit") {
    b.S_ADDI_INT(b.gp(), zero_gp, 262144);
    check_refused(program, "does not fit");
  }
  SECTION("an address outside of its symbol") {
    const SymbolId rows = b.symbol("rows", Memory::VectorSram, 64);
    b.set(Address{rows, 63});
    CHECK(verify(program).empty());
    b.set(Address{rows, 64});
    check_refused(program, "outside rows");
  }
  SECTION("a symbol that does not exist") {
    b.set(Address{SymbolId{5}});
    check_refused(program, "no such symbol");
  }
  SECTION("an operand of another kind") {
    b.S_ADD_FP(b.fp(), zero_fp, zero_fp);
    program.items[0].operands[1].kind = Operand::Kind::Gp;
    check_refused(program, "scalar register");
  }
}

TEST_CASE("what every instruction reads and writes is known") {
  for (const isa::InsnDef& def : isa::all()) {
    Item item;
    item.op = def.code;
    for (std::size_t i = 0; i < item.operands.size(); ++i) {
      INFO(def.name << ", operand " << i);
      const bool read = accesses(item, i, Access::Read);
      const bool written = accesses(item, i, Access::Write);
      if (i >= def.reads.size() || isa::info_of(def.reads[i].kind).count == 0) {
        CHECK_FALSE((read || written)); // a number, or nothing
        continue;
      }
      CHECK((read || written));
      const isa::Operand& operand = def.reads[i];
      if (operand.field != isa::Field::rd || def.unit == isa::Unit::Matrix ||
          def.unit == isa::Unit::Memory) {
        CHECK_FALSE(written);
      } else if (operand.kind == isa::Kind::fp || operand.kind == isa::Kind::addr) {
        CHECK(written == (def.name != "S_ST_FP"));
      }
      CHECK((read && written) == (i == 0 && def.name.starts_with("V_RED_")));
    }
  }
}

TEST_CASE("machines for which no programs can be made are refused by key") {
  const auto refused = [](auto&& change) {
    config::Config config;
    change(config);
    const Result<Tiling> tiling = tiling_for(config);
    REQUIRE(tiling.diagnostics().size() == 1);
    CHECK(tiling.diagnostics()[0].code == "E_HARDWARE");
    return tiling.diagnostics()[0].where;
  };
  CHECK(tiling_for(config::Config{}).ok());
  CHECK(refused([](config::Config& c) { c.vlen = 32; }) == "VLEN");
  CHECK(refused([](config::Config& c) { c.blen = 5; }) == "BLEN");
  CHECK(refused([](config::Config& c) { c.hbm_v_prefetch_amount = 0; }) == "HBM_V_Prefetch_Amount");
  CHECK(refused([](config::Config& c) {
          c.vector_sram_type = config::mx_e4m3;
        }) == "VECTOR_SRAM_TYPE");
  CHECK(refused([](config::Config& c) { c.matrix_sram_size = 63; }) == "MATRIX_SRAM_SIZE");
}
