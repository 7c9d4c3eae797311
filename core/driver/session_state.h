// What a session holds between calls; shared by the session_*.cpp files only.
#pragma once

#include "codegen/compile.h"
#include "config/config.h"
#include "driver/session.h"
#include "emu/machine.h"
#include "ir/graph.h"
#include "report/documents.h"

#include <chrono>
#include <map>

namespace plena::driver {

struct Session::State {
  // settings
  std::string settings_name;
  std::optional<config::Config> config;

  // model: the canonical graph, and values that the user gave for its inputs and outputs
  std::map<std::string, std::int64_t, std::less<>> dimensions;
  report::ModelFacts model;
  std::optional<ir::Graph> graph;
  Diagnostics model_notes;
  std::map<std::string, std::vector<float>, std::less<>> inputs;
  std::map<std::string, std::vector<float>, std::less<>> expected;

  // program: what is run, and the compiled one that it may be an edit of
  std::optional<codegen::Compiled> compiled;
  std::string compiled_text;
  isa::Program program;
  std::string text;
  std::vector<std::uint32_t> node_of_word;
  std::vector<std::uint32_t> depths;
  std::optional<std::uint64_t> expected_executions;
  Images images;
  std::optional<std::uint64_t> hbm_bytes;

  // run
  std::unique_ptr<emu::Machine> machine;
  RunStatus::Reason reason = RunStatus::Reason::Ready;
  double emulate_seconds = 0;

  // verdict
  VerdictSummary verdict;
  std::vector<NamedTensor> output_values;
  std::vector<std::pair<std::string, double>> seconds; ///< wall time of each step

  /// The settings in force; upstream's default machine when none were given.
  Result<const config::Config*> configuration();
  void take_program(isa::Program new_program, std::string new_text);
  /// Values of every graph input: given by the user, else by the model, else seeded.
  codegen::Values input_values() const;
  report::ProgramFacts program_facts() const;
  report::InstructionCounts counts() const;
  report::Digests digests() const;
  void note_seconds(std::string_view step, double seconds);
};

/// Measures a step for the report; results never depend on it.
class StepTimer {
 public:
  StepTimer(Session::State& state, std::string_view step) : state_(state), step_(step) {}
  ~StepTimer() {
    state_.note_seconds(
      step_, std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count()
    );
  }
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;

 private:
  Session::State& state_;
  std::string_view step_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Diagnostic missing(std::string code, std::string what, std::string hint);

} // namespace plena::driver
