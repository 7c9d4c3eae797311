// What a legal tile program is. Codegen relies on it; a violation is a fault of an operator's
// lowering, never of the user's model.
#pragma once

#include "lower/lir.h"

#include <string>
#include <vector>

namespace plena::lower {

/// One line per violation, empty when the program is legal: operands match their row, registers are
/// written before they are read, register 0 is never written, loops nest and have their own
/// counters, which nothing else uses, no instruction opens, ends or leaves one, addresses lie inside
/// their symbols, immediates fit.
std::vector<std::string> verify(const Program& program);

} // namespace plena::lower
