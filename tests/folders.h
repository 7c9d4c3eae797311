// Where the tests find files. Told once, by folders.cpp, so that no other object depends on where a
// checkout lies and compiled objects can be shared between checkouts.
#pragma once

#include <filesystem>

namespace plena::tests {

/// The root of this checkout.
std::filesystem::path source_dir();

/// The recorded data of the reference tools, unpacked; may not exist.
std::filesystem::path shared_dir();

} // namespace plena::tests
