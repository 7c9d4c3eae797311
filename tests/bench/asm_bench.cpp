#include "bench/asm_bench.h"

#include "asm/assembler.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <vector>

namespace plena::bench {

namespace {

constexpr std::size_t bench_lines = 2'400'000;
constexpr std::size_t repetitions = 7;

template <class Work> std::vector<double> measure(Work work) {
  std::vector<double> seconds;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    seconds.push_back(spent.count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

/// One byte at a time, with a dependency the compiler cannot turn into vectors.
std::uint32_t checksum_lines(const std::string& text) {
  std::uint32_t state = 1;
  for (const char c : text) {
    state = state * 31 + (c == '\n' ? 1u : 0u);
  }
  return state;
}

} // namespace

std::string asm_program(std::size_t lines) {
  std::string text;
  text.reserve(lines * 30);
  std::uint32_t random = 12345;
  for (std::size_t i = 0; i < lines; ++i) {
    random = random * 1664525 + 1013904223;
    const unsigned a = random >> 28;
    const unsigned b = random >> 24 & 15;
    const unsigned c = random >> 20 & 15;
    const unsigned immediate = random >> 4 & 0x3FFFF;
    switch (i % 8) {
    case 0:
    case 2:
    case 4:
      text += fmt::format("S_ADDI_INT gp{}, gp{}, {}\n", a, b, immediate);
      break;
    case 1:
    case 3:
    case 5:
      text += fmt::format("M_MM 0, gp{}, gp{}\n", b, c);
      break;
    case 6:
      text += fmt::format("H_PREFETCH_M gp{}, gp{}, a{}, 1, 0\n", a, b, c);
      break;
    default:
      text += fmt::format("V_ADD_VV gp{}, gp{}, gp{}, 0\n", a, b, c);
      break;
    }
  }
  return text;
}

bool run_asm_bench() {
  const std::string text = asm_program(bench_lines);
  bool ok = true;
  std::size_t words = 0;
  const std::vector<double> assembly = measure([&] {
    const assembly::Assembled assembled = assembly::assemble(text);
    ok = ok && assembled.ok;
    words += assembled.program.words.size();
  });
  std::uint32_t sum = 0;
  const std::vector<double> baseline = measure([&] { sum += checksum_lines(text); });
  const auto rate = [](double seconds) { return static_cast<double>(bench_lines) / seconds; };
  fmt::print(
    "{{\"bench\":\"asm\",\"case\":\"2.4M ordinary lines\",\"bytes\":{},\"lines_per_s\":{:.0f},"
    "\"median_lines_per_s\":{:.0f},\"repetitions\":{},\"baseline\":\"byte loop over the text\","
    "\"baseline_s\":{:.4f},\"ratio\":{:.2f},\"check\":{}}}\n",
    text.size(),
    rate(assembly.front()),
    rate(assembly[repetitions / 2]),
    repetitions,
    baseline.front(),
    assembly.front() / baseline.front(),
    sum
  );
  return ok && words == bench_lines * repetitions;
}

} // namespace plena::bench
