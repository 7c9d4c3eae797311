// What stopped a run, in words.
#pragma once

#include "base/diagnostic.h"
#include "emu/fault.h"

namespace plena::driver {

/// A fault as the command line prints it and the page marks it.
Diagnostic diagnostic_of(const emu::Fault& fault);

} // namespace plena::driver
