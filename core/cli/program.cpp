// What `plena profile` and `plena compare` take: a model, a folder that `plena compile` wrote, or a
// program.

#include "cli/files.h"
#include "cli/model.h"

#include <filesystem>
#include <utility>

namespace plena::cli {

namespace {

bool has_extension(const std::filesystem::path& path, std::string_view extension) {
  return path.extension() == extension;
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

bool load_program_or_model(driver::Session& session, const ModelOptions& options, Steps& steps) {
  const std::filesystem::path path = options.model;
  std::error_code ignored;
  const bool checkpoint = std::filesystem::exists(path / "config.json", ignored);
  if (std::filesystem::is_directory(path, ignored) && !checkpoint) {
    const std::filesystem::path text = path / "program.asm";
    return load_program(
      session, options, std::filesystem::exists(text, ignored) ? text : path / "program.mem", steps
    );
  }
  if (has_extension(path, ".asm") || has_extension(path, ".mem")) {
    return load_program(session, options, path, steps);
  }
  return prepare(session, options, steps) && load_inputs(session, options) &&
         compile_model(session, options, steps);
}

} // namespace plena::cli
