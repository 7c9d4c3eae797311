#include "bench/emit_bench.h"

#include "asm/printer.h"
#include "base/check.h"
#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "lower/builder.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#ifndef __EMSCRIPTEN__
#include <sys/resource.h>
#endif

namespace plena::bench {

namespace {

constexpr std::uint64_t most_lines = 2'400'000;

/// Products of rows with tiles, each with a row of sums added, such as a vision layer at MLEN 16 has
/// by the hundred thousand: about `lines` instructions when written out.
lower::Program tile_program(std::uint64_t lines) {
  constexpr std::uint64_t lines_per_row = 20; // as the passes leave them
  lower::Program program;
  lower::Builder b(program);
  const lower::Addr hbm = b.addr();
  b.C_SET_ADDR_REG(hbm, lower::zero_gp, b.set(1u << 20));
  const lower::Gp x = b.set(1024);
  const lower::Gp y = b.set(1u << 17);
  b.loop(lines / lines_per_row, [&] {
    const lower::Gp to = b.copy(y);
    const lower::Gp tile = b.set(0);
    b.loop(4, [&] {
      const lower::Gp from = b.copy(x);
      for (int k = 0; k < 2; ++k) {
        b.M_MM(tile, from);
        b.step(from, 64);
      }
      b.M_MM_WO(to, lower::zero_gp, 0);
      b.step(to, 4);
      b.step(tile, 256);
    });
    b.V_ADD_VV(y, y, x);
    b.H_PREFETCH_V(x, y, hbm, 1, 0);
    b.step(x, 256);
    b.step(y, 64);
  });
  return program;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::uint64_t peak_memory() {
#ifdef __EMSCRIPTEN__
  return 0;
#else
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

/// One byte at a time, with a dependency the compiler cannot turn into vectors.
std::uint32_t byte_loop(const std::string& text) {
  std::uint32_t state = 1;
  for (const char c : text) {
    state = state * 31 + static_cast<unsigned char>(c);
  }
  return state;
}

bool measure(EmitRow& row, const lower::Program& program, bool first) {
  codegen::PassSettings settings{100'000'000, 2 * most_lines, codegen::Unroll::All};
  const auto best = [&](double& seconds, double now) {
    seconds = first ? now : std::min(seconds, now);
  };
  auto begin = std::chrono::steady_clock::now();
  const Result<codegen::Listing> listing = codegen::run_passes(program, settings);
  if (!listing) {
    return false;
  }
  best(row.pass_seconds, seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  const Result<codegen::Emitted> emitted = codegen::emit(*listing);
  if (!emitted) {
    return false;
  }
  best(row.word_seconds, seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  const std::string text = assembly::print(emitted->program, emitted->comments);
  best(row.text_seconds, seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  const std::uint32_t sum = byte_loop(text);
  best(row.baseline_seconds, seconds_since(begin));
  row.lines = emitted->program.words.size();
  row.text_bytes = text.size() + (sum == 0 ? 1 : 0); // so that the loop is not left out
  row.peak_bytes = peak_memory();
  return true;
}

} // namespace

std::vector<EmitRow> emission(int repetitions) {
  std::vector<EmitRow> rows;
  for (const std::uint64_t lines : {most_lines / 8, most_lines / 2, most_lines}) {
    const lower::Program program = tile_program(lines);
    EmitRow row;
    for (int i = 0; i < repetitions; ++i) {
      if (!measure(row, program, i == 0)) {
        return {};
      }
    }
    rows.push_back(row);
  }
  return rows;
}

} // namespace plena::bench
