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

/// The dump after a pass.
std::string after(
  std::string_view pass, const lower::Program& program, const codegen::PassSettings& settings
) {
  std::vector<codegen::Dump> dumps;
  const Result<codegen::Listing> listing = codegen::run_passes(program, settings, &dumps);
  INFO(rendered(listing.diagnostics()));
  REQUIRE(listing.ok());
  for (const codegen::Dump& dump : dumps) {
    if (dump.pass == pass) {
      return dump.text;
    }
  }
  return {};
}

/// Loops of two nodes, the second of which is attention, one in the other's way of writing.
lower::Program two_nodes() {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(1);
  b.node(0);
  b.loop(2, [&] { b.step(total, 3); });
  b.node(1);
  b.loop(2, [&] {
    b.comment("twice");
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
  const std::string ops_rolled = "loop g2, 2\n  S_ADDI_INT g1, g1, 3\nend g2\n";
  const std::string ops_flat = "S_ADDI_INT g1, g1, 3\nS_ADDI_INT g1, g1, 3\n";
  const std::string attention_rolled =
    "loop g3, 2\n  ; twice\n  S_ADDI_INT g4, g1, 0\n  S_ADD_INT g1, g1, g4\nend g3\n";
  const std::string attention_flat =
    "; twice\nS_ADDI_INT g4, g1, 0\nS_ADD_INT g1, g1, g4\n"
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
    "S_ADDI_INT g4, g4, 1\n"
    "S_ST_INT g5, g0, 0\n"
    "loop g6, 4\n"
    "  g7 = 8\n"
    "  S_ADD_INT g4, g4, g7\n"
    "  S_ST_INT g4, g0, 1\n"
    "  g4 = 5\n"
    "end g6\n"
    "S_ST_INT g7, g0, 2\n"
    "S_ST_INT g4, g0, 3\n"
  );
}
