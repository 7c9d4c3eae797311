// What `--help` says after the options: how a command is used, and what it leaves behind.
#pragma once

#include <CLI/CLI.hpp>

namespace plena::cli {

/// To be called when all commands are there.
void add_help(CLI::App& app);

} // namespace plena::cli
