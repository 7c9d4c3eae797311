// What a caller asks of a compilation, from JSON.
#pragma once

#include "base/result.h"
#include "ir/graph.h"

#include <string_view>

namespace plena::report {

/// Members `opt`, `unroll` (names) and `keep_stages`, all optional. E_OPTIONS for text that is not a JSON
/// object, unknown members and values of another type; names are for the compiler to judge.
Result<ir::RunChoices> parse_choices(std::string_view json);

} // namespace plena::report
