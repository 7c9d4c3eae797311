// The recorded course of a run against a plain list of its steps.
#include "asm/assembler.h"
#include "assemble.h"
#include "emu/trace.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace plena;

namespace {

/// Every step and charge, as they come.
class Everything final : public emu::TimingListener {
 public:
  struct Seen {
    emu::Step step;
    emu::CauseCycles waits{};
  };
  void stepped(const emu::Step& step) override {
    steps.push_back({step, step.waits != nullptr ? *step.waits : emu::CauseCycles{}});
  }
  void charged(const emu::Charge& charge) override { charges.push_back(charge); }
  std::vector<Seen> steps;
  std::vector<emu::Charge> charges;
};

/// Loops with matrix, vector, scalar work and transfers.
std::string program_text(int rounds) {
  return fmt::format(
    "S_ADDI_INT gp1, gp0, 0\n"
    "S_ADDI_INT gp2, gp0, 4096\n"
    "C_SET_SCALE_REG gp2\n"
    "C_LOOP_START gp5, {}\n"
    "H_PREFETCH_M gp0, gp1, a0, 0, 0\n"
    "H_PREFETCH_V gp0, gp1, a0, 0, 0\n"
    "C_LOOP_START gp6, 3\n"
    "M_MM gp0, gp0, gp0\n"
    "V_ADD_VV gp0, gp0, gp0, 0\n"
    "S_ADD_FP f0, f0, f0\n"
    "S_ADD_FP f1, f0, f0\n"
    "C_LOOP_END gp6\n"
    "H_STORE_V gp0, gp1, a0, 0, 0\n"
    "S_ADDI_INT gp1, gp1, 64\n"
    "C_LOOP_END gp5\n",
    rounds
  );
}

config::Machine machine_settings() {
  config::Machine m = tests::small_machine();
  m.hbm_size = 1 << 24;
  return m;
}

struct Run {
  Run(config::Timing settings, int rounds, emu::TraceOptions options)
      : program(assembly::assemble(program_text(rounds)).program),
        timing(machine_settings(), settings, program),
        trace(program, settings, options) {
    timing.listen(everything);
    timing.listen(trace);
    emu::Machine machine = tests::make(machine_settings(), program);
    const auto result = machine.run(UINT64_MAX, &timing);
    REQUIRE(result.reason == emu::RunResult::Reason::Done);
  }
  isa::Program program;
  emu::Timing timing;
  Everything everything;
  emu::Trace trace;
};

/// Busy cycles of a lane between two cycles, from the list.
std::uint64_t busy(const Run& run, emu::Lane lane, std::uint64_t from, std::uint64_t to) {
  std::uint64_t sum = 0;
  for (const auto& [step, waits] : run.everything.steps) {
    const auto op = isa::decode_word(run.program.words[step.pc]).instr.op;
    std::uint64_t end = step.end;
    if (lane == emu::Lane::waiting) {
      end = step.start;
      for (std::size_t i = 0; i < emu::cause_count; ++i) {
        end += emu::cause_rows[i].lane == emu::Lane::waiting ? waits[i] : 0;
      }
    } else if (emu::lane_of(op) != lane) {
      continue;
    }
    const std::uint64_t left = std::max(from, step.start);
    const std::uint64_t right = std::min(to, end);
    sum += right > left ? right - left : 0;
  }
  return sum;
}

const std::vector<config::Timing>& all_settings() {
  static const std::vector<config::Timing> all = [] {
    config::Timing overlapped;
    overlapped.schedule = config::Schedule::overlap;
    config::Timing analytic;
    analytic.cost_profile = config::CostProfile::analytic;
    return std::vector<config::Timing>{{}, overlapped, analytic};
  }();
  return all;
}

} // namespace

TEST_CASE("pixels are what the steps say", "[unit][timing]") {
  for (const config::Timing& settings : all_settings()) {
    INFO(settings.title());
    const Run run(settings, 20, {100'000, 0});
    const std::uint64_t cycles = run.timing.cycles();
    CHECK(run.trace.recorded() == run.everything.steps.size());
    struct Cut {
      std::uint64_t from;
      std::uint64_t to;
      std::uint32_t pixels;
    };
    const std::vector<Cut> views{
      {0, cycles, 7},
      {0, cycles, 300},
      {cycles / 3, cycles / 3 + 640, 64},
      {cycles / 2, cycles / 2 + 10, 40},
      {0, 2 * cycles, 50},
      {cycles + 5, cycles + 10, 3},
    };
    for (const auto& [from, to, pixels] : views) {
      const auto view = run.trace.lanes(from, to, pixels);
      INFO(from << " to " << to << " in " << pixels);
      CHECK(view.exact);
      CHECK(view.cycles == cycles);
      const std::uint64_t width = to - from;
      for (std::size_t l = 0; l < emu::lane_count; ++l) {
        REQUIRE(view.busy[l].size() == pixels);
        for (std::uint32_t i = 0; i < pixels; ++i) {
          const std::uint64_t left = from + width / pixels * i + width % pixels * i / pixels;
          const std::uint64_t right =
            std::max(left + 1, from + width / pixels * (i + 1) + width % pixels * (i + 1) / pixels);
          const auto expected = busy(run, static_cast<emu::Lane>(l), left, right);
          REQUIRE(view.busy[l][i] == expected * 1000 / (right - left));
        }
      }
      REQUIRE(view.cause.size() == pixels);
      CHECK((view.cause.front() < 0) == (from >= cycles));
      std::size_t inside = 0;
      for (const auto& seen : run.everything.steps) {
        inside +=
          seen.step.start < to && (seen.step.end > from || seen.step.start >= from) ? 1u : 0u;
      }
      if (view.events) {
        CHECK(view.events->size() == inside);
      } else {
        CHECK(inside > pixels);
      }
    }
  }
}

TEST_CASE("the instruction of a cycle is found", "[unit][timing]") {
  for (const config::Timing& settings : all_settings()) {
    const Run run(settings, 6, {100'000, 0});
    for (std::uint64_t cycle = 0; cycle < run.timing.cycles(); ++cycle) {
      const auto moment = run.trace.moment(cycle);
      // The last to start that still runs; under overlap there may be none at a cycle.
      const emu::Step* expected = nullptr;
      std::uint64_t index = 0;
      for (std::size_t i = 0; i < run.everything.steps.size(); ++i) {
        const emu::Step& step = run.everything.steps[i].step;
        if (step.start <= cycle && step.end > cycle) {
          expected = &step;
          index = i;
        }
      }
      REQUIRE(moment.has_value() == (expected != nullptr));
      if (moment) {
        REQUIRE(moment->index == index);
        REQUIRE(moment->pc == expected->pc);
        REQUIRE(moment->start == expected->start);
        REQUIRE(moment->end == expected->end);
      }
    }
    CHECK_FALSE(run.trace.moment(run.timing.cycles()).has_value());
  }
}

TEST_CASE("a replay tells the run again", "[unit][timing]") {
  for (const config::Timing& settings : all_settings()) {
    const Run run(settings, 30, {100'000, 0});
    Everything again;
    for (std::uint64_t at = 0; at < run.trace.recorded(); at += 77) {
      run.trace.replay(at, 77, again);
    }
    REQUIRE(again.steps.size() == run.everything.steps.size());
    for (std::size_t i = 0; i < again.steps.size(); ++i) {
      REQUIRE(again.steps[i].step.pc == run.everything.steps[i].step.pc);
      REQUIRE(again.steps[i].step.start == run.everything.steps[i].step.start);
      REQUIRE(again.steps[i].step.end == run.everything.steps[i].step.end);
      REQUIRE(again.steps[i].waits == run.everything.steps[i].waits);
    }
    REQUIRE(again.charges.size() == run.everything.charges.size());
    for (std::size_t i = 0; i < again.charges.size(); ++i) {
      REQUIRE(again.charges[i].pc == run.everything.charges[i].pc);
      REQUIRE(again.charges[i].to == run.everything.charges[i].to);
    }
  }
}

TEST_CASE(
  "beyond the recorded part there are summaries, and memory does not grow", "[unit][timing]"
) {
  const Run run({}, 60'000, {10'000, 0});
  CHECK(run.trace.recorded() == 10'000);
  CHECK(run.trace.stepped() == run.everything.steps.size());
  CHECK(run.trace.stepped() > 1'000'000);
  CHECK(run.trace.memory_bytes() < 8'000'000);
  const std::uint64_t cycles = run.timing.cycles();
  const auto whole = run.trace.lanes(0, cycles, 100);
  CHECK_FALSE(whole.exact);
  CHECK_FALSE(whole.events.has_value());
  CHECK(whole.resolution > 1);
  CHECK(whole.resolution < cycles / 1000);
  // The run is regular: every pixel is near the average.
  const double share = 1000.0 * static_cast<double>(busy(run, emu::Lane::matrix, 0, cycles)) /
                       static_cast<double>(cycles);
  for (const std::uint16_t pixel : whole.busy[0]) {
    CHECK(std::abs(pixel - share) < 0.05 * share + 2);
  }
  const auto start = run.trace.lanes(0, 1000, 100);
  CHECK(start.exact);
  // A window in the middle is recorded when asked for.
  const Run later({}, 60'000, {10'000, cycles / 2});
  CHECK(later.trace.recorded() == 10'000);
  const auto middle = later.trace.lanes(cycles / 2 + 100, cycles / 2 + 200, 100);
  CHECK(middle.exact);
  CHECK(middle.events.has_value());
  CHECK_FALSE(later.trace.lanes(0, 1000, 100).exact);
  CHECK_FALSE(later.trace.moment(100).has_value());
}
