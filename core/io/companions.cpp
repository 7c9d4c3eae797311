#include "io/companions.h"

#include "base/sha256.h"
#include "base/size.h"

namespace plena::io {

namespace {

Diagnostic missing(std::string message, std::string hint, std::string_view file) {
  return {
    .code = "E_EXTERNAL_DATA",
    .message = std::move(message),
    .hint = std::move(hint),
    .file = std::string(file)};
}

/// Names of files in the model's own folder only: no directories, on no system.
bool is_plain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

} // namespace

Result<ModelFile> Companions::file(std::string_view name) {
  if (!is_plain(name)) {
    return missing(
      "\"" + std::string(name) + "\" is no plain name of a file",
      "values lie in files beside the model's: name them without directories",
      name
    );
  }
  const auto known = files_.find(name);
  if (known != files_.end()) {
    return known->second;
  }
  std::optional<ModelFile> found = find_ ? find_(name) : std::nullopt;
  if (!found) {
    return missing(
      "the values lie in the file " + std::string(name) + ", which is not there",
      "give it together with the model",
      name
    );
  }
  return files_.emplace(std::string(name), std::move(*found)).first->second;
}

Result<std::vector<std::uint8_t>>
Companions::read(std::string_view name, std::uint64_t offset, std::optional<std::uint64_t> length) {
  const Result<ModelFile> found = file(name);
  if (!found) {
    return found.diagnostics();
  }
  const std::uint64_t size = found->bytes->size();
  if (offset > size || length.value_or(0) > size - offset) {
    return missing(
      "bytes " + std::to_string(offset) +
        (length ? " to " + std::to_string(offset + *length) : std::string(" and on")) +
        " are wanted, the file has " + std::to_string(size),
      "the file is cut short, or belongs to another model",
      name
    );
  }
  std::vector<std::uint8_t> bytes(to_size(length.value_or(size - offset)));
  if (Status read = found->bytes->read(offset, bytes); !read) {
    return std::move(read).diagnostics();
  }
  note(name, std::to_string(offset), bytes);
  return bytes;
}

Result<const Safetensors*> Companions::tensors(std::string_view name) {
  const auto known = tensors_.find(name);
  if (known != tensors_.end()) {
    return &known->second;
  }
  const Result<ModelFile> found = file(name);
  if (!found) {
    return found.diagnostics();
  }
  Result<Safetensors> opened = Safetensors::open(*found);
  if (!opened) {
    return std::move(opened).diagnostics();
  }
  return &tensors_.emplace(std::string(name), std::move(*opened)).first->second;
}

void Companions::note(
  std::string_view name, std::string_view key, std::span<const std::uint8_t> bytes
) {
  told_ += std::string(name) + "\n" + std::string(key) + "\n" + sha256_hex(bytes) + "\n";
}

std::string Companions::digest(const std::string& own) const {
  const std::string all = own + "\n" + told_;
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(all.data()), all.size()});
}

} // namespace plena::io
