// A session's run beside one that was kept.
#include "driver/compare.h"
#include "driver/program_facts.h"
#include "driver/session_state.h"
#include "isa/codec.h"
#include "report/pinned_documents.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace plena::driver {

namespace {

constexpr std::uint32_t rows_around = 3;
constexpr std::uint32_t most_rows = 10'000; ///< of one answer

Diagnostic not_pinned() {
  return missing("E_NOT_PINNED", "there is no run to compare with", "keep one with pin first");
}

bool finished(const Session::State& state) {
  return state.timing &&
         (state.reason == RunStatus::Reason::Done || state.reason == RunStatus::Reason::Fault);
}

Diagnostic no_end() {
  return missing("E_NO_RUN", "the run has not come to its end", "run the program to its end first");
}

std::string_view node_name(const DiffSide& side, std::uint32_t pc) {
  const std::uint32_t node = pc < side.node_of_word.size() ? side.node_of_word[pc] : no_node;
  return node < side.node_names.size() ? std::string_view(side.node_names[node])
                                       : std::string_view{};
}

/// The present run, in the form of one that is kept.
Pinned present(const Session& session, const Session::State& state, std::string name) {
  Pinned run{side_of(session, std::move(name)), session.timing_title()};
  run.program = state.program;
  run.times = state.timing->account();
  run.node_of_word = state.node_of_word;
  run.node_names = state.node_names;
  run.trace = state.trace;
  return run;
}

} // namespace

DiffSide Session::State::diff_side() const { return {program.words, node_of_word, node_names}; }

ProgramDiff make_diff(const DiffSide& a, const DiffSide& b, std::uint32_t around) {
  ProgramDiff diff;
  diff.rows = program_diff(a, b);
  std::size_t kept = 0; // rows before it are kept or will never be
  for (std::size_t i = 0; i < diff.rows.size(); ++i) {
    ++diff.counts[static_cast<std::size_t>(diff.rows[i].change)];
    if (!is_real(diff.rows[i].change)) {
      continue;
    }
    const std::size_t end = std::min(diff.rows.size(), i + around + 1);
    for (kept = std::max(kept, i - std::min<std::size_t>(i, around)); kept < end; ++kept) {
      diff.real.push_back(static_cast<std::uint32_t>(kept));
    }
  }
  return diff;
}

const ProgramDiff& Session::State::difference() const {
  if (!diff) {
    diff =
      std::make_shared<const ProgramDiff>(make_diff(pinned->diff_side(), diff_side(), rows_around));
  }
  return *diff;
}

Status Session::pin(std::string_view name) { return pin(name, *this); }

Status Session::pin(std::string_view name, const Session& of) {
  if (!finished(*of.state_)) {
    return no_end();
  }
  state_->pinned = std::make_shared<const Pinned>(present(of, *of.state_, std::string(name)));
  state_->diff.reset();
  return Done{};
}

void Session::keep_pinned_of(const Session& other) {
  state_->pinned = other.state_->pinned;
  state_->diff.reset();
}

void Session::unpin() {
  state_->pinned.reset();
  state_->diff.reset();
}

Status Session::State::can_compare() const {
  if (!pinned) {
    return not_pinned();
  }
  return finished(*this) ? Status(Done{}) : Status(no_end());
}

Result<std::string> Session::compare_with_pinned() const {
  const State& state = *state_;
  if (Status able = state.can_compare(); !able) {
    return able.diagnostics();
  }
  const Pinned now = present(*this, state, state.model.name);
  std::vector<report::DiffCount> counts;
  for (std::size_t i = 0; i < std::size(change_names); ++i) {
    counts.push_back({change_names[i], state.difference().counts[i]});
  }
  const Pinned& then = *state.pinned;
  return report::run_comparison(
    {then.side, then.timing, then.profile()}, {now.side, now.timing, now.profile()}, counts
  );
}

Result<std::string>
Session::pinned_lanes(std::uint64_t from, std::uint64_t to, std::uint32_t pixels) const {
  const State& state = *state_;
  if (!state.pinned) {
    return not_pinned();
  }
  if (!state.pinned->trace) {
    return no_trace();
  }
  return lanes_of(state.pinned->program, *state.pinned->trace, from, to, pixels);
}

Result<std::string> Session::spans_with_pinned() const {
  const State& state = *state_;
  if (Status able = state.can_compare(); !able) {
    return able.diagnostics();
  }
  const Pinned& then = *state.pinned;
  if (!then.trace || !state.trace) {
    return no_trace();
  }
  return report::run_spans(
    {then.trace->lanes(0, 1, 1).cycles,
     then.node_names,
     then.trace->spans(then.node_of_word, then.node_names.size())},
    {state.trace->lanes(0, 1, 1).cycles,
     state.node_names,
     state.trace->spans(state.node_of_word, state.node_names.size())}
  );
}

Result<std::string>
Session::diff_with_pinned(std::uint64_t first, std::uint32_t count, bool everything) const {
  const State& state = *state_;
  if (Status able = state.can_compare(); !able) {
    return able.diagnostics();
  }
  const ProgramDiff& diff = state.difference();
  const Pinned& then = *state.pinned;
  const std::uint64_t start = std::min(first, diff.size(everything));
  const std::uint64_t end =
    start + std::min<std::uint64_t>(diff.size(everything) - start, std::min(count, most_rows));
  const auto word = [](const isa::Program& program, std::uint32_t pc, const emu::PcTime& time) {
    return report::DiffWord{
      pc,
      isa::disassemble(program.words[pc]),
      std::accumulate(time.cycles.begin(), time.cycles.end(), std::uint64_t{0})};
  };
  std::vector<report::DiffLine> lines;
  for (std::uint64_t i = start; i < end; ++i) {
    const DiffRow& row = diff.row(i, everything);
    report::DiffLine line;
    line.change = change_names[static_cast<std::size_t>(row.change)];
    if (row.a != no_word) {
      line.a = word(then.program, row.a, then.times[row.a]);
      line.node = node_name(then.diff_side(), row.a);
    }
    if (row.b != no_word) {
      line.b = word(state.program, row.b, state.timing->account(row.b));
      line.node = node_name(state.diff_side(), row.b);
    }
    lines.push_back(std::move(line));
  }
  return report::diff_rows(diff.size(everything), start, lines);
}

Status Session::write_diff(bool everything, const TextSink& sink) const {
  const State& state = *state_;
  if (Status able = state.can_compare(); !able) {
    return able;
  }
  const ProgramDiff& diff = state.difference();
  const Pinned& then = *state.pinned;
  for (std::uint64_t i = 0; i < diff.size(everything); ++i) {
    const DiffRow& row = diff.row(i, everything);
    const auto index = [](std::uint32_t pc) {
      return pc == no_word ? std::string() : fmt::format("{}", pc);
    };
    std::string text = row.a != no_word ? isa::disassemble(then.program.words[row.a]) : "";
    const std::string other = row.b != no_word ? isa::disassemble(state.program.words[row.b]) : "";
    if (row.a == no_word) {
      text = other;
    } else if (row.b != no_word && other != text) {
      text = fmt::format("{:<40} {}", text, other);
    }
    sink(fmt::format(
      "{} {:>8} {:>8}  {}\n",
      change_signs[static_cast<std::size_t>(row.change)],
      index(row.a),
      index(row.b),
      text
    ));
  }
  return Done{};
}

} // namespace plena::driver
