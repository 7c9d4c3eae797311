#include "driver/model_sources.h"

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

Result<std::vector<std::uint8_t>>
only_file(std::string_view name, std::span<const io::ModelFile> files) {
  if (files.size() != 1) {
    return Diagnostic{
      .code = "E_FORMAT",
      .message = fmt::format("these {} files are no model together", files.size()),
      .hint = "give one .onnx or .json file, or config.json with the model's .safetensors files",
      .file = std::string(name)};
  }
  constexpr std::uint64_t max_bytes = std::uint64_t{1} << 31;
  return io::read_all(files.front(), max_bytes);
}

} // namespace plena::driver
