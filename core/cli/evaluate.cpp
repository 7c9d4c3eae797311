// `plena evaluate`: how well a trained model does its task, in full precision and on the machine.
#include "cli/files.h"
#include "cli/model.h"
#include "cli/model_files.h"
#include "cli/progress.h"
#include "driver/evaluation.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <utility>

namespace plena::cli {

namespace {

constexpr std::string_view all_formats = "all";

struct Options : ModelOptions {
  std::string vocabulary;
  std::string data;
  std::size_t items = 0;
  std::vector<std::string> formats; ///< empty: as the settings say
  std::optional<double> loss;       ///< percent of accuracy that the machine may lose
  std::string json;
  TimingOptions timing;
};

std::string_view kind_of(const io::Holdout& holdout) {
  return !holdout.pictures.empty() ? "pictures" : !holdout.answers.empty() ? "answers" : "texts";
}

report::EvaluationRow row_of(
  const driver::Evaluation& found, std::string formats, bool on_machine, double seconds
) {
  const auto score_of = [&](driver::Source source) -> report::ScoreFacts {
    const driver::Score& score = found.of(source);
    return {score.accuracy(), score.share(), score.perplexity()};
  };
  report::EvaluationRow row;
  row.formats = std::move(formats);
  if (on_machine) {
    row.machine = score_of(driver::Source::Machine);
  }
  row.hardware = score_of(driver::Source::Hardware);
  row.fp32 = score_of(driver::Source::Fp32);
  row.predictions = found.of(driver::Source::Fp32).predictions;
  row.same_choices = found.same_choices;
  row.compared = found.compared;
  row.differing = found.differing;
  row.instructions = found.instructions;
  row.cycles = found.cycles;
  row.emulation_seconds = found.seconds;
  row.seconds = seconds;
  return row;
}

void print_table(const report::EvaluationFacts& facts) {
  fmt::print(
    "{}: {} of {} {} in {}\n", facts.model, facts.items, facts.of_items, facts.kind, facts.data
  );
  fmt::print(
    "{:<18} {:<9} {:>9} {:>9} {:>11}\n",
    "formats in HBM",
    "by",
    "accuracy",
    "all right",
    "perplexity"
  );
  for (const report::EvaluationRow& row : facts.rows) {
    std::string_view title = row.formats.empty() ? facts.settings : row.formats;
    if (!row.refused.empty()) {
      fmt::print("{:<18} refused: {}\n", title, row.refused);
      continue;
    }
    const auto print_score = [&](std::string_view source, const report::ScoreFacts& score) {
      fmt::print(
        "{:<18} {:<9} {:>8.2f}% {:>8.2f}% {:>11.4f}\n",
        std::exchange(title, ""),
        source,
        100 * score.accuracy,
        100 * score.right_items,
        score.perplexity
      );
    };
    if (row.machine) {
      print_score("machine", *row.machine);
    }
    print_score("hardware", row.hardware);
    print_score("fp32", row.fp32);
    if (!row.machine) {
      fmt::print(
        "{:<18} not on the machine, which reads integer elements as unsigned: the format as it is "
        "defined; {:.1f} s\n",
        row.title,
        row.seconds
      );
      continue;
    }
    fmt::print(
      "{:<18} {} of {} predictions as in fp32, {} of {} numbers differ from the hardware "
      "reference; {} "
      "instructions, {} cycles, {:.1f} s of {:.1f} s emulating\n",
      row.title,
      row.same_choices,
      row.predictions,
      row.differing,
      row.compared,
      row.instructions,
      row.cycles,
      row.emulation_seconds,
      row.seconds
    );
  }
}

/// What is lost of fp32's accuracy, and of its items that are all right, in percent of these: the
/// greater of both.
double lost(const report::ScoreFacts& machine, const report::ScoreFacts& exact) {
  const auto share = [](double from, double to) {
    return from > 0 ? 100 * (from - to) / from : 0.0;
  };
  return std::max(
    share(exact.accuracy, machine.accuracy), share(exact.right_items, machine.right_items)
  );
}

/// Formats to try; the word `all` stands for those that are known.
std::vector<std::string> wanted_formats(const std::vector<std::string>& given) {
  std::vector<std::string> formats;
  for (const std::string& one : given) {
    if (one != all_formats) {
      formats.push_back(one);
      continue;
    }
    for (const driver::KnownFormat& known : driver::known_formats()) {
      formats.emplace_back(known.format);
    }
  }
  return formats.empty() ? std::vector<std::string>{""} : formats;
}

int run_evaluate(const Options& options) {
  Steps steps;
  const auto vocabulary = steps.take(vocabulary_of(options.model, options.vocabulary));
  const std::string data =
    options.data.empty() ? beside_model(options.model, "holdout.json") : options.data;
  const auto bytes = vocabulary ? steps.take(read_bytes(data)) : std::nullopt;
  const auto holdout =
    bytes ? steps.take(io::read_holdout(data, *bytes, *vocabulary)) : std::nullopt;
  const auto named = holdout ? steps.take(files_of_model(options.model)) : std::nullopt;
  const auto toml = named ? steps.take(settings_text(options.settings)) : std::nullopt;
  const std::optional<std::string> choices = toml ? choices_json(options, steps) : std::nullopt;
  if (!choices) {
    return exit_unusable;
  }
  report::EvaluationFacts facts;
  facts.model = named->name;
  facts.data = data;
  facts.kind = kind_of(*holdout);
  facts.of_items = holdout->size();
  facts.items = options.items == 0 ? holdout->size() : std::min(options.items, holdout->size());
  facts.settings = options.settings;
  bool holds = true;
  const std::vector<std::string> formats = wanted_formats(options.formats);
  const bool all =
    std::find(options.formats.begin(), options.formats.end(), all_formats) != options.formats.end();
  Progress progress("evaluate");
  const InterruptWatch watch;
  for (const std::string& format : formats) {
    const auto start = std::chrono::steady_clock::now();
    const auto tried = format.empty()
                         ? std::optional(driver::Tried{*toml})
                         : steps.take(driver::with_formats(*toml, options.settings, format));
    driver::Session session;
    if (!tried || !steps.take(session.set_settings(options.settings, tried->toml)) ||
        !steps.take(set_timing(session, options.timing))) {
      return exit_unusable;
    }
    driver::EvaluationOptions wanted;
    wanted.choices = *choices;
    wanted.items = options.items;
    wanted.instead = tried->instead;
    wanted.go_on = [&](std::size_t done) {
      progress.show(fmt::format("{} {} of {}", format, done, facts.items));
      return !interrupted();
    };
    const Result<driver::Evaluation> found =
      driver::evaluate(session, named->name, named->files, *vocabulary, *holdout, wanted);
    progress.clear();
    if (!found && all && found.diagnostics().front().code == "E_HARDWARE") {
      report::EvaluationRow row;
      row.formats = format;
      row.title = driver::title_of(format);
      row.refused = found.diagnostics().front().message;
      facts.rows.push_back(std::move(row));
      continue;
    }
    if (!found) {
      print(found.diagnostics());
      const bool fault = std::any_of(
        found.diagnostics().begin(),
        found.diagnostics().end(),
        [](const Diagnostic& one) { return one.code.starts_with("E_FAULT_"); }
      );
      return fault ? exit_fault : exit_unusable;
    }
    if (found->stopped) {
      return exit_interrupted;
    }
    facts.timing = session.timing_title();
    const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report::EvaluationRow row = row_of(*found, format, !tried->instead, seconds);
    row.title = driver::title_of(format);
    const bool loses = options.loss && row.machine && lost(*row.machine, row.fp32) > *options.loss;
    holds = holds && found->differing == 0 && !loses;
    facts.rows.push_back(std::move(row));
  }
  if (!options.json.empty() && !steps.take(write_file(options.json, report::evaluation(facts)))) {
    return exit_unusable;
  }
  if (options.json != "-") {
    print_table(facts);
  }
  return holds ? exit_done : exit_not_holding;
}

} // namespace

void add_evaluate(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
    "evaluate",
    "Measure how well a trained model does its task: on the machine, and in full precision"
  );
  command->add_option("model", options->model, "folder of a trained model")->required();
  command->add_option(
    "--data", options->data, "held-out data; else holdout.json in the model's folder"
  );
  command->add_option(
    "--vocabulary", options->vocabulary, "file of it; else vocabulary.json in the model's folder"
  );
  command->add_option("--items", options->items, "of the data, from the first on; else all")
    ->check(CLI::PositiveNumber);
  command
    ->add_option(
      "--formats",
      options->formats,
      "formats to try for what lies in HBM, separated by commas: e8m7 is bf16, e4m3x8/ue8m0 MXFP8 "
      "in blocks of 8, kv:e8m7 keys and values alone in bf16; all: those that are known"
    )
    ->delimiter(',');
  command
    ->add_option(
      "--loss",
      options->loss,
      "percent of fp32's accuracy, and of its items that are all right, that the machine may lose; "
      "status 1 beyond"
    )
    ->check(finite_from_zero());
  command->add_option("--settings", options->settings, "settings: a preset's name or a TOML file")
    ->capture_default_str();
  add_choice_options(*command, *options);
  add_timing_options(*command, options->timing);
  add_report_option(*command, options->json);
  command->callback([&action, options] { action = [options] { return run_evaluate(*options); }; });
}

} // namespace plena::cli
