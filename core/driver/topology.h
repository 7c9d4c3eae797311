// The machine of a settings file in upstream's words.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace plena::driver {

/// As upstream's emulator logs it: `mlen=64 vlen=64 ...`. What config::load says of the settings.
Result<std::string> topology(std::string_view toml);

} // namespace plena::driver
