// The clock on random programs, with every combination of profile, memory and schedule.
#include "assemble.h"
#include "emu/timing.h"
#include "random_program.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace plena;

namespace {

constexpr std::initializer_list<config::CostProfile> profiles{
#define PROFILE(name, title, meaning) config::CostProfile::name,
#include "config/timing.def"
};
constexpr std::initializer_list<config::MemoryModel> memories{
#define MEMORY(name, title, meaning) config::MemoryModel::name,
#include "config/timing.def"
};
constexpr std::initializer_list<config::Schedule> schedules{
#define SCHEDULE(name, title, meaning) config::Schedule::name,
#include "config/timing.def"
};

/// FNV-1a of a dump.
class Digest final : public emu::DumpSink {
 public:
  void bytes(std::span<const std::uint8_t> bytes) override {
    for (const std::uint8_t byte : bytes) {
      value = (value ^ byte) * 0x100000001B3u;
    }
  }
  void zeros(std::uint64_t count) override {
    for (std::uint64_t i = 0; i < count; ++i) {
      value *= 0x100000001B3u;
    }
  }
  std::uint64_t value = 0xCBF29CE484222325u;
};

std::vector<std::uint64_t> digests(const emu::Machine& machine) {
  std::vector<std::uint64_t> found;
  for (const auto memory :
       {emu::Memory::vram,
        emu::Memory::mram,
        emu::Memory::fpsram,
        emu::Memory::intsram,
        emu::Memory::hbm}) {
    Digest digest;
    machine.dump(memory, digest);
    found.push_back(digest.value);
  }
  return found;
}

/// What a listener of the clock is promised.
class Listener final : public emu::TimingListener {
 public:
  void stepped(const emu::Step& step) override {
    ordered = ordered && step.start >= last_start && step.end >= step.start;
    adjacent = adjacent && step.start == end;
    waits_fit =
      waits_fit && (step.waits == nullptr || emu::total(*step.waits) == step.end - step.start);
    last_start = step.start;
    end = std::max(end, step.end);
    durations += step.end - step.start;
    ++steps;
  }
  void charged(const emu::Charge& charge) override {
    contiguous = contiguous && charge.from == charged_to && charge.to > charge.from;
    charged_to = charge.to;
    by_pc[charge.pc] += charge.to - charge.from;
  }

  bool ordered = true;
  bool adjacent = true; ///< each starts when the one before ends
  bool contiguous = true;
  bool waits_fit = true;
  std::uint64_t last_start = 0;
  std::uint64_t end = 0;
  std::uint64_t durations = 0;
  std::uint64_t charged_to = 0;
  std::uint64_t steps = 0;
  std::map<std::uint32_t, std::uint64_t> by_pc;
};

struct Timed {
  std::uint64_t cycles = 0;
  std::uint64_t serial_cycles = 0;
  std::vector<std::uint64_t> contents;
};

Timed run(const tests::RandomProgram& random, const config::Timing& settings) {
  emu::Machine machine = tests::make(random.machine, random.program, {.hbm = random.hbm});
  emu::Timing timing(random.machine, settings, random.program);
  Listener listener;
  timing.listen(listener);
  emu::RunResult result;
  do {
    result = machine.run(37, &timing);
  } while (result.reason == emu::RunResult::Reason::Slice);
  REQUIRE(result.reason == emu::RunResult::Reason::Done);

  const std::uint64_t cycles = timing.cycles();
  const emu::CauseCycles causes = timing.causes();
  CHECK(emu::total(causes) == cycles);
  emu::CauseCycles sum{};
  std::uint64_t executions = 0;
  const std::vector<emu::PcTime> account = timing.account();
  for (const emu::PcTime& time : account) {
    executions += time.executions;
    for (std::size_t i = 0; i < emu::cause_count; ++i) {
      sum[i] += time.cycles[i];
    }
  }
  CHECK(sum == causes);
  CHECK(executions == machine.counters().executed);

  CHECK(listener.ordered);
  CHECK(listener.waits_fit);
  CHECK(listener.steps == executions);
  CHECK(listener.end == cycles);
  if (settings.schedule == config::Schedule::serial) {
    CHECK(listener.adjacent);
    CHECK(listener.durations == cycles);
    CHECK(timing.serial_cycles() == cycles);
  } else {
    CHECK(listener.contiguous);
    CHECK(listener.charged_to == listener.last_start);
    std::uint64_t tails = 0;
    for (std::uint32_t pc = 0; pc < account.size(); ++pc) {
      tails += emu::total(account[pc].cycles) - listener.by_pc[pc];
    }
    CHECK(tails == cycles - listener.last_start);
  }
  return {cycles, timing.serial_cycles(), digests(machine)};
}

} // namespace

TEST_CASE("every cycle has a cause, whatever is timed", "[unit][timing]") {
  std::uint64_t gained = 0;
  for (std::uint64_t seed = 5000; seed < 6000; ++seed) {
    const tests::RandomProgram random = tests::random_legal_program(seed);
    emu::Machine untimed = tests::make(random.machine, random.program, {.hbm = random.hbm});
    REQUIRE(untimed.run(100'000).reason == emu::RunResult::Reason::Done);
    const std::vector<std::uint64_t> contents = digests(untimed);
    for (const config::CostProfile profile : profiles) {
      for (const config::MemoryModel memory : memories) {
        std::uint64_t serial = 0;
        for (const config::Schedule schedule : schedules) {
          config::Timing settings;
          settings.cost_profile = profile;
          settings.memory_model = memory;
          settings.schedule = schedule;
          INFO("seed " << seed << ", " << settings.title());
          const Timed timed = run(random, settings);
          CHECK(timed.contents == contents);
          if (schedule == config::Schedule::serial) {
            serial = timed.cycles;
            continue;
          }
          CHECK(timed.serial_cycles == serial);
          // The HBM2 answers differently at other times.
          if (!settings.has_memory() || memory != config::MemoryModel::hbm2) {
            CHECK(timed.cycles <= serial);
          }
          gained += timed.cycles < serial ? 1u : 0u;
        }
      }
    }
  }
  CHECK(gained > 5000);
}
