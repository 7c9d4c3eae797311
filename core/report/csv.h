// Fields of comma-separated values.
#pragma once

#include <string>
#include <string_view>

namespace plena::report {

/// Names of models may be anything: an apostrophe before what spreadsheets would compute, or call,
/// has them take it as text. As the page's own tables do (web/src/lib/csv.ts).
std::string csv_field(std::string_view text);

} // namespace plena::report
