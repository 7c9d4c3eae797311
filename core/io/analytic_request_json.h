// What the page asks of the closed-form models, as JSON (AnalyticRequest of wasm/plena.d.ts).
#pragma once

#include "analytic/request.h"

#include <string_view>

namespace plena::io {

/// E_JSON, E_TYPE, E_UNKNOWN_KEY, E_RANGE, each with a JSON pointer.
Result<analytic::Request> read_analytic_request(std::string_view text);

} // namespace plena::io
