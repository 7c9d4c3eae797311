#include "model_cases/model_run.h"

#include "asm/printer.h"
#include "golden/reference.h"
#include "unit/codegen/harness.h"

#include <fmt/format.h>

namespace plena::tests {

ModelRun run_model(const LoadedModel& model, const ModelForm& form, bool judge) {
  ModelRun run;
  codegen::Options choices;
  choices.strategy = form.strategy;
  choices.unroll = form.unroll;
  choices.keep_stages = form.stages;
  const Result<codegen::Compiled> compiled =
    codegen::compile(model.graph, model.config, model.inputs, choices);
  if (!compiled.ok()) {
    run.failure = rendered(compiled.diagnostics());
    return run;
  }
  run.failure = check_program(compiled->program);
  if (!run.failure.empty()) {
    return run;
  }
  count_program(
    run.cost, compiled->program, assembly::print(compiled->program, compiled->comments)
  );

  emu::Images images;
  images.hbm = compiled->hbm;
  images.fp_sram = compiled->fp_sram;
  images.int_sram = compiled->int_sram;
  images.vram = compiled->vector_sram;
  emu::Options options;
  options.hbm_bytes = compiled->hbm_bytes;
  Result<emu::Machine> machine = emu::Machine::create(model.config, images, options);
  if (!machine.ok()) {
    run.failure = rendered(machine.diagnostics());
    return run;
  }
  run.failure = run_program(*machine, model.config, compiled->program, run.cost);
  for (const emu::Warning& warning : machine->warnings()) {
    run.failure += fmt::format("; the machine warns of {}", emu::to_string(warning.kind));
  }
  if (!run.failure.empty()) {
    return run;
  }
  const ir::TensorId output = model.graph.outputs.at(0);
  const codegen::Placement* place = codegen::find_vector(*compiled, output);
  if (place == nullptr) {
    run.failure = "the result is not in the Vector SRAM";
    return run;
  }
  const codegen::MemoryReader memory{
    model.config.mlen,
    [&](std::uint64_t row) { return machine->vector_row(row); },
    [&](std::uint64_t address, std::span<std::uint8_t> bytes) {
      machine->read_hbm(address, bytes);
    },
    machine->fp_sram(),
    machine->int_sram()};
  run.result = codegen::read_back(*place, memory);
  for (const codegen::Placement& each : compiled->placements) {
    if (form.stages && codegen::is_result(each)) {
      run.stages[each.tensor] = codegen::read_back(each, memory);
    }
  }
  run.plan = compiled->plan;
  if (!judge) {
    return run;
  }
  const Result<golden::Values> golden = golden::evaluate(
    model.graph,
    ops::arithmetic_of(model.config, ops::Precision::Hardware, compiled->plan),
    model.inputs
  );
  if (!golden.ok()) {
    run.failure = rendered(golden.diagnostics());
    return run;
  }
  run.against_own_golden = numerics::compare(run.result, golden->at(output), model.cols);
  return run;
}

std::vector<float> exact_result(const LoadedModel& model) {
  const Result<golden::Values> values = golden::evaluate(
    model.graph, ops::arithmetic_of(model.config, ops::Precision::Fp32), model.inputs
  );
  REQUIRE(values.ok());
  return values->at(model.graph.outputs.at(0));
}

} // namespace plena::tests
