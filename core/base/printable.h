// Texts of others on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace plena {

/// Control characters are escaped, a long text is cut.
std::string printable(std::string_view text);

} // namespace plena
