// `plena analytic`: the closed-form performance models, alone, over ranges, and beside a run.

#include "driver/analytic.h"

#include "cli/files.h"
#include "cli/model.h"
#include "cli/model_files.h"
#include "cli/run.h"

#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace plena::cli {

namespace {

namespace fs = std::filesystem;

struct Options : ModelOptions {
  std::vector<std::string> numbers;
  std::vector<std::string> sweeps;
  std::string form{"auto"};
  std::string part{"text"};
  std::string latencies;
  std::string section{"analytic"};
  std::string json;
  std::string csv;
  std::string svg;
  bool list = false;
  bool against_run = false;
  TimingOptions timing;
  /// Upstream's options, which are numbers by other names.
  std::map<std::string, std::uint64_t> workload;
};

struct WorkloadOption {
  const char* option;
  const char* key;
  const char* help;
};
constexpr WorkloadOption workload_options[] = {
  {"--batch-size", "batch_size", "sequences at the same time, by default 4"},
  {"--input-seq", "input_seq", "tokens of the prompt, by default 2048"},
  {"--output-seq", "output_seq", "tokens made, by default 1024"},
  {"--device-num", "device_num", "devices that share the batch, by default 1"},
  {"--diffusion-steps", "diffusion_steps", "steps of a diffusion model, by default 64"},
  {"--seq-len", "seq_len", "tokens of a diffusion model, by default those of the prompt"}};

/// What a command writes, by the option that names the file.
bool write_outputs(
  std::initializer_list<std::pair<const std::string*, std::string>> outputs,
  const std::string& text,
  Steps& steps
) {
  bool on_stdout = false;
  for (const auto& [path, content] : outputs) {
    if (!path->empty() && !steps.take(write_file(*path, content))) {
      return false;
    }
    on_stdout = on_stdout || *path == "-";
  }
  if (!on_stdout) {
    fmt::print("{}", text);
  }
  return true;
}

Status usage(std::string message, std::string hint) {
  return Diagnostic{.code = "E_USAGE", .message = std::move(message), .hint = std::move(hint)};
}

/// The dimensions: of a name, of a file that has them, else of the model, which is loaded.
bool choose_model(
  driver::Session& session, const Options& options, analytic::Request& request, Steps& steps
) {
  if (driver::is_shipped_dims(options.model)) {
    request.model = options.model;
    return true;
  }
  std::error_code error;
  fs::path path = options.model;
  if (!fs::exists(path, error)) {
    print(
      {{.code = "E_FILE",
        .message = "there is no such file or model",
        .hint = fmt::format(
          "the models that come with the project are {}",
          fmt::join(driver::shipped_dims_names(), ", ")
        ),
        .file = options.model}}
    );
    return false;
  }
  request.dims_name = path.stem().string();
  if (fs::is_directory(path, error)) {
    path /= "config.json";
  }
  if (path.extension() == ".json") {
    auto text = steps.take(read_text(path));
    if (!text) {
      return false;
    }
    if (driver::has_dims(*text)) {
      request.dims_json = std::move(*text);
      return true;
    }
  }
  return load_model_files(session, options, steps);
}

bool choose_settings(driver::Session& session, const Options& options, Steps& steps) {
  const auto toml = steps.take(settings_text(options.settings));
  return toml && steps.take(session.set_settings(options.settings, *toml));
}

int predict(const Options& options, Steps& steps) {
  driver::Session session;
  analytic::Request request;
  if (!choose_settings(session, options, steps) || !choose_model(session, options, request, steps)) {
    return exit_unusable;
  }
  request.vision = options.part == "vision";
  request.form = analytic::find_form(options.form);
  request.latencies = options.latencies;
  if (options.section == "transactional") {
    request.section = analytic::Section::Transactional;
  }
  for (const auto& [key, value] : options.workload) {
    request.numbers.emplace_back(key, value);
  }
  for (const std::string& text : options.numbers) {
    const auto axis = steps.take(analytic::parse_axis(text));
    if (!axis) {
      return exit_unusable;
    }
    if (axis->values.size() != 1) {
      print(usage(fmt::format("--set {}: one value", text), "--sweep takes several").diagnostics());
      return exit_unusable;
    }
    request.numbers.emplace_back(axis->key, axis->values.front());
  }
  for (const std::string& text : options.sweeps) {
    auto axis = steps.take(analytic::parse_axis(text));
    if (!axis) {
      return exit_unusable;
    }
    request.axes.push_back(std::move(*axis));
  }
  const auto facts = steps.take(driver::analyse(session, request));
  return facts && write_outputs(
                    {{&options.json, report::analytic_json(*facts) + "\n"},
                     {&options.csv, options.csv.empty() ? "" : report::analytic_csv(*facts)},
                     {&options.svg, options.svg.empty() ? "" : report::analytic_svg(*facts)}},
                    report::analytic_text(*facts),
                    steps
                  )
           ? exit_done
           : exit_unusable;
}

int against_run(const Options& options, Steps& steps) {
  driver::Session session;
  if (!steps.take(set_timing(session, options.timing)) || !prepare(session, options, steps) ||
      !load_inputs(session, options) || !compile_model(session, options, steps) || !steps.take(session.reset())) {
    return exit_unusable;
  }
  if (const auto status = run_to_end(session)) {
    return *status;
  }
  if (const auto fault = session.status().fault) {
    print({*fault});
    return exit_fault;
  }
  const auto made = steps.take(driver::compare_with_run(session));
  return made && write_outputs(
                   {{&options.json, report::run_comparison_json(*made) + "\n"},
                    {&options.csv, report::run_comparison_csv(*made)}},
                   report::run_comparison_table(*made),
                   steps
                 )
           ? exit_done
           : exit_unusable;
}

int profile_assembly(const Options& options, Steps& steps) {
  driver::Session session;
  if (!choose_settings(session, options, steps)) {
    return exit_unusable;
  }
  const auto text = steps.take(read_text(options.model));
  if (!text) {
    return exit_unusable;
  }
  const auto facts = steps.take(driver::profile_text(session, *text, options.latencies));
  return facts && write_outputs(
                    {{&options.json, report::static_profile_json(*facts)}},
                    report::static_profile_text(*facts),
                    steps
                  )
           ? exit_done
           : exit_unusable;
}

int analytic_command(const Options& options) {
  Steps steps;
  if (options.list) {
    for (const std::string_view name : driver::shipped_dims_names()) {
      fmt::print("{}\n", name);
    }
    return exit_done;
  }
  const bool assembly = fs::path(options.model).extension() == ".asm";
  const bool predicts = !assembly && !options.against_run;
  if (options.model.empty()) {
    print(usage("a model is missing", "name a file, or one of --list-models").diagnostics());
    return exit_unusable;
  }
  if (!predicts && (!options.svg.empty() || !options.sweeps.empty() || !options.numbers.empty() || !options.workload.empty())) {
    print(usage(
            "--svg, --sweep, --set and numbers of a request belong to predictions",
            "leave them out, or --against-run"
    )
            .diagnostics());
    return exit_unusable;
  }
  if (!steps.take(
        one_on_stdout({{"--json", options.json}, {"--csv", options.csv}, {"--svg", options.svg}})
      )) {
    return exit_unusable;
  }
  return assembly              ? profile_assembly(options, steps)
         : options.against_run ? against_run(options, steps)
                               : predict(options, steps);
}

} // namespace

void add_analytic(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
    "analytic", "Predict what a model costs in closed form: time to first token, tokens per second"
  );
  add_model_options(*command, *options);
  command->get_option("model")
    ->description(
      "dimensions (name of --list-models, config.json, or a model), or assembly text to profile"
    )
    ->required(false);
  add_timing_options(*command, options->timing);
  command->add_flag(
    "--list-models", options->list, "names of the models that come with the project"
  );
  for (const WorkloadOption& row : workload_options) {
    command->add_option_function<std::uint64_t>(
      row.option,
      [options, key = std::string(row.key)](std::uint64_t value) {
        options->workload[key] = value;
      },
      row.help
    );
  }
  command->add_option("--form", options->form, "formulas: auto, llama, gpt_oss or llada")
    ->check(CLI::IsMember({"auto", "llama", "gpt_oss", "llada"}));
  command->add_flag_callback(
    "--llada", [options] { options->form = "llada"; }, "the diffusion step, as --form llada"
  );
  command
    ->add_option("--part", options->part, "of a config.json with two transformers: text or vision")
    ->check(CLI::IsMember({"text", "vision"}));
  command->add_option(
    "--latencies",
    options->latencies,
    "dc_lib_en, dc_lib_dis, nexys_a7, nexys_a7_150mhz, v80 or rtl"
  );
  command
    ->add_option(
      "--section", options->section, "machine of the settings: analytic or transactional"
    )
    ->check(CLI::IsMember({"analytic", "transactional"}));
  command->add_option(
    "--set",
    options->numbers,
    "KEY=VALUE: a setting, a dimension or a number of the request (repeatable)"
  );
  command
    ->add_option(
      "--sweep",
      options->sweeps,
      "KEY=A,B,C or KEY=A..B*2 or KEY=A..B+STEP (repeatable): all combinations"
    )
    ->allow_extra_args(false);
  command->add_flag(
    "--against-run", options->against_run, "compile and run the model, and compare part by part"
  );
  command->add_option("--json", options->json, "write the numbers as JSON (- for standard output)");
  command->add_option(
    "--csv", options->csv, "write the points or parts as CSV (- for standard output)"
  );
  command->add_option("--svg", options->svg, "write the sweep, or the roofline, as a drawing");
  command->callback([&action, options] {
    action = [options] { return analytic_command(*options); };
  });
}

} // namespace plena::cli
