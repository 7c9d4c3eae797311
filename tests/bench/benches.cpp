#include "bench/benches.h"

#include "bench/analytic_bench.h"
#include "bench/asm_bench.h"
#include "bench/emit_bench.h"
#include "bench/emu_bench.h"
#include "bench/time_bench.h"
#include "folders.h"

#include <fmt/format.h>

namespace plena::bench {

namespace {

constexpr int repetitions = 7;
constexpr int emission_repetitions = 3; ///< of seconds each

#ifdef __EMSCRIPTEN__
constexpr const char* build = "wasm";
#else
constexpr const char* build = "native";
#endif

} // namespace

bool run_all() {
  for (const EmulatorRow& row : emulator(tests::shared_dir() / "models", repetitions)) {
    fmt::print(
      "{{\"bench\":\"emulator\",\"build\":\"{}\",\"case\":\"{}\",\"instructions\":{},\"macs\":{},"
      "\"seconds\":{:.6f},\"spread\":{:.3f},\"repetitions\":{},"
      "\"baseline\":\"plain blocked f32 product of as many multiplications\","
      "\"baseline_s\":{:.6f},\"ratio\":{:.2f}}}\n",
      build,
      row.name,
      row.instructions,
      row.macs,
      row.seconds,
      row.spread,
      repetitions,
      row.baseline_seconds,
      row.ratio
    );
  }
  const ClockRow clock = clock_cost(tests::shared_dir() / "models", repetitions);
  fmt::print(
    "{{\"bench\":\"clock\",\"build\":\"{}\",\"case\":\"{}\",\"instructions\":{},\"cycles\":{},"
    "\"baseline\":\"the same run without a clock\",\"baseline_s\":{:.6f},\"ratio\":{:.2f},"
    "\"trace_ratio\":{:.2f},\"repetitions\":{}}}\n",
    build,
    clock.name,
    clock.instructions,
    clock.cycles,
    clock.plain_seconds,
    clock.clock_ratio,
    clock.trace_ratio,
    repetitions
  );
  for (const MemoryRow& row : hbm2_rate(repetitions)) {
    fmt::print(
      "{{\"bench\":\"hbm2\",\"build\":\"{}\",\"case\":\"{}\",\"requests\":{},\"seconds\":{:.6f},"
      "\"requests_per_s\":{:.0f}}}\n",
      build,
      row.name,
      row.requests,
      row.seconds,
      row.requests_per_second
    );
  }
  const AnalyticRow analytic = analytic_rate(repetitions);
  fmt::print(
    "{{\"bench\":\"analytic\",\"build\":\"{}\",\"case\":\"llama-3.1-8b\",\"configurations\":{},\"seconds\":{:.6f},"
    "\"configurations_per_s\":{:.0f},\"baseline\":\"a thousand divisions for each, one after the other\","
    "\"baseline_s\":{:.6f},\"ratio\":{:.2f},\"repetitions\":{}}}\n",
    build,
    analytic.configurations,
    analytic.seconds,
    static_cast<double>(analytic.configurations) / analytic.seconds,
    analytic.baseline_seconds,
    analytic.seconds / analytic.baseline_seconds,
    repetitions
  );
  const std::vector<EmitRow> emitted = emission(emission_repetitions);
  for (const EmitRow& row : emitted) {
    fmt::print(
      "{{\"bench\":\"emission\",\"build\":\"{}\",\"case\":\"{}\",\"lines\":{},\"lower_s\":{:.4f},"
      "\"passes_s\":{:.4f},\"words_s\":{:.4f},\"text_s\":{:.4f},\"lines_per_s\":{:.0f},"
      "\"text_bytes\":{},\"peak_bytes\":{},\"repetitions\":{},"
      "\"baseline\":\"as many bytes, line by line by fmt\",\"baseline_s\":{:.4f},\"ratio\":{:.2f}}}\n",
      build,
      row.name,
      row.lines,
      row.lower_seconds,
      row.pass_seconds,
      row.word_seconds,
      row.text_seconds,
      static_cast<double>(row.lines) / row.text_seconds,
      row.text_bytes,
      row.peak_bytes,
      emission_repetitions,
      row.baseline_seconds,
      row.text_seconds / row.baseline_seconds
    );
  }
  return run_asm_bench() && !emitted.empty() && analytic.configurations != 0;
}

} // namespace plena::bench
