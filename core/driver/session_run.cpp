// The run of a session: machine, slices, what can be looked at between them.
#include "base/text.h"
#include "driver/fault_text.h"
#include "driver/program_facts.h"
#include "driver/session_state.h"
#include "driver/state_digest.h"
#include "report/time_documents.h"

#include <array>
#include <fmt/format.h>

namespace plena::driver {

namespace {

constexpr std::uint8_t isa_opcodes = 64;

emu::Memory emulator_memory(Memory memory) {
  switch (memory) {
  case Memory::Vector:
    return emu::Memory::vram;
  case Memory::Matrix:
    return emu::Memory::mram;
  case Memory::Fp:
    return emu::Memory::fpsram;
  case Memory::Int:
    return emu::Memory::intsram;
  case Memory::Hbm:
    return emu::Memory::hbm;
  }
  return emu::Memory::hbm;
}

class SinkAdapter final : public emu::DumpSink {
 public:
  SinkAdapter(const ByteSink& sink, const ZeroSink& zeros) : sink_(sink), zeros_(zeros) {}
  void bytes(std::span<const std::uint8_t> bytes) override { sink_(bytes); }
  void zeros(std::uint64_t count) override {
    if (zeros_) {
      zeros_(count);
      return;
    }
    static constexpr std::array<std::uint8_t, 1 << 16> block{};
    for (; count > block.size(); count -= block.size()) {
      sink_(block);
    }
    sink_(std::span(block).first(static_cast<std::size_t>(count)));
  }

 private:
  const ByteSink& sink_;
  const ZeroSink& zeros_;
};

std::string_view name(RunStatus::Reason reason) {
  switch (reason) {
  case RunStatus::Reason::Ready:
    return "ready";
  case RunStatus::Reason::Slice:
    return "slice";
  case RunStatus::Reason::Done:
    return "done";
  case RunStatus::Reason::Fault:
    return "fault";
  }
  return "fault";
}

std::string run_state(const Session::State& state) {
  return report::run_state(
    name(state.reason),
    *state.machine,
    state.expected_executions,
    state.timing->settings(),
    state.timing->cycles()
  );
}

} // namespace

report::Digests Session::State::digests() const {
  return {
    program_facts().words_sha256,
    machine ? state_digest(*machine) : std::string(),
    timing ? report::cycles_digest(timing->settings(), timing->cycles()) : std::string()};
}

Result<emu::Machine> Session::State::start_machine() const {
  const emu::Images start{images.hbm, images.fp_sram, images.int_sram, images.vram};
  emu::Options machine_options;
  machine_options.hbm_bytes = hbm_bytes;
  return emu::Machine::create(*config, start, machine_options);
}

Result<std::string> Session::reset() {
  State& state = *state_;
  if (!state.has_program) { // one of no words is a program
    return missing(
      "E_NO_PROGRAM", "there is no program to run", "compile a model or assemble a text"
    );
  }
  const Result<const config::Config*> config = state.configuration();
  if (!config) {
    return config.diagnostics();
  }
  const StepTimer timer(state, "stage");
  Result<emu::Machine> machine = state.start_machine();
  if (!machine) {
    return std::move(machine).diagnostics();
  }
  state.drop_run();
  state.machine = std::make_unique<emu::Machine>(std::move(machine).value());
  const std::optional<emu::Fault> fault = state.machine->load(state.program);
  state.reason = fault ? RunStatus::Reason::Fault : RunStatus::Reason::Ready;
  state.emulate_seconds = 0;
  if (state.graph && state.compiled) {
    state.results =
      std::make_unique<StageResults>(*state.graph, *state.compiled, state.node_of_word);
  }
  state.start_clock();
  return run_state(state);
}

/// Stops on the way wherever a stage has ended.
emu::RunResult Session::State::run(std::uint64_t budget) {
  emu::RunResult result;
  std::uint64_t executed = 0;
  do {
    const std::uint32_t stop = results ? results->next_stop() : no_stop;
    result = machine->run(budget - executed, timing.get(), stop);
    executed += result.executed;
    if (results && result.reason != emu::RunResult::Reason::Fault) {
      results->take(*machine);
    }
  } while (result.reason == emu::RunResult::Reason::Slice && executed < budget);
  result.executed = executed;
  return result;
}

Result<std::string> Session::run(std::uint64_t max_instructions) {
  State& state = *state_;
  if (!state.machine) {
    return missing("E_NO_RUN", "there is no run to go on with", "start one with reset");
  }
  if (state.reason == RunStatus::Reason::Fault || state.reason == RunStatus::Reason::Done) {
    return run_state(state);
  }
  const auto start = std::chrono::steady_clock::now();
  const emu::RunResult result = state.run(max_instructions);
  state.emulate_seconds +=
    std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  switch (result.reason) {
  case emu::RunResult::Reason::Slice:
    state.reason = RunStatus::Reason::Slice;
    break;
  case emu::RunResult::Reason::Done:
    state.reason = RunStatus::Reason::Done;
    break;
  case emu::RunResult::Reason::Fault:
    state.reason = RunStatus::Reason::Fault;
    break;
  }
  return run_state(state);
}

RunStatus Session::status() const {
  RunStatus status{.reason = state_->reason};
  if (state_->machine) {
    const emu::Counters& counters = state_->machine->counters();
    status.pc = state_->machine->pc();
    status.executed = counters.executed;
    status.cycles = state_->timing->cycles();
    status.serial_cycles = state_->timing->serial_cycles();
    status.hbm_read_bytes = counters.hbm_read_bytes;
    status.hbm_written_bytes = counters.hbm_written_bytes;
    if (state_->machine->fault()) {
      status.fault = diagnostic_of(*state_->machine->fault());
    }
  }
  return status;
}

Result<std::string> Session::registers() const {
  if (!state_->machine) {
    return missing("E_NO_RUN", "registers exist only in a run", "start one with reset");
  }
  return report::registers(*state_->machine);
}

void Session::dump(Memory memory, const ByteSink& sink, const ZeroSink& zeros) const {
  if (state_->machine) {
    SinkAdapter adapter(sink, zeros);
    state_->machine->dump(emulator_memory(memory), adapter);
  }
}

Diagnostics Session::run_warnings() const {
  Diagnostics warnings;
  if (!state_->machine) {
    return warnings;
  }
  for (const emu::Warning& warning : state_->machine->warnings()) {
    warnings.push_back(
      {.severity = Severity::Warning,
       .code = "W_" + upper_case(emu::to_string(warning.kind)),
       .message = fmt::format(
         "{} ({} time{})",
         emu::message_of(warning.kind),
         warning.count,
         warning.count == 1 ? "" : "s"
       ),
       .where = fmt::format("pc {}", warning.first_pc)}
    );
  }
  const config::CostProfile profile = state_->timing->settings().cost_profile;
  for (std::uint8_t code = 0; code < isa_opcodes; ++code) {
    const auto op = static_cast<isa::Opcode>(code);
    if (state_->machine->counters().by_opcode[code] > 0 && emu::is_price_assumed(emu::cost_class(op), profile)) {
      warnings.push_back(
        {.severity = Severity::Warning,
         .code = "W_PRICE_ASSUMED",
         .message = fmt::format(
           "upstream's analytic profile has no price for {}; the emulator's is taken",
           isa::to_string(op)
         ),
         .where = std::string(isa::to_string(op))}
      );
    }
  }
  return warnings;
}

std::string Session::emulate_report() const {
  if (!state_->machine) {
    return report::single_value("instructions", state_->program.words.size(), {});
  }
  return report::emulate_report(
    *state_->machine, state_->counts(), state_->digests(), state_->time_facts(), run_warnings()
  );
}

} // namespace plena::driver
