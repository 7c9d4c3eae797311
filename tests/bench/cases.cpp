#include "bench/cases.h"

#include "isa/codec.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>

namespace plena::bench {

namespace {

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

} // namespace

Case model_case(const std::filesystem::path& recorded, std::uint32_t blen) {
  Case result;
  result.name = "clm60m_l0_m64b" + std::to_string(blen);
  return read_case(recorded / result.name, result) ? result : generated_case(blen);
}

double seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

Seconds measure(int repetitions, const std::function<void()>& work) {
  return measure_in_turn(repetitions, {work}).front();
}

std::vector<Seconds>
measure_in_turn(int repetitions, const std::vector<std::function<void()>>& works) {
  std::vector<std::vector<double>> taken(works.size());
  for (const auto& work : works) {
    work();
  }
  for (int i = 0; i < std::max(repetitions, 1); ++i) {
    for (std::size_t w = 0; w < works.size(); ++w) {
      taken[w].push_back(seconds_of(works[w]));
    }
  }
  std::vector<Seconds> result;
  for (std::vector<double>& seconds : taken) {
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    result.push_back({median, (seconds.back() - seconds.front()) / median});
  }
  return result;
}

} // namespace plena::bench
