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
