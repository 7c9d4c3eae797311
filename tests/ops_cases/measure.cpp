#include "ops_cases/measure.h"

#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/printer.h"
#include "cost/price.h"
#include "driver/program_facts.h"
#include "emu/timing.h"
#include "golden/precision.h"
#include "golden/reference.h"
#include "isa/codec.h"
#include "ops_cases/compiler.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::tests {

namespace {

/// As upstream counts.
config::Timing timing_of(config::CostProfile profile) {
  config::Timing timing;
  timing.cost_profile = profile;
  return timing;
}

/// The clocks of both profiles at once.
class BothClocks final : public emu::Observer {
 public:
  BothClocks(const config::Machine& machine, const isa::Program& program)
      : emulator_(machine, timing_of(config::CostProfile::emulator), program),
        analytic_(machine, timing_of(config::CostProfile::analytic), program) {}

  void transferred(const emu::TransferRow& row) override {
    emulator_.transferred(row);
    analytic_.transferred(row);
  }
  void executed(std::uint32_t pc, const isa::Instr& instr, emu::CostClass cost) override {
    emulator_.executed(pc, instr, cost);
    analytic_.executed(pc, instr, cost);
  }

  void tell(Cost& cost) const {
    cost.cycles = emulator_.cycles();
    cost.analytic = analytic_.cycles();
  }

 private:
  emu::Timing emulator_;
  emu::Timing analytic_;
};

void count_program(Cost& cost, const isa::Program& program, std::string_view text) {
  const driver::TextCounts counts = driver::count_text(text);
  cost.lines = counts.lines;
  cost.comments = counts.comments;
  cost.words = program.words.size();
  cost.loops = driver::count_loops(program.words);
  const std::vector<std::uint32_t> depths = driver::loop_depths(program.words);
  cost.depth = depths.empty() ? 0 : *std::max_element(depths.begin(), depths.end());
}

/// Runs to the end; a fault is told, and leaves the machine as it is.
std::string
run(emu::Machine& machine, const config::Config& config, const isa::Program& program, Cost& cost) {
  if (const auto fault = machine.load(program)) {
    return fmt::format("word {} is refused: {}", fault->pc, fault->message);
  }
  BothClocks clocks(config, program);
  const emu::RunResult result = machine.run(std::uint64_t{1} << 40, &clocks);
  clocks.tell(cost);
  cost.executed = machine.counters().executed;
  cost.hbm_read_bytes = machine.counters().hbm_read_bytes;
  cost.hbm_written_bytes = machine.counters().hbm_written_bytes;
  if (const auto& fault = machine.fault()) {
    return fmt::format("fault at {}: {}", fault->pc, fault->message);
  }
  return result.reason == emu::RunResult::Reason::Done ? "" : "the program does not end";
}

/// What is wrong with a program as words and as text: every word is an instruction of the machine,
/// and the text of the disassembler and the `.mem` file mean the same words.
std::string check_program(const isa::Program& program) {
  for (std::size_t pc = 0; pc < program.words.size(); ++pc) {
    if (isa::decode_word(program.words[pc]).status != isa::DecodeStatus::Ok) {
      return fmt::format("word {} is no instruction", pc);
    }
    if (!isa::expressible(program.words[pc])) {
      return fmt::format("word {} has no line of assembly", pc);
    }
  }
  const Result<isa::Program> read = assembly::parse_mem(assembly::write_mem(program));
  if (!read.ok() || read->words != program.words) {
    return "its .mem file reads as another program";
  }
  const assembly::Assembled assembled =
    assembly::assemble(assembly::print(*read), assembly::Mode::Strict);
  return assembled.loadable() && assembled.program.words == program.words
           ? ""
           : "its text assembles to another program";
}

double distance(std::span<const float> values, std::span<const float> golden) {
  return numerics::compare(values, golden).max_abs;
}

/// What the formats of HBM cost in the outputs that do not pass.
std::string tell_formats(Measured& result, const RecordedCase& test, const ir::Graph& graph) {
  const auto passes = [](const Agreement& one) { return one.pass; };
  if (std::all_of(result.outputs.begin(), result.outputs.end(), passes)) {
    return {};
  }
  const ops::Arithmetic hardware =
    ops::arithmetic_of(test.config, ops::Precision::Hardware, result.compiled.plan);
  const Result<golden::Values> exact = golden::evaluate(
    graph, golden::arithmetic_in(golden::Precision::NoBf16, hardware), test.model.inputs
  );
  if (!exact.ok()) {
    return rendered(exact.diagnostics());
  }
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    if (!result.outputs[i].pass) {
      result.outputs[i].of_formats = distance(exact->at(graph.outputs[i]), test.expected[i].values);
    }
  }
  return {};
}

Agreement agreement(const Expected& expected, std::span<const float> values, std::uint64_t cols) {
  Agreement result;
  result.pass = within(expected.limit, expected.values, values, cols);
  if (values.size() != expected.values.size()) {
    return result;
  }
  const numerics::Errors errors = numerics::compare(values, expected.values);
  result.max_abs = errors.max_abs;
  result.equal = 1.0 - static_cast<double>(errors.differing) / static_cast<double>(errors.count);
  for (const float value : expected.values) {
    result.largest = std::max(result.largest, std::fabs(static_cast<double>(value)));
  }
  return result;
}

} // namespace

Measured measure(const RecordedCase& test, const Form& form) {
  Measured result;
  result.absent = (form.dense && !has_strategies<codegen::Options>) ||
                  (form.unrolled && !has_unrolling<codegen::Options>);
  if (result.absent) {
    result.failure = "the compiler has no such form";
    return result;
  }
  ir::Graph graph = test.model.graph;
  if (const Status inferred = ops::infer_shapes(graph); !inferred.ok()) {
    result.failure = rendered(inferred.diagnostics());
    return result;
  }
  codegen::Options choices;
  set_form(choices, form.dense, form.unrolled);
  Result<codegen::Compiled> compiled =
    codegen::compile(graph, test.config, test.model.inputs, choices);
  if (!compiled.ok()) {
    result.failure = rendered(compiled.diagnostics());
    return result;
  }
  result.compiled = std::move(*compiled);
  const codegen::Compiled& made = result.compiled;
  result.failure = check_program(made.program);
  if (!result.failure.empty()) {
    return result;
  }
  count_program(result.cost, made.program, assembly::print(made.program, made.comments));

  emu::Images images;
  images.hbm = made.hbm;
  images.fp_sram = made.fp_sram;
  images.int_sram = made.int_sram;
  images.vram = vector_image(made);
  emu::Options options;
  options.hbm_bytes = made.hbm_bytes;
  Result<emu::Machine> machine = emu::Machine::create(test.config, images, options);
  if (!machine.ok()) {
    result.failure = rendered(machine.diagnostics());
    return result;
  }
  result.machine = std::move(*machine);
  result.failure = run(*result.machine, test.config, made.program, result.cost);
  for (const emu::Warning& warning : result.machine->warnings()) {
    result.failure += fmt::format(
      "{}the machine warns of {} at {}",
      result.failure.empty() ? "" : "; ",
      emu::to_string(warning.kind),
      warning.first_pc
    );
  }
  if (!result.failure.empty()) {
    return result;
  }
  result.rows = ops::extent_of(graph.tensor(graph.outputs[0]).shape).rows;
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const codegen::Placement* place = find_result(made, graph.outputs[i]);
    if (place == nullptr) {
      result.outputs.emplace_back();
      continue;
    }
    const std::vector<float> values = placed_values(*place, test.config.mlen, *result.machine);
    result.outputs.push_back(agreement(test.expected[i], values, place->cols));
  }
  result.failure = tell_formats(result, test, graph);
  return result;
}

Cost recorded_cost(const RecordedCase& test) {
  Cost cost;
  const RecordedInputs inputs = read_inputs(test.folder, "vram_preload.bin");
  count_program(cost, inputs.program, read_text(test.folder / "program.asm"));
  if (test.aborts) {
    for (const auto& [profile, cycles] :
         {std::pair{config::CostProfile::emulator, &cost.cycles},
          std::pair{config::CostProfile::analytic, &cost.analytic}}) {
      const cost::Price price = cost::price(inputs.program, test.config, profile);
      *cycles = price.cycles;
      cost.executed = price.executed;
    }
    return cost;
  }
  const auto dumps = nlohmann::json::parse(read_text(test.folder / "expected_dumps.json"));
  emu::Options options;
  options.hbm_bytes = dumps.at("hbm_size").get<std::uint64_t>();
  auto machine = emu::Machine::create(test.config, inputs.images(), options);
  REQUIRE(machine.ok());
  REQUIRE(run(*machine, test.config, inputs.program, cost).empty());
  return cost;
}

std::vector<std::string> differing_memories(const emu::Machine& a, const emu::Machine& b) {
  std::vector<std::string> names;
  const auto note = [&](const char* name, bool same) {
    if (!same) {
      names.emplace_back(name);
    }
  };
  const auto equal = [](auto left, auto right) {
    // Bits, so that signs of zeros and payloads count.
    return left.size() == right.size() &&
           std::equal(
             std::as_bytes(left).begin(), std::as_bytes(left).end(), std::as_bytes(right).begin()
           );
  };
  bool vectors = a.vector_rows() == b.vector_rows();
  for (std::uint64_t row = 0; vectors && row < a.vector_rows(); ++row) {
    vectors = equal(a.vector_row(row), b.vector_row(row));
  }
  note("Vector SRAM", vectors);
  note("FP SRAM", equal(a.fp_sram(), b.fp_sram()));
  note("INT SRAM", equal(a.int_sram(), b.int_sram()));
  bool hbm = a.hbm_bytes() == b.hbm_bytes();
  std::vector<std::uint8_t> left(1 << 20);
  std::vector<std::uint8_t> right(left.size());
  for (std::uint64_t at = 0; hbm && at < a.hbm_bytes(); at += left.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(left.size(), a.hbm_bytes() - at);
    const std::span<std::uint8_t> of_a = std::span(left).first(to_size(count));
    const std::span<std::uint8_t> of_b = std::span(right).first(to_size(count));
    a.read_hbm(at, of_a);
    b.read_hbm(at, of_b);
    hbm = std::equal(of_a.begin(), of_a.end(), of_b.begin());
  }
  note("HBM", hbm);
  return names;
}

} // namespace plena::tests
