// The functional machine (emulator.md): registers, memories and the interpreter. A machine is
// created from its settings and images, given a program, and run in slices; stopping is not calling
// run again. Faults are values, warnings a counted list. Machines share nothing and may live side
// by side.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "emu/fault.h"
#include "emu/memory.h"
#include "emu/observer.h"
#include "isa/program.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plena::emu {

/// Contents at the start, little-endian (emulator.md 1.3, 1.4); what is not given is zero.
struct Images {
  std::span<const std::uint8_t> hbm{};
  std::span<const std::uint8_t> fp_sram{};  ///< IEEE binary16
  std::span<const std::uint8_t> int_sram{}; ///< u32
  std::span<const std::uint8_t> vram{};     ///< elements of VECTOR_SRAM_TYPE
};

struct Options {
  /// Replaces HBM_SIZE, like upstream's --hbm-size.
  std::optional<std::uint64_t> hbm_bytes{};
  /// Host memory for HBM, SRAMs and accumulators; using more is the fault `host_memory`.
  std::uint64_t memory_limit_bytes = std::uint64_t{1} << 31;
};

enum class Memory : std::uint8_t { vram, mram, fpsram, intsram, hbm };

struct RunResult {
  enum class Reason : std::uint8_t { Slice, Done, Fault };
  Reason reason = Reason::Slice;
  std::uint64_t executed = 0; ///< by this call
};

/// An open loop, innermost last.
struct LoopView {
  std::uint32_t start_pc = 0; ///< of its C_LOOP_START
  std::uint8_t reg = 0;
};

struct RegisterView {
  std::uint32_t pc = 0;
  std::array<std::uint32_t, 16> gp{};
  std::array<std::uint16_t, 8> f{}; ///< bf16 bits
  std::array<std::uint64_t, 16> a{};
  std::uint32_t scale = 0;
  std::uint32_t stride = 1;
  std::uint32_t v_mask = 0;
  std::vector<LoopView> loops{};
};

struct Counters {
  std::uint64_t executed = 0;
  std::array<std::uint64_t, 64> by_opcode{};
  std::uint64_t hbm_read_bytes = 0;    ///< 64 per block access
  std::uint64_t hbm_written_bytes = 0; ///< 64 per block access
};

class Machine {
 public:
  /// Errors: E_EMU_HBM_SIZE, E_EMU_HBM_IMAGE_SIZE, E_EMU_FP_SRAM_IMAGE_SIZE,
  /// E_EMU_INT_SRAM_IMAGE_SIZE, E_EMU_SRAM_FORMAT, E_EMU_HOST_MEMORY.
  static Result<Machine>
  create(const config::Machine& settings, const Images& images, const Options& options = {});
  ~Machine();
  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;

  /// Decodes the program and sets the pc to its start; memories and registers stay as they are. The
  /// fault, if any, is of kind `decode` and names the word.
  std::optional<Fault> load(const isa::Program& program);

  /// Executes at most `budget` instructions, and none once the pc is `stop_pc` or beyond: between loops
  /// that is a place in the program that has been reached. After Done or Fault further calls return the
  /// same reason and execute nothing. `observer` may be null.
  RunResult
  run(std::uint64_t budget, Observer* observer = nullptr, std::uint32_t stop_pc = UINT32_MAX);

  const std::optional<Fault>& fault() const;
  /// In the order of warnings.def.
  std::vector<Warning> warnings() const;
  const Counters& counters() const;
  RegisterView registers() const;
  std::uint32_t pc() const;

  /// The bytes of upstream's dump file of a memory, in order.
  void dump(Memory memory, DumpSink& sink) const;
  std::uint64_t dump_bytes(Memory memory) const;
  /// SHA-256 of the dump, lower-case hexadecimal.
  std::string dump_sha256(Memory memory) const;

  std::uint64_t vector_rows() const;
  std::uint32_t vlen() const;
  /// A row of the Vector SRAM; valid until the next run. `row` is inside.
  std::span<const float> vector_row(std::uint64_t row) const;
  std::uint64_t matrix_tiles() const;
  /// A tile, row-major (mlen, mlen); empty when it was never written (all zeros). `index` is
  /// inside.
  std::span<const float> matrix_tile(std::uint64_t index) const;
  /// bf16 bits.
  std::span<const std::uint16_t> fp_sram() const;
  std::span<const std::uint32_t> int_sram() const;
  std::uint64_t hbm_bytes() const;
  void read_hbm(std::uint64_t address, std::span<std::uint8_t> bytes) const;
  /// Replaces bytes before or between runs, e.g. by staged inputs. Errors: E_EMU_HBM_RANGE,
  /// E_EMU_HOST_MEMORY.
  Status write_hbm(std::uint64_t address, std::span<const std::uint8_t> bytes);
  /// Replaces the registers before or between runs; the pc and the open loops stay as they are.
  void set_registers(const RegisterView& values);
  /// Replaces entries of the FP SRAM by bf16 bits; `first` + their number is at most 1024.
  void write_fp_sram(std::size_t first, std::span<const std::uint16_t> bits);
  /// The same for the INT SRAM.
  void write_int_sram(std::size_t first, std::span<const std::uint32_t> entries);

 private:
  struct Impl;
  explicit Machine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace plena::emu
