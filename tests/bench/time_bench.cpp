#include "bench/time_bench.h"

#include "base/check.h"
#include "bench/cases.h"
#include "emu/machine.h"
#include "emu/trace.h"

#include <functional>

namespace plena::bench {

namespace {

/// Blocks of 64 rows of a tile with their scales, as H_PREFETCH_M asks for them; `row_bytes` apart.
std::vector<std::uint64_t> tile_blocks(std::uint64_t first, std::uint64_t row_bytes) {
  constexpr std::uint64_t rows = 64;
  constexpr std::uint64_t scales = 1 << 24;
  std::vector<std::uint64_t> blocks;
  for (std::uint64_t i = 0; i < rows; ++i) {
    const std::uint64_t address = first + i * row_bytes;
    blocks.push_back(address / 64 * 64);
    blocks.push_back((scales + address / 8) / 64 * 64);
  }
  return blocks;
}

} // namespace

ClockRow clock_cost(const std::filesystem::path& recorded, int repetitions) {
  const Case c = model_case(recorded, 4);
  ClockRow row;
  row.name = c.name;
  const auto run = [&](bool clock, bool record) {
    emu::Options options;
    options.hbm_bytes = c.hbm_bytes;
    emu::Machine machine =
      emu::Machine::create(c.settings, {c.hbm, c.fp_sram, {}, {}}, options).value();
    machine.load(c.program);
    if (clock) {
      emu::Timing timing(c.settings, {}, c.program);
      emu::Trace trace(c.program, {}, {record ? std::uint64_t{1} << 24 : 0, 0});
      if (record) {
        timing.listen(trace);
      }
      machine.run(UINT64_MAX, &timing);
      row.cycles = timing.cycles();
    } else {
      machine.run(UINT64_MAX);
    }
    PLENA_CHECK(!machine.fault().has_value());
    row.instructions = machine.counters().executed;
  };
  const auto seconds = measure_in_turn(
    repetitions, {[&] { run(false, false); }, [&] { run(true, false); }, [&] { run(true, true); }}
  );
  row.plain_seconds = seconds[0].median;
  row.clock_ratio = seconds[1].median / seconds[0].median;
  row.trace_ratio = seconds[2].median / seconds[0].median;
  return row;
}

std::vector<MemoryRow> hbm2_rate(int repetitions) {
  struct Pattern {
    const char* name;
    std::uint64_t step;      ///< bytes from tile to tile
    std::uint64_t row_bytes; ///< bytes from row to row of a tile
  };
  std::vector<MemoryRow> rows;
  for (const Pattern& pattern : {
         Pattern{"tiles one after the other", 4096, 64},
         Pattern{"tiles of a matrix 4096 wide", 64, 4096},
       }) {
    MemoryRow row;
    row.name = pattern.name;
    std::vector<std::vector<std::uint64_t>> batches;
    for (std::uint64_t i = 0; i < 4000; ++i) {
      batches.push_back(tile_blocks(i * pattern.step, pattern.row_bytes));
    }
    const Seconds seconds = measure(repetitions, [&] {
      const auto model = emu::hbm::make_hbm2({});
      std::uint64_t now = 0;
      emu::CauseCycles waits{};
      row.requests = 0;
      for (const auto& blocks : batches) {
        now = model->serve(now, {false, blocks}, waits);
        row.requests += 4 * blocks.size();
      }
      PLENA_CHECK(emu::total(waits) == now);
    });
    row.seconds = seconds.median;
    row.requests_per_second = static_cast<double>(row.requests) / seconds.median;
    rows.push_back(row);
  }
  return rows;
}

} // namespace plena::bench
