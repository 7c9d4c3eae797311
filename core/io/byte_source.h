// A file that is read in pieces: on disk, in memory, or what a page was handed.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace plena::io {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  virtual std::uint64_t size() const = 0;
  /// Fills `bytes` from `offset` on; all of it lies within `size`.
  virtual Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) const = 0;
};

class MemoryBytes : public ByteSource {
 public:
  explicit MemoryBytes(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) const override;

 private:
  std::vector<std::uint8_t> bytes_;
};

/// A file of a model by its name.
struct ModelFile {
  std::string name;
  std::shared_ptr<const ByteSource> bytes;
};

/// Without directories.
std::string base_name(const std::string& name);

/// The whole file; E_RESOURCE when it is longer than `max_bytes`.
Result<std::vector<std::uint8_t>> read_all(const ModelFile& file, std::uint64_t max_bytes);

} // namespace plena::io
