// What the reports of `--json` hold.
#pragma once

#include <string>

namespace plena::cli {

/// A table for each command, as Markdown. A key that ends in `.*` stands for names of the run
/// itself: stages, causes, settings; `[]` for the members of a list.
std::string reports_markdown();

} // namespace plena::cli
