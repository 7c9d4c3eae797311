#include "io/companions.h"

#include "base/sha256.h"
#include "base/size.h"

#include <algorithm>

namespace plena::io {

namespace {

/// So many times its own bytes may be taken out of a file, whatever a model of a few lines asks
/// for; of small files more.
constexpr std::uint64_t most_times = 16;
constexpr std::uint64_t always_allowed = std::uint64_t{64} << 20;

Diagnostic missing(std::string message, std::string hint, std::string_view file) {
  return {
    .code = "E_EXTERNAL_DATA",
    .message = std::move(message),
    .hint = std::move(hint),
    .file = std::string(file)};
}

} // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

Result<ModelFile> Companions::file(std::string_view name) {
  if (!is_plain_name(name)) {
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
      (length ? std::to_string(*length) + " bytes" : std::string("the bytes")) + " from byte " +
        std::to_string(offset) + " on are wanted, the file has " + std::to_string(size),
      "the file is cut short, or belongs to another model",
      name
    );
  }
  const std::uint64_t count = length.value_or(size - offset);
  std::uint64_t& taken = taken_[std::string(name)];
  const std::uint64_t times = (taken + count) / std::max<std::uint64_t>(size, 1);
  if (taken + count > always_allowed && times > most_times) {
    return Diagnostic{
      .code = "E_RESOURCE",
      .message = "the values of " + std::string(name) + " are used more than " +
                 std::to_string(most_times) + " times over",
      .hint = "give tensors with the same values once, and use that one everywhere",
      .file = std::string(name)};
  }
  taken += count;
  std::vector<std::uint8_t> bytes(to_size(count));
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
