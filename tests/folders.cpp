#include "folders.h"

namespace plena::tests {

std::filesystem::path source_dir() { return PLENA_SOURCE_DIR; }

std::filesystem::path shared_dir() { return PLENA_SHARED_DIR; }

} // namespace plena::tests
