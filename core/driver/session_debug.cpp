// Moving about in a run: to any moment of it, to conditions, and with changes made by hand.
#include "driver/program_facts.h"
#include "driver/session_state.h"
#include "golden/verdict.h"
#include "numerics/bits.h"
#include "ops/lower_graph.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>

namespace plena::driver {

namespace {

/// How far before the moment one goes to states are kept, so that steps back from it are short.
constexpr std::array<std::uint64_t, 4> kept_before{32'768, 4'096, 512, 64};

/// Instructions that are executed at a time on the way to a cycle.
constexpr std::uint64_t cycle_stride = 2'048;

constexpr std::string_view all_breakpoints = "breakpoints";

Diagnostic no_history() {
  return missing(
    "E_NO_HISTORY",
    "the history of this run was not kept",
    "ask for it with keep_history before the run"
  );
}

} // namespace

void Session::keep_history(std::uint64_t bytes) { state_->history_limit = bytes; }

report::DebugFacts Session::State::debug_facts() const {
  if (!history) {
    return {};
  }
  return {
    true,
    std::max(farthest, machine->counters().executed),
    history->count(),
    history->bytes(),
    history->limit(),
    changes.size(),
    walk.has_value(),
    stop};
}

std::uint64_t Session::State::next_event(std::uint64_t now) const {
  std::uint64_t next = farthest;
  for (const Change& one : changes) {
    next = one.executed > now ? std::min(next, one.executed) : next;
  }
  return next;
}

void Session::State::arrived(std::uint64_t before) {
  const std::uint64_t now = machine->counters().executed;
  if (before < farthest) {
    for (const Change& one : changes) {
      if (one.executed == now && now > before) {
        // It was possible then, in the same state.
        PLENA_CHECK(change(one.text).ok());
      }
    }
    if (now == farthest && trace) {
      timing->listen(*trace);
    }
  }
  farthest = std::max(farthest, now);
  if (now >= history->due(before)) {
    history->keep(*machine, *timing);
  }
}

void Session::State::go_to(const History::State& kept) {
  drop_verdict();
  machine->restore(*kept.machine);
  timing = kept.timing->copy();
  if (trace && kept.executed() == farthest) {
    timing->listen(*trace);
  }
}

Result<std::string> Session::seek(std::uint64_t executed, std::uint64_t max_instructions) {
  State& state = *state_;
  if (!state.history) {
    return state.machine
             ? no_history()
             : missing("E_NO_RUN", "there is no run to move in", "start one with reset");
  }
  state.walk.reset();
  state.stop = {};
  const auto now = [&] { return state.machine->counters().executed; };
  const History::State& kept = state.history->before(executed);
  if (now() > executed || kept.executed() > now()) {
    state.go_to(kept);
  }
  std::uint64_t left = max_instructions;
  const auto go = [&](std::uint64_t to) {
    const std::uint64_t before = now();
    state.go_on(std::min(to - before, left));
    left -= std::min(now() - before, left);
  };
  for (const std::uint64_t distance : kept_before) {
    if (executed > distance && executed - distance > now()) {
      go(executed - distance);
      if (now() == executed - distance) {
        state.history->keep(*state.machine, *state.timing);
      }
    }
  }
  go(std::max(executed, now()));
  if (now() == 0 && state.reason == RunStatus::Reason::Slice) {
    state.reason = RunStatus::Reason::Ready;
  }
  return run_state(state);
}

Result<std::string> Session::seek_cycle(std::uint64_t cycle, std::uint64_t max_instructions) {
  State& state = *state_;
  if (!state.history) {
    return seek(0, 0);
  }
  if (state.trace) {
    if (const std::optional<emu::Moment> moment = state.trace->moment(cycle)) {
      return seek(moment->index, max_instructions);
    }
  }
  state.walk.reset();
  state.stop = {};
  const History::State& kept = state.history->before_cycle(cycle);
  if (state.timing->cycles() > cycle || kept.executed() > state.machine->counters().executed) {
    state.go_to(kept);
  }
  // In strides; the last one is gone through again, step by step. Copies of the clock cost more
  // than going on from a kept state once.
  const auto now = [&] { return state.machine->counters().executed; };
  for (std::uint64_t left = max_instructions; left > 0;) {
    const std::uint64_t start = now();
    state.go_on(std::min(left, cycle_stride));
    left -= std::min(left, cycle_stride);
    if (state.timing->cycles() > cycle) {
      state.go_to(state.history->before_cycle(cycle));
      if (now() < start) {
        state.go_on(start - now());
      }
      const History::State before{state.machine->save(), state.timing->copy(), 0};
      std::uint64_t steps = 0;
      for (; state.timing->cycles() <= cycle; ++steps) {
        state.go_on(1);
      }
      state.go_to(before);
      state.go_on(steps - 1);
      break;
    }
    if (state.reason != RunStatus::Reason::Slice || now() == start) {
      break;
    }
  }
  return run_state(state);
}

Status Session::set_breakpoints(std::string_view conditions) {
  std::vector<Condition> found;
  while (!conditions.empty()) {
    const std::size_t end = std::min(conditions.find('\n'), conditions.size());
    const std::string_view line = conditions.substr(0, end);
    conditions.remove_prefix(std::min(end + 1, conditions.size()));
    if (words_of(line).empty()) {
      continue;
    }
    Result<Condition> one = parse_condition(line);
    if (!one) {
      return std::move(one).diagnostics();
    }
    found.push_back(std::move(one).value());
  }
  state_->breakpoints = std::move(found);
  return Done{};
}

std::string Session::anchor(std::uint32_t pc) const { return anchor_of(state_->program.words, pc); }

std::optional<std::uint32_t> Session::find_anchor(std::string_view anchor) const {
  return driver::find_anchor(state_->program.words, anchor);
}

/// Whether a result that is complete at this moment is out of its bound.
bool Session::State::stage_is_off() {
  if (!results || !compiled || !graph) {
    return false;
  }
  const std::vector<ir::TensorId> taken = results->taken_at(machine->counters().executed);
  if (taken.empty()) {
    return false;
  }
  const ops::Arithmetic hardware =
    ops::arithmetic_of(*config, ops::Precision::Hardware, compiled->plan);
  if (!hardware_golden) {
    Result<golden::Values> values = golden::evaluate(*graph, hardware, input_values());
    if (!values) {
      return false; // verify tells why there is no reference
    }
    hardware_golden = std::move(values).value();
  }
  // A node is judged by its own results and those that it reads.
  golden::Values machine_values;
  for (const ir::Node& node : graph->nodes) {
    const auto is_taken = [&](ir::TensorId id) {
      return std::find(taken.begin(), taken.end(), id) != taken.end();
    };
    if (std::none_of(node.outputs.begin(), node.outputs.end(), is_taken)) {
      continue;
    }
    for (const std::vector<ir::TensorId>* ids : {&node.inputs, &node.outputs}) {
      for (const ir::TensorId id : *ids) {
        if (const auto value = results->values().find(id); value != results->values().end()) {
          machine_values[id] = value->second;
        }
      }
    }
  }
  const golden::Verdict judged =
    golden::judge(*graph, hardware, *hardware_golden, *hardware_golden, machine_values, {});
  for (const golden::StageVerdict& stage : judged.stages) {
    if (!stage.pass && std::find(taken.begin(), taken.end(), stage.tensor) != taken.end()) {
      stop.text = fmt::format(
        "{}: element {} of {} is {}, its reference {}",
        graph->node(stage.node).name,
        stage.first_bad->index,
        graph->tensor(stage.tensor).name,
        stage.first_bad->machine,
        stage.first_bad->golden
      );
      return true;
    }
  }
  return false;
}

Result<std::string>
Session::move(std::string_view condition, bool back, std::uint64_t max_instructions) {
  State& state = *state_;
  if (!state.history) {
    return seek(0, 0);
  }
  const auto now = [&] { return state.machine->counters().executed; };
  if (!condition.empty()) {
    std::vector<Condition> wanted;
    if (condition == all_breakpoints) {
      wanted = state.breakpoints;
    } else {
      Result<Condition> one = parse_condition(condition);
      if (!one) {
        return std::move(one).diagnostics();
      }
      wanted.push_back(std::move(one).value());
    }
    const bool loops = std::any_of(wanted.begin(), wanted.end(), [](const Condition& one) {
      return one.kind == ConditionKind::is_iteration || one.kind == ConditionKind::is_out;
    });
    state.stop = {};
    state.walk.emplace();
    state.walk->back = back;
    state.walk->end = now();
    state.walk->watch = std::make_unique<Watch>(
      std::move(wanted),
      *state.config,
      Program{state.program.words, state.node_of_word},
      *state.machine
    );
    if (loops && !state.walk->watch->in_loop()) {
      state.walk.reset();
      return missing("E_NO_LOOP", "no loop is open here", "go into a loop first");
    }
  }
  if (!state.walk) {
    return run_state(state);
  }
  Watch& watch = *state.walk->watch;
  const auto step = [&]() -> const Condition* {
    watch.before(*state.machine);
    const std::uint64_t before = now();
    state.go_on(1);
    if (now() == before) {
      return nullptr;
    }
    return watch.after(*state.machine, watch.asks_stages() && state.stage_is_off());
  };
  const auto arrive = [&](const std::string& text) {
    const std::string said = state.stop.text;
    state.walk.reset();
    state.stop = {text, said};
  };

  if (!state.walk->back) {
    for (std::uint64_t i = 0; i < max_instructions; ++i) {
      const Condition* met = step();
      if (met != nullptr) {
        arrive(std::string(met->text));
        break;
      }
      if (state.reason != RunStatus::Reason::Slice) {
        state.walk.reset();
        break;
      }
    }
    return run_state(state);
  }

  // Back: the last moment before `end` from one kept state on, then from the one before it.
  State::Walk& walk = *state.walk;
  if (!walk.first) {
    const History::State& from = state.history->before(walk.end < 2 ? 0 : walk.end - 2);
    walk.first = from.executed();
    state.go_to(from);
  }
  for (std::uint64_t left = max_instructions; now() + 1 < walk.end; --left) {
    if (left == 0) {
      return run_state(state);
    }
    const std::uint64_t before = now();
    if (const Condition* met = step()) {
      walk.found = now();
      walk.stop = {std::string(met->text), state.stop.text};
    }
    if (now() == before) {
      break; // a run that was changed by hand may end here
    }
  }
  if (walk.stop.condition.empty() && *walk.first > 0) {
    walk.end = *walk.first + 1;
    walk.first.reset();
    return run_state(state);
  }
  report::Stop stop = walk.stop;
  if (stop.condition.empty()) {
    stop.condition = "start";
  }
  const Result<std::string> there = seek(walk.found, walk.end);
  state.stop = std::move(stop);
  return there ? Result<std::string>(run_state(state)) : there;
}

// ---- changes by hand

Status Session::State::change(std::string_view what) {
  const auto refused = [&](std::string why) {
    return Diagnostic{
      .code = "E_CHANGE",
      .message = fmt::format("'{}': {}", what, why),
      .hint = "write a register and its value, `gp3 17`, or a memory, an address and a value, "
              "`vector_sram 64 0.5`",
      .where = std::string(what)};
  };
  const std::vector<std::string_view> words = words_of(what);
  if (words.size() != 2 && words.size() != 3) {
    return refused("this is no change");
  }
  const std::string_view last = words.back();
  const std::optional<std::uint64_t> integer = number_of(last);
  const std::string digits(last);
  char* end = nullptr;
  const float real = std::strtof(digits.c_str(), &end);
  const bool is_real = end == digits.c_str() + digits.size();
  if (words.size() == 2) {
    const std::optional<RegisterName> name = register_named(words[0]);
    emu::RegisterView registers = machine->registers();
    const bool is_float = name && name->space == emu::Space::f;
    const bool wide = name && name->space == emu::Space::a;
    const bool is_bits = last.starts_with("0x"); // of an f register the bits, else its value
    const bool fits = is_float && !is_bits
                        ? is_real
                        : integer && (wide || *integer <= (is_float ? UINT16_MAX : UINT32_MAX));
    if (!name || !fits) {
      return refused("there is no such register, or it does not hold this value");
    }
    switch (name->space) {
    case emu::Space::gp:
      registers.gp[name->index] = static_cast<std::uint32_t>(*integer);
      break;
    case emu::Space::a:
      registers.a[name->index] = *integer;
      break;
    case emu::Space::f:
      registers.f[name->index] =
        is_bits ? static_cast<std::uint16_t>(*integer) : numerics::narrow_bf16(real);
      break;
    default:
      *std::array{&registers.scale, &registers.stride, &registers.v_mask}[name->index] =
        static_cast<std::uint32_t>(*integer);
      break;
    }
    machine->set_registers(registers);
    return Done{};
  }
  const std::optional<emu::Space> space = memory_named(words[0]);
  const std::optional<std::uint64_t> at = number_of(words[1]);
  if (!space || !at) {
    return refused("there is no such memory");
  }
  const std::string_view no_place = "there is no such place, or it does not hold this value";
  switch (*space) {
  case emu::Space::vector_row:
    if (!is_real || *at / config->vlen >= machine->vector_rows()) {
      return refused(std::string(no_place));
    }
    return machine->write_vector(
      *at / config->vlen, static_cast<std::uint32_t>(*at % config->vlen), real
    );
  case emu::Space::fp_sram: {
    if (!is_real || *at >= machine->fp_sram().size()) {
      return refused(std::string(no_place));
    }
    const std::uint16_t bits = numerics::narrow_bf16(real);
    machine->write_fp_sram(static_cast<std::size_t>(*at), {&bits, 1});
    return Done{};
  }
  case emu::Space::int_sram: {
    if (!integer || *integer > UINT32_MAX || *at >= machine->int_sram().size()) {
      return refused(std::string(no_place));
    }
    const auto entry = static_cast<std::uint32_t>(*integer);
    machine->write_int_sram(static_cast<std::size_t>(*at), {&entry, 1});
    return Done{};
  }
  case emu::Space::hbm_byte: {
    if (!integer || *integer > UINT8_MAX) {
      return refused(std::string(no_place));
    }
    const auto byte = static_cast<std::uint8_t>(*integer);
    return machine->write_hbm(*at, {&byte, 1});
  }
  default:
    return refused("this cannot be changed so; tiles of the Matrix SRAM come from HBM");
  }
}

Result<std::string> Session::change(std::string_view what) {
  State& state = *state_;
  if (!state.history) {
    return seek(0, 0);
  }
  if (const Status done = state.change(what); !done) {
    return done.diagnostics();
  }
  const std::uint64_t now = state.machine->counters().executed;
  const bool again = now < state.farthest;
  const auto later = [&](const State::Change& one) { return one.executed > now; };
  state.changes.erase(
    std::remove_if(state.changes.begin(), state.changes.end(), later), state.changes.end()
  );
  state.changes.push_back({now, std::string(what)});
  state.history->replace_from(now, *state.machine, *state.timing);
  state.farthest = now;
  state.walk.reset();
  state.stop = {};
  state.drop_verdict();
  if (state.results) {
    state.results->forget_after(now);
  }
  if (again && state.trace) {
    // What it had heard from here on is not what happens now.
    state.trace = std::make_shared<emu::Trace>(
      state.program,
      state.timing_settings(),
      emu::TraceOptions{state.trace_options.max_events, state.timing->cycles(), now}
    );
    state.timing->listen(*state.trace);
  }
  return run_state(state);
}

} // namespace plena::driver
