// The passes over listings: what each does to small programs, and the runner.
#include "codegen/passes.h"
#include "harness.h"
#include "lower/builder.h"
#include "lower/text.h"

using namespace plena;
using namespace plena::tests;

TEST_CASE("dumps: the listing as it starts, then after each pass") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(0x12345678);
  b.comment("three times");
  b.loop(3, [&] { b.step(total, 5); });
  b.S_ST_INT(total, lower::zero_gp, 2);
  std::vector<codegen::Dump> dumps;
  REQUIRE(codegen::run_passes(codegen::resolve(program, {}), {1000, 1000}, &dumps).ok());
  REQUIRE(dumps.size() == 1 + codegen::pass_table().size());
  CHECK(dumps[0].pass == "resolve");
  CHECK(
    dumps[0].text ==
    "g1 = 305419896\n"
    "; three times\n"
    "loop g2, 3\n"
    "  S_ADDI_INT g1, g1, 5\n"
    "end g2\n"
    "S_ST_INT g1, g0, 2\n"
  );
  for (std::size_t i = 0; i < codegen::pass_table().size(); ++i) {
    CHECK(dumps[i + 1].pass == codegen::pass_table()[i].name);
    CHECK_FALSE(dumps[i + 1].text.empty());
  }
}

namespace {

/// The dump after a pass, the last one when it runs again.
std::string after(
  std::string_view pass, const lower::Program& program, const codegen::PassSettings& settings
) {
  std::vector<codegen::Dump> dumps;
  const Result<codegen::Listing> listing = codegen::run_passes(program, settings, &dumps);
  INFO(rendered(listing.diagnostics()));
  REQUIRE(listing.ok());
  std::string text;
  for (const codegen::Dump& dump : dumps) {
    if (dump.pass == pass) {
      text = dump.text;
    }
  }
  return text;
}

/// Loops of two nodes, the second of which is attention, one in the other's way of writing.
lower::Program two_nodes() {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(1);
  b.node(0);
  b.loop(3, [&] { b.step(total, 3); });
  b.node(1);
  b.loop(3, [&] {
    b.comment("thrice");
    b.S_ADD_INT(total, total, b.copy(total));
  });
  b.S_ST_INT(total, lower::zero_gp, 0);
  return program;
}

} // namespace

TEST_CASE("unrolling goes by the kind of operator") {
  using codegen::Unroll;
  const auto text = [&](Unroll unroll) {
    return after("unroll", two_nodes(), {1000, 1000, unroll, {false, true}});
  };
  const std::string ops_rolled = "loop g2, 3\n  S_ADDI_INT g1, g1, 3\nend g2\n";
  const std::string ops_flat = "S_ADDI_INT g1, g1, 3\nS_ADDI_INT g1, g1, 3\nS_ADDI_INT g1, g1, 3\n";
  const std::string attention_rolled =
    "loop g3, 3\n  ; thrice\n  S_ADDI_INT g4, g1, 0\n  S_ADD_INT g1, g1, g4\nend g3\n";
  const std::string attention_flat =
    "; thrice\nS_ADDI_INT g4, g1, 0\nS_ADD_INT g1, g1, g4\n"
    "S_ADDI_INT g4, g1, 0\nS_ADD_INT g1, g1, g4\n"
    "S_ADDI_INT g4, g1, 0\nS_ADD_INT g1, g1, g4\n";
  const std::string end = "S_ST_INT g1, g0, 0\n";
  CHECK(text(Unroll::None) == "g1 = 1\n" + ops_rolled + attention_rolled + end);
  CHECK(text(Unroll::Ops) == "g1 = 1\n" + ops_flat + attention_rolled + end);
  CHECK(text(Unroll::Attention) == "g1 = 1\n" + ops_rolled + attention_flat + end);
  CHECK(text(Unroll::All) == "g1 = 1\n" + ops_flat + attention_flat + end);
}

TEST_CASE("a loop is left with the copies that it asks for, as far as they fit") {
  const auto text = [&](std::uint64_t trips, std::uint64_t copies, std::uint64_t limit) {
    lower::Program program;
    lower::Builder b(program);
    const lower::Gp total = b.set(0);
    b.loop(trips, copies, [&] { b.step(total, 1); });
    b.S_ST_INT(total, lower::zero_gp, 0);
    const std::string listing = after("unroll", program, {limit, 1000});
    std::string steps;
    for (std::size_t at = 0; at < listing.size(); at = listing.find('\n', at) + 1) {
      const std::string line = listing.substr(at, listing.find('\n', at) - at);
      steps += line.starts_with("loop")                            ? line.substr(9) + "("
               : line.starts_with("end")                           ? ")"
               : line.find("S_ADDI_INT") != std::string::npos ? "+"
                                                                   : "";
    }
    return steps;
  };
  CHECK(text(12, 1, 100) == "12(+)");
  CHECK(text(12, 4, 100) == "3(++++)");
  CHECK(text(13, 4, 100) == "3(++++)+");
  CHECK(text(7, 4, 100) == "+++++++"); // a single trip is no loop
  CHECK(text(4, 4, 100) == "++++");
  CHECK(text(3, 4, 100) == "+++");
  CHECK(text(12, 4, 5) == "3(++++)");
  CHECK(text(12, 4, 4) == "6(++)");
  CHECK(text(12, 4, 1) == "12(+)"); // for the pass after
  CHECK(text(32, 32, 100) == "2(++++++++++++++++)"); // a longer body costs more than loop ends
}

TEST_CASE("a loop of two trips that is as short without one is written out") {
  const auto has_loop = [](std::uint64_t trips, int works) {
    lower::Program program;
    lower::Builder b(program);
    const lower::Gp at = b.set(0);
    b.loop(trips, [&] {
      const lower::Gp value = b.copy(at);
      for (int i = 0; i < works; ++i) {
        b.S_ST_INT(value, lower::zero_gp, 0);
      }
      b.step(at, 1);
    });
    return after("unroll", program, {1000, 1000}).find("loop") != std::string::npos;
  };
  CHECK_FALSE(has_loop(2, 1));
  CHECK_FALSE(has_loop(2, 2));
  CHECK(has_loop(2, 3));
  CHECK(has_loop(3, 1));
}

TEST_CASE("the compiler keeps dumps when asked") {
  Model model;
  model.output(model.node("silu", {model.input({4, 16})}));
  REQUIRE(ops::infer_shapes(model.graph).ok());
  const auto dumps = [&](bool keep) {
    codegen::Options options;
    options.keep_dumps = keep;
    return codegen::compile(model.graph, machine(16, 4), model.inputs, options)->dumps.size();
  };
  CHECK(dumps(false) == 0);
  CHECK(dumps(true) == 1 + codegen::pass_table().size());
}

TEST_CASE("an illegal listing is a fault of the compiler") {
  lower::Program program;
  lower::Builder b(program);
  b.S_ST_INT(b.gp(), lower::zero_gp, 0);
  const Result<codegen::Listing> listing = codegen::run_passes(program, {1000, 1000});
  REQUIRE_FALSE(listing.ok());
  CHECK(listing.diagnostics()[0].code == "E_INTERNAL");
}

TEST_CASE("values have registers of their own, except those that loops carry") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp pointer = b.set(100);
  const lower::Gp local = b.set(7);
  b.step(pointer, 1);
  b.S_ST_INT(local, lower::zero_gp, 0);
  b.loop(4, [&] {
    b.set(local, 8); // made anew in every trip
    b.S_ADD_INT(pointer, pointer, local);
    b.S_ST_INT(pointer, lower::zero_gp, 1);
    b.set(pointer, 5); // for the next trip
  });
  b.S_ST_INT(local, lower::zero_gp, 2);
  b.S_ST_INT(pointer, lower::zero_gp, 3);
  CHECK(
    after("split_ranges", program, {1000, 1000}) ==
    "g4 = 100\n"
    "g5 = 7\n"
    "S_ADDI_INT g6, g4, 1\n"
    "S_ST_INT g5, g0, 0\n"
    "loop g7, 4\n"
    "  g8 = 8\n"
    "  S_ADD_INT g6, g6, g8\n"
    "  S_ST_INT g6, g0, 1\n"
    "  g6 = 5\n"
    "end g7\n"
    "S_ST_INT g8, g0, 2\n"
    "S_ST_INT g6, g0, 3\n"
  );
}

namespace {

/// The listing after all passes.
std::string at_end(const lower::Program& program, const codegen::PassSettings& settings = {1000, 1000}) {
  return after(codegen::pass_table().back().name, program, settings);
}

} // namespace

TEST_CASE("what a register holds already is not made again") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Addr hbm = b.addr();
  b.C_SET_ADDR_REG(hbm, lower::zero_gp, b.set(640));
  b.C_SET_SCALE_REG(b.set(4096));
  b.H_PREFETCH_V(b.set(0), b.set(0), hbm, 1, 0);
  b.C_SET_SCALE_REG(b.set(4096));
  const lower::Addr again = b.addr();
  b.C_SET_ADDR_REG(again, lower::zero_gp, b.set(640));
  b.H_PREFETCH_V(b.set(640), b.set(4096), again, 0, 0);
  CHECK(
    at_end(program) ==
    "g9 = 640\n"
    "C_SET_ADDR_REG a3, g0, g9\n"
    "g10 = 4096\n"
    "C_SET_SCALE_REG g10\n"
    "H_PREFETCH_V g0, g0, a3, 1, 0\n"
    "H_PREFETCH_V g9, g10, a3, 0, 0\n"
  );
}

TEST_CASE("copies, zeros and offsets go into what reads them") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp weight = b.set(0);
  const lower::Gp result = b.set(512);
  b.loop(16, [&] {
    const lower::Gp w = b.copy(weight);
    const lower::Gp x = b.set(0);
    const lower::Gp y = b.copy(result);
    for (int tile = 0; tile < 2; ++tile) {
      b.M_MM(w, x);
      b.step(w, 4096);
      b.step(x, 0);
    }
    b.M_MM_WO(y, lower::zero_gp, 0);
    b.step(y, 256);
    b.step(weight, 256);
    b.step(result, 4);
  });
  CHECK(
    at_end(program) ==
    "g7 = 0\n"
    "g8 = 512\n"
    "loop g9, 16\n"
    "  M_MM g7, g0\n"
    "  S_ADDI_INT g13, g7, 4096\n"
    "  M_MM g13, g0\n"
    "  M_MM_WO g8, g0, 0\n"
    "  S_ADDI_INT g7, g7, 256\n"
    "  S_ADDI_INT g8, g8, 4\n"
    "end g9\n"
  );
}

TEST_CASE("pointers that go together are one where an instruction adds the distance") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp x = b.set(64);
  const lower::Gp y = b.set(1088);
  b.loop(5, [&] {
    b.M_TMM(x, lower::zero_gp);
    b.M_MM_WO(y, lower::zero_gp, 8);
    b.step(x, 64);
    b.step(y, 64);
  });
  // After the loop both are known again, here by their numbers.
  b.M_TMM(x, lower::zero_gp);
  b.M_MM_WO(y, lower::zero_gp, 0);
  CHECK(
    at_end(program) ==
    "g4 = 64\n"
    "loop g6, 5\n"
    "  M_TMM g4, g0\n"
    "  M_MM_WO g4, g0, 1032\n"
    "  S_ADDI_INT g4, g4, 64\n"
    "end g6\n"
    "M_TMM g4, g0\n"
    "M_MM_WO g0, g0, 1408\n"
  );
}

TEST_CASE("a row step of register 0 is one row, so that a zero stays in its register") {
  lower::Program program;
  lower::Builder b(program);
  b.M_MM_WO(lower::zero_gp, b.set(0), 0);
  CHECK(at_end(program) == "g2 = 0\nM_MM_WO g0, g2, 0\n");
}

TEST_CASE("numbers of two words are reached from one near by") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp first = b.set(0x12345678);
  const lower::Gp second = b.set(0x12345680);
  const lower::Gp third = b.set(0x12000000); // one word
  b.S_ST_INT(first, lower::zero_gp, 0);
  b.S_ST_INT(second, lower::zero_gp, 1);
  b.S_ST_INT(third, lower::zero_gp, 2);
  CHECK(
    at_end(program) ==
    "g4 = 305419896\n"
    "S_ADDI_INT g5, g4, 8\n"
    "g6 = 301989888\n"
    "S_ST_INT g4, g0, 0\n"
    "S_ST_INT g5, g0, 1\n"
    "S_ST_INT g6, g0, 2\n"
  );
}

TEST_CASE("an entry of the FP SRAM is loaded again after it was stored") {
  lower::Program program;
  lower::Builder b(program);
  const auto load = [&](std::uint64_t entry) {
    const lower::Fp value = b.fp();
    b.S_LD_FP(value, lower::zero_gp, entry);
    return value;
  };
  const lower::Fp first = load(3);
  const lower::Fp other = load(4);
  b.S_ST_FP(first, lower::zero_gp, 4);
  b.S_ST_FP(load(3), lower::zero_gp, 5); // still what `first` is
  b.S_ST_FP(load(4), lower::zero_gp, 6);
  b.S_ST_FP(other, lower::zero_gp, 7);
  CHECK(
    at_end(program) ==
    "S_LD_FP f5, g0, 3\n"
    "S_LD_FP f6, g0, 4\n"
    "S_ST_FP f5, g0, 4\n"
    "S_ST_FP f5, g0, 5\n"
    "S_LD_FP f8, g0, 4\n"
    "S_ST_FP f8, g0, 6\n"
    "S_ST_FP f6, g0, 7\n"
  );
}

TEST_CASE("the address of a store wraps like the machine's") {
  lower::Program program;
  lower::Builder b(program);
  const auto load = [&](std::uint64_t entry) {
    const lower::Fp value = b.fp();
    b.S_LD_FP(value, lower::zero_gp, entry);
    return value;
  };
  const lower::Fp first = load(3);
  const lower::Gp last = b.set(0xFFFFFFFF);
  b.S_ST_FP(load(4), last, 4); // to entry 3
  b.S_ST_FP(load(3), lower::zero_gp, 5);
  b.S_ST_FP(first, lower::zero_gp, 6);
  CHECK(
    at_end(program) ==
    "S_LD_FP f4, g0, 3\n"
    "g2 = 4294967295\n"
    "S_LD_FP f5, g0, 4\n"
    "S_ST_FP f5, g2, 4\n"
    "S_LD_FP f6, g0, 3\n"
    "S_ST_FP f6, g0, 5\n"
    "S_ST_FP f4, g0, 6\n"
  );
}

TEST_CASE("values that nothing reads, and loops with nothing in them, are left out") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp used = b.set(1);
  const lower::Gp idle = b.set(2);
  b.C_SET_V_MASK_REG(used);
  b.loop(3, [&] {
    b.step(idle, 5);
    b.S_MUL_INT(b.gp(), idle, idle);
  });
  b.loop(3, [&] {
    b.S_ST_INT(used, lower::zero_gp, 0);
    b.S_MUL_INT(used, used, used);
    b.step(idle, 1);
  });
  b.S_MUL_INT(used, used, idle);
  CHECK(
    at_end(program) ==
    "g6 = 1\n"
    "loop g10, 3\n"
    "  S_ST_INT g6, g0, 0\n"
    "  S_MUL_INT g6, g6, g6\n"
    "end g10\n"
  );
}

TEST_CASE("a pointer and the copy that an inner loop steps are one") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp row = b.set(256); // on and on
  const lower::Gp col = b.set(300); // back, and one further
  b.loop(4, [&] {
    const lower::Gp r = b.copy(row);
    const lower::Gp c = b.copy(col);
    b.loop(8, [&] {
      b.V_ADD_VV(r, r, c);
      b.step(r, 64);
      b.step(c, 128);
    });
    b.step(row, 512);
    b.step(col, 1);
  });
  CHECK(
    after("merge_pointers", program, {1000, 1000}) ==
    "g10 = 256\n"
    "g11 = 300\n"
    "g13 = 1023\n"
    "loop g9, 4\n"
    "  loop g12, 8\n"
    "    V_ADD_VV g10, g10, g11, 0\n"
    "    S_ADDI_INT g10, g10, 64\n"
    "    S_ADDI_INT g11, g11, 128\n"
    "  end g12\n"
    "  S_SUB_INT g11, g11, g13\n"
    "end g9\n"
  );
}

TEST_CASE("a loop around nothing but a loop is one with it") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(0);
  b.loop(3, [&] { b.loop(5, [&] { b.loop(7, [&] { b.step(total, 2); }); }); });
  b.loop(4000, [&] { b.loop(2000, [&] { b.step(total, 2); }); }); // too many for one
  b.S_ST_INT(total, lower::zero_gp, 0);
  CHECK(
    after("merge_pointers", program, {100'000'000, 1000}) ==
    "g7 = 0\n"
    "loop g10, 105\n"
    "  S_ADDI_INT g7, g7, 2\n"
    "end g10\n"
    "loop g11, 4000\n"
    "  loop g12, 2000\n"
    "    S_ADDI_INT g7, g7, 2\n"
    "  end g12\n"
    "end g11\n"
    "S_ST_INT g7, g0, 0\n"
  );
}

TEST_CASE("what is the same in every trip is made before the loop") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Addr hbm = b.addr();
  b.C_SET_ADDR_REG(hbm, lower::zero_gp, b.set(640));
  const lower::Gp x = b.set(64);
  b.loop(3, [&] {
    b.loop(5, [&] {
      b.C_SET_STRIDE_REG(b.set(7));
      b.C_SET_SCALE_REG(b.set(8)); // two of them alternate
      b.H_PREFETCH_V(x, lower::zero_gp, hbm, 1, 0);
      b.C_SET_SCALE_REG(b.set(9));
      b.H_PREFETCH_V(x, lower::zero_gp, hbm, 1, 0);
      b.step(x, 64);
    });
    b.step(x, 4096);
  });
  CHECK(
    at_end(program) ==
    "g8 = 640\n"
    "C_SET_ADDR_REG a2, g0, g8\n"
    "g9 = 64\n"
    "g12 = 7\n"
    "C_SET_STRIDE_REG g12\n"
    "g13 = 8\n"
    "g14 = 9\n"
    "loop g10, 3\n"
    "  loop g11, 5\n"
    "    C_SET_SCALE_REG g13\n"
    "    H_PREFETCH_V g9, g0, a2, 1, 0\n"
    "    C_SET_SCALE_REG g14\n"
    "    H_PREFETCH_V g9, g0, a2, 1, 0\n"
    "    S_ADDI_INT g9, g9, 64\n"
    "  end g11\n"
    "  S_ADDI_INT g9, g9, 4096\n"
    "end g10\n"
  );
}
