#include "cli/run.h"

#include "cli/commands.h"
#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <limits>

namespace plena::cli {

namespace {

bool goes_on(const driver::RunStatus& status) {
  return status.reason == driver::RunStatus::Reason::Ready ||
         status.reason == driver::RunStatus::Reason::Slice;
}

} // namespace

std::optional<int> run_to_end(driver::Session& session, std::optional<std::uint64_t> limit) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds wanted{50};
  constexpr std::uint64_t longest = 1 << 24;

  const InterruptWatch watch;
  Progress progress("emulate");
  // Instructions take from nanoseconds to milliseconds: the slice finds its length.
  std::uint64_t slice = 64;
  const std::uint64_t last = limit.value_or(std::numeric_limits<std::uint64_t>::max());
  for (auto status = session.status(); goes_on(status) && status.executed < last;
       status = session.status()) {
    if (interrupted()) {
      progress.clear();
      fmt::print(stderr, "stopped after {} instructions\n", session.status().executed);
      return exit_interrupted;
    }
    const Clock::time_point start = Clock::now();
    if (Result<std::string> state = session.run(std::min(slice, last - status.executed)); !state) {
      print(state.diagnostics());
      return exit_unusable;
    }
    const auto taken = Clock::now() - start;
    slice = taken < wanted ? std::min(longest, 2 * slice) : std::max<std::uint64_t>(1, slice / 2);
    progress.show(fmt::format("{} instructions", session.status().executed));
  }
  return std::nullopt;
}

} // namespace plena::cli
