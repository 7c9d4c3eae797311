// From the session's model to a program and its images.
#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/printer.h"
#include "config/config.h"
#include "driver/choices.h"
#include "driver/program_facts.h"
#include "driver/session_state.h"
#include "io/weights.h"
#include "report/options.h"

#include <algorithm>

namespace plena::driver {

namespace {

bool lacks_vector_rows(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& one) {
    return one.code == "E_RESOURCE" && one.where == "Vector SRAM";
  });
}

const Diagnostic memory_used_again{
  .severity = Severity::Note,
  .code = "N_STAGES",
  .message =
    "the Vector SRAM does not hold the results of all operators until the end: it is used again",
  .hint = "each is compared when its operator has ended; raise VECTOR_SRAM_SIZE to keep them",
  .where = "keep_stages"};

} // namespace

codegen::Values Session::State::input_values() const {
  codegen::Values values;
  for (std::size_t i = 0; i < graph->inputs.size(); ++i) {
    const ir::TensorId id = graph->inputs[i];
    const auto given = inputs.find(graph->tensor(id).name);
    if (given != inputs.end()) {
      values[id] = given->second;
      continue;
    }
    ir::Constant seeded = io::input_values(*graph, i, seed);
    if (seeded.floats.empty()) {
      seeded.floats.assign(seeded.ints.begin(), seeded.ints.end());
    }
    values[id] = std::move(seeded.floats);
  }
  return values;
}

void Session::keep_dumps(bool keep) { state_->keep_dumps = keep; }

Result<std::string> Session::compile(std::string_view options_json) {
  State& state = *state_;
  if (!state.graph) {
    return missing("E_NO_MODEL", "there is no model to compile", "load a model first");
  }
  const Result<ir::RunChoices> asked = report::parse_choices(options_json);
  if (!asked) {
    return asked.diagnostics();
  }
  // Names that the caller gives are judged first, so that a complaint names the one who wrote them.
  const ir::RunChoices& model_asks = state.graph->run;
  if (const auto own = options_of(*asked, "E_OPTIONS", ""); !own) {
    return own.diagnostics();
  }
  const ir::RunChoices choices = merge(*asked, model_asks);
  Result<codegen::Options> options = options_of(choices, "E_RUN", "/run");
  if (!options) {
    return options.diagnostics();
  }
  options->keep_dumps = state.keep_dumps;
  if (const auto standard = state.configuration(); !standard) {
    return standard.diagnostics();
  }
  Result<config::Config> machine = config::with_numbers(*state.given_config, model_asks.hardware);
  if (!machine) {
    return machine.diagnostics();
  }
  options->cost_profile = state.timing_settings().cost_profile;
  const StepTimer timer(state, "compile");
  const codegen::Values inputs = state.input_values();
  Result<codegen::Compiled> compiled = codegen::compile(*state.graph, *machine, inputs, *options);
  Diagnostics notes = machine.diagnostics();
  if (!compiled && !choices.keep_stages && lacks_vector_rows(compiled.diagnostics())) {
    codegen::Options without = *options;
    without.keep_stages = false;
    // Where that does not help either, what is said is how much all of them need.
    if (auto again = codegen::compile(*state.graph, *machine, inputs, without)) {
      compiled = std::move(again);
      *options = without;
      notes.push_back(memory_used_again);
    }
  }
  if (!compiled) {
    return std::move(compiled).diagnostics();
  }
  std::string text = assembly::print(compiled->program, compiled->comments);
  // The text is what people read and edit: it must mean the same words, and gives each its line.
  assembly::Assembled assembled = assembly::assemble(text);
  PLENA_CHECK(assembled.ok && assembled.program.words == compiled->program.words);
  Diagnostics warnings = compiled->warnings;
  warnings.insert(warnings.end(), notes.begin(), notes.end());

  if (state.config != *machine) {
    state.drop_run();
    state.config = *machine;
  }

  state.compiled = std::move(compiled).value();
  state.asked = *asked;
  state.options = names_of(*options);
  state.compiled_text = text;
  state.images = {};
  state.images.hbm = state.compiled->hbm;
  state.images.fp_sram = state.compiled->fp_sram;
  state.images.int_sram = state.compiled->int_sram;
  state.images.vram = state.compiled->vector_sram;
  state.hbm_bytes = std::max(state.compiled->hbm_bytes, state.config->hbm_size);
  state.take_program(std::move(assembled.program), std::move(text));
  return {report::program_info(state.program_facts()), std::move(warnings)};
}

std::optional<ProductTable> Session::product_table() const {
  const std::optional<codegen::ProductPrices> prices = state_->products();
  if (!prices) {
    return std::nullopt;
  }
  ProductTable table;
  const auto add = [&](ProductCycles::Form form, const codegen::ProfileCycles& cycles) {
    table.rows.push_back({form, cycles.emulator, cycles.analytic});
  };
  if (prices->portable) {
    add(ProductCycles::Form::Portable, *prices->portable);
  }
  if (prices->dense) {
    add(ProductCycles::Form::Dense, *prices->dense);
  }
  add(ProductCycles::Form::Chosen, prices->chosen);
  table.products = prices->product_nodes.size();
  table.dense = prices->dense_nodes.size();
  return table;
}

std::string Session::compile_report(const Diagnostics& diagnostics) const {
  return report::compile_report(
    state_->program.words.size(), state_->options, state_->products(), diagnostics
  );
}

Result<Artefacts> Session::artefacts() const {
  if (!state_->compiled) {
    return missing("E_NO_PROGRAM", "there is no compiled program", "compile a model first");
  }
  const codegen::Compiled& compiled = *state_->compiled;
  Artefacts artefacts;
  artefacts.asm_text = state_->compiled_text;
  artefacts.mem_text = assembly::write_mem(compiled.program);
  artefacts.images.hbm = compiled.hbm;
  artefacts.images.fp_sram = compiled.fp_sram;
  artefacts.images.int_sram = compiled.int_sram;
  artefacts.images.vram = compiled.vector_sram;
  artefacts.layout_json = report::layout(compiled);
  artefacts.map_json = report::map(compiled, *state_->graph);
  for (const codegen::Dump& dump : compiled.dumps) {
    artefacts.dumps.push_back({std::string(dump.pass), dump.text});
  }
  return artefacts;
}

Result<std::vector<ProgramFile>> Session::program_files() const {
  const State& state = *state_;
  if (!state.has_program) {
    return missing("E_NO_PROGRAM", "there is no program", "compile a model or assemble a text");
  }
  std::vector<ProgramFile> files{
    {.name = "program.asm", .text = program_text()},
    {.name = "program.mem", .text = assembly::write_mem(state.program)},
    {.name = "hbm.bin", .image = state.images.hbm},
    {.name = "fp_sram.bin", .image = state.images.fp_sram},
    {.name = "int_sram.bin", .image = state.images.int_sram}};
  if (!state.images.vram.empty()) {
    files.push_back({.name = "vram.bin", .image = state.images.vram});
  }
  if (state.compiled && state.compiled->program.words == state.program.words) {
    files.push_back({.name = "layout.json", .text = report::layout(*state.compiled)});
    files.push_back({.name = "map.json", .text = report::map(*state.compiled, *state.graph)});
  }
  return files;
}

} // namespace plena::driver
