#include "bench/emu_bench.h"

#include "bench/cases.h"
#include "emu/machine.h"

#include <algorithm>
#include <functional>

namespace plena::bench {

namespace {

/// Multiplications of one matrix instruction.
std::uint64_t macs_of(isa::Opcode opcode, const config::Machine& m) {
  using isa::Opcode;
  const std::uint64_t mlen = m.mlen;
  const std::uint64_t blen = m.blen;
  switch (opcode) {
  case Opcode::M_MM:
  case Opcode::M_TMM:
    return blen * blen * mlen;
  case Opcode::M_MV:
  case Opcode::M_TMV:
    return blen * mlen;
  case Opcode::M_BMM:
  case Opcode::M_BTMM:
    return mlen * mlen * mlen;
  case Opcode::M_BTMV:
    return mlen * mlen;
  default:
    return 0;
  }
}

/// c += a * b for row-major a (m, k), b (k, n), c (m, n): plain loops in blocks. A block of b stays
/// in the first-level cache, and four rows of 64 sums take one row of it at a time; compilers turn
/// the inner loop into vector code. m is a multiple of 4, k and n of 64. Faster, with this
/// project's flags, than the other plain forms that were tried: sums in registers, one row at a
/// time, four k at a time.
void plain_product(
  const float* a, const float* b, float* c, std::size_t m, std::size_t k, std::size_t n
) {
  constexpr std::size_t block = 64;
  constexpr std::size_t rows = 4;
  for (std::size_t jj = 0; jj < n; jj += block) {
    for (std::size_t kk = 0; kk < k; kk += block) {
      for (std::size_t i = 0; i < m; i += rows) {
        float sums[rows][block];
        for (std::size_t r = 0; r < rows; ++r) {
          std::copy_n(c + (i + r) * n + jj, block, sums[r]);
        }
        for (std::size_t p = kk; p < kk + block; ++p) {
          const float* y = b + p * n + jj;
          const float* x = a + i * k + p;
          const float x0 = x[0];
          const float x1 = x[k];
          const float x2 = x[2 * k];
          const float x3 = x[3 * k];
          for (std::size_t j = 0; j < block; ++j) {
            sums[0][j] += x0 * y[j];
            sums[1][j] += x1 * y[j];
            sums[2][j] += x2 * y[j];
            sums[3][j] += x3 * y[j];
          }
        }
        for (std::size_t r = 0; r < rows; ++r) {
          std::copy_n(sums[r], block, c + (i + r) * n + jj);
        }
      }
    }
  }
}

/// Seconds of plain products with `macs` multiplications in all, as 64 x 384 times 384 x 384
/// layers.
Seconds baseline(std::uint64_t macs, int repetitions) {
  constexpr std::size_t m = 64;
  constexpr std::size_t k = 384;
  constexpr std::size_t n = 384;
  std::vector<float> a(m * k, 1.5f);
  std::vector<float> b(k * n, 0.25f);
  std::vector<float> c(m * n);
  volatile float sink = 0;
  const std::uint64_t per_product = std::uint64_t{m} * k * n;
  const std::uint64_t products = std::max<std::uint64_t>((macs + per_product / 2) / per_product, 1);
  Seconds timing = measure(repetitions, [&] {
    std::fill(c.begin(), c.end(), 0.0f);
    for (std::uint64_t i = 0; i < products; ++i) {
      plain_product(a.data(), b.data(), c.data(), m, k, n);
    }
    sink = c[0];
  });
  timing.median *= static_cast<double>(macs) / static_cast<double>(products * per_product);
  return timing;
}

EmulatorRow run_case(const Case& c, int repetitions) {
  EmulatorRow row;
  row.name = c.name;
  const Seconds timing = measure(repetitions, [&] {
    emu::Options options;
    options.hbm_bytes = c.hbm_bytes;
    emu::Machine machine =
      emu::Machine::create(c.settings, {c.hbm, c.fp_sram, {}, {}}, options).value();
    machine.load(c.program);
    machine.run(UINT64_MAX);
    PLENA_CHECK(!machine.fault().has_value());
    row.instructions = machine.counters().executed;
    row.macs = 0;
    for (std::size_t opcode = 0; opcode < machine.counters().by_opcode.size(); ++opcode) {
      row.macs += machine.counters().by_opcode[opcode] *
                  macs_of(static_cast<isa::Opcode>(opcode), c.settings);
    }
  });
  row.seconds = timing.median;
  row.spread = timing.spread;
  row.baseline_seconds = baseline(row.macs, repetitions).median;
  row.ratio = row.seconds / row.baseline_seconds;
  return row;
}

} // namespace

std::vector<EmulatorRow> emulator(const std::filesystem::path& recorded, int repetitions) {
  std::vector<EmulatorRow> rows;
  for (const std::uint32_t blen : {16u, 4u}) {
    rows.push_back(run_case(model_case(recorded, blen), repetitions));
  }
  return rows;
}

} // namespace plena::bench
