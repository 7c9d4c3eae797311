#include "ops_cases/measure.h"

#include "asm/printer.h"
#include "cost/price.h"
#include "golden/precision.h"
#include "golden/reference.h"
#include "ops_cases/compiler.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::tests {

namespace {

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
  result.failure = run_program(*result.machine, test.config, made.program, result.cost);
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
  REQUIRE(run_program(*machine, test.config, inputs.program, cost).empty());
  return cost;
}

} // namespace plena::tests
