// `plena generate`: a text goes on, token by token.
#include "cli/files.h"
#include "cli/model.h"
#include "cli/model_files.h"
#include "cli/progress.h"
#include "driver/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace plena::cli {

namespace {

struct Options : ModelOptions {
  std::string ids;
  std::string prompt_file;
  std::optional<std::string> text;
  std::string vocabulary; ///< file
  std::int64_t tokens = 16;
  std::int64_t context = 0;
  std::int64_t chunk = 0;
  double temperature = 0;
  std::uint64_t seed = 42;
  std::string by{driver::sources().front().name};
  bool no_check = false;
  bool no_cycles = false;
  std::string json;
  TimingOptions timing;
};

Diagnostic usage(std::string message, std::string hint) {
  return {.code = "E_USAGE", .message = std::move(message), .hint = std::move(hint)};
}

/// `vocabulary` is read where the prompt is a text.
Result<std::vector<std::int64_t>>
prompt_of(const Options& options, std::optional<io::Vocabulary>& vocabulary) {
  const int given = (options.ids.empty() ? 0 : 1) + (options.prompt_file.empty() ? 0 : 1) + (options.text ? 1 : 0);
  if (given != 1) {
    return usage(
      given == 0 ? "there is no text to go on with" : "there are several texts to go on with",
      "give --text where the model has a vocabulary, else the ids of its tokens by --ids 1,2,3, or --prompt-ids "
      "with a file of them"
    );
  }
  if (options.text) {
    Result<io::Vocabulary> read = vocabulary_of(options.model, options.vocabulary);
    if (!read) {
      return read.diagnostics();
    }
    vocabulary = std::move(*read);
    Result<std::vector<std::int64_t>> ids = vocabulary->ids_of(*options.text);
    const auto room = ids ? vocabulary->context - static_cast<std::int64_t>(ids->size()) : 0;
    if (ids && options.tokens > room + 1) {
      return Diagnostic{
        .code = "E_KV_CACHE",
        .message = fmt::format(
          "{} tokens after a text of {} are more than the {} that the model was trained for",
          options.tokens,
          ids->size(),
          vocabulary->context
        ),
        .hint = fmt::format("ask for at most --tokens {}, or give a shorter text", room + 1)};
    }
    return ids;
  }
  if (!options.ids.empty()) {
    return driver::read_ids(
      {reinterpret_cast<const std::uint8_t*>(options.ids.data()), options.ids.size()}
    );
  }
  const Result<std::vector<std::uint8_t>> bytes = read_bytes(options.prompt_file);
  if (!bytes) {
    return bytes.diagnostics();
  }
  std::int64_t texts = 1;
  Result<std::vector<std::int64_t>> ids = driver::read_ids(*bytes, &texts);
  if (ids && texts != 1) {
    return usage(
      fmt::format("--prompt-ids {}: these are the ids of {} texts", options.prompt_file, texts),
      "one text is gone on with at a time: give a file with the ids of one"
    );
  }
  return ids;
}

/// Some of the runs as one line.
void print_runs(std::string_view title, std::span<const report::TextRun> runs) {
  if (runs.empty()) {
    return;
  }
  std::int64_t tokens = 0;
  std::uint64_t cycles = 0;
  std::uint64_t instructions = 0;
  std::uint64_t differing = 0;
  std::uint64_t compared = 0;
  std::size_t same = 0;
  double seconds = 0;
  double price = 0;
  for (const report::TextRun& run : runs) {
    tokens += run.tokens;
    cycles += run.cycles;
    instructions += run.instructions;
    seconds += run.seconds;
    differing += run.differing.value_or(0);
    compared += run.compared;
    same += run.same_choice ? 1 : 0;
    price = std::max(price, run.price);
  }
  const auto each = static_cast<std::uint64_t>(tokens);
  fmt::print(
    "{:<8} {:>5} tokens  {:>12} cycles, {:>10} each  {:>10} instructions each  {:>9.1f} tokens/s\n",
    title,
    tokens,
    cycles,
    cycles / each,
    instructions / each,
    static_cast<double>(tokens) / std::max(seconds, 1e-9)
  );
  if (runs.front().differing) {
    fmt::print(
      "{:<8} {} of {} numbers differ from the hardware reference; fp32 has the same choice {} of {} "
      "times, relative RMS at most {:.3g}\n",
      "",
      differing,
      compared,
      same,
      runs.size(),
      price
    );
  }
}

class Writer {
 public:
  /// After the id `end`, if any, the text is complete.
  Writer(
    const Options& options, driver::Generation& text, driver::Source source, std::optional<std::int64_t> end
  )
      : options_(options),
        text_(text),
        source_(source),
        end_(end),
        sampler_(options.temperature, options.seed) {}

  /// Ids after the prompt, and what ran for them.
  Status run(std::span<const std::int64_t> prompt) {
    Progress progress("generate");
    const InterruptWatch watch;
    if (Status done = feed(prompt); !done) {
      return done;
    }
    prompt_runs = runs.size();
    for (std::int64_t i = 0; i < options_.tokens && !interrupted(); ++i) {
      const std::int64_t id = sampler_.choose(text_.logits(source_));
      ids.push_back(id);
      progress.show(fmt::format("{} tokens", ids.size()));
      if (i + 1 == options_.tokens || id == end_) {
        break;
      }
      if (Status done = feed(std::span(&id, 1)); !done) {
        return done;
      }
    }
    progress.clear();
    return Done{};
  }

  std::vector<std::int64_t> ids;
  std::vector<report::TextRun> runs;
  std::size_t prompt_runs = 0;

 private:
  Status feed(std::span<const std::int64_t> more) {
    const Result<std::vector<driver::GenerationRun>> ran = text_.feed(more);
    if (!ran) {
      return ran.diagnostics();
    }
    for (const driver::GenerationRun& run : *ran) {
      runs.push_back(driver::text_run(run));
    }
    return Done{};
  }

  const Options& options_;
  driver::Generation& text_;
  driver::Source source_;
  std::optional<std::int64_t> end_;
  driver::Sampler sampler_;
};

bool is_fault(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.code.starts_with("E_FAULT_");
  });
}

int generate(const Options& options) {
  driver::Session session;
  Steps steps;
  std::optional<io::Vocabulary> vocabulary;
  const auto prompt = steps.take(prompt_of(options, vocabulary));
  const auto toml = prompt ? steps.take(settings_text(options.settings)) : std::nullopt;
  if (!toml || !steps.take(session.set_settings(options.settings, *toml)) ||
      !steps.take(set_timing(session, options.timing))) {
    return exit_unusable;
  }
  const auto rows = driver::sources();
  const auto source = std::find_if(rows.begin(), rows.end(), [&](const driver::SourceInfo& row) {
    return row.name == options.by;
  })->source;
  if (options.no_check && source != driver::Source::Machine) {
    print({usage("--by and --no-check", "references choose only where they are computed")});
    return exit_unusable;
  }
  const auto named = steps.take(files_of_model(options.model));
  const std::optional<std::string> choices = choices_json(options, steps);
  if (!named || !choices) {
    return exit_unusable;
  }
  driver::GenerationOptions wanted;
  wanted.choices = *choices;
  const auto given = static_cast<std::int64_t>(prompt->size());
  wanted.capacity = options.context != 0 ? options.context : given + std::max<std::int64_t>(options.tokens, 1) - 1;
  wanted.chunk = options.chunk;
  wanted.cycles = !options.no_cycles;
  wanted.references = !options.no_check;
  wanted.beside = files_beside(options.model);
  auto text = steps.take(session.generation(named->name, named->files, wanted));
  if (!text) {
    return exit_unusable;
  }
  if (vocabulary && text->vocabulary() != static_cast<std::int64_t>(vocabulary->tokens.size())) {
    print({Diagnostic{
      .code = "E_VOCABULARY",
      .message = fmt::format(
        "the vocabulary has {} tokens, and the model {}", vocabulary->tokens.size(), text->vocabulary()
      ),
      .hint = "give the vocabulary that belongs to the model"}});
    return exit_unusable;
  }
  Writer writer(options, *text, source, vocabulary ? vocabulary->end : std::nullopt);
  if (const Status written = writer.run(*prompt); !written) {
    print(written.diagnostics());
    return is_fault(written.diagnostics()) ? exit_fault : exit_unusable;
  }
  report::TextFacts facts;
  facts.model = named->name;
  facts.settings = options.settings;
  facts.timing = session.timing_title();
  facts.source = options.by;
  facts.temperature = options.temperature;
  facts.seed = options.seed;
  facts.capacity = text->capacity();
  facts.cache_bytes = text->cache_bytes();
  facts.prompt = *prompt;
  facts.ids = writer.ids;
  if (vocabulary) {
    facts.prompt_text = *options.text;
    facts.text = vocabulary->text_of(writer.ids);
  }
  for (const driver::GenerationProgram& program : text->programs()) {
    facts.programs.push_back({program.tokens, program.words, program.compile_seconds});
  }
  facts.runs = writer.runs;
  facts.prompt_runs = writer.prompt_runs;
  if (!options.json.empty() && !steps.take(write_file(options.json, report::generation(facts)))) {
    return exit_unusable;
  }
  if (options.json != "-") {
    if (facts.text) {
      fmt::print("{}{}\n", *facts.prompt_text, *facts.text);
    } else {
      fmt::print("{}\n", fmt::join(writer.ids, " "));
    }
    const std::span<const report::TextRun> runs(writer.runs);
    print_runs("prefill", runs.first(writer.prompt_runs));
    print_runs("decode", runs.subspan(writer.prompt_runs));
    fmt::print(
      "caches of {} tokens take {} bytes of HBM ({})\n",
      text->capacity(),
      text->cache_bytes(),
      session.timing_title()
    );
  }
  if (interrupted()) {
    return exit_interrupted;
  }
  const bool exact = std::all_of(
    writer.runs.begin(),
    writer.runs.end(),
    [](const report::TextRun& run) { return run.differing.value_or(0) == 0; }
  );
  return exact ? exit_done : exit_not_holding;
}

} // namespace

void add_generate(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
    "generate", "Go on with a text token by token, keys and values of earlier ones in HBM"
  );
  command->add_option("model", options->model, "folder of a checkpoint, or JSON model of a family")
    ->required();
  command->add_option("--text", options->text, "text to go on with, of a model with a vocabulary");
  command->add_option("--vocabulary", options->vocabulary, "file of it; else vocabulary.json in the model's folder");
  command->add_option("--ids", options->ids, "ids of the text's tokens, separated by commas");
  command->add_option("--prompt-ids", options->prompt_file, "file with them, .npy or text");
  command->add_option("--tokens", options->tokens, "tokens that are to come")
    ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 20))
    ->capture_default_str();
  command->add_option("--context", options->context, "tokens that the caches have room for; else as many as needed")
    ->check(CLI::PositiveNumber);
  command->add_option("--chunk", options->chunk, "tokens of the text at a time; else MLEN")
    ->check(CLI::PositiveNumber);
  command
    ->add_option("--temperature", options->temperature, "0: the likeliest token, else by chance")
    ->check(finite_from_zero())
    ->capture_default_str();
  command->add_option("--seed", options->seed, "of the chance")->capture_default_str();
  std::string by = "whose logits choose:";
  std::vector<std::string> names;
  for (const driver::SourceInfo& source : driver::sources()) {
    by += fmt::format("{} {} ({})", names.empty() ? "" : ",", source.name, source.meaning);
    names.emplace_back(source.name);
  }
  command->add_option("--by", options->by, by)->check(CLI::IsMember(names))->capture_default_str();
  command->add_flag("--no-check", options->no_check, "do not compute the references beside");
  command->add_flag("--no-cycles", options->no_cycles, "do not count cycles");
  command->add_option("--settings", options->settings, "settings: a preset's name or a TOML file")
    ->capture_default_str();
  add_choice_options(*command, *options);
  add_timing_options(*command, options->timing);
  add_report_option(*command, options->json);
  command->callback([&action, options] { action = [options] { return generate(*options); }; });
}

} // namespace plena::cli
