#include "emu_bench.h"

#include "config/config.h"
#include "emu/machine.h"
#include "isa/codec.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>

namespace plena::bench {

namespace {

struct Case {
  std::string name;
  config::Machine settings{};
  isa::Program program{};
  std::vector<std::uint8_t> hbm{};
  std::vector<std::uint8_t> fp_sram{};
  std::uint64_t hbm_bytes = 0;
  // The layers' products: activations of `rows` times `k` x `n` weights.
  std::size_t rows = 64;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  return {text.begin(), text.end()};
}

isa::Program parse_mem(const std::string& text) {
  isa::Program program;
  for (std::size_t at = text.find("0x"); at != std::string::npos; at = text.find("0x", at + 2)) {
    std::uint32_t word = 0;
    std::from_chars(text.data() + at + 2, text.data() + text.size(), word, 16);
    program.words.push_back(word);
  }
  return program;
}

/// False when the folder or a part of it is absent.
bool read_case(const std::filesystem::path& folder, Case& result) {
  const std::string settings = read_file(folder / "settings.toml");
  const auto config = config::load(settings, "settings.toml");
  if (settings.empty() || !config.ok()) {
    return false;
  }
  result.settings = *config;
  result.program = parse_mem(read_file(folder / "program.mem"));
  result.hbm = read_bytes(folder / "hbm.bin");
  result.fp_sram = read_bytes(folder / "fp_sram.bin");
  result.hbm_bytes = (2 * result.hbm.size() + 63) / 64 * 64;
  return !result.program.words.empty() && !result.hbm.empty();
}

/// Products of a 64-row activation with weights, written as upstream's generator writes a linear
/// layer: per column tile, load its weights, then per block of BLEN rows and columns sum over k.
Case generated_case(std::uint32_t blen) {
  constexpr std::uint32_t mlen = 64;
  constexpr std::uint32_t k_tiles = 6;
  constexpr std::uint32_t n_tiles = 80;
  Case result;
  result.name = "generated_m64b" + std::to_string(blen);
  result.settings.mlen = mlen;
  result.settings.vlen = mlen;
  result.settings.blen = blen;
  result.settings.hbm_v_prefetch_amount = mlen;
  result.settings.max_loop_instructions = 100'000'000;
  const std::uint32_t tile_bytes = mlen * mlen;
  result.hbm.resize((k_tiles + k_tiles * n_tiles) * (tile_bytes + tile_bytes / 8));
  std::uint32_t state = 1;
  for (std::uint8_t& byte : result.hbm) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24 & 0xBF); // elements below 2
  }
  result.hbm_bytes = (result.hbm.size() + 63) / 64 * 64;
  using isa::Opcode;
  const auto emit = [&](isa::Instr instr) {
    result.program.words.push_back(isa::encode(instr).value());
  };
  const auto instr = [](Opcode op, unsigned rd, unsigned rs1, unsigned rs2, std::uint32_t imm = 0) {
    return isa::Instr{
      op,
      static_cast<std::uint8_t>(rd),
      static_cast<std::uint8_t>(rs1),
      static_cast<std::uint8_t>(rs2),
      0,
      0,
      imm};
  };
  const auto set = [&](unsigned reg, std::uint32_t value) {
    emit(instr(Opcode::S_LUI_INT, reg, 0, 0, value >> 12));
    emit(instr(Opcode::S_ADDI_INT, reg, reg, 0, value & 4095));
  };
  // Scales of 2^0 for every block lie right after each tile.
  for (std::size_t tile = 0; tile < k_tiles + k_tiles * n_tiles; ++tile) {
    const auto first =
      result.hbm.begin() +
      static_cast<std::ptrdiff_t>(tile * (tile_bytes + tile_bytes / 8) + tile_bytes);
    std::fill(first, first + tile_bytes / 8, std::uint8_t{127});
  }
  set(1, tile_bytes);
  emit(instr(Opcode::C_SET_SCALE_REG, 1, 0, 0));
  for (std::uint32_t k = 0; k < k_tiles; ++k) {
    set(2, k * (tile_bytes + tile_bytes / 8));
    emit(instr(Opcode::C_SET_ADDR_REG, 0, 0, 2));
    set(3, k * tile_bytes);
    emit(instr(Opcode::H_PREFETCH_V, 3, 0, 0));
  }
  for (std::uint32_t n = 0; n < n_tiles; ++n) {
    for (std::uint32_t k = 0; k < k_tiles; ++k) {
      set(2, (k_tiles + n * k_tiles + k) * (tile_bytes + tile_bytes / 8));
      emit(instr(Opcode::C_SET_ADDR_REG, 0, 0, 2));
      set(3, k * tile_bytes);
      emit(instr(Opcode::H_PREFETCH_M, 3, 0, 0));
    }
    for (std::uint32_t column = 0; column < mlen; column += blen) {
      for (std::uint32_t row = 0; row < mlen; row += blen) {
        for (std::uint32_t k = 0; k < k_tiles; ++k) {
          set(4, k * tile_bytes + column * mlen);
          set(5, k * tile_bytes + row * mlen);
          emit(instr(Opcode::M_MM, 0, 4, 5));
        }
        set(6, k_tiles * tile_bytes + n * tile_bytes + row * mlen + column);
        emit(instr(Opcode::M_MM_WO, 6, 0, 0));
      }
    }
  }
  return result;
}

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

/// Processor time, so that other work on the machine counts less; the engine has one thread.
double seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

struct Timing {
  double median = 0;
  double spread = 0;
};

Timing measure(int repetitions, const std::function<void()>& work) {
  work(); // touches memory and fills caches
  std::vector<double> seconds;
  for (int i = 0; i < std::max(repetitions, 1); ++i) {
    seconds.push_back(seconds_of(work));
  }
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  return {median, (seconds.back() - seconds.front()) / median};
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
Timing baseline(std::uint64_t macs, int repetitions) {
  constexpr std::size_t m = 64;
  constexpr std::size_t k = 384;
  constexpr std::size_t n = 384;
  std::vector<float> a(m * k, 1.5f);
  std::vector<float> b(k * n, 0.25f);
  std::vector<float> c(m * n);
  volatile float sink = 0;
  const std::uint64_t per_product = std::uint64_t{m} * k * n;
  const std::uint64_t products = std::max<std::uint64_t>((macs + per_product / 2) / per_product, 1);
  Timing timing = measure(repetitions, [&] {
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
  const Timing timing = measure(repetitions, [&] {
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
    Case c;
    c.name = "clm60m_l0_m64b" + std::to_string(blen);
    if (!read_case(recorded / c.name, c)) {
      c = generated_case(blen);
    }
    rows.push_back(run_case(c, repetitions));
  }
  return rows;
}

} // namespace plena::bench
