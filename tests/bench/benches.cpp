#include "bench/benches.h"

#include "bench/asm_bench.h"
#include "bench/emu_bench.h"

#include <fmt/format.h>

namespace plena::bench {

namespace {

constexpr int repetitions = 7;

#ifdef __EMSCRIPTEN__
constexpr const char* build = "wasm";
#else
constexpr const char* build = "native";
#endif

} // namespace

bool run_all() {
  for (const EmulatorRow& row : emulator(PLENA_SHARED_DIR "/models", repetitions)) {
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
  return run_asm_bench();
}

} // namespace plena::bench
