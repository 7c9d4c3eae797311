// Runs one entry over the kept files of a folder and over seeded mutations of them: every input, however
// broken, gives a result or complete diagnostics, never a crash and never a long wait.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// Gets the bytes and the name of the file that they come from.
using Entry = std::function<void(const Bytes& bytes, const std::string& name)>;

/// `folder` lies in tests/fuzz/seeds; only names that end in `suffix` are taken. `mutations` is
/// their number in all, times the environment variable PLENA_FUZZ when it is set. A failure names
/// the seed and the number of the mutation.
void run(std::string_view folder, std::string_view suffix, unsigned mutations, const Entry& entry);

inline std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace plena::fuzz
