// The steps between tile program and words, and what is refused.
#include "base/sha256.h"
#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "codegen/regalloc.h"
#include "harness.h"
#include "isa/codec.h"
#include "lower/builder.h"
#include "lower/verify.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"

#include <cmath>

using namespace plena;
using namespace plena::tests;

namespace {

/// Values of the integer registers after the program, with loops of at most `limit` instructions.
std::vector<std::uint32_t> run_words(const lower::Program& program, std::uint64_t limit) {
  REQUIRE(lower::verify(program).empty());
  const Result<codegen::Listing> listing =
    codegen::run_passes(codegen::resolve(program, {}), {limit, 100000});
  REQUIRE(listing.ok());
  const Result<codegen::Emitted> emitted = codegen::emit(*listing);
  REQUIRE(emitted.ok());
  const codegen::Counts counts = codegen::count(*listing);
  CHECK(emitted->program.words.size() == counts.words);
  config::Config config = machine(16, 4);
  config.max_loop_instructions = limit;
  Result<emu::Machine> machine = emu::Machine::create(config, {});
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(emitted->program).has_value());
  const emu::RunResult result = machine->run(1u << 24);
  REQUIRE(result.reason == emu::RunResult::Reason::Done);
  CHECK(result.executed == counts.executed);
  const std::span<const std::uint32_t> stored = machine->int_sram();
  return {stored.begin(), stored.begin() + 4};
}

} // namespace

TEST_CASE("absolute values of any width") {
  for (const std::uint64_t value :
       {0ull, 1ull, 262143ull, 262144ull, 0x12345000ull, 0x12345678ull, 0xFFFFFFFFull}) {
    lower::Program program;
    lower::Builder b(program);
    b.S_ST_INT(b.set(value), lower::zero_gp, 0);
    CHECK(run_words(program, 1000)[0] == value);
  }
}

TEST_CASE("loops that are too long are written out and compute the same") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(0);
  const lower::Gp last = b.set(7);
  b.loop(5, [&] {
    const lower::Gp inner = b.copy(total);
    b.loop(6, [&] {
      const lower::Gp twice = b.gp();
      b.S_ADD_INT(twice, inner, inner);
      b.step(inner, 3);
      b.step(total, 1);
      b.copy(last, twice);
    });
    b.S_ADD_INT(total, total, inner);
  });
  b.S_ST_INT(total, lower::zero_gp, 0);
  b.S_ST_INT(last, lower::zero_gp, 1);
  const std::vector<std::uint32_t> rolled = run_words(program, 100000);
  CHECK(rolled[0] != 0);
  for (const std::uint64_t limit : {34u, 33u, 32u, 6u, 5u, 4u, 1u}) {
    INFO(limit);
    CHECK(run_words(program, limit) == rolled);
  }
}

TEST_CASE("loops with more trips than the field holds are split") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(0);
  b.loop((1u << 22) + 3, [&] { b.step(total, 1); });
  b.S_ST_INT(total, lower::zero_gp, 0);
  CHECK(run_words(program, 100000)[0] == (1u << 22) + 3);
}

TEST_CASE("a program that would get too long is refused with its size") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp r = b.set(0);
  b.loop(1000000, [&] {
    b.step(r, 1);
    b.step(r, 1);
  });
  const Result<codegen::Listing> listing =
    codegen::run_passes(codegen::resolve(program, {}), {2, 100000});
  REQUIRE_FALSE(listing.ok());
  CHECK(listing.diagnostics()[0].code == "E_RESOURCE");
  CHECK(listing.diagnostics()[0].message.find("2000001") != std::string::npos);
}

TEST_CASE("registers are given back, and running out is reported") {
  const auto allocates = [](std::size_t live) {
    lower::Program program;
    lower::Builder b(program);
    std::vector<lower::Gp> values;
    for (std::size_t i = 0; i < live; ++i) {
      values.push_back(b.set(i));
    }
    for (const lower::Gp value : values) {
      b.S_ST_INT(value, lower::zero_gp, 0);
    }
    for (std::size_t i = 0; i < live; ++i) {
      b.S_ST_INT(b.set(i), lower::zero_gp, 0);
    }
    return codegen::allocate(codegen::resolve(program, {}));
  };
  CHECK(allocates(15).ok());
  const Result<codegen::Registers> failed = allocates(16);
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.diagnostics()[0].code == "E_RESOURCE");
  CHECK(failed.diagnostics()[0].message.find("15 integer registers") != std::string::npos);
}

TEST_CASE("values made before a loop survive it") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp before = b.set(41);
  const lower::Gp sum = b.set(0);
  b.loop(3, [&] {
    b.S_ADD_INT(sum, sum, before); // the last read in the text, but not in time
    const lower::Gp local = b.set(1000);
    b.S_ST_INT(local, lower::zero_gp, 1);
  });
  b.S_ST_INT(sum, lower::zero_gp, 0);
  CHECK(run_words(program, 1000)[0] == 123);
}

TEST_CASE("constants that binary16 lacks are made exactly") {
  for (const double value : {1e-12, -3.3e-30, 1e-38, 2e-40, 70000.0, 3e38, 0.1, -6.1e-5}) {
    INFO(value);
    Model model;
    const auto x = model.input({1, 1});
    model.inputs[x] = {1.0f};
    const auto c = model.constant_of({}, {static_cast<float>(value)});
    const auto y = model.node("scale", {x, c});
    model.output(y);
    const Run result = run(model, machine(16, 4));
    CHECK(result.machine.at(y)[0] == numerics::round_to_bf16(static_cast<float>(value)));
  }
}

TEST_CASE("memories that are too small are reported with both numbers") {
  Model model;
  const auto x = model.input({40, 40});
  model.output(model.node("linear", {x, model.constant({40, 40})}));
  REQUIRE(ops::infer_shapes(model.graph).ok());
  const auto error = [&](auto&& change) {
    config::Config config = machine(16, 4);
    change(config);
    const Result<codegen::Compiled> compiled = codegen::compile(model.graph, config, model.inputs);
    REQUIRE_FALSE(compiled.ok());
    REQUIRE(compiled.diagnostics().size() == 1);
    return compiled.diagnostics()[0];
  };
  const Diagnostic rows = error([](config::Config& c) { c.vector_sram_size = 239; });
  CHECK(rows.code == "E_RESOURCE");
  CHECK(rows.message.find("240") != std::string::npos);
  CHECK(rows.message.find("239") != std::string::npos);
  const Diagnostic bytes = error([](config::Config& c) { c.hbm_size = 4096; });
  CHECK(bytes.code == "E_RESOURCE");
  CHECK(bytes.where == "HBM");
  const Diagnostic format = error([](config::Config& c) {
    c.hbm_v_act_type.element = numerics::ScalarFormat::fp(true, 3, 2);
  });
  CHECK(format.code == "E_HARDWARE");
  CHECK(format.where == "HBM_V_ACT_TYPE");
  const Diagnostic wide = error([](config::Config& c) { c.hbm_m_weight_type.block = 5; });
  CHECK(wide.where == "HBM_M_WEIGHT_TYPE");
  model.inputs[x].pop_back();
  CHECK(error([](config::Config&) {}).code == "E_INPUT");
  model.inputs.clear();
  CHECK(error([](config::Config&) {}).code == "E_INPUT");
}

TEST_CASE("every word has a node or none, and placements do not overlap while in use") {
  Model model;
  const auto x = model.input({5, 40});
  const auto y = model.node("silu", {x});
  model.output(model.node("linear", {y, model.constant({40, 20})}));
  const Run result = run(model, machine(16, 4));
  const codegen::Compiled& compiled = result.compiled;
  REQUIRE(compiled.node_of_word.size() == compiled.program.words.size());
  CHECK(compiled.node_of_word.front() == 0);
  CHECK(compiled.node_of_word.back() == 1);
  for (const codegen::Placement& a : compiled.placements) {
    for (const codegen::Placement& b : compiled.placements) {
      const std::uint64_t end = a.address + a.phys_rows * a.phys_cols;
      if (a.memory == b.memory && a.address < b.address) {
        CHECK(end <= b.address);
      }
    }
  }
  for (const std::uint32_t word : compiled.program.words) {
    CHECK(isa::expressible(word));
  }
  CHECK(codegen::find_vector(compiled, y) != nullptr);
  CHECK(codegen::find_vector(compiled, ir::TensorId{99}) == nullptr);
}

TEST_CASE("compiling twice gives the same bytes") {
  const auto compiled = [] {
    Model model;
    const auto x = model.input({3, 50});
    model.output(model.node("softmax", {x}));
    REQUIRE(ops::infer_shapes(model.graph).ok());
    return codegen::compile(model.graph, machine(32, 8), model.inputs);
  };
  const auto first = compiled();
  const auto second = compiled();
  CHECK(first->program == second->program);
  CHECK(first->hbm == second->hbm);
  CHECK(first->fp_sram == second->fp_sram);
}

TEST_CASE("programs, images and references are the same bytes on every host") {
  Model model;
  const auto x = model.input({5, 70}, 2.0);
  const auto normed = model.node("layer_norm", {x, model.constant({70}), model.constant({70})});
  const auto wide = model.node("linear", {normed, model.constant({70, 40}), model.constant({40})});
  const auto y = model.node("gelu", {wide});
  model.output(model.node("softmax", {y}, {{"scale", 0.3}}));
  const config::Config config = machine(32, 8);
  const Run result = run(model, config);
  Sha256 digest;
  const auto add_word = [&](std::uint32_t word) {
    const std::array<std::uint8_t, 4> bytes{
      static_cast<std::uint8_t>(word),
      static_cast<std::uint8_t>(word >> 8),
      static_cast<std::uint8_t>(word >> 16),
      static_cast<std::uint8_t>(word >> 24)};
    digest.update(bytes);
  };
  for (const std::uint32_t word : result.compiled.program.words) {
    add_word(word);
  }
  digest.update(result.compiled.hbm);
  digest.update(result.compiled.fp_sram);
  const golden::Values fp32 =
    *golden::evaluate(model.graph, ops::arithmetic_of(config, ops::Precision::Fp32), model.inputs);
  for (const golden::Values& values : {result.golden, result.machine, fp32}) {
    for (const auto& [tensor, floats] : values) {
      for (const float value : floats) {
        add_word(numerics::bits_of(value));
      }
    }
  }
  // A change of the compiler changes this; a difference between hosts must not exist.
  CHECK(digest.finish_hex() == "abc3a732b022e833b7da56e6f0638e12187c0acb549aafc1947adbd208f46c7b");
}
