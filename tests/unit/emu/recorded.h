// Runs a recorded program: settings, images and words from a folder.
#pragma once

#include "config/config.h"
#include "emu/machine.h"
#include "shared_data.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace plena::tests {

/// Words of a `.mem` file that is known to be well formed.
inline isa::Program read_mem(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  isa::Program program;
  for (std::size_t at = text.find("0x"); at != std::string::npos; at = text.find("0x", at + 2)) {
    std::uint32_t word = 0;
    std::from_chars(text.data() + at + 2, text.data() + text.size(), word, 16);
    program.words.push_back(word);
  }
  return program;
}

inline std::vector<std::uint8_t> read_optional(const std::filesystem::path& path) {
  return std::filesystem::exists(path) ? read_bytes(path) : std::vector<std::uint8_t>{};
}

/// Files of a recorded case; what is absent is empty.
struct RecordedInputs {
  isa::Program program;
  std::string settings;
  std::vector<std::uint8_t> hbm;
  std::vector<std::uint8_t> fp_sram;
  std::vector<std::uint8_t> int_sram;
  std::vector<std::uint8_t> vram;

  emu::Images images() const { return {hbm, fp_sram, int_sram, vram}; }
};

inline RecordedInputs
read_inputs(const std::filesystem::path& folder, const std::string& vram_name) {
  return {
    read_mem(folder / "program.mem"),
    read_text(folder / "settings.toml"),
    read_optional(folder / "hbm.bin"),
    read_optional(folder / "fp_sram.bin"),
    read_optional(folder / "int_sram.bin"),
    read_optional(folder / vram_name),
  };
}

struct NamedMemory {
  const char* name;
  emu::Memory memory;
};
inline constexpr NamedMemory named_memories[]{
  {"vram", emu::Memory::vram},
  {"mram", emu::Memory::mram},
  {"fpsram", emu::Memory::fpsram},
  {"intsram", emu::Memory::intsram},
  {"hbm", emu::Memory::hbm},
};

} // namespace plena::tests
