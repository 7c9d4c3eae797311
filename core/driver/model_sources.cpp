#include "driver/model_sources.h"

#include "io/import_checkpoint.h"

#include <fmt/format.h>

namespace plena::driver {

namespace {

/// What the caller reads from, as importers want it.
class CallerBytes : public io::ByteSource {
 public:
  explicit CallerBytes(const ModelFile& file) : file_(file) {}

  std::uint64_t size() const override { return file_.size; }
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) const override {
    return bytes.empty() ? Status(Done{}) : file_.read(offset, bytes);
  }

 private:
  ModelFile file_;
};

} // namespace

std::vector<io::ModelFile> sources_of(std::span<const ModelFile> files) {
  std::vector<io::ModelFile> sources;
  for (const ModelFile& file : files) {
    sources.push_back({file.name, std::make_shared<CallerBytes>(file)});
  }
  return sources;
}

io::Companions::Find finder(std::vector<io::ModelFile> beside, const FileFinder& more) {
  return [beside = std::move(beside), more](std::string_view name) -> std::optional<io::ModelFile> {
    for (const io::ModelFile& file : beside) {
      if (io::base_name(file.name) == name) {
        return file;
      }
    }
    if (std::optional<ModelFile> found = more ? more(name) : std::nullopt) {
      return sources_of(std::span(&*found, 1)).front();
    }
    return std::nullopt;
  };
}

Result<OneModel> one_model(std::string_view name, std::span<const io::ModelFile> files) {
  const io::ModelFile* model = files.size() == 1 ? files.data() : io::sole_model(files);
  if (model == nullptr) {
    return Diagnostic{
      .code = "E_FORMAT",
      .message = fmt::format("these {} files are no model together", files.size()),
      .hint = "give one .onnx or .json file and those in which its values lie, or config.json with the "
              "model's .safetensors files",
      .file = std::string(name)};
  }
  constexpr std::uint64_t max_bytes = std::uint64_t{1} << 31;
  Result<std::vector<std::uint8_t>> bytes = io::read_all(*model, max_bytes);
  if (!bytes) {
    return std::move(bytes).diagnostics();
  }
  OneModel one{io::base_name(model->name), std::move(*bytes), {}};
  for (const io::ModelFile& file : files) {
    if (&file != model) {
      one.beside.push_back(file);
    }
  }
  return one;
}

} // namespace plena::driver
