#include "lower/tiling.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::lower {

namespace {

Diagnostic bad(std::string key, std::string message, std::string hint) {
  return {
    Severity::Error, "E_HARDWARE", std::move(message), std::move(hint), {}, {}, std::move(key)};
}

} // namespace

Result<Tiling> tiling_for(const config::Config& config) {
  Diagnostics errors;
  if (config.vlen != config.mlen) {
    errors.push_back(bad(
      "VLEN",
      fmt::format(
        "VLEN is {} and MLEN {}: matrix products need them equal", config.vlen, config.mlen
      ),
      "set VLEN to the value of MLEN"
    ));
  }
  if (config.blen == 0 || config.mlen % config.blen != 0) {
    errors.push_back(bad(
      "BLEN",
      fmt::format("MLEN {} is not a multiple of BLEN {}", config.mlen, config.blen),
      "choose a BLEN that divides MLEN"
    ));
  }
  if (config.hbm_v_prefetch_amount == 0) {
    errors.push_back(bad(
      "HBM_V_Prefetch_Amount", "HBM_V_Prefetch_Amount is 0: nothing can be loaded", "set it to BLEN"
    ));
  }
  if (config.vector_sram_type != numerics::StorageFormat{}) {
    errors.push_back(
      bad("VECTOR_SRAM_TYPE", "VECTOR_SRAM_TYPE is not bf16", "the compiler needs plain bf16 rows")
    );
  }
  if (config.matrix_tiles() < config.m_prefetch_tiles()) {
    errors.push_back(bad(
      "MATRIX_SRAM_SIZE",
      fmt::format(
        "the Matrix SRAM holds {} tiles, but one H_PREFETCH_M loads {}",
        config.matrix_tiles(),
        config.m_prefetch_tiles()
      ),
      "raise MATRIX_SRAM_SIZE or lower HBM_M_Prefetch_Amount"
    ));
  }
  if (!errors.empty()) {
    return errors;
  }
  return Tiling{
    config.mlen,
    config.blen,
    config.hbm_v_prefetch_amount,
    config.m_prefetch_tiles(),
    config.matrix_tiles(),
    std::uint64_t{config.hlen} * config.broadcast_amount == config.mlen ? config.broadcast_amount
                                                                        : 1};
}

} // namespace plena::lower
