// The `plena` program: options, one driver call, formatted output. spec: the command line's
// contract in README.md.

#include "cli/commands.h"
#include "driver/tools.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <string>

namespace plena::cli {

namespace {
std::atomic<bool> stop_requested{false};
void on_interrupt(int) { stop_requested = true; }
} // namespace

bool interrupted() { return stop_requested; }

void watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

void print(const Diagnostics& diagnostics, std::string_view source) {
  // A remedy that many share is said once.
  std::set<std::string> said;
  for (Diagnostic diagnostic : diagnostics) {
    if (!said.insert(diagnostic.hint).second) {
      diagnostic.hint.clear();
    }
    fmt::print(stderr, "{}\n", render(diagnostic, source));
  }
}

namespace {

int run(int argc, char** argv) {
  const bool drop_in = std::filesystem::path(argv[0]).filename() == "transactional_emulator";
  Action action;
  CLI::App app(
    drop_in ? "Runs a PLENA program with upstream's flags and file names"
            : "PLENA accelerator tools: assembler, emulator, compiler"
  );
  app.set_version_flag("--version", std::string(driver::version()));
  if (drop_in) {
    add_transactional_emulator(app, action);
  } else {
    app.require_subcommand(1);
    add_asm(app, action);
    add_disasm(app, action);
    add_emulate(app, action);
    add_compile(app, action);
    add_verify(app, action);
    add_docs(app, action);
    add_bench(app, action);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_done : exit_unusable;
  }
  watch_interrupts();
  return action();
}

} // namespace
} // namespace plena::cli

int main(int argc, char** argv) {
  try {
    return plena::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    fmt::print(
      stderr, "error: not enough memory [E_MEMORY]\n  hint: use a smaller model or machine\n"
    );
  } catch (const std::exception& error) {
    fmt::print(
      stderr, "error: {} [E_INTERNAL]\n  hint: please report this with the input\n", error.what()
    );
  }
  return plena::cli::exit_unusable;
}
