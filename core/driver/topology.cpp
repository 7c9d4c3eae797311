#include "driver/topology.h"

#include "config/config.h"

#include <fmt/format.h>

namespace plena::driver {

Result<std::string> topology(std::string_view toml) {
  const Result<config::Config> config = config::load(toml, {});
  if (!config) {
    return config.diagnostics();
  }
  return fmt::format(
    "mlen={} vlen={} hlen={} blen={} broadcast_amount={}",
    config->mlen,
    config->vlen,
    config->hlen,
    config->blen,
    config->broadcast_amount
  );
}

} // namespace plena::driver
