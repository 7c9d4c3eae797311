// Rules between keys (emulator.md 2.5, 3.9). An error is what this machine cannot represent; a
// warning is a machine that upstream accepts, but on which some instructions fault or give odd
// values.
#include "config/config.h"
#include "numerics/minifloat.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::config {

namespace {

using numerics::ScalarFormat;
using numerics::StorageFormat;

/// Elements of a scalar memory, tile or transfer that this machine can address.
constexpr std::uint64_t max_sram_elems = std::uint64_t{1} << 40;

// An instruction runs to its end before anyone can stop it, so the largest one is bounded: about
// 20 ms natively, 0.3 s when all numbers are infinite or NaN. Upstream's machines stay far below.
constexpr std::uint64_t max_products = std::uint64_t{1} << 27;
constexpr std::uint64_t max_head_elems = std::uint64_t{1} << 25;
constexpr std::uint64_t max_transfer_elems = std::uint64_t{1} << 22;
/// A row of a transfer costs at least as much as this many elements.
constexpr std::uint64_t row_overhead_elems = 64;

class Rules {
 public:
  Rules(const Machine& machine, std::string_view section) : machine_(machine), section_(section) {}

  Diagnostics run() {
    sizes();
    shapes();
    work();
    sram_types();
    hbm_type("HBM_M_WEIGHT_TYPE", machine_.hbm_m_weight_type, machine_.mlen);
    hbm_type("HBM_M_KV_TYPE", machine_.hbm_m_kv_type, machine_.mlen);
    hbm_type("HBM_V_ACT_TYPE", machine_.hbm_v_act_type, machine_.vlen);
    hbm_type("HBM_V_KV_TYPE", machine_.hbm_v_kv_type, machine_.vlen);
    return std::move(diagnostics_);
  }

 private:
  void add(
    Severity severity,
    std::string_view code,
    std::string_view group,
    std::string_view key,
    std::string message,
    std::string hint
  ) {
    Diagnostic diagnostic{
      .severity = severity,
      .code = std::string(code),
      .message = std::move(message),
      .hint = std::move(hint)};
    diagnostic.where = fmt::format("{}.{}.{}", section_, group, key);
    diagnostics_.push_back(std::move(diagnostic));
  }
  void error(std::string_view code, std::string_view key, std::string message, std::string hint) {
    add(Severity::Error, code, "CONFIG", key, std::move(message), std::move(hint));
  }
  void warn(std::string_view code, std::string_view key, std::string message, std::string hint) {
    add(Severity::Warning, code, "CONFIG", key, std::move(message), std::move(hint));
  }

  void sizes() {
    const Machine& m = machine_;
    if (m.mlen == 0 || m.vlen == 0 || m.blen == 0 || m.hlen == 0) {
      error("E_SETTINGS_ZERO", "MLEN", "MLEN, VLEN, BLEN and HLEN must not be 0", "use 1 or more");
      return;
    }
    if (m.hbm_size == 0 || m.hbm_size % 64 != 0) {
      error(
        "E_SETTINGS_HBM_SIZE",
        "HBM_SIZE",
        fmt::format("HBM_SIZE is {}, which is not a multiple of 64 bytes", m.hbm_size),
        fmt::format("use {}", (m.hbm_size / 64 + 1) * 64)
      );
    }
    if (m.matrix_sram_size > max_sram_elems / m.mlen) {
      error(
        "E_SETTINGS_SRAM_SIZE",
        "MATRIX_SRAM_SIZE",
        "the Matrix SRAM has more than 2^40 elements",
        "reduce MATRIX_SRAM_SIZE or MLEN"
      );
    }
    if (m.vector_sram_size > max_sram_elems / m.vlen) {
      error(
        "E_SETTINGS_SRAM_SIZE",
        "VECTOR_SRAM_SIZE",
        "the Vector SRAM has more than 2^40 elements",
        "reduce VECTOR_SRAM_SIZE or VLEN"
      );
    }
    if (m.matrix_tiles() == 0) {
      warn(
        "W_SETTINGS_NO_TILE",
        "MATRIX_SRAM_SIZE",
        fmt::format(
          "{} rows are less than one tile of MLEN = {}: matrix instructions fault",
          m.matrix_sram_size,
          m.mlen
        ),
        "use at least MLEN rows"
      );
    }
    // Element addresses in registers are 32 bits wide.
    constexpr std::uint64_t addressable = std::uint64_t{1} << 32;
    if (m.matrix_sram_elems() > addressable || m.vector_sram_elems() > addressable) {
      warn(
        "W_SETTINGS_UNREACHABLE",
        m.matrix_sram_elems() > addressable ? "MATRIX_SRAM_SIZE" : "VECTOR_SRAM_SIZE",
        "the memory has more than 2^32 elements: the rest cannot be addressed",
        "reduce the number of rows"
      );
    }
  }

  void shapes() {
    const Machine& m = machine_;
    if (m.mlen == 0 || m.vlen == 0 || m.blen == 0 || m.hlen == 0) {
      return;
    }
    if (m.vlen != m.mlen) {
      warn(
        "W_SETTINGS_VLEN",
        "VLEN",
        fmt::format("VLEN is {} and MLEN {}: matrix instructions fault", m.vlen, m.mlen),
        "make them equal, unless programs use vectors only"
      );
    }
    if (m.mlen % m.blen != 0) {
      warn(
        "W_SETTINGS_BLEN",
        "BLEN",
        fmt::format("BLEN = {} does not divide MLEN = {}", m.blen, m.mlen),
        "choose a divisor of MLEN"
      );
    }
    if (m.vlen % m.hlen != 0) {
      warn(
        "W_SETTINGS_HLEN",
        "HLEN",
        fmt::format(
          "HLEN = {} does not divide VLEN = {}: the last lanes belong to no mask group",
          m.hlen,
          m.vlen
        ),
        "choose a divisor of VLEN"
      );
    }
    if (!m.broadcast_fits()) {
      warn(
        "W_SETTINGS_BROADCAST",
        "BROADCAST_AMOUNT",
        fmt::format(
          "BROADCAST_AMOUNT * HLEN is {}, not MLEN = {}: broadcast products fault",
          std::uint64_t{m.broadcast_amount} * m.hlen,
          m.mlen
        ),
        "choose BROADCAST_AMOUNT * HLEN = MLEN"
      );
    }
    if (m.hbm_v_prefetch_amount == 0 || m.hbm_v_writeback_amount == 0) {
      warn(
        "W_SETTINGS_AMOUNT",
        m.hbm_v_prefetch_amount == 0 ? "HBM_V_Prefetch_Amount" : "HBM_V_Writeback_Amount",
        "a transfer of 0 rows faults when executed",
        "use BLEN"
      );
    }
  }

  /// The longest instructions: matrix products, which fault unless MLEN = VLEN, and transfers.
  void work() {
    const Machine& m = machine_;
    if (m.mlen == 0 || m.vlen == 0) {
      return;
    }
    const auto refuse = [&](std::string_view key, std::string_view what, std::uint64_t limit) {
      error(
        "E_SETTINGS_WORK",
        key,
        fmt::format("one instruction would make more than {} {}", limit, what),
        "an instruction cannot be interrupted: choose a smaller machine"
      );
    };
    const std::uint64_t mlen = m.mlen;
    const std::uint64_t blen = m.blen;
    if (m.vlen == m.mlen && blen <= mlen && mlen > max_products / (blen * blen)) {
      refuse("BLEN", "products (BLEN * BLEN * MLEN)", max_products);
    }
    if (m.vlen == m.mlen && m.broadcast_fits()) {
      if (mlen * mlen > max_products / mlen) {
        refuse(
          "MLEN", "products (MLEN * MLEN * MLEN, as BROADCAST_AMOUNT * HLEN = MLEN)", max_products
        );
      } else if (m.broadcast_amount > max_head_elems / (mlen * mlen)) {
        refuse("BROADCAST_AMOUNT", "sums (BROADCAST_AMOUNT * MLEN * MLEN)", max_head_elems);
      }
    }
    transfer("HBM_M_Prefetch_Amount", m.m_prefetch_rows(), m.mlen);
    transfer("HBM_V_Prefetch_Amount", m.hbm_v_prefetch_amount, m.vlen);
    transfer("HBM_V_Writeback_Amount", m.hbm_v_writeback_amount, m.vlen);
  }

  void transfer(std::string_view key, std::uint64_t rows, std::uint64_t lanes) {
    const std::uint64_t most = max_transfer_elems / std::max(lanes, row_overhead_elems);
    if (rows > most) {
      error(
        "E_SETTINGS_WORK",
        key,
        fmt::format("one instruction would move {} rows of {} elements", rows, lanes),
        most == 0 ? "an instruction cannot be interrupted: choose shorter rows"
                  : fmt::format("an instruction cannot be interrupted: {} rows are the limit", most)
      );
    }
  }

  void sram_types() {
    const auto check = [&](std::string_view key, const ScalarFormat& format) {
      if (!numerics::is_supported(format)) {
        unsupported(key, "32-bit and wider elements are read back wrongly by the machine");
      } else if (format != numerics::bf16) {
        odd(key, "values other than bf16 are not stored as ordinary numbers", "use bf16");
      }
    };
    check("MATRIX_SRAM_TYPE", machine_.matrix_sram_type.element);
    check("VECTOR_SRAM_TYPE", machine_.vector_sram_type.element);
    if (machine_.scalar_fp != numerics::bf16) {
      odd("SCALAR_FP", "scalars are bf16 whatever this key says", "use bf16");
    }
  }

  void hbm_type(std::string_view key, const StorageFormat& format, std::uint32_t row) {
    const auto whole = [](const ScalarFormat& f) { return f.width == 8 || f.width == 16; };
    if (!numerics::is_supported(format.element) || !whole(format.element)) {
      unsupported(key, "elements must have 8 or 16 bits and at most 8 exponent bits");
      return;
    }
    const bool narrow =
      format.element.kind == ScalarFormat::Kind::Fp && format.element.exponent < 8;
    if (!format.mx) {
      if (narrow) {
        odd(key, "stores write wrong values for fewer than 8 exponent bits", "use bf16 or MX");
      }
      return;
    }
    if (!numerics::is_supported(format.scale) || !whole(format.scale)) {
      unsupported(key, "scales must have 8 or 16 bits and at most 8 exponent bits");
      return;
    }
    if (format.scale.kind != ScalarFormat::Kind::Fp || format.scale.exponent < 8) {
      odd(key, "stores write wrong scales for fewer than 8 exponent bits", "use E8M0 scales");
    }
    if (format.element.kind == ScalarFormat::Kind::Int) {
      odd(key, "integer elements are read as unsigned and stored as -1, 0 or 1", "use E4M3");
    }
    if (format.block != 0 && row % format.block != 0) {
      odd(
        key,
        fmt::format("rows of {} elements are not whole blocks of {}", row, format.block),
        "choose a block size that divides the row"
      );
    } else if (format.block != 0 && row / format.block * format.scale.width / 8 > 64) {
      odd(
        key,
        fmt::format("rows of {} elements have more than 64 bytes of scales: loads lose some", row),
        "choose shorter rows or larger blocks"
      );
    }
  }

  void unsupported(std::string_view key, std::string reason) {
    add(
      Severity::Error,
      "E_SETTINGS_FORMAT",
      "PRECISION",
      key,
      std::move(reason),
      "use bf16 or MX E4M3"
    );
  }
  void odd(std::string_view key, std::string reason, std::string hint) {
    add(
      Severity::Warning, "W_SETTINGS_FORMAT", "PRECISION", key, std::move(reason), std::move(hint)
    );
  }

  const Machine& machine_;
  std::string_view section_;
  Diagnostics diagnostics_;
};

} // namespace

Diagnostics validate(const Machine& machine, std::string_view section) {
  return Rules(machine, section).run();
}

} // namespace plena::config
