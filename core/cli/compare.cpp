// `plena compare`: two models or programs number by number, as a table for a pull request.

#include "driver/compare.h"

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/model.h"
#include "cli/recipes.h"
#include "cli/run.h"

#include <fmt/format.h>
#include <memory>
#include <utility>

namespace plena::cli {

namespace {

struct Options : ModelOptions {
  std::string other;
  std::vector<std::string> files;
  TimingOptions timing;
  std::vector<std::string> conditions;
  std::string json;
  std::string diff;
};

constexpr std::string_view diff_real = "real";

/// What the command line names as a side.
struct Named {
  std::string name;
  std::optional<recipe::Recipe> recipe{}; ///< of a link
};

/// A program at its start; false after telling why not.
bool load_side(driver::Session& session, const Options& options, const Named& side, Steps& steps) {
  if (!steps.take(set_timing(session, options.timing))) {
    return false;
  }
  if (side.recipe) {
    return steps.take(open_named(session, *side.recipe, options.files)).has_value();
  }
  ModelOptions model = options;
  model.model = side.name;
  return load_program_or_model(session, model, steps);
}

struct Ran {
  report::Side side;
  std::string timing; ///< how its cycles are counted
};

/// Runs one side; nothing when it cannot be run, with `status` saying how the command ends.
std::optional<Ran> run_side(
  driver::Session& session,
  const Options& options,
  const Named& named,
  Steps& steps,
  int& status
) {
  status = exit_unusable;
  if (!load_side(session, options, named, steps) || !steps.take(session.reset())) {
    return std::nullopt;
  }
  const auto stop = named.recipe ? named.recipe->stop : std::nullopt;
  if (const auto early = run_to_end(session, stop)) {
    status = *early;
    return std::nullopt;
  }
  print(session.run_warnings());
  if (const auto fault = session.status().fault) {
    print({*fault});
  } else if (
    session.status().reason == driver::RunStatus::Reason::Done && !session.output_names().empty() &&
    !steps.take(session.verify())
  ) {
    return std::nullopt;
  }
  return Ran{driver::side_of(session, named.name), session.timing_title()};
}

/// Two models, programs or links; or one link with what it is compared with, which comes first.
std::optional<std::pair<Named, Named>> name_sides(const Options& options, Steps& steps) {
  std::pair<Named, Named> sides{{options.model}, {options.other}};
  for (Named* side : {&sides.first, &sides.second}) {
    if (side->name.empty() || !names_recipe(side->name)) {
      continue;
    }
    side->recipe = steps.take(read_recipe(side->name));
    if (!side->recipe) {
      return std::nullopt;
    }
  }
  const bool alone = options.other.empty();
  const Status takes = alone ? check_takes_options(options, {options.model})
                             : check_takes_options(options, {options.model, options.other});
  if (!steps.take(takes)) {
    return std::nullopt;
  }
  if (alone) {
    const auto baseline =
      sides.first.recipe ? recipe::baseline_of(*sides.first.recipe) : std::nullopt;
    if (!baseline) {
      steps.take(Status(Diagnostic{
        .code = "E_USAGE",
        .message = "there is nothing to compare this with",
        .hint = "name two models, programs or links, or one link that has a baseline"}));
      return std::nullopt;
    }
    sides.second = {"link", sides.first.recipe};
    sides.first = {"its baseline", baseline};
  } else {
    // Links are long; what they are is in the table.
    sides.first.name = sides.first.recipe ? "link A" : sides.first.name;
    sides.second.name = sides.second.recipe ? "link B" : sides.second.name;
  }
  return sides;
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
  const auto sides = name_sides(options, steps);
  if (!sides) {
    return exit_unusable;
  }
  int status = exit_done;
  driver::Session session_a;
  driver::Session session_b;
  const auto first = run_side(session_a, options, sides->first, steps, status);
  const auto second =
    first ? run_side(session_b, options, sides->second, steps, status) : std::nullopt;
  if (!second) {
    return status;
  }
  const report::Side& a = first->side;
  const report::Side& b = second->side;
  std::vector<report::ConditionResult> results;
  for (const report::Condition& condition : conditions) {
    const std::optional<bool> result = report::holds(condition, a, b);
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
  const std::string timing = first->timing == second->timing
                               ? first->timing
                               : fmt::format("A: {}; B: {}", first->timing, second->timing);
  if (!options.json.empty() && !steps.take(write_file(options.json, report::comparison(a, b, timing, results)))) {
    return exit_unusable;
  }
  if (options.json != "-") {
    fmt::print("{}\n{}\n", report::comparison_table(a, b), timing);
  }
  if (!options.diff.empty()) {
    const auto sink = [](std::string_view text) { fmt::print("{}", text); };
    if (!steps.take(session_b.pin(a.name, session_a)) || !steps.take(session_b.write_diff(options.diff != diff_real, sink))) {
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
  return !a.fault.empty() || !b.fault.empty() ? exit_fault : failed ? exit_not_holding : exit_done;
}

} // namespace

void add_compare(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
    app.add_subcommand("compare", "Run two models or programs and compare what they cost");
  add_model_options(*command, *options);
  command->get_option("model")->description(program_or_model);
  command->add_option("other", options->other, "the same, compared with the first");
  command->add_option(
    "--file", options->files, "model or input that a link names only by its hash (repeatable)"
  );
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
  add_report_option(*command, options->json);
  command->callback([&action, options] { action = [options] { return compare(*options); }; });
}

} // namespace plena::cli
