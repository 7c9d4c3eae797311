// Words to canonical assembly text (isa.md 6).
#pragma once

#include "isa/program.h"

#include <span>
#include <string>

namespace plena::assembly {

/// One line per word; a comment line `; text` before the word it names. A text of several lines
/// gives several comment lines. Comments are in order of `before`; those past the end come last.
std::string print(const isa::Program& program, std::span<const isa::Comment> comments = {});

} // namespace plena::assembly
