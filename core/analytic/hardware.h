// The machine of the closed-form model: numbers by the names of settings, and what instructions
// cost on it.
#pragma once

#include "analytic/expression.h"
#include "base/result.h"
#include "config/config.h"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::analytic {

enum class Insn : std::uint8_t {
#define PRICE(name, alone, pipelined) name,
#include "analytic/prices.def"
};
#define PRICE(name, alone, pipelined) +1
inline constexpr std::size_t insn_count = 0
#include "analytic/prices.def"
  ;

std::string_view to_string(Insn insn);

/// What expressions may name: the settings' keys, CONFIG then LATENCY, and SA_ACC_CYCLES.
std::span<const std::string_view> setting_names();
/// The position of a name, or its count.
std::size_t setting_index(std::string_view name);

struct LatencyProfile {
  std::string_view name;
  bool enabled = true; ///< the settings' column dc_lib_en where nothing is said
  std::uint32_t clock_mhz = 1000;
  std::string_view meaning;
};
std::span<const LatencyProfile> latency_profiles();
/// E_ANALYTIC_LATENCY for a name that is no profile; empty is the first.
Result<const LatencyProfile*> find_latency_profile(std::string_view name);

/// Numbers of a machine by name, in the order of `setting_names`.
using Settings = std::vector<std::int64_t>;
/// SA_ACC_CYCLES is left for `make_hardware`.
Settings settings_of(const config::Machine& machine, const LatencyProfile& profile);

/// Expressions of all instructions.
class PriceTable {
 public:
  struct Row {
    Expression alone;
    Expression pipelined;
  };

  /// Upstream's.
  static const PriceTable& standard();
  /// With others in place of some: `NAME.pipelined` or `NAME.alone` to text. E_ANALYTIC_PRICE for a
  /// name that has no row, E_EXPRESSION for a text that is no expression; all are collected.
  static Result<PriceTable> with(const std::map<std::string, std::string>& changes);

  const Row& row(Insn insn) const { return rows_[static_cast<std::size_t>(insn)]; }

 private:
  std::vector<Row> rows_;
};

struct Hardware {
  std::uint64_t mlen = 0;
  std::uint64_t blen = 0;
  std::uint64_t vlen = 0;
  std::uint64_t hlen = 0;
  std::uint64_t v_prefetch = 0;
  std::uint64_t vector_sram_elems = 0;
  std::uint64_t vector_sram_rows = 0;
  std::uint64_t matrix_sram_rows = 0;
  std::uint64_t hbm_bytes = 0;
  std::uint64_t hbm_width = 0; ///< bits
  std::array<std::uint64_t, insn_count> prices{};

  std::uint64_t operator[](Insn insn) const { return prices[static_cast<std::size_t>(insn)]; }

  /// Of the matrix unit, BLEN columns of MLEN products a cycle, and of the vector unit.
  std::uint64_t multipliers() const { return mlen * blen + vlen; }
};

/// E_ANALYTIC_MACHINE for a machine that the model cannot describe, E_EXPRESSION and
/// E_ANALYTIC_PRICE for prices that are no positive number on it. The note W_ANALYTIC_TILE where
/// no whole tile fits.
Result<Hardware> make_hardware(Settings settings, const PriceTable& table = PriceTable::standard());

} // namespace plena::analytic
