// `plena profile`: where the cycles of a model or a program go.

#include "cli/files.h"
#include "cli/model.h"
#include "cli/run.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace plena::cli {

namespace {

struct Options : ModelOptions {
  TimingOptions timing;
  std::string by{"cause"};
  std::size_t top = 20;
  std::string perfetto;
  std::string konata;
  std::string csv;
  std::string json;
};

void print_table(
  std::string_view by,
  const std::vector<driver::TableRow>& rows,
  std::uint64_t cycles,
  std::size_t top
) {
  std::size_t width = by.size();
  std::size_t shown = 0;
  std::uint64_t other_cycles = 0;
  std::uint64_t other_executions = 0;
  for (const driver::TableRow& row : rows) {
    if (shown++ < top) {
      width = std::max(width, row.label.size());
    } else {
      other_cycles += row.cycles;
      other_executions += row.executions;
    }
  }
  const auto line = [&](std::string_view label, std::uint64_t executions, std::uint64_t part) {
    fmt::print(
      "{:<{}}  {:>12}  {:>14}  {:>6.2f}%\n",
      label,
      width,
      executions,
      part,
      cycles == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(cycles)
    );
  };
  fmt::print("{:<{}}  {:>12}  {:>14}  {:>7}\n", by, width, "executions", "cycles", "share");
  std::uint64_t executions = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    executions += rows[i].executions;
    if (i < top) {
      line(rows[i].label, rows[i].executions, rows[i].cycles);
    }
  }
  if (rows.size() > top) {
    line(fmt::format("{} more", rows.size() - top), other_executions, other_cycles);
  }
  line("total", executions, cycles);
}

int profile(const Options& options) {
  driver::Session session;
  Steps steps;
  if (!steps.take(one_on_stdout(
        {{"--json", options.json},
         {"--csv", options.csv},
         {"--trace", options.perfetto},
         {"--konata", options.konata}}
      )) ||
      !steps.take(check_takes_options(options, {options.model})) ||
      !steps.take(set_timing(session, options.timing)) ||
      !load_program_or_model(session, options, steps)) {
    return exit_unusable;
  }
  // Both files are written while the program runs, so that no length of it is too long.
  std::unique_ptr<OutputFile> perfetto;
  std::unique_ptr<OutputFile> konata;
  const auto stream = [&](const std::string& path, driver::TraceForm form) {
    auto file = std::make_unique<OutputFile>(path);
    session.stream_trace(form, [to = file.get()](std::string_view text) { to->write(text); });
    return file;
  };
  if (!options.perfetto.empty()) {
    perfetto = stream(options.perfetto, driver::TraceForm::Perfetto);
  }
  if (!options.konata.empty()) {
    konata = stream(options.konata, driver::TraceForm::Konata);
  }
  if (!steps.take(session.reset())) {
    return exit_unusable;
  }
  if (const auto status = run_to_end(session)) {
    return *status;
  }
  session.finish_trace();
  print(session.run_warnings());
  for (OutputFile* file : {perfetto.get(), konata.get()}) {
    if (file != nullptr && !steps.take(file->commit())) {
      return exit_unusable;
    }
  }
  const auto document = steps.take(session.profile());
  const auto table = steps.take(session.profile_table(options.by));
  if (!document || !table || (!options.json.empty() && !steps.take(write_file(options.json, *document + "\n")))) {
    return exit_unusable;
  }
  if (!options.csv.empty()) {
    const auto csv = steps.take(session.profile_csv());
    if (!csv || !steps.take(write_file(options.csv, *csv))) {
      return exit_unusable;
    }
  }
  const driver::RunStatus status = session.status();
  if (options.json != "-" && options.csv != "-" && options.perfetto != "-" && options.konata != "-") {
    fmt::print(
      "{} instructions, {} cycles ({})\n", status.executed, status.cycles, session.timing_title()
    );
    if (status.serial_cycles != status.cycles) {
      fmt::print(
        "one after the other {} cycles: this schedule is {}\n",
        status.serial_cycles,
        status.cycles < status.serial_cycles ? "quicker" : "slower"
      );
    }
    print_products(session);
    fmt::print("\n");
    print_table(options.by, *table, status.cycles, options.top);
  }
  if (status.fault) {
    print({*status.fault});
    return exit_fault;
  }
  return exit_done;
}

} // namespace

void add_profile(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
    app.add_subcommand("profile", "Run a model or a program and tell where the cycles go");
  add_model_options(*command, *options);
  command->get_option("model")->description(program_or_model);
  add_timing_options(*command, options->timing);
  command->add_option("--by", options->by, "table: cause, unit, opcode, node, loop or line")
    ->capture_default_str();
  command->add_option("--top", options->top, "rows to print")->capture_default_str();
  command->add_option("--trace", options->perfetto, "write a trace for Perfetto (JSON)");
  command->add_option("--konata", options->konata, "write a log for Konata");
  command->add_option("--csv", options->csv, "write all tables as CSV (- for standard output)");
  command->add_option("--json", options->json, "write the profile (- for standard output)");
  command->callback([&action, options] { action = [options] { return profile(*options); }; });
}

} // namespace plena::cli
