// Time in a session: the clock beside the machine, and who listens to it.
#include "driver/session_state.h"
#include "isa/codec.h"
#include "report/time_documents.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::driver {

Diagnostic no_trace() {
  return missing(
    "E_NO_TRACE", "the run was not recorded", "ask for a trace with record_trace before the run"
  );
}

Result<std::string> lanes_of(
  const isa::Program& program,
  const emu::Trace& trace,
  std::uint64_t from,
  std::uint64_t to,
  std::uint32_t pixels
) {
  constexpr std::uint64_t max_pixels = 65'536;
  if (to <= from || pixels == 0 || pixels > max_pixels) {
    return missing(
      "E_RANGE",
      fmt::format("cycles {} to {} in {} pixels cannot be shown", from, to, pixels),
      fmt::format("the end lies behind the start; 1 to {} pixels", max_pixels)
    );
  }
  return report::lanes(program, trace.lanes(from, to, pixels));
}

namespace {

/// Instructions in a piece of a trace file; each takes up to some 200 bytes.
constexpr std::uint64_t piece_events = 4'096;

Diagnostic no_run() {
  return missing("E_NO_RUN", "there is no run to look at", "start one with reset");
}

std::vector<std::string> names_of(const Session::State& state) {
  std::vector<std::string> names;
  if (state.graph && state.compiled) {
    for (const ir::Node& node : state.graph->nodes) {
      names.push_back(node.name);
    }
  }
  return names;
}

std::unique_ptr<report::TraceWriter>
make_writer(TraceForm form, const report::TraceSource& source, report::TextSink sink) {
  return form == TraceForm::Perfetto ? report::make_perfetto_writer(source, std::move(sink))
                                     : report::make_konata_writer(source, std::move(sink));
}

/// The value of a choice key by its name; an error that lists the names there are.
template <class E> Status choose(std::string_view what, std::string_view name, E& value) {
  if (name.empty()) {
    return Done{};
  }
  std::vector<std::string_view> names;
  for (const config::Choice& choice : config::choices(E{})) {
    if (choice.name == name) {
      value = static_cast<E>(names.size());
      return Done{};
    }
    names.push_back(choice.name);
  }
  return missing(
    "E_TIMING",
    fmt::format("'{}' is no {}", name, what),
    fmt::format("choose one of {}", fmt::join(names, ", "))
  );
}

/// What the tables of a run are made from, by value.
struct ProfileParts {
  explicit ProfileParts(const Session::State& state)
      : times(state.timing->account()),
        source{state.program, times, state.node_of_word, state.node_names} {}
  ProfileParts(const ProfileParts&) = delete;
  ProfileParts& operator=(const ProfileParts&) = delete;

  std::vector<emu::PcTime> times;
  report::ProfileSource source;
};

} // namespace

void Session::State::drop_run() {
  machine.reset();
  results.reset();
  timing.reset();
  trace.reset();
  stages.reset();
  writers.clear();
  exported = {};
  history.reset();
  farthest = 0;
  changes.clear();
  walk.reset();
  provenance.reset();
  stop = {};
  hardware_golden.reset();
  drop_verdict();
  ablation.clear();
  reason = RunStatus::Reason::Ready;
}

void Session::State::drop_verdict() {
  verdict = {};
  output_values.clear();
}

void Session::State::start_clock() {
  node_names = names_of(*this);
  timing = std::make_unique<emu::Timing>(*config, timing_settings(), program);
  if (trace_options.max_events > 0) {
    trace = std::make_shared<emu::Trace>(program, timing_settings(), trace_options);
    timing->listen(*trace);
  }
  if (stage_labels) {
    stages = std::make_unique<emu::StageProfile>(*stage_labels, machine->counters());
    timing->listen(*stages);
  }
  for (const auto& [form, sink] : streams) {
    writers.push_back(make_writer(form, trace_source(), sink));
    writers.back()->begin();
    timing->listen(*writers.back());
  }
}

report::TraceSource Session::State::trace_source() const {
  return {program, node_of_word, node_names, timing_settings()};
}

config::Timing Session::State::timing_settings() const {
  config::Timing settings = config ? config->timing : config::Timing{};
  settings.cost_profile = cost_profile.value_or(settings.cost_profile);
  settings.memory_model = memory_model.value_or(settings.memory_model);
  settings.schedule = schedule.value_or(settings.schedule);
  return settings;
}

report::TimeFacts Session::State::time_facts() const {
  return timing ? report::TimeFacts{timing->settings(), timing->cycles(), timing->causes()}
                : report::TimeFacts{timing_settings(), 0, {}};
}

Status Session::set_timing(
  std::string_view cost_profile, std::string_view memory_model, std::string_view schedule
) {
  config::Timing chosen;
  if (Status done = choose("cost profile", cost_profile, chosen.cost_profile); !done) {
    return done;
  }
  if (Status done = choose("memory model", memory_model, chosen.memory_model); !done) {
    return done;
  }
  if (Status done = choose("schedule", schedule, chosen.schedule); !done) {
    return done;
  }
  State& state = *state_;
  if (!cost_profile.empty()) {
    state.cost_profile = chosen.cost_profile;
  }
  if (!memory_model.empty()) {
    state.memory_model = chosen.memory_model;
  }
  if (!schedule.empty()) {
    state.schedule = chosen.schedule;
  }
  return Done{};
}

std::string Session::timing_title() const { return state_->time_facts().timing.title(); }
bool Session::timing_is_upstream() const { return state_->time_facts().timing.is_upstream(); }

void Session::record_trace(std::uint64_t events, std::uint64_t first_cycle) {
  state_->trace_options = {events, first_cycle, 0};
}

void Session::stream_trace(TraceForm form, TextSink sink) {
  state_->streams.emplace_back(form, std::move(sink));
}

void Session::finish_trace() {
  for (const auto& writer : state_->writers) {
    writer->end();
  }
  state_->writers.clear();
  state_->streams.clear();
}

std::size_t Session::profile_stages(std::string_view asm_text) {
  state_->stage_labels = emu::stage_labels(asm_text);
  return state_->stage_labels->size();
}

Result<std::string> Session::stage_profile() const {
  if (!state_->stages) {
    return missing(
      "E_NO_STAGES", "the run has no stage profile", "ask for one with profile_stages before it"
    );
  }
  return report::stage_profile_json(*state_->stages);
}

Result<std::string> Session::profile() const {
  if (!state_->timing) {
    return no_run();
  }
  const ProfileParts parts(*state_);
  return report::profile(
    parts.source, *state_->timing, state_->machine->counters().executed, state_->products()
  );
}

Result<std::vector<TableRow>> Session::profile_table(std::string_view by) const {
  const auto table = report::profile_by(by);
  if (!table) {
    return missing(
      "E_TABLE",
      fmt::format("there is no table by '{}'", by),
      fmt::format("choose one of {}", fmt::join(report::profile_by_names, ", "))
    );
  }
  if (!state_->timing) {
    return no_run();
  }
  const ProfileParts parts(*state_);
  std::vector<TableRow> rows;
  for (report::ProfileRow& row : report::profile_table(parts.source, *table)) {
    rows.push_back({std::move(row.label), row.executions, row.cycles});
  }
  return rows;
}

Result<std::string> Session::profile_csv() const {
  if (!state_->timing) {
    return no_run();
  }
  const ProfileParts parts(*state_);
  return report::profile_csv(parts.source);
}

Result<std::string> Session::heat(std::uint32_t first, std::uint32_t count) const {
  return state_->timing ? Result<std::string>(report::heat(*state_->timing, first, count))
                        : Result<std::string>(no_run());
}

Result<std::string>
Session::lanes(std::uint64_t from, std::uint64_t to, std::uint32_t pixels) const {
  if (!state_->timing) {
    return no_run();
  }
  if (!state_->trace) {
    return no_trace();
  }
  return lanes_of(state_->program, *state_->trace, from, to, pixels);
}

Result<std::string> Session::moment(std::uint64_t cycle) const {
  if (!state_->timing) {
    return no_run();
  }
  return state_->trace ? Result<std::string>(report::moment(state_->trace->moment(cycle)))
                       : Result<std::string>(no_trace());
}

Result<TracePiece> Session::export_trace(TraceForm form, std::uint64_t from) {
  State& state = *state_;
  if (!state.timing) {
    return no_run();
  }
  if (!state.trace) {
    return no_trace();
  }
  State::Export& exported = state.exported;
  if (from == 0) {
    exported = {};
    exported.form = form;
    exported.text = std::make_unique<std::string>();
    exported.writer =
      make_writer(form, state.trace_source(), [text = exported.text.get()](std::string_view piece) {
        *text += piece;
      });
    exported.writer->begin();
  } else if (!exported.writer || exported.form != form || exported.next != from) {
    return missing(
      "E_RANGE",
      fmt::format("no piece of the file starts at {}", from),
      "start at 0, then where the piece before says"
    );
  }
  state.trace->replay(from, piece_events, *exported.writer);
  exported.next = from + piece_events;
  TracePiece piece;
  if (exported.next < state.trace->recorded()) {
    piece.next = exported.next;
    exported.writer->flush();
    piece.text = std::move(*exported.text);
    exported.text->clear();
  } else {
    exported.writer->end();
    piece.text = std::move(*exported.text);
    exported = {};
  }
  return piece;
}

} // namespace plena::driver
