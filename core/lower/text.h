// A tile program as text, one item per line, for dumps and tests.
#pragma once

#include "lower/lir.h"

#include <string>

namespace plena::lower {

/// Virtual registers are written g1, f1, a1; absolute values as `g1 = 4096`, loops as `loop g1, 16`
/// with their items indented up to `end g1`.
std::string to_text(const Program& program);

} // namespace plena::lower
