#include "bench/analytic_bench.h"

#include "analytic/sweep.h"
#include "config/config.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace plena::bench {

namespace {

template <class Work> double median_seconds(int repetitions, Work work) {
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    seconds.push_back(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()
    );
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

} // namespace

AnalyticRow analytic_rate(int repetitions) {
  using namespace analytic;
  Scenario scenario;
  scenario.dims.name = "llama-3.1-8b";
  scenario.dims.hidden = 4096;
  scenario.dims.inner = 14336;
  scenario.dims.layers = 32;
  scenario.dims.heads = 32;
  scenario.dims.kv_heads = 8;
  scenario.dims.vocabulary = 128256;
  scenario.settings = settings_of(
    *config::load(config::find_preset("upstream")->toml, "upstream")->analytic,
    latency_profiles()[0]
  );
  // Multiples of 64 from 64 to 3,200, and 64 latencies: 3,200 machines.
  std::vector<Axis> axes{*parse_axis("MLEN=64..3200+64"), *parse_axis("VECTOR_SUM_CYCLES=1..64")};
  for (const auto& [key, value] : {std::pair{"BLEN", 64u}, {"HLEN", 64u}}) {
    if (!set(scenario, key, value)) {
      return {};
    }
  }
  AnalyticRow row;
  bool fine = true;
  row.seconds = median_seconds(repetitions, [&] {
    const auto points = sweep(scenario, axes);
    row.configurations = points ? points->size() : 0;
    fine =
      fine && points && std::none_of(points->begin(), points->end(), [](const SweepPoint& point) {
        return point.error.has_value();
      });
  });
  volatile std::uint64_t start = 0x123456789ABCDEF;
  row.baseline_seconds = median_seconds(repetitions, [&] {
    std::uint64_t value = start;
    for (std::size_t i = 0; i < row.configurations * 1000; ++i) {
      value = 0xFEDCBA9876543210 / (value | 1) + i;
    }
    start = value;
  });
  return fine ? row : AnalyticRow{};
}

} // namespace plena::bench
