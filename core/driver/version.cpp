// The release that this is, and nothing else: it alone is compiled anew for another number.
#include "driver/tools.h"

namespace plena::driver {

std::string_view version() { return PLENA_VERSION; }

} // namespace plena::driver
