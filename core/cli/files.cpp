#include "cli/files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <system_error>
#include <unistd.h>

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
  const bool endless = !std::filesystem::is_regular_file(path, error);
  Container content;
  content.resize(64 * 1024);
  std::size_t used = 0;
  for (;;) {
    const std::size_t got = std::fread(content.data() + used, 1, content.size() - used, file.get());
    used += got;
    if (got == 0) {
      break;
    }
    if (endless && used > (std::size_t{256} << 20)) {
      return file_error(path, "is no file and gives more than 256 MB", "name a file");
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

namespace {

/// The temporary file that an interrupt has to remove; a signal handler can read no std::string.
char unfinished[4096];

} // namespace

void remove_unfinished() {
  if (unfinished[0] != 0) {
    unlink(unfinished);
  }
}

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path) {
  if (path == "-") {
    file_ = stdout;
    return;
  }
  // What is no regular file (a terminal, a pipe, /dev/null) cannot be replaced by renaming, and a link
  // (/dev/stdout is one) must not be.
  std::error_code error;
  const bool special = std::filesystem::is_symlink(path, error) ||
                       (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error));
  temporary_ = special ? path : std::filesystem::path(path.string() + ".part");
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) {
    failure_ = std::strerror(errno);
  } else if (!special && temporary_.string().size() < sizeof unfinished) {
    std::strcpy(unfinished, temporary_.c_str());
  }
}

OutputFile::~OutputFile() {
  if (file_ != nullptr && file_ != stdout) {
    std::fclose(file_);
    if (temporary_ != path_) {
      std::error_code ignored;
      std::filesystem::remove(temporary_, ignored);
      unfinished[0] = 0;
    }
  }
}

void OutputFile::write(std::span<const std::uint8_t> bytes) {
  if (file_ != nullptr && failure_.empty() && !bytes.empty() &&
      std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    failure_ = std::strerror(errno);
  }
  ends_with_hole_ = ends_with_hole_ && bytes.empty();
}

void OutputFile::write_zeros(std::uint64_t count) {
  constexpr std::array<std::uint8_t, 1 << 16> block{};
  if (file_ == stdout || temporary_ == path_) {
    for (; count > 0 && failure_.empty(); count -= std::min<std::uint64_t>(count, block.size())) {
      write(std::span(block).first(std::min<std::uint64_t>(count, block.size())));
    }
  } else if (file_ != nullptr && failure_.empty() && count > 0) {
    if (fseeko(file_, static_cast<off_t>(count), SEEK_CUR) != 0) {
      failure_ = std::strerror(errno);
    }
    ends_with_hole_ = true;
  }
}

void OutputFile::write(std::string_view text) {
  write(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Status OutputFile::commit() {
  if (file_ == stdout) {
    if (std::fflush(stdout) != 0 && failure_.empty()) {
      failure_ = std::strerror(errno);
    }
  } else if (file_ != nullptr) {
    // A hole at the end needs its length said.
    if (ends_with_hole_ && failure_.empty() && (std::fflush(file_) != 0 || ftruncate(fileno(file_), ftello(file_)) != 0)) {
      failure_ = std::strerror(errno);
    }
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
    unfinished[0] = 0;
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
