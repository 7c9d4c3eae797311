#include "io/byte_source.h"

#include "base/size.h"

#include <algorithm>

namespace plena::io {

Status MemoryBytes::read(std::uint64_t offset, std::span<std::uint8_t> bytes) const {
  PLENA_CHECK(offset <= bytes_.size() && bytes.size() <= bytes_.size() - offset);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(), bytes.begin());
  return Done{};
}

std::string base_name(const std::string& name) {
  const std::size_t slash = name.find_last_of("/\\");
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

Result<std::vector<std::uint8_t>> read_all(const ModelFile& file, std::uint64_t max_bytes) {
  const std::uint64_t size = file.bytes->size();
  if (size > max_bytes) {
    return Diagnostic{
      .code = "E_RESOURCE",
      .message = "the file has " + std::to_string(size) + " bytes",
      .hint = "files of this kind have at most " + std::to_string(max_bytes),
      .file = file.name};
  }
  std::vector<std::uint8_t> bytes(to_size(size));
  if (Status read = file.bytes->read(0, bytes); !read) {
    return std::move(read).diagnostics();
  }
  return bytes;
}

} // namespace plena::io
