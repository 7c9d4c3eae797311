// The machine described: every number the emulator, the compiler and the timing take from
// upstream's plena_settings.toml. Built once by load(), then passed as const&. Fields come from
// keys.def.
#pragma once

#include "base/result.h"
#include "config/timing.h"
#include "numerics/formats.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::config {

/// Cycles of one operation, with and without the vendor's component library.
struct Latency {
  std::uint32_t dc_lib_en = 0;
  std::uint32_t dc_lib_dis = 0;

  bool operator==(const Latency&) const = default;
};

inline constexpr numerics::StorageFormat mx_e4m3{numerics::e4m3, true, 8, numerics::e8m0};
inline constexpr numerics::StorageFormat plain_int32{
  numerics::ScalarFormat::integer(32), false, 1, numerics::e8m0};

/// The values of one section (TRANSACTIONAL or ANALYTIC). Sizes of the SRAMs are in rows of MLEN or
/// VLEN elements, HBM_SIZE is in bytes. The default is the machine that upstream ships.
struct Machine {
#define CONFIG_KEY(type, KEY, field, initial, unit, min, max, need, meaning) type field = initial;
#define PRECISION_KEY(type, KEY, field, initial, meaning) type field = initial;
#define LATENCY_KEY(KEY, field, enabled, disabled, need, meaning) Latency field{enabled, disabled};
#include "config/keys.def"

  /// Elements of a matrix tile, MLEN x MLEN.
  std::uint64_t tile_elems() const { return std::uint64_t{mlen} * mlen; }
  /// Whole tiles in the Matrix SRAM.
  std::uint64_t matrix_tiles() const { return matrix_sram_size / mlen; }
  std::uint64_t matrix_sram_elems() const { return matrix_tiles() * tile_elems(); }
  std::uint64_t vector_sram_elems() const { return vector_sram_size * vlen; }
  /// Rows that one H_PREFETCH_M loads: the configured amount, at least MLEN, in whole tiles.
  std::uint64_t m_prefetch_rows() const {
    const std::uint64_t rows = hbm_m_prefetch_amount < mlen ? mlen : hbm_m_prefetch_amount;
    return (rows + mlen - 1) / mlen * mlen;
  }
  std::uint64_t m_prefetch_tiles() const { return m_prefetch_rows() / mlen; }
  /// Groups of HLEN lanes that v_mask selects; lanes beyond the last whole group belong to none.
  std::uint32_t mask_groups() const { return vlen / hlen; }
  /// Heads and lanes fill a row, as the broadcast products demand when they execute.
  bool broadcast_fits() const { return std::uint64_t{broadcast_amount} * hlen == mlen; }
  /// The cycles in force.
  std::uint32_t cycles(const Latency& latency) const {
    return dc_en != 0 ? latency.dc_lib_en : latency.dc_lib_dis;
  }

  bool operator==(const Machine&) const = default;
};

/// Everything a settings file says. The members of Machine are the section TRANSACTIONAL.
struct Config : Machine {
  Timing timing{};                         ///< section PLAYGROUND.TIMING
  std::optional<Machine> analytic{};       ///< section ANALYTIC, when present and complete
  std::string mode{};                      ///< MODE.active; nothing reads it
  std::vector<std::string> unknown_keys{}; ///< dotted paths, in file order

  bool operator==(const Config&) const = default;
};

/// Reads a settings file. Errors where upstream would silently run another machine: broken TOML, a
/// missing key, a wrong type, a value this machine cannot represent. All errors are collected.
/// `file` is only the name in the diagnostics.
Result<Config> load(std::string_view toml, std::string_view file);

/// Rules between keys, of one section: errors for what cannot be represented, warnings for machines
/// that upstream accepts but that some instructions fault on. load() includes them.
Diagnostics validate(const Machine& machine, std::string_view section);

/// Numbers of a machine under short names: mlen, vlen, blen, hlen, broadcast, mram_tiles, vram_rows,
/// hbm_bytes.
using MachineNumbers = std::map<std::string, std::uint64_t>;

/// The machine with some numbers replaced, and what goes with them: rows per transfer follow `mlen` and
/// `blen`, and `vlen` follows `mlen` unless it is given. Errors have the name as their place when they
/// are about one number, and its key else.
Result<Config> with_numbers(const Config& config, const MachineNumbers& numbers);

/// The short name of the number that a key of SECTION.CONFIG holds as it is; empty: none.
std::string_view number_of_key(std::string_view key);
/// Whether `with_numbers` knows the name.
bool is_machine_number(std::string_view name);

/// JSON Schema of a settings file.
std::string schema();
/// The key table as Markdown.
std::string keys_markdown();
/// The keys as a JSON array of KeyInfo (wasm/plena.d.ts).
std::string describe_keys_json();
/// Values in force by dotted path without the section, as a JSON object.
std::string values_json(const Config& config);

/// A settings file that comes with the project (configs/).
struct Preset {
  std::string_view name;  ///< file name without suffix
  std::string_view title; ///< its first line, without the comment sign
  std::string_view toml;
};
/// All presets, by name.
std::span<const Preset> presets();
/// The preset called `name`, or null.
const Preset* find_preset(std::string_view name);

} // namespace plena::config
