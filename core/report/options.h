// What a caller asks of a compilation, from JSON.
#pragma once

#include "base/result.h"
#include "ir/choices.h"

#include <string_view>

namespace plena::report {

/// Members as ir/choices.def lists them, all optional. E_OPTIONS for text that is not a JSON object,
/// unknown members and values of another type; names of values are for the compiler to judge.
Result<ir::RunChoices> parse_choices(std::string_view json);

} // namespace plena::report
