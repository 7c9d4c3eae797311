#include "cli/progress.h"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace plena::cli {

Progress::Progress(std::string_view task) : task_(task), terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(std::string_view text) {
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now - start_ < std::chrono::milliseconds(500) || now - shown_ < std::chrono::milliseconds(100)) {
    return;
  }
  const double seconds = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r\x1b[K{}: {}, {:.1f} s", task_, text, seconds);
  std::fflush(stderr);
  shown_ = now;
  visible_ = true;
}

void Progress::clear() {
  if (visible_) {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    visible_ = false;
  }
}

} // namespace plena::cli
