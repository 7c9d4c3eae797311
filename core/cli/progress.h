// One changing line on a terminal for work that takes longer than half a second.
#pragma once

#include <chrono>
#include <string_view>

namespace plena::cli {

class Progress {
 public:
  explicit Progress(std::string_view task);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `text` at most ten times a second, and only on a terminal.
  void show(std::string_view text);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string_view task_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{};
  bool terminal_;
  bool visible_ = false;
};

} // namespace plena::cli
