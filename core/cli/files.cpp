#include "cli/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <system_error>

namespace plena::cli {

namespace {

Diagnostic file_error(const std::filesystem::path& path, std::string message, std::string hint) {
  return {
    .code = "E_FILE",
    .message = std::move(message),
    .hint = std::move(hint),
    .file = path.string()};
}

template <class Container> Result<Container> read_whole(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return file_error(path, "is a folder", "name a file");
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
    std::fopen(path.c_str(), "rb"), &std::fclose
  );
  if (!file) {
    return file_error(
      path,
      fmt::format("cannot be read: {}", std::strerror(errno)),
      "check the name and the permissions"
    );
  }
  Container content;
  content.resize(64 * 1024);
  std::size_t used = 0;
  for (;;) {
    const std::size_t got = std::fread(content.data() + used, 1, content.size() - used, file.get());
    used += got;
    if (got == 0) {
      break;
    }
    if (used == content.size()) {
      content.resize(2 * used);
    }
  }
  if (std::ferror(file.get()) != 0) {
    return file_error(path, "ended with a read error", "check the disk");
  }
  content.resize(used);
  return content;
}

} // namespace

Result<std::vector<std::uint8_t>> read_bytes(const std::filesystem::path& path) {
  return read_whole<std::vector<std::uint8_t>>(path);
}

Result<std::string> read_text(const std::filesystem::path& path) {
  return read_whole<std::string>(path);
}

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path) {
  if (path == "-") {
    file_ = stdout;
    return;
  }
  // What is no regular file (a terminal, a pipe, /dev/null) cannot be replaced by renaming.
  std::error_code error;
  const bool special =
    std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error);
  temporary_ = special ? path : std::filesystem::path(path.string() + ".part");
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) {
    failure_ = std::strerror(errno);
  }
}

OutputFile::~OutputFile() {
  if (file_ != nullptr && file_ != stdout) {
    std::fclose(file_);
    if (temporary_ != path_) {
      std::error_code ignored;
      std::filesystem::remove(temporary_, ignored);
    }
  }
}

void OutputFile::write(std::span<const std::uint8_t> bytes) {
  if (file_ != nullptr && failure_.empty() && !bytes.empty() &&
      std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    failure_ = std::strerror(errno);
  }
}

void OutputFile::write(std::string_view text) {
  write(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Status OutputFile::commit() {
  if (file_ == stdout) {
    std::fflush(stdout);
  } else if (file_ != nullptr) {
    if (std::fclose(file_) != 0 && failure_.empty()) {
      failure_ = std::strerror(errno);
    }
    std::error_code error;
    if (temporary_ != path_) {
      if (failure_.empty()) {
        std::filesystem::rename(temporary_, path_, error);
      } else {
        std::filesystem::remove(temporary_, error);
      }
    }
    if (error && failure_.empty()) {
      failure_ = error.message();
    }
  }
  file_ = nullptr;
  if (!failure_.empty()) {
    return file_error(
      path_,
      "cannot be written: " + failure_,
      "check the folder, the permissions and the free space"
    );
  }
  return Done{};
}

Status write_file(const std::filesystem::path& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  return file.commit();
}

Status write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  OutputFile file(path);
  file.write(bytes);
  return file.commit();
}

} // namespace plena::cli
