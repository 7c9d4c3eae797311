// Text tests that execute a program: `;;; RUN: exec --config NAME [KEY=VALUE ..]`.
#pragma once

#include "golden/text_file.h"

#include <string>

namespace plena::tests {

/// What comes out of a case: what the assembler has to say, the fault, the warnings, and the state
/// asked for (`SHOW`), or else everything that the program changed.
std::string run_exec(const std::string& head, const TextCase& text);

} // namespace plena::tests
