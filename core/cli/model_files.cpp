#include "cli/model_files.h"

#include "cli/files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <span>

namespace plena::cli {

namespace {

/// Reads pieces of the file at `path`, opened for each.
Result<driver::ModelFile> file_at(const std::filesystem::path& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  const auto failed = [](const std::string& name, const std::string& why) {
    return Diagnostic{
      .code = "E_FILE",
      .message = fmt::format("cannot be read: {}", why),
      .hint = "check the name and the permissions",
      .file = name};
  };
  if (error) {
    return failed(path.string(), error.message());
  }
  const auto read = [=](std::uint64_t offset, std::span<std::uint8_t> bytes) -> Status {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), &std::fclose
    );
    if (!file || fseeko(file.get(), static_cast<off_t>(offset), SEEK_SET) != 0) {
      return failed(path.string(), std::strerror(errno));
    }
    if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
      return failed(path.string(), "it ended too early");
    }
    return Done{};
  };
  return driver::ModelFile{path.filename().string(), size, read};
}

bool belongs(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name == "config.json" || name.ends_with(".safetensors") ||
         name.ends_with(".safetensors.index.json");
}

/// The files of a checkpoint in this folder, by name.
Result<std::vector<driver::ModelFile>> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (belongs(entry.path())) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  // Beside an exported model lies the config.json of the one that it was made from.
  const bool tensors = std::any_of(paths.begin(), paths.end(), [](const auto& path) {
    return path.filename() != "config.json";
  });
  const std::filesystem::path single = folder / "model.onnx";
  if (!error && !tensors && std::filesystem::exists(single, error)) {
    paths = {single};
  }
  if (error || paths.empty()) {
    return Diagnostic{
      .code = "E_FILE",
      .message = "there is no checkpoint in this folder",
      .hint = "a checkpoint is config.json and one or more .safetensors files; a model.onnx without these is taken as well",
      .file = folder.string()};
  }
  std::vector<driver::ModelFile> files;
  for (const std::filesystem::path& path : paths) {
    Result<driver::ModelFile> file = file_at(path);
    if (!file) {
      return std::move(file).diagnostics();
    }
    files.push_back(std::move(*file));
  }
  return files;
}

Diagnostic usage(std::string message, std::string hint) {
  return {.code = "E_USAGE", .message = std::move(message), .hint = std::move(hint)};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end && value >= 0 ? std::optional(value) : std::nullopt;
}

/// A..B or one number.
Status read_layers(const std::string& text, driver::ModelPart& part) {
  const std::size_t dots = text.find("..");
  part.first_layer = whole_number(std::string_view(text).substr(0, dots));
  part.last_layer =
    dots == std::string::npos ? part.first_layer : whole_number(std::string_view(text).substr(dots + 2));
  if (!part.first_layer || !part.last_layer) {
    return usage(
      fmt::format("--layers {}: expected A..B", text),
      "layers are counted from 0 and B is included: --layers 0..1 are two, --layers 3 is one"
    );
  }
  return Done{};
}

/// Ids given by --ids, else those among the inputs.
Status read_given_ids(const ModelOptions& options, driver::ModelPart& part) {
  std::filesystem::path path = options.part.ids;
  for (const char* name : {"input_ids.npy", "input_ids.txt"}) {
    std::error_code error;
    const std::filesystem::path inputs = options.inputs;
    if (path.empty() && !options.inputs.empty() && std::filesystem::exists(inputs / name, error)) {
      path = inputs / name;
    }
  }
  if (path.empty()) {
    return Done{};
  }
  const Result<std::vector<std::uint8_t>> bytes = read_bytes(path);
  if (!bytes) {
    return bytes.diagnostics();
  }
  std::int64_t texts = 1;
  Result<std::vector<std::int64_t>> ids = driver::read_ids(*bytes, &texts);
  if (!ids) {
    return std::move(ids).diagnostics();
  }
  const auto count = static_cast<std::int64_t>(ids->size());
  if (!part.batch && texts != 1) {
    part.batch = texts;
  }
  const std::int64_t batch = part.batch.value_or(1);
  if (batch < 1 || count % batch != 0 || (texts != 1 && texts != batch)) {
    return usage(
      fmt::format("--batch {}: there are {} ids of {} texts", batch, count, texts),
      "give as many ids for each text"
    );
  }
  const std::int64_t each = count / batch;
  const std::int64_t rows = part.rows.value_or(each);
  if (rows > each) {
    return usage(
      fmt::format("--seq {}: there are {} ids", rows, each), "give as many ids, or leave --seq away"
    );
  }
  for (std::int64_t text = 0; text < batch; ++text) {
    const auto begin = ids->begin() + static_cast<std::ptrdiff_t>(text * each);
    part.ids.insert(part.ids.end(), begin, begin + static_cast<std::ptrdiff_t>(rows));
  }
  return Done{};
}

} // namespace

void add_part_options(CLI::App& command, PartOptions& options) {
  command.add_option(
    "--layers", options.layers, "layers A..B of a checkpoint, from 0, both included; else all"
  );
  command.add_option(
    "--seq", options.rows, "tokens or patches of each text or image; of an ONNX file, open dimensions sequence, too"
  );
  command.add_option(
    "--batch", options.batch, "texts or images at a time; open dimensions batch of an ONNX file, too"
  )->check(CLI::PositiveNumber);
  command.add_option("--ids", options.ids, "file with token ids, .npy or text; else those among --inputs");
}

driver::FileFinder files_beside(const std::string& model) {
  return [model](std::string_view name) -> std::optional<driver::ModelFile> {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::path(model).parent_path();
    const std::filesystem::path folder = std::filesystem::canonical(parent.empty() ? "." : parent, error);
    const std::filesystem::path path = std::filesystem::canonical(folder / name, error);
    // What a link in the folder points to may lie anywhere.
    if (error || path.parent_path() != folder || !std::filesystem::is_regular_file(path, error)) {
      return std::nullopt;
    }
    Result<driver::ModelFile> file = file_at(path);
    return file ? std::optional(std::move(*file)) : std::nullopt;
  };
}

Result<NamedFiles> files_of_model(const std::string& model) {
  const std::filesystem::path path = model;
  std::error_code error;
  NamedFiles named;
  if (std::filesystem::is_directory(path, error)) {
    Result<std::vector<driver::ModelFile>> files = files_in(path);
    if (!files) {
      return std::move(files).diagnostics();
    }
    named.name = std::filesystem::weakly_canonical(path, error).filename().string();
    named.files = std::move(*files);
    return named;
  }
  Result<driver::ModelFile> file = file_at(path);
  if (!file) {
    return std::move(file).diagnostics();
  }
  named.name = path.filename().string();
  named.files.push_back(std::move(*file));
  return named;
}

std::string beside_model(const std::string& model, const char* name) {
  const std::filesystem::path path = model;
  std::error_code error;
  return ((std::filesystem::is_directory(path, error) ? path : path.parent_path()) / name).string();
}

Result<io::Vocabulary> vocabulary_of(const std::string& model, const std::string& file) {
  const std::string path = file.empty() ? beside_model(model, "vocabulary.json") : file;
  Result<std::vector<std::uint8_t>> bytes = read_bytes(path);
  if (!bytes) {
    Diagnostics errors = bytes.diagnostics();
    for (Diagnostic& one : errors) {
      one.hint = "texts, labels and pictures need the model's vocabulary (models/trained/README.md)";
    }
    return errors;
  }
  return io::read_vocabulary(path, *bytes);
}

bool load_model_files(driver::Session& session, const ModelOptions& options, Steps& steps) {
  driver::ModelPart part;
  if (options.part.rows != 0) {
    part.rows = options.part.rows;
  }
  if (options.part.batch != 0) {
    part.batch = options.part.batch;
  }
  if ((!options.part.layers.empty() && !steps.take(read_layers(options.part.layers, part))) ||
      !steps.take(read_given_ids(options, part))) {
    return false;
  }
  session.choose_part(std::move(part));
  return steps.take(load_model_path(session, options.model)).has_value();
}

Status load_model_path(driver::Session& session, const std::string& name) {
  const auto done = [](const Result<std::string>& loaded) -> Status {
    return loaded ? Status(Done{}, loaded.diagnostics()) : Status(loaded.diagnostics());
  };
  const std::filesystem::path path = name;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const Result<std::vector<std::uint8_t>> bytes = read_bytes(path);
    return bytes ? done(session.load_model(path.filename().string(), *bytes, files_beside(name)))
                 : Status(bytes.diagnostics());
  }
  const Result<NamedFiles> named = files_of_model(name);
  return named ? done(session.load_files(named->name, named->files)) : Status(named.diagnostics());
}

} // namespace plena::cli
