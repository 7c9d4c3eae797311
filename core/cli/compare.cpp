// `plena compare`: two models or programs number by number, as a table for a pull request.

#include "driver/compare.h"

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/model.h"
#include "cli/run.h"

#include <fmt/format.h>
#include <memory>

namespace plena::cli {

namespace {

struct Options : ModelOptions {
  std::string other;
  TimingOptions timing;
  std::vector<std::string> conditions;
  std::string json;
  std::string diff;
};

constexpr std::string_view diff_real = "real";

/// Runs one side; nothing when it cannot be run, with `status` saying how the command ends.
std::optional<report::Side> run_side(
  driver::Session& session,
  const Options& options,
  const std::string& what,
  Steps& steps,
  int& status
) {
  status = exit_unusable;
  ModelOptions model = options;
  model.model = what;
  if (!steps.take(set_timing(session, options.timing)) ||
      !load_program_or_model(session, model, steps) || !steps.take(session.reset())) {
    return std::nullopt;
  }
  switch (run_to_end(session)) {
  case RunEnd::Interrupted:
    status = exit_interrupted;
    return std::nullopt;
  case RunEnd::Failed:
    return std::nullopt;
  case RunEnd::Finished:
    break;
  }
  print(session.run_warnings());
  if (const auto fault = session.status().fault) {
    print({*fault});
  } else if (!session.output_names().empty() && !steps.take(session.verify())) {
    return std::nullopt;
  }
  return driver::side_of(session, what);
}

/// How cycles are counted, which is the same for both sides.
std::string timing_title(const Options& options) {
  driver::Session session;
  const Result<std::string> toml = settings_text(options.settings);
  if (!toml || !session.set_settings(options.settings, *toml) || !set_timing(session, options.timing)) {
    return {};
  }
  return session.timing_title();
}

int compare(const Options& options) {
  Steps steps;
  std::vector<report::Condition> conditions;
  for (const std::string& text : options.conditions) {
    const auto condition = steps.take(report::parse_condition(text));
    if (!condition) {
      return exit_unusable;
    }
    conditions.push_back(*condition);
  }
  if (!steps.take(check_takes_options(options, {options.model, options.other}))) {
    return exit_unusable;
  }
  int status = exit_done;
  driver::Session first;
  driver::Session second;
  const auto a = run_side(first, options, options.model, steps, status);
  const auto b = a ? run_side(second, options, options.other, steps, status) : std::nullopt;
  if (!b) {
    return status;
  }
  std::vector<report::ConditionResult> results;
  for (const report::Condition& condition : conditions) {
    const std::optional<bool> result = report::holds(condition, *a, *b);
    if (!result) {
      print(
        {{.code = "E_CONDITION",
          .message = fmt::format("condition '{}': the number is not known here", condition.text),
          .hint = "errors are known of models, lines of models and .asm files, prices of products "
                  "of models "
                  "compiled with --opt dense or auto"}}
      );
      return exit_unusable;
    }
    results.push_back({condition.text, *result});
  }
  const std::string timing = timing_title(options);
  if (!options.json.empty() && !steps.take(write_file(options.json, report::comparison(*a, *b, timing, results)))) {
    return exit_unusable;
  }
  if (options.json != "-") {
    fmt::print("{}\n{}\n", report::comparison_table(*a, *b), timing);
  }
  if (!options.diff.empty()) {
    const auto sink = [](std::string_view text) { fmt::print("{}", text); };
    if (!steps.take(second.pin(options.model, first)) || !steps.take(second.write_diff(options.diff != diff_real, sink))) {
      return exit_unusable;
    }
  }
  bool failed = false;
  for (const report::ConditionResult& result : results) {
    if (result.holds) {
      fmt::print(stderr, "{} holds\n", result.text);
      failed = true;
    }
  }
  return !a->fault.empty() || !b->fault.empty() ? exit_fault
         : failed                               ? exit_not_holding
                                                : exit_done;
}

} // namespace

void add_compare(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
    app.add_subcommand("compare", "Run two models or programs and compare what they cost");
  add_model_options(*command, *options);
  command->get_option("model")->description(program_or_model);
  command->add_option("other", options->other, "the same, compared with the first")->required();
  add_timing_options(*command, options->timing);
  command->add_option(
    "--fail-if",
    options->conditions,
    "exit with 1 if this holds of the second: cycles>+0.5%, loops>+2, static>1000 (repeatable)"
  );
  command
    ->add_option(
      "--diff",
      options->diff,
      "print both programs instruction by instruction: the real differences, or all (~ other "
      "registers, "
      "@ another constant, ! changed, - only in A, + only in B)"
    )
    ->check(CLI::IsMember({diff_real, std::string_view("all")}));
  command->add_option("--json", options->json, "write a report (- for standard output)");
  command->callback([&action, options] { action = [options] { return compare(*options); }; });
}

} // namespace plena::cli
