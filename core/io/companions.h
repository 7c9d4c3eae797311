// Files beside a model's own that hold values of its tensors, and what has been read of them.
#pragma once

#include "io/byte_source.h"
#include "io/safetensors_json.h"

#include <functional>
#include <map>
#include <optional>

namespace plena::io {

/// Of files in a model's own folder only: no directories, on no system.
bool is_plain_name(std::string_view name);

class Companions {
 public:
  /// A file by its plain name; nothing when there is none.
  using Find = std::function<std::optional<ModelFile>(std::string_view name)>;

  explicit Companions(Find find) : find_(std::move(find)) {}

  /// `length` bytes from `offset` on, by default to the end. E_EXTERNAL_DATA for a name with
  /// directories, a file that is not there and bytes behind its end; E_RESOURCE where a file is
  /// read over and over.
  Result<std::vector<std::uint8_t>>
  read(std::string_view name, std::uint64_t offset, std::optional<std::uint64_t> length);
  /// A file of tensors; what `Safetensors::open` says, too.
  Result<const Safetensors*> tensors(std::string_view name);
  /// Counts values of a file of tensors among what was read.
  void note(std::string_view name, std::string_view key, std::span<const std::uint8_t> bytes);

  bool used() const { return !told_.empty(); }
  /// Of everything that was read, in the order of reading, behind a digest of the model's own file.
  std::string digest(const std::string& own) const;

 private:
  Result<ModelFile> file(std::string_view name);

  Find find_;
  std::map<std::string, ModelFile, std::less<>> files_;
  std::map<std::string, Safetensors, std::less<>> tensors_;
  std::map<std::string, std::uint64_t, std::less<>> taken_; ///< bytes, by file
  std::string told_; ///< lines: a file, a place in it, the digest of the bytes
};

} // namespace plena::io
