// Section PLAYGROUND.PRICES of a settings file: what the closed-form model (core/analytic) takes
// for instructions, as `[PLAYGROUND.PRICES.M_MM] pipelined = "MLEN"`. Upstream ignores it.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace plena::config {

/// Texts by `INSTRUCTION.form`; what they mean is for core/analytic.
using Prices = std::map<std::string, std::string>;

/// Errors are those of `load`.
Result<Prices> load_prices(std::string_view toml, std::string_view file);

} // namespace plena::config
