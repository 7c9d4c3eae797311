// `plena bench`: the project's benchmarks, as ratios against a baseline in the same process.

#include "cli/commands.h"

#include <fmt/format.h>

#ifdef PLENA_WITH_BENCH
#include "bench/benches.h"
#endif

namespace plena::cli {

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("bench", "Run the benchmarks; prints ratios");
#ifdef PLENA_WITH_BENCH
  command->callback([&action] {
    action = [] { return bench::run_all() ? exit_done : exit_not_holding; };
  });
#else
  command->callback([&action] {
    action = [] {
      print(
        {{.code = "E_NO_BENCH",
          .message = "this program was built without benchmarks",
          .hint = "configure with -DPLENA_TESTS=ON"}}
      );
      return static_cast<int>(exit_unusable);
    };
  });
#endif
}

} // namespace plena::cli
