// `plena link` and `plena run`: what was done as a link, and a link done again.
#include "cli/recipes.h"

#include "base/printable.h"
#include "base/sha256.h"
#include "cli/files.h"
#include "cli/gallery.h"
#include "cli/model_files.h"
#include "cli/remote.h"
#include "cli/run.h"
#include "driver/text.h"
#include "recipe/zlib_codec.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace plena::cli {

namespace {

/// Beyond, some chat tools and issue trackers cut.
constexpr std::size_t comfortable = 2000;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_file(const std::string& what) {
  std::error_code error;
  return what == "-" || std::filesystem::exists(what, error);
}

bool has_suffix(const std::string& what, std::string_view suffix) {
  return std::string_view(what).ends_with(suffix);
}

std::string needs(const std::string& name, std::uint64_t bytes, const std::string& sha256) {
  return fmt::format(
    "the link needs {}{}, whose SHA-256 starts with {}",
    name,
    bytes == 0 ? "" : fmt::format(" of {} bytes", bytes),
    sha256.substr(0, 16)
  );
}

Diagnostic not_given(std::string message) {
  return {
    .code = "E_RECIPE_NEEDS",
    .message = std::move(message),
    .hint = "give the file with --file, or ask whoever made the link for it"};
}

Result<std::string_view> gallery_text(const recipe::Model& model) {
  for (const EmbeddedFile& one : gallery()) {
    if (one.name == model.gallery) {
      return std::string_view(one.text);
    }
  }
  return Diagnostic{
    .code = "E_RECIPE_GALLERY",
    .message = fmt::format("no model '{}' comes with this release", model.gallery),
    .hint = "open the link with the release that made it; of a trained model, give its folder with --file",
    .where = "/m/g"};
}

/// The one of the files that the recipe's model must be.
Result<std::string>
model_path(const recipe::Model& model, const std::vector<std::string>& files) {
  const std::string wanted = !model.gallery.empty() ? model.gallery
                             : model.file.empty()
                               ? std::filesystem::path(model.address).filename().string()
                               : model.file;
  const auto named = std::find_if(files.begin(), files.end(), [&](const std::string& path) {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::weakly_canonical(path, error);
    return (error ? std::filesystem::path(path) : whole).filename() == wanted;
  });
  // The hash decides whether it is the right one, whatever its name.
  if (const auto file = named != files.end() ? named : files.begin(); file != files.end()) {
    return *file;
  }
  return not_given(needs(model.file.empty() ? model.address : model.file, model.bytes, model.sha256)
  );
}

/// Of a model that comes with the project, but not with the command line: a trained one is a folder.
bool is_given(const recipe::Model& model, const std::vector<std::string>& files) {
  return !model.gallery.empty() && !files.empty() && !gallery_text(model);
}

Status load_recipe_model(
  driver::Session& session, const recipe::Model& model, const std::vector<std::string>& files
) {
  if (!model.gallery.empty() && !is_given(model, files)) {
    const Result<std::string_view> text = gallery_text(model);
    if (!text) {
      return text.diagnostics();
    }
    const Result<std::string> loaded =
      session.load_model(fmt::format("{}.json", model.gallery), bytes_of(*text));
    return loaded ? Status(Done{}, loaded.diagnostics()) : Status(loaded.diagnostics());
  }
  const Result<std::string> path = model_path(model, files);
  return path ? load_model_path(session, *path) : Status(path.diagnostics());
}

/// The same, for who reads it in pieces. `model` must live as long as the files.
Result<NamedFiles>
recipe_files(const recipe::Model& model, const std::vector<std::string>& files) {
  if (is_given(model, files) || (model.gallery.empty() && model.json.empty())) {
    const Result<std::string> path = model_path(model, files);
    return path ? files_of_model(*path) : Result<NamedFiles>(path.diagnostics());
  }
  Result<std::string_view> text =
    model.json.empty() ? gallery_text(model) : Result<std::string_view>(model.json);
  if (!text) {
    return text.diagnostics();
  }
  const std::string name = model.json.empty() ? model.gallery + ".json" : "model.json";
  const auto read = [bytes = bytes_of(*text)](std::uint64_t offset, std::span<std::uint8_t> into) {
    const auto piece = bytes.subspan(static_cast<std::size_t>(offset), into.size());
    std::copy(piece.begin(), piece.end(), into.begin());
    return Status(Done{});
  };
  return NamedFiles{name, {{name, text->size(), read}}};
}

Result<std::vector<std::uint8_t>>
input_bytes(const recipe::Input& input, const std::vector<std::string>& files) {
  for (const std::string& path : files) {
    if (std::error_code error; std::filesystem::is_directory(path, error)) {
      continue;
    }
    Result<std::vector<std::uint8_t>> bytes = read_bytes(path);
    if (!bytes || sha256_hex(*bytes) == input.sha256) {
      return bytes;
    }
  }
  return not_given(
    needs(fmt::format("values of the input {}", input.name), input.bytes, input.sha256)
  );
}

/// The digest of the text that a recipe says.
Result<std::string> text_digest(
  driver::Session& session, const recipe::Recipe& recipe, const std::vector<std::string>& files
) {
  const Result<NamedFiles> named = recipe_files(recipe.model, files);
  if (!named) {
    return named.diagnostics();
  }
  driver::GenerationOptions options;
  options.choices = recipe::options_json(recipe);
  options.capacity = static_cast<std::int64_t>(recipe.text.context);
  Result<driver::Text> text =
    driver::Text::create(session, named->name, named->files, std::move(options));
  if (!text) {
    return text.diagnostics();
  }
  constexpr double thousandths = 1000.0;
  text->start({static_cast<double>(recipe.text.temperature) / thousandths, recipe.text.seed});
  const std::vector<std::int64_t> ids(recipe.text.ids.begin(), recipe.text.ids.end());
  Result<report::TextStep> step = text->feed(ids);
  for (std::uint64_t i = 0; step && i < recipe.text.count; ++i) {
    step = text->next();
  }
  return step ? Result<std::string>(text->digest()) : Result<std::string>(step.diagnostics());
}

} // namespace

bool names_recipe(const std::string& what) {
  if (is_file(what)) {
    if (!has_suffix(what, ".json")) {
      return false;
    }
    const Result<std::string> text = read_text(what);
    return text && recipe::is_recipe(*text);
  }
  const std::string_view fragment = recipe::fragment_of(what);
  return what.find('#') != std::string::npos ||
         (fragment.size() > 40 && fragment.find_first_of("./ ") == std::string_view::npos);
}

Result<recipe::Recipe> read_recipe(const std::string& what) {
  if (!is_file(what)) {
    return recipe::read_link(what, recipe::ZlibCodec());
  }
  const Result<std::string> text = what == "-" ? read_text("/dev/stdin") : read_text(what);
  if (!text) {
    return text.diagnostics();
  }
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  return first != std::string::npos && (*text)[first] == '{'
           ? recipe::parse(*text, what)
           : recipe::read_link(*text, recipe::ZlibCodec());
}

Status open_named(
  driver::Session& session, const recipe::Recipe& recipe, const std::vector<std::string>& files
) {
  return driver::open_recipe(
    session,
    recipe,
    {[&](driver::Session& into) { return load_recipe_model(into, recipe.model, files); },
     [&](const recipe::Input& input) { return input_bytes(input, files); }}
  );
}

Result<recipe::Recipe>
recipe_of(const driver::Session& session, const std::string& path, bool embed) {
  recipe::Wish wish;
  std::error_code error;
  if (!path.empty() && has_suffix(path, ".json") && !std::filesystem::is_directory(path, error)) {
    const Result<std::string> text = read_text(path);
    if (!text) {
      return text.diagnostics();
    }
    const auto known =
      std::find_if(gallery().begin(), gallery().end(), [&](const EmbeddedFile& one) {
        return one.text == *text;
      });
    if (known != gallery().end()) {
      wish.gallery = known->name;
    } else if (embed) {
      wish.json = *text;
    }
  }
  Result<recipe::Recipe> made = session.recipe(wish);
  if (!made && !wish.json.empty()) { // what is too long to be embedded can still be named
    wish.json.clear();
    return session.recipe(wish);
  }
  return made;
}

std::string playground() {
  const char* address = std::getenv("PLENA_PLAYGROUND");
  return address == nullptr || *address == '\0' ? "./" : address;
}

void print_reproduction(const driver::Session& session, const std::string& path) {
  for (const bool embed : {true, false}) {
    const Result<recipe::Recipe> recipe = recipe_of(session, path, embed);
    const std::string link = recipe ? recipe::link_of(*recipe, recipe::ZlibCodec()) : std::string();
    if (recipe && link.size() <= recipe::longest_offered) {
      fmt::print(stderr, "to see it again: plena run '{}#{}'\n", playground(), link);
      return;
    }
  }
}

namespace {

// ---- plena link

struct LinkOptions : ModelOptions {
  std::vector<std::string> files;
  TimingOptions timing;
  std::string base{playground()};
  std::optional<std::uint64_t> stop;
  bool no_run = false;
  std::string output;
  std::string json;
};

Diagnostic usage(std::string message, std::string hint) {
  return {.code = "E_USAGE", .message = std::move(message), .hint = std::move(hint)};
}

/// One model, settings and assembly, by their suffixes.
Status sort_files(LinkOptions& options, std::string& assembly) {
  for (const std::string& file : options.files) {
    std::string* place = has_suffix(file, ".toml")  ? &options.settings
                         : has_suffix(file, ".asm") ? &assembly
                                                    : &options.model;
    if (place == &options.settings ? options.settings != driver::default_settings : !place->empty()) {
      return usage(
        fmt::format("{} is one of several of its kind", file),
        "a link has one model, one machine and one edited program"
      );
    }
    *place = file;
  }
  if (options.model.empty() && assembly.empty()) {
    return usage("there is nothing to link", "name a model or an assembly text");
  }
  return Done{};
}

/// Prints the link of a recipe, or writes what was asked for; the exit status.
int offer(
  const LinkOptions& options, const recipe::Recipe& recipe, const std::string& link, Steps& steps
) {
  const std::string address = fmt::format("{}#{}", options.base, link);
  const bool offered = address.size() <= recipe::longest_offered;
  if (!options.output.empty() && !steps.take(write_file(options.output, recipe::write(recipe) + "\n"))) {
    return exit_unusable;
  }
  if (!options.json.empty()) {
    const std::string report =
      recipe::link_json(recipe, offered ? address : std::string(), address.size());
    if (!steps.take(write_file(options.json, report))) {
      return exit_unusable;
    }
  }
  if (!offered && options.output.empty()) {
    print(
      {{.code = "E_LINK_SIZE",
        .message = fmt::format(
          "the link would have {} characters, and browsers and chat tools cut links of more than "
          "{}",
          address.size(),
          recipe::longest_offered
        ),
        .hint = "write the recipe to a file: -o NAME.plena.json"}}
    );
    return exit_unusable;
  }
  if (options.json != "-" && options.output.empty()) {
    fmt::print("{}\n", address);
  }
  if (offered && address.size() > comfortable && options.output.empty()) {
    print(
      {{.severity = Severity::Note,
        .code = "N_LINK_LONG",
        .message = fmt::format(
          "{} characters: some chat tools cut links of more than {}", address.size(), comfortable
        ),
        .hint = "-o NAME.plena.json writes the recipe to a file"}}
    );
  }
  return exit_done;
}

int link(LinkOptions options) {
  driver::Session session;
  Steps steps;
  std::string assembly;
  if (options.files.size() == 1 && names_recipe(options.files.front())) {
    const auto recipe = steps.take(read_recipe(options.files.front()));
    return recipe ? offer(options, *recipe, recipe::link_of(*recipe, recipe::ZlibCodec()), steps)
                  : exit_unusable;
  }
  if (!steps.take(one_on_stdout({{"--json", options.json}, {"--output", options.output}})) ||
      !steps.take(sort_files(options, assembly)) || !steps.take(set_timing(session, options.timing))) {
    return exit_unusable;
  }
  if (!options.model.empty()) {
    if (!prepare(session, options, steps) || !load_inputs(session, options) || !compile_model(session, options, steps)) {
      return exit_unusable;
    }
  } else {
    const auto toml = steps.take(settings_text(options.settings));
    if (!toml || !steps.take(session.set_settings(options.settings, *toml))) {
      return exit_unusable;
    }
  }
  if (!assembly.empty()) {
    const auto text = steps.take(read_text(assembly));
    if (!text || !steps.take(session.assemble(*text, driver::AsmMode::Compatible))) {
      return exit_unusable;
    }
  }
  if (!options.no_run) {
    if (!steps.take(session.reset())) {
      return exit_unusable;
    }
    if (const auto status = run_to_end(session, options.stop)) {
      return *status;
    }
  }
  const recipe::ZlibCodec codec;
  auto recipe = steps.take(recipe_of(session, options.model, true));
  if (!recipe) {
    return exit_unusable;
  }
  std::string link = recipe::link_of(*recipe, codec);
  if (link.size() > recipe::longest_offered && !recipe->model.json.empty() && options.output.empty()) {
    recipe = steps.take(recipe_of(session, options.model, false));
    if (!recipe) {
      return exit_unusable;
    }
    link = recipe::link_of(*recipe, codec);
  }
  if (const int status = offer(options, *recipe, link, steps); status != exit_done) {
    return status;
  }
  return session.status().fault && !options.no_run ? (print({*session.status().fault}), exit_fault)
                                                   : exit_done;
}

// ---- plena run

struct RunOptions {
  std::string what;
  std::vector<std::string> files;
  bool baseline = false;
  std::string json;
};

void print_judgement(const recipe::Judgement& judgement) {
  fmt::print("{:<14}  {:<16}  {:<16}\n", "stage", "expected", "found");
  for (const recipe::StageCheck& stage : judgement.stages) {
    fmt::print(
      "{:<14}  {:<16}  {:<16}  {}\n",
      stage.title,
      stage.expected.empty() ? "-" : stage.expected,
      stage.found.empty() ? "-" : stage.found,
      stage.expected.empty() ? ""
      : stage.same()         ? "same"
                             : "DIFFERS"
    );
  }
}

int run_recipe(const RunOptions& options) {
  Diagnostics notes;
  const auto keep = [&](const Diagnostics& more) {
    notes.insert(notes.end(), more.begin(), more.end());
  };
  recipe::Recipe recipe;
  driver::Session session;
  const auto report = [&](const recipe::Judgement& judgement) {
    Steps steps;
    return options.json.empty() ||
           steps
             .take(write_file(
               options.json, recipe::judgement_json(judgement, recipe, driver::version(), notes)
             ))
             .has_value();
  };
  const auto cannot = [&] {
    print(notes);
    const recipe::Judgement judgement = recipe::cannot_run(notes);
    if (options.json != "-") {
      fmt::print("{}\n", printable(judgement.text));
    }
    report(judgement);
    return exit_unusable;
  };
  Result<recipe::Recipe> read = names_remote(options.what)
                                  ? read_remote(options.what, options.files)
                                  : read_recipe(options.what);
  keep(read.diagnostics());
  if (!read) {
    return cannot();
  }
  recipe = std::move(read).value();
  if (options.baseline) {
    const auto baseline = recipe::baseline_of(recipe);
    if (!baseline) {
      notes.push_back(usage("this link has no baseline", "leave --baseline out"));
      return cannot();
    }
    recipe = *baseline;
  }
  const Status opened = open_named(session, recipe, options.files);
  keep(opened.diagnostics());
  if (!opened) {
    return cannot();
  }
  if (const Result<std::string> start = session.reset(); !start) {
    keep(start.diagnostics());
    return cannot();
  }
  if (const auto status = run_to_end(session, recipe.stop)) {
    return *status;
  }
  keep(session.run_warnings());
  const driver::RunStatus status = session.status();
  if (status.fault) {
    keep({*status.fault});
  }
  recipe::Judgement judgement = recipe::judge(recipe.digests, session.recipe_digests());
  if (recipe.text != recipe::Text{}) {
    const Result<std::string> digest = text_digest(session, recipe, options.files);
    keep(digest.diagnostics());
    if (!digest) {
      return cannot();
    }
    recipe::judge_text(judgement, recipe.text, *digest);
  }
  print(notes);
  if (!report(judgement)) {
    return exit_unusable;
  }
  if (options.json != "-") {
    print_judgement(judgement);
    fmt::print("{}\n", judgement.text);
    if (status.reason == driver::RunStatus::Reason::Done && !session.output_names().empty()) {
      Steps steps;
      if (!steps.take(session.verify())) {
        return exit_unusable;
      }
      const driver::VerdictSummary& verdict = session.verdict();
      fmt::print(
        "{} after {} instructions, {} cycles ({})\n",
        verdict.pass ? "agrees with its reference" : "DOES NOT agree with its reference",
        status.executed,
        status.cycles,
        session.timing_title()
      );
      if (!verdict.first_bad.empty()) {
        fmt::print("first wrong: {}\n", verdict.first_bad);
      }
    }
  }
  return status.fault                                    ? exit_fault
         : judgement.outcome == recipe::Outcome::Differs ? exit_not_holding
                                                         : exit_done;
}

} // namespace

void add_link(CLI::App& app, Action& action) {
  const auto options = std::make_shared<LinkOptions>();
  CLI::App* command = app.add_subcommand("link", "Make a link that runs this again and proves it");
  command
    ->add_option(
      "files",
      options->files,
      "model (.onnx, .json, folder of a checkpoint), settings (.toml) and assembly (.asm): an edit "
      "of the model's "
      "program, or a program that stands alone"
    )
    ->required();
  add_compile_options(*command, *options);
  add_timing_options(*command, options->timing);
  command->add_option("--stop", options->stop, "stop the run after so many instructions");
  command->add_flag(
    "--no-run", options->no_run, "do not run: the link says only which program must come of it"
  );
  command
    ->add_option(
      "--base",
      options->base,
      "address of the playground; else the environment's PLENA_PLAYGROUND, else relative, to be "
      "put behind one"
    )
    ->capture_default_str();
  command->add_option(
    "-o,--output", options->output, "write the recipe to a file (.plena.json) instead"
  );
  add_report_option(*command, options->json);
  command->callback([&action, options] { action = [options] { return link(*options); }; });
}

void add_run(CLI::App& app, Action& action) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run what a link says and check what comes of it");
  command
    ->add_option(
      "link", options->what, "link, or file with a recipe (.plena.json; - for standard input)"
    )
    ->required();
  command->add_option(
    "--file", options->files, "model or input that the link names only by its hash (repeatable)"
  );
  command->add_flag("--baseline", options->baseline, "run what the link is compared with");
  add_report_option(*command, options->json);
  command->callback([&action, options] { action = [options] { return run_recipe(*options); }; });
}

} // namespace plena::cli
