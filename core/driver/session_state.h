// What a session holds between calls; shared by the session_*.cpp files only.
#pragma once

#include "codegen/compile.h"
#include "config/config.h"
#include "driver/conditions.h"
#include "driver/history.h"
#include "driver/pinned.h"
#include "driver/provenance.h"
#include "driver/session.h"
#include "driver/stages.h"
#include "emu/machine.h"
#include "emu/stage_profile.h"
#include "emu/timing.h"
#include "emu/trace.h"
#include "frontend/build.h"
#include "io/companions.h"
#include "ir/graph.h"
#include "report/documents.h"
#include "report/look_documents.h"
#include "report/trace_files.h"

#include <chrono>
#include <map>

namespace plena::driver {

struct Session::State {
  // settings
  std::string settings_name;
  std::string settings_toml; ///< as given; empty: none were
  std::optional<config::Config> given_config; ///< the settings
  std::optional<config::Config>
    config; ///< in force: with the numbers that the compiled model asks for

  // model: the canonical graph, and values that the user gave for its inputs and outputs
  std::map<std::string, std::int64_t, std::less<>> dimensions;
  ModelPart part; ///< of the next one
  std::optional<std::uint64_t> seed; ///< of inputs that are made up
  report::ModelFacts model;
  std::uint64_t model_bytes = 0; ///< of its file; 0 for several
  std::optional<ir::Graph> graph;
  Diagnostics model_notes;
  std::map<std::string, std::vector<float>, std::less<>> inputs;
  struct InputFile {
    std::uint64_t bytes = 0;
    std::string sha256{};
    std::vector<std::uint8_t> small{}; ///< itself, where it fits into a link
  };
  std::map<std::string, InputFile> input_files; ///< that `inputs` come from
  std::map<std::string, std::vector<float>, std::less<>> expected;

  bool keep_dumps = false;

  // program: what is run, and the compiled one that it may be an edit of
  std::optional<codegen::Compiled> compiled;
  ir::RunChoices asked;   ///< by the caller
  ir::RunChoices options; ///< that it was compiled with
  std::string compiled_text;
  isa::Program program;
  bool has_program = false;
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
  std::unique_ptr<StageResults> results; ///< of a compiled model

  // time; the clock and its listeners belong to the run, what they are made from to the session
  std::optional<config::CostProfile> cost_profile;
  std::optional<config::MemoryModel> memory_model;
  std::optional<config::Schedule> schedule;
  emu::TraceOptions trace_options;
  std::optional<std::vector<emu::StageLabel>> stage_labels;
  std::vector<std::pair<TraceForm, TextSink>> streams;
  std::unique_ptr<emu::Timing> timing;
  std::shared_ptr<emu::Trace> trace; ///< a kept run shares it
  std::unique_ptr<emu::StageProfile> stages;
  std::vector<std::unique_ptr<report::TraceWriter>> writers; ///< of `streams`
  std::vector<std::string> node_names; ///< of the compiled model, for tables and traces
  /// A trace file that is handed out in pieces.
  struct Export {
    TraceForm form = TraceForm::Perfetto;
    std::uint64_t next = 0;
    std::unique_ptr<std::string> text;
    std::unique_ptr<report::TraceWriter> writer;
  };
  Export exported;

  // the run that others are compared with
  std::shared_ptr<const Pinned> pinned;
  /// Of its program and this one, as long as there is no other.
  mutable std::shared_ptr<const ProgramDiff> diff;

  // going back and looking closely (session_debug.cpp)
  std::uint64_t history_limit = 0; ///< bytes; 0: no history is kept
  std::unique_ptr<History> history;
  /// Executed instructions that the run has come to. Before them it is told again: what listens to
  /// the clock has heard it, and results have been taken.
  std::uint64_t farthest = 0;
  /// Changes by hand, in the order of the run.
  struct Change {
    std::uint64_t executed = 0;
    std::string text;
  };
  std::vector<Change> changes;
  std::vector<Condition> breakpoints;
  /// A movement to a moment that fulfils one of some conditions; slice by slice.
  struct Walk {
    bool back = false;
    std::unique_ptr<Watch> watch;
    std::uint64_t end = 0; ///< back: moments from here on have been looked at
    /// Back: the kept state from which moments before `end` are being looked at, and the last one
    /// found among them.
    std::optional<std::uint64_t> first{};
    std::uint64_t found = 0;
    report::Stop stop{};
  };
  std::optional<Walk> walk;
  std::unique_ptr<Provenance> provenance; ///< of the question in hand
  report::Stop stop;
  std::optional<golden::Values> hardware_golden; ///< of the compiled model with its inputs

  // verdict
  VerdictSummary verdict;
  std::vector<AblationLine> ablation;
  std::vector<NamedTensor> output_values;
  std::vector<std::pair<std::string, double>> seconds; ///< wall time of each step

  /// The settings in force; upstream's default machine when none were given.
  Result<const config::Config*> configuration();
  frontend::Part built_part() const;
  /// Makes a graph the session's model.
  Result<std::string> take_graph(ir::Graph imported, report::ModelFacts facts, Diagnostics notes);
  Result<std::string>
  load_one(std::string_view name, std::span<const std::uint8_t> bytes, io::Companions::Find find);
  void take_program(isa::Program new_program, std::string new_text);
  /// The part's ids to the input that takes them; E_INPUT when there is none or several, E_SHAPE.
  Status give_ids();
  /// Values of every graph input: given by the user, else by the model, else seeded.
  codegen::Values input_values() const;
  report::ProgramFacts program_facts() const;
  /// Prices of the compiled program, as long as it is the one that is run.
  std::optional<codegen::ProductPrices> products() const;
  report::InstructionCounts counts() const;
  report::Digests digests() const;
  /// How the next or the present run counts cycles.
  config::Timing timing_settings() const;
  report::TimeFacts time_facts() const;
  DiffSide diff_side() const;
  Status can_compare() const;
  /// The difference of the pinned program and this one.
  const ProgramDiff& difference() const;
  report::TraceSource trace_source() const;
  emu::RunResult run(std::uint64_t budget);
  /// The same, with the reason noted.
  void go_on(std::uint64_t budget);
  void go_to(const History::State& state);
  /// While a run is told again: executed instructions at which something is to happen.
  std::uint64_t next_event(std::uint64_t now) const;
  /// What is to happen now that the run has come here from `before`.
  void arrived(std::uint64_t before);
  Status change(std::string_view what);
  bool stage_is_off();
  report::DebugFacts debug_facts() const;
  /// The machine at the start of the program.
  Result<emu::Machine> start_machine() const;
  /// Ends the run; the program, the settings and what is to be recorded stay.
  void drop_run();
  /// It was that of another end of the run.
  void drop_verdict();
  /// A clock for the machine, which is at the start of the program.
  void start_clock();
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

/// RunState
std::string run_state(const Session::State& state);

/// Nothing for models that are not read in parts.
std::optional<report::ModelPart> part_of(const frontend::BuiltPart& built);

Diagnostic no_trace();
/// Lanes of a trace of this program; E_RANGE.
Result<std::string> lanes_of(
  const isa::Program& program,
  const emu::Trace& trace,
  std::uint64_t from,
  std::uint64_t to,
  std::uint32_t pixels
);

Diagnostic missing(std::string code, std::string what, std::string hint);

} // namespace plena::driver
