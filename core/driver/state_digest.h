// One digest of all memories, quick for machines with gigabytes of untouched memory.
#pragma once

#include "emu/machine.h"

#include <string>

namespace plena::driver {

/// SHA-256 over the memories in the order vram, mram, fpsram, intsram, hbm, as upstream dumps them:
/// for each its size in bytes (u64), then for each 4096-byte block that is not all zeros the
/// block's number (u64) and its bytes, the last block padded with zeros. Integers are
/// little-endian.
std::string state_digest(const emu::Machine& machine);

} // namespace plena::driver
