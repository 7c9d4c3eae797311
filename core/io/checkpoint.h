// The tensors of a checkpoint in one or several files.
#pragma once

#include "base/sha256.h"
#include "frontend/tensors.h"
#include "io/safetensors_json.h"

#include <memory>
#include <set>
#include <span>

namespace plena::io {

class Checkpoint : public frontend::TensorSource {
 public:
  /// `files` are those that end in .safetensors, `index` says where each tensor is; without one the files
  /// tell. Files that the index names may be missing until one of their tensors is read.
  /// E_WEIGHTS for a tensor in two files.
  static Result<std::shared_ptr<const Checkpoint>>
  open(std::span<const ModelFile> files, const ModelFile* index);

  std::optional<ir::Shape> shape(std::string_view name) const override;
  Result<std::vector<float>>
  read(std::string_view name, std::int64_t first, std::int64_t count) const override;

  /// Of names and headers, and of all values that were read so far, in the order of reading: what tells
  /// this checkpoint from others, as far as it has been used.
  std::string digest() const;
  /// E_FILE for files that the index names and nobody gave, but that hold tensors which were asked for.
  Diagnostics missed() const;
  /// Tensors that nobody has read.
  std::vector<std::string> unread() const;

 private:
  std::vector<Safetensors> files_;
  std::map<std::string, std::size_t, std::less<>> file_of_;
  std::map<std::string, std::string, std::less<>> missing_; ///< tensors of missing files
  mutable std::map<std::string, std::string> missed_;       ///< missing files, a tensor of each
  mutable std::set<std::string, std::less<>> read_;
  mutable Sha256 content_; ///< of what was read
};

} // namespace plena::io
