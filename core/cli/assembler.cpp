// `plena asm`, `plena disasm`, `plena docs`.

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/reports.h"
#include "driver/tools.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

namespace plena::cli {

namespace {

struct Options {
  std::string input;
  std::string output;
  std::string json;
  bool strict = false;
};

int finish(const Status& written) {
  if (!written) {
    print(written.diagnostics());
    return exit_unusable;
  }
  return exit_done;
}

/// `folder/name.mem` for `folder/name.asm`; `-` stays standard output.
std::string beside(const std::string& input, const char* extension) {
  return std::filesystem::path(input).replace_extension(extension).string();
}

int assemble(const Options& options) {
  const Result<std::string> text = read_text(options.input);
  if (!text) {
    print(text.diagnostics());
    return exit_unusable;
  }
  const Result<driver::Assembly> assembly = driver::assemble_file(
    *text, options.input, options.strict ? driver::AsmMode::Strict : driver::AsmMode::Compatible
  );
  print(assembly.diagnostics(), *text);
  if (!options.json.empty()) {
    const std::size_t words = assembly ? assembly->words : 0;
    const Status written =
      write_file(options.json, driver::report_json("words", words, assembly.diagnostics()));
    if (!written) {
      return finish(written);
    }
  }
  if (!assembly) {
    return exit_unusable;
  }
  const std::string output =
    options.output.empty() ? beside(options.input, ".mem") : options.output;
  return finish(write_file(output, assembly->mem));
}

int disassemble(const Options& options) {
  const Result<std::string> text = read_text(options.input);
  if (!text) {
    print(text.diagnostics());
    return exit_unusable;
  }
  const Result<std::string> listing = driver::disassemble_file(*text, options.input);
  print(listing.diagnostics(), *text);
  if (!options.json.empty()) {
    const auto words = listing ? std::count(listing->begin(), listing->end(), '\n') : 0;
    const Status written = write_file(
      options.json,
      driver::report_json("words", static_cast<std::size_t>(words), listing.diagnostics())
    );
    if (!written) {
      return finish(written);
    }
  }
  if (!listing) {
    return exit_unusable;
  }
  return finish(write_file(options.output.empty() ? "-" : options.output, *listing));
}

} // namespace

void add_asm(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("asm", "Assemble text to machine words");
  command->add_option("input", options->input, "assembly text")->required();
  command->add_option(
    "-o,--output", options->output, "machine words (default: the input with .mem)"
  );
  command->add_flag("--strict", options->strict, "treat what upstream accepts silently as errors");
  add_report_option(*command, options->json);
  command->callback([&action, options] { action = [options] { return assemble(*options); }; });
}

void add_disasm(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("disasm", "Turn machine words into canonical text");
  command->add_option("input", options->input, "machine words (.mem)")->required();
  CLI::Option* output =
    command->add_option("-o,--output", options->output, "assembly text (default: standard output)");
  add_report_option(*command, options->json)->needs(output);
  command->callback([&action, options] { action = [options] { return disassemble(*options); }; });
}

void add_docs(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("docs", "Print generated references");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, std::string (*text)()) {
    command->add_subcommand(name, help)->callback([&action, text] {
      action = [text] { return finish(write_file("-", text())); };
    });
  };
  add("isa", "the instruction set (Markdown)", &driver::isa_reference);
  add("config", "the settings keys (Markdown)", &driver::settings_reference);
  add("schema", "the settings keys (JSON Schema)", &driver::settings_schema);
  add("recipe", "the fields of a recipe (Markdown)", &driver::recipe_reference);
  add("reports", "what the reports of --json hold (Markdown)", &reports_markdown);
}

} // namespace plena::cli
