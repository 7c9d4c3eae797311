// The `plena` program: options, one driver call, formatted output. spec: the command line's
// contract in README.md.

#include "base/text.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/help.h"
#include "driver/tools.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plena::cli {

namespace {
std::atomic<bool> stop_requested{false};
std::atomic<bool> watched{false};

void on_interrupt(int) {
  if (watched) {
    stop_requested = true;
    return;
  }
  remove_unfinished();
  std::_Exit(exit_interrupted);
}

/// One line on an unusable command line, in the form of every other error.
Diagnostic usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  Diagnostic diagnostic{.code = "E_USAGE", .message = error.what()};
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const std::vector<const CLI::App*> commands =
    app.get_subcommands([](const CLI::App*) { return true; });
  if (chosen.empty() && !commands.empty()) {
    std::vector<std::string_view> names;
    names.reserve(commands.size());
    for (const CLI::App* command : commands) {
      names.push_back(command->get_name());
    }
    if (argc > 1 && argv[1][0] != '-') {
      diagnostic.message = fmt::format("there is no sub-command '{}'", argv[1]);
      if (const auto meant = nearest(argv[1], names)) {
        diagnostic.hint = fmt::format("did you mean {}?", *meant);
        return diagnostic;
      }
    }
    diagnostic.hint = fmt::format("the sub-commands are {}", fmt::join(names, ", "));
    return diagnostic;
  }
  diagnostic.hint = fmt::format(
    "plena {}--help lists the options", chosen.empty() ? "" : chosen[0]->get_name() + " "
  );
  return diagnostic;
}

} // namespace

bool interrupted() { return stop_requested; }

InterruptWatch::InterruptWatch() { watched = true; }
InterruptWatch::~InterruptWatch() { watched = false; }

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
    add_generate(app, action);
    add_evaluate(app, action);
    add_profile(app, action);
    add_compare(app, action);
    add_link(app, action);
    add_run(app, action);
    add_analytic(app, action);
    add_docs(app, action);
    add_bench(app, action);
    add_completion(app, action);
    add_help(app);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) { // help, version
      app.exit(error);
      return exit_done;
    }
    print({usage_error(app, error, argc, argv)});
    return exit_unusable;
  }
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  return action();
}

} // namespace
} // namespace plena::cli

int main(int argc, char** argv) {
  try {
    return plena::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs(
      "error: not enough memory [E_MEMORY]\n  hint: use a smaller model or machine\n", stderr
    );
  } catch (const std::exception& error) {
    std::fprintf(
      stderr, "error: %s [E_INTERNAL]\n  hint: please report this with the input\n", error.what()
    );
  }
  return plena::cli::exit_unusable;
}
