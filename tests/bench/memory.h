// Memory that the process has had in use.
#pragma once

#include <cstdint>

namespace plena::bench {

std::uint64_t peak_memory();

/// Where the system can do that, peak_memory() is from here on.
void forget_peak_memory();

} // namespace plena::bench
