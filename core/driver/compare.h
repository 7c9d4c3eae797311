// Two sessions number by number.
#pragma once

#include "driver/session.h"
#include "report/comparison.h"

#include <string>

namespace plena::driver {

/// What a session's program and finished run amount to. The error is known after `verify`.
report::Side side_of(const Session& session, std::string name);

} // namespace plena::driver
