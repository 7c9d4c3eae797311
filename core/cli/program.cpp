// What `plena profile` and `plena compare` take: a model, a folder that `plena compile` wrote, or a
// program.

#include "cli/files.h"
#include "cli/model.h"
#include "cli/recipes.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

namespace plena::cli {

namespace {

bool has_extension(const std::filesystem::path& path, std::string_view extension) {
  return path.extension() == extension;
}

/// What is not compiled: a program, or a folder with one, unless it holds a checkpoint.
bool is_program(const std::filesystem::path& path) {
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(path, ignored) &&
                      !std::filesystem::exists(path / "config.json", ignored);
  return folder || has_extension(path, ".asm") || has_extension(path, ".mem");
}

/// A program that stands alone, or with the images of the folder that it lies in.
bool load_program(
  driver::Session& session,
  const ModelOptions& options,
  const std::filesystem::path& program,
  Steps& steps
) {
  const auto toml = steps.take(settings_text(options.settings));
  if (!toml || !steps.take(session.set_settings(options.settings, *toml))) {
    return false;
  }
  const auto text = steps.take(read_text(program));
  if (!text) {
    return false;
  }
  driver::Images images;
  const auto image = [&](const char* name, std::vector<std::uint8_t>& bytes) {
    const std::filesystem::path path = program.parent_path() / name;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      return true;
    }
    auto read = steps.take(read_bytes(path));
    bytes = read ? std::move(*read) : std::vector<std::uint8_t>();
    return read.has_value();
  };
  if (!image("hbm.bin", images.hbm) || !image("fp_sram.bin", images.fp_sram) ||
      !image("int_sram.bin", images.int_sram)) {
    return false;
  }
  session.set_images(std::move(images), std::nullopt);
  return has_extension(program, ".asm")
           ? steps.take(session.assemble(*text, driver::AsmMode::Compatible)).has_value()
           : steps.take(session.load_words(*text)).has_value();
}

} // namespace

Status
check_takes_options(const ModelOptions& options, std::initializer_list<std::string_view> sides) {
  std::vector<std::string> given;
  for (const auto& [name, value] : options.choices) {
    if (!value.empty()) {
      given.push_back("--" + name);
    }
  }
  if (!options.bindings.empty()) {
    given.emplace_back("--bind");
  }
  if (!options.inputs.empty()) {
    given.emplace_back("--inputs");
  }
  const auto is_compiled = [](std::string_view side) {
    return is_program(side) || names_recipe(std::string(side));
  };
  if (given.empty() || !std::all_of(sides.begin(), sides.end(), is_compiled)) {
    return Done{};
  }
  return Diagnostic{
    .code = "E_USAGE",
    .message = fmt::format(
      "{}: for models, and {} no model",
      fmt::join(given, ", "),
      sides.size() == 1 ? "this is" : "neither is"
    ),
    .hint = "leave the options out, or name the model that the program was compiled from",
    .file = fmt::format("{}", fmt::join(sides, ", "))};
}

bool load_program_or_model(driver::Session& session, const ModelOptions& options, Steps& steps) {
  if (names_recipe(options.model)) {
    const auto recipe = steps.take(read_recipe(options.model));
    return recipe && steps.take(open_named(session, *recipe, {}));
  }
  const std::filesystem::path path = options.model;
  std::error_code ignored;
  if (!is_program(path)) {
    return prepare(session, options, steps) && load_inputs(session, options) &&
           compile_model(session, options, steps);
  }
  if (std::filesystem::is_directory(path, ignored)) {
    const std::filesystem::path text = path / "program.asm";
    return load_program(
      session, options, std::filesystem::exists(text, ignored) ? text : path / "program.mem", steps
    );
  }
  return load_program(session, options, path, steps);
}

} // namespace plena::cli
