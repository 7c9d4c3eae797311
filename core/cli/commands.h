// The sub-commands: each adds its options to the parser and, when chosen, returns an exit status.
#pragma once

#include "base/diagnostic.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace plena::cli {

/// Exit statuses of the contract.
enum Exit : int {
  exit_done = 0,
  exit_not_holding = 1,
  exit_unusable = 2,
  exit_fault = 3,
  exit_interrupted = 130,
};

/// Set by the command that the arguments chose.
using Action = std::function<int()>;

void add_asm(CLI::App& app, Action& action);
void add_disasm(CLI::App& app, Action& action);
void add_emulate(CLI::App& app, Action& action);
void add_compile(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_generate(CLI::App& app, Action& action);
void add_evaluate(CLI::App& app, Action& action);
void add_profile(CLI::App& app, Action& action);
void add_link(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_analytic(CLI::App& app, Action& action);
void add_docs(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);

/// The drop-in form: the options of `emulate` on the program itself, upstream's file names.
void add_transactional_emulator(CLI::App& app, Action& action);

/// `--json`: where a command's report goes.
inline CLI::Option* add_report_option(CLI::App& command, std::string& path) {
  return command.add_option("--json", path, "write a report (- for standard output)");
}

/// For options that are a number from 0 on: neither infinite nor none at all, which no comparison
/// refuses.
inline CLI::Validator finite_from_zero() {
  const auto check = [](std::string& text) {
    double value = -1;
    const bool read = CLI::detail::lexical_cast(text, value);
    return read && value >= 0 && value <= std::numeric_limits<double>::max()
             ? std::string()
             : fmt::format("{} is no number from 0 on", text);
  };
  return {check, "NUMBER from 0", "finite"};
}

/// Prints to standard error; `source` adds the offending line.
void print(const Diagnostics& diagnostics, std::string_view source = {});

/// While one exists, an interrupt is only noted, for `interrupted`. Otherwise it ends the program
/// at once, without leaving a half-written file.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
};

/// True once the person at the terminal has asked to stop.
bool interrupted();

} // namespace plena::cli
