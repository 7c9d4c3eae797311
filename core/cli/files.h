// Files of the command line: whole-file reads, and writes that never leave half a file behind.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::cli {

// What is no regular file (a pipe, a device) is read to its end, but not beyond 256 MB.

Result<std::vector<std::uint8_t>> read_bytes(const std::filesystem::path& path);
Result<std::string> read_text(const std::filesystem::path& path);

/// A file under construction: written beside its destination and renamed by `commit`; without it,
/// nothing is left. Every failure is kept and returned by `commit`.
class OutputFile {
 public:
  /// `-` writes to standard output.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::span<const std::uint8_t> bytes);
  void write(std::string_view text);
  /// `count` zeros, as a hole where the file system has holes.
  void write_zeros(std::uint64_t count);
  Status commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::FILE* file_ = nullptr;
  bool ends_with_hole_ = false;
  std::string failure_;
};

/// Removes the file under construction, if there is one; may be called by a signal handler.
void remove_unfinished();

Status write_file(const std::filesystem::path& path, std::string_view text);
Status write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

} // namespace plena::cli
