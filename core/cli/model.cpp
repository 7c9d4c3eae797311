// `plena compile` and `plena verify`.

#include "cli/model.h"

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/model_files.h"
#include "cli/recipes.h"
#include "cli/run.h"
#include "driver/choices.h"
#include "driver/npy.h"
#include "driver/session.h"
#include "driver/tools.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <optional>
#include <set>

namespace plena::cli {

namespace {

/// Upstream's switches for its unrolled programs, the name in force first.
constexpr const char* unroll_switches[] = {"ATEN_OPS_UNROLL", "ATEN_UNROLL"};

struct Options : ModelOptions {
  std::string output;
  std::string expected;
  std::string save;
  std::string json;
  std::string dumps;
  std::string model_copy;
  std::string weights_copy;
  bool stages = false;
  bool ablation = false;
  std::string precision = "hardware";
  TimingOptions timing;
};

bool bind_dimensions(driver::Session& session, const std::vector<std::string>& bindings) {
  for (const std::string& binding : bindings) {
    const std::size_t equals = binding.find('=');
    std::int64_t value = 0;
    const char* end = binding.data() + binding.size();
    const char* begin = binding.data() + std::min(equals + 1, binding.size());
    if (equals == std::string::npos || std::from_chars(begin, end, value).ptr != end || begin == end || value < 1) {
      print(
        {{.code = "E_USAGE",
          .message = fmt::format("--bind {}: expected NAME=NUMBER", binding),
          .hint = "for example --bind batch=1"}}
      );
      return false;
    }
    session.bind_dimension(binding.substr(0, equals), value);
  }
  return true;
}

using Setter =
  Status (driver::Session::*)(std::string_view, std::span<const std::uint8_t>, driver::TensorForm);

/// Hands NAME.npy, NAME.bin or NAME.txt of a folder to the session, for every name; `prefix` may stand
/// before NAME.npy.
bool load_tensors(
  driver::Session& session,
  const std::filesystem::path& folder,
  const std::vector<std::string>& names,
  Setter set,
  const std::string& prefix = {}
) {
  for (const std::string& name : names) {
    std::string stem = driver::file_name_of(name);
    if (std::error_code error; std::filesystem::exists(folder / (prefix + stem + ".npy"), error)) {
      stem = prefix + stem;
    }
    const auto path_with = [&](const char* extension) { return folder / (stem + extension); };
    const auto exists = [&](const char* extension) {
      std::error_code error;
      return std::filesystem::exists(path_with(extension), error);
    };
    const bool text = exists(".txt");
    const bool npy = exists(".npy");
    if (!text && !npy && !exists(".bin")) {
      print(
        {{.code = "E_FILE",
          .message = fmt::format("there is no {0}.npy, {0}.bin or {0}.txt", stem),
          .hint = "give one file per tensor, named after it",
          .file = folder.string()}}
      );
      return false;
    }
    Steps steps;
    const auto bytes = steps.take(read_bytes(path_with(npy ? ".npy" : text ? ".txt" : ".bin")));
    const auto form = text && !npy ? driver::TensorForm::Text : driver::TensorForm::Detect;
    if (!bytes || !steps.take((session.*set)(name, *bytes, form))) {
      return false;
    }
  }
  return true;
}

} // namespace

Result<std::string> settings_text(const std::string& name) {
  if (Result<driver::Preset> preset = driver::preset(name)) {
    return std::move(preset->toml);
  } else if (std::error_code error; !std::filesystem::exists(name, error) && !error) {
    return std::move(preset).diagnostics();
  }
  return read_text(name);
}

bool prepare(driver::Session& session, const ModelOptions& options, Steps& steps) {
  const auto toml = steps.take(settings_text(options.settings));
  if (!toml || !steps.take(session.set_settings(options.settings, *toml)) ||
      !bind_dimensions(session, options.bindings)) {
    return false;
  }
  session.set_seed(options.seed);
  return load_model_files(session, options, steps);
}

bool load_inputs(driver::Session& session, const ModelOptions& options) {
  return options.inputs.empty() ||
         load_tensors(session, options.inputs, session.input_names(), &driver::Session::set_input);
}

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("model", options.model, "model (.onnx or .json), or folder of a checkpoint")->required();
  add_compile_options(command, options);
}

void add_compile_options(CLI::App& command, ModelOptions& options) {
  add_part_options(command, options.part);
  command.add_option("--settings", options.settings, "settings: a preset's name or a TOML file")
    ->capture_default_str();
  command.add_option("--bind", options.bindings, "value of a symbolic dimension, NAME=NUMBER");
  command.add_option("--inputs", options.inputs, "folder with NAME.npy, .bin or .txt per input");
  command.add_option("--seed", options.seed, "seed of inputs that are made up; else the model's");
  add_choice_options(command, options);
}

void add_choice_options(CLI::App& command, ModelOptions& options) {
  for (const driver::Choice& choice : driver::choices()) {
    std::string help = fmt::format("{}:", choice.meaning);
    std::vector<std::string> names;
    for (const driver::ChoiceValue& value : choice.values) {
      help += fmt::format("{} {} ({})", names.empty() ? "" : ",", value.name, value.meaning);
      names.emplace_back(value.name);
    }
    help += fmt::format(
      "; else what {}the model says, else {}",
      choice.name == "unroll" ? fmt::format("{} (1: all, 0: none) or ", unroll_switches[0]) : "",
      names.front()
    );
    command
      .add_option(fmt::format("--{}", choice.name), options.choices[std::string(choice.name)], help)
      ->check(CLI::IsMember(names));
  }
}

void add_cost_profile(CLI::App& command, TimingOptions& options) {
  command.add_option("--cost-profile", options.cost_profile, "what instructions cost");
}

void add_timing_options(CLI::App& command, TimingOptions& options) {
  add_cost_profile(command, options);
  command.add_option("--memory-model", options.memory_model, "what transfers cost");
  command.add_option("--schedule", options.schedule, "what runs at the same time");
}

namespace {

/// What the environment says about loops, empty for nothing.
Result<std::string> unroll_of_environment() {
  for (const char* name : unroll_switches) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') {
      continue;
    }
    const std::string_view text = value;
    if (text != "0" && text != "1") {
      return Diagnostic{
        .code = "E_USAGE",
        .message = fmt::format("the environment's {} cannot be '{}'", name, text),
        .hint = "1 writes out all loops, 0 keeps them; --unroll says which"};
    }
    Diagnostics notes;
    if (name != unroll_switches[0]) {
      notes.push_back(
        {.severity = Severity::Warning,
         .code = "W_RENAMED",
         .message = fmt::format("the environment's {} is the old name of {}", name, unroll_switches[0]),
         .hint = fmt::format("set {} instead", unroll_switches[0])}
      );
    }
    return {std::string(text == "1" ? "all" : "none"), std::move(notes)};
  }
  return std::string();
}

} // namespace

std::optional<std::string>
choices_json(const ModelOptions& options, Steps& steps, Diagnostics* notes) {
  std::map<std::string, std::string> choices = options.choices;
  if (std::string& unroll = choices["unroll"]; unroll.empty()) {
    const Result<std::string> environment = unroll_of_environment();
    if (notes != nullptr) {
      *notes = environment.diagnostics();
    }
    const auto taken = steps.take(environment);
    if (!taken) {
      return std::nullopt;
    }
    unroll = *taken;
  }
  std::string json; // names need no escapes: each is one of a list
  for (const auto& [name, value] : choices) {
    if (!value.empty()) {
      json += fmt::format("{}\"{}\": \"{}\"", json.empty() ? "" : ", ", name, value);
    }
  }
  return fmt::format("{{{}}}", json);
}

bool compile_model(
  driver::Session& session, const ModelOptions& options, Steps& steps, Diagnostics* notes
) {
  const std::optional<std::string> choices = choices_json(options, steps, notes);
  if (!choices) {
    return false;
  }
  const Result<std::string> compiled = session.compile(*choices);
  if (notes != nullptr) {
    notes->insert(notes->end(), compiled.diagnostics().begin(), compiled.diagnostics().end());
  }
  return steps.take(compiled).has_value();
}

Status set_timing(driver::Session& session, const TimingOptions& options) {
  return session.set_timing(options.cost_profile, options.memory_model, options.schedule);
}

Status one_on_stdout(std::initializer_list<std::pair<const char*, std::string_view>> outputs) {
  std::vector<std::string_view> there;
  for (const auto& [option, path] : outputs) {
    if (path == "-") {
      there.emplace_back(option);
    }
  }
  if (there.size() <= 1) {
    return Done{};
  }
  return Diagnostic{
    .code = "E_USAGE",
    .message = fmt::format("{} all go to standard output", fmt::join(there, ", ")),
    .hint = "leave it to one of them and name files for the others"};
}

void print_products(const driver::Session& session) {
  const std::optional<driver::ProductTable> table = session.product_table();
  if (!table) {
    return;
  }
  using Form = driver::ProductCycles::Form;
  const auto name = [&](Form form) -> std::string {
    switch (form) {
    case Form::Portable:
      return "portable products";
    case Form::Dense:
      return "dense products";
    case Form::Chosen:
      break;
    }
    return table->products == 0
             ? "this program, without products: portable and dense are the same"
             : fmt::format("this program, {} of {} products dense", table->dense, table->products);
  };
  std::vector<driver::ProductCycles> rows = table->rows;
  if (table->products == 0) {
    std::erase_if(rows, [](const auto& row) { return row.form != Form::Chosen; });
  }
  const std::string title = "cycles without waits for memory";
  std::size_t width = title.size();
  for (const driver::ProductCycles& row : rows) {
    width = std::max(width, name(row.form).size());
  }
  fmt::print("{:<{}}  {:>16}  {:>16}\n", title, width, "emulator profile", "analytic profile");
  for (const driver::ProductCycles& row : rows) {
    fmt::print("{:<{}}  {:>16}  {:>16}\n", name(row.form), width, row.emulator, row.analytic);
  }
}

namespace {

/// Tells of files such as those written here that another run has left.
void tell_of_older(const std::filesystem::path& folder, const std::set<std::string>& written) {
  std::set<std::string> left;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    const bool is_dump =
      digits >= 2 && name.substr(digits, 1) == "_" && entry.path().extension() == ".txt";
    if (is_dump && !written.contains(name)) {
      left.insert(name);
    }
  }
  if (!left.empty()) {
    print(
      {{.severity = Severity::Warning,
        .code = "W_OLDER_DUMPS",
        .message = fmt::format("not of this run: {}", fmt::join(left, ", ")),
        .hint = "remove them, or name another folder",
        .file = folder.string()}}
    );
  }
}

/// One file per pass, numbered in the order of the passes; or all on standard output.
bool write_dumps(
  const std::vector<driver::PassDump>& dumps, const std::string& output, Steps& steps
) {
  if (output == "-") {
    for (const driver::PassDump& dump : dumps) {
      fmt::print("; {}\n{}\n", dump.pass, dump.text);
    }
    return true;
  }
  const std::filesystem::path folder = output;
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::set<std::string> written;
  for (std::size_t i = 0; i < dumps.size(); ++i) {
    const std::string name = fmt::format("{:02}_{}.txt", i, dumps[i].pass);
    if (!steps.take(write_file(folder / name, dumps[i].text))) {
      return false;
    }
    written.insert(name);
  }
  tell_of_older(folder, written);
  return true;
}

/// The model as a JSON document, its long constants beside it if that is asked for.
bool save_model(const driver::Session& session, const Options& options, Steps& steps) {
  const std::filesystem::path document = options.model_copy;
  if (options.weights_copy.empty()) {
    if (options.model_copy.empty()) {
      return true;
    }
    const auto json = steps.take(session.model_json());
    return json && steps.take(write_file(document, *json));
  }
  const std::filesystem::path weights = options.weights_copy;
  if (options.model_copy.empty() || weights.has_parent_path() || weights == document.filename()) {
    print(
      {{.code = "E_USAGE",
        .message = fmt::format("--save-weights {}", options.weights_copy),
        .hint = "name another file than the document's without directories, and the document beside it by "
                "--save-model"}}
    );
    return false;
  }
  const auto made = steps.take(session.model_document(options.weights_copy));
  return made && steps.take(write_file(document, made->json)) &&
         steps.take(write_file(document.parent_path() / weights, made->bytes));
}

int compile(const Options& options) {
  driver::Session session;
  session.keep_dumps(!options.dumps.empty());
  Steps steps;
  if (!steps.take(one_on_stdout({{"--json", options.json}, {"--dump-passes", options.dumps}})) ||
      !prepare(session, options, steps) || !load_inputs(session, options) ||
      !steps.take(set_timing(session, options.timing))) {
    return exit_unusable;
  }
  Diagnostics notes;
  if (!compile_model(session, options, steps, &notes)) {
    return exit_unusable;
  }
  const auto artefacts = steps.take(session.artefacts());
  if (!artefacts) {
    return exit_unusable;
  }
  const std::filesystem::path folder = options.output;
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  for (const auto& [name, text] :
       {std::pair<const char*, std::string_view>{"program.asm", artefacts->asm_text},
        {"program.mem", artefacts->mem_text},
        {"layout.json", artefacts->layout_json},
        {"map.json", artefacts->map_json}}) {
    if (!steps.take(write_file(folder / name, text))) {
      return exit_unusable;
    }
  }
  const driver::Images& images = artefacts->images;
  for (const auto& [name, bytes] :
       {std::pair<const char*, std::span<const std::uint8_t>>{"hbm.bin", images.hbm},
        {"fp_sram.bin", images.fp_sram},
        {"int_sram.bin", images.int_sram}}) {
    if (!steps.take(write_file(folder / name, bytes))) {
      return exit_unusable;
    }
  }
  if (!options.dumps.empty() && !write_dumps(artefacts->dumps, options.dumps, steps)) {
    return exit_unusable;
  }
  if ((!options.json.empty() &&
       !steps.take(write_file(options.json, session.compile_report(notes)))) ||
      !save_model(session, options, steps)) {
    return exit_unusable;
  }
  if (options.json != "-" && options.dumps != "-") {
    print_products(session);
  }
  return exit_done;
}

/// Stages have another column: the machine against the golden made from its own inputs.
void print_table(
  std::string_view title, const std::vector<driver::Comparison>& rows, bool stages
) {
  std::size_t width = title.size();
  for (const driver::Comparison& row : rows) {
    width = std::max(width, row.name.size());
  }
  fmt::print(
    "{:<{}}  {:>12}  {:>14}  ", title, width, "format price", "machine error"
  );
  fmt::print(
    "{}{:>10}  {:>9}  ",
    stages ? fmt::format("{:>12}  ", "of its own") : "",
    "rel. RMS",
    "allclose"
  );
  fmt::print("{}{:<6} {}\n", stages ? "" : fmt::format("{:>9}  ", "argmax"), "", "bound");
  for (const driver::Comparison& row : rows) {
    fmt::print("{:<{}}  {:>12.3g}  {:>14.4g}  ", row.name, width, row.price, row.machine_error);
    if (stages) {
      fmt::print("{:>12.4g}  ", row.local_error);
    }
    fmt::print("{:>10.3g}  {:>8.2f}%  ", row.rel_rms, 100 * row.allclose);
    if (!stages) {
      fmt::print("{:>8.2f}%  ", 100 * row.argmax);
    }
    fmt::print("{:<6} {}\n", row.pass ? "ok" : "FAILS", row.bound);
    if (row.expected_error) {
      fmt::print(
        "{:<{}}  given reference against fp32: {:.3g} at most\n", "", width, *row.expected_error
      );
    }
  }
}

void print_ablation(const std::vector<driver::AblationLine>& lines) {
  const std::string_view title = "roundings";
  std::size_t width = title.size();
  std::size_t outputs = std::string_view("output").size();
  for (const driver::AblationLine& line : lines) {
    width = std::max(width, line.precision.size());
    outputs = std::max(outputs, line.output.size());
  }
  fmt::print(
    "{:<{}}  {:<{}}  {:>12}  {:>10}  {:>10}\n",
    title,
    width,
    "output",
    outputs,
    "within 0.01",
    "MSE",
    "rel. RMS"
  );
  for (const driver::AblationLine& line : lines) {
    fmt::print(
      "{:<{}}  {:<{}}  {:>11.2f}%  {:>10.3g}  {:>10.3g}\n",
      line.precision,
      width,
      line.output,
      outputs,
      100 * line.match,
      line.mse,
      line.rel_rms
    );
  }
}

bool save_outputs(
  const driver::Session& session, const std::filesystem::path& folder, Steps& steps
) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  for (const driver::NamedTensor& tensor : session.output_values()) {
    const std::string name = driver::file_name_of(tensor.name) + ".npy";
    if (!steps.take(write_file(folder / name, driver::npy_bytes(tensor)))) {
      return false;
    }
  }
  return true;
}

/// Of the references alone: nothing is run.
int ablate(driver::Session& session, const Options& options, Steps& steps) {
  const auto report = steps.take(session.ablation());
  if (!report || (!options.json.empty() && !steps.take(write_file(options.json, *report)))) {
    return exit_unusable;
  }
  if (options.json != "-") {
    print_ablation(session.ablation_lines());
  }
  return exit_done;
}

int verify(const Options& options) {
  driver::Session session;
  Steps steps;
  if (!prepare(session, options, steps) || !load_inputs(session, options) ||
      !steps.take(set_timing(session, options.timing))) {
    return exit_unusable;
  }
  if (!options.expected.empty() && !load_tensors(session, options.expected, session.output_names(), &driver::Session::set_expected, "expected_")) {
    return exit_unusable;
  }
  if (!compile_model(session, options, steps)) {
    return exit_unusable;
  }
  if (options.ablation) {
    return ablate(session, options, steps);
  }
  if (!steps.take(session.reset())) {
    return exit_unusable;
  }
  if (const auto status = run_to_end(session)) {
    return *status;
  }
  const driver::RunStatus status = session.status();
  if (status.fault) {
    print({*status.fault});
    print_reproduction(session, options.model);
    if (!options.json.empty() && !steps.take(write_file(options.json, session.emulate_report()))) {
      return exit_unusable;
    }
    return exit_fault;
  }
  const auto report = steps.take(session.verify(options.precision));
  if (!report || (!options.json.empty() && !steps.take(write_file(options.json, *report))) ||
      (!options.save.empty() && !save_outputs(session, options.save, steps))) {
    return exit_unusable;
  }
  const driver::VerdictSummary& verdict = session.verdict();
  if (options.json != "-") {
    if (options.stages) {
      print_table("stage", verdict.stages, true);
    }
    print_table("output", verdict.outputs, false);
    if (!verdict.first_bad.empty()) {
      fmt::print("first wrong: {}\n", verdict.first_bad);
    }
    fmt::print(
      "{} after {} instructions, {} cycles ({})\n",
      verdict.pass ? "pass" : "FAIL",
      status.executed,
      status.cycles,
      session.timing_title()
    );
    print_products(session);
  }
  if (!verdict.pass) {
    print_reproduction(session, options.model);
  }
  return verdict.pass ? exit_done : exit_not_holding;
}

} // namespace

void add_compile(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("compile", "Compile a model to a program and its images");
  add_model_options(*command, *options);
  add_cost_profile(*command, options->timing);
  command->get_option("--cost-profile")->description("what instructions cost, for --opt auto");
  command->add_option("-o,--output", options->output, "folder for the files")->required();
  add_report_option(*command, options->json);
  command->add_option("--save-model", options->model_copy, "write the model as a JSON document");
  command->add_option(
    "--save-weights", options->weights_copy, "name of a file beside that document for its long constants"
  );
  command->add_option(
    "--dump-passes",
    options->dumps,
    "write the tile program after each pass into this folder (- for standard output)"
  );
  command->callback([&action, options] { action = [options] { return compile(*options); }; });
}

void add_verify(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
    app.add_subcommand("verify", "Compile a model, run it, compare with the references");
  add_model_options(*command, *options);
  command->add_option("--expect", options->expected, "folder with outputs of a trusted runtime");
  command->add_option("--save", options->save, "write outputs of all references as .npy there");
  add_report_option(*command, options->json);
  add_timing_options(*command, options->timing);
  command->add_flag("--stages", options->stages, "print the comparison after every operator");
  std::string precisions = "golden to show the numbers of; the machine is always judged by hardware:";
  std::vector<std::string> names;
  for (const driver::Precision& precision : driver::precisions()) {
    precisions += fmt::format(
      "{} {} ({})", names.empty() ? "" : ",", precision.name, precision.meaning
    );
    names.emplace_back(precision.name);
  }
  command->add_option("--precision", options->precision, precisions)
    ->check(CLI::IsMember(names))
    ->capture_default_str();
  command->add_flag(
    "--ablation", options->ablation, "instead, print what each kind of rounding costs"
  );
  command->callback([&action, options] { action = [options] { return verify(*options); }; });
}

} // namespace plena::cli
