#include "io/checkpoint.h"

#include <fmt/format.h>

namespace plena::io {

namespace {

void update(Sha256& hash, std::string_view text) {
  hash.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

} // namespace

Result<std::shared_ptr<const Checkpoint>>
Checkpoint::open(std::span<const ModelFile> files, const ModelFile* index) {
  auto opened = std::make_shared<Checkpoint>();
  std::map<std::string, std::size_t, std::less<>> numbers;
  for (const ModelFile& file : files) {
    Result<Safetensors> one = Safetensors::open(file);
    if (!one) {
      return std::move(one).diagnostics();
    }
    numbers.emplace(file.name, opened->files_.size());
    opened->files_.push_back(std::move(*one));
  }
  if (index != nullptr) {
    const auto places = read_safetensors_index(*index);
    if (!places) {
      return places.diagnostics();
    }
    for (const auto& [tensor, name] : *places) {
      const auto number = numbers.find(name);
      if (number == numbers.end()) {
        opened->missing_.emplace(tensor, name);
      } else if (opened->files_[number->second].entries().contains(tensor)) {
        opened->file_of_.emplace(tensor, number->second);
      } else {
        return Diagnostic{
          .code = "E_WEIGHTS",
          .message = "the index says that " + tensor + " is in " + name + ", where it is not",
          .hint = "index and files do not belong together",
          .file = index->name,
          .where = tensor};
      }
    }
    return std::shared_ptr<const Checkpoint>(std::move(opened));
  }
  for (std::size_t i = 0; i < opened->files_.size(); ++i) {
    for (const auto& [tensor, entry] : opened->files_[i].entries()) {
      const auto [place, added] = opened->file_of_.emplace(tensor, i);
      if (!added) {
        return Diagnostic{
          .code = "E_WEIGHTS",
          .message = tensor + " is in " + opened->files_[place->second].name() + " as well",
          .hint = "give the files of one checkpoint only, or its model.safetensors.index.json too",
          .file = opened->files_[i].name(),
          .where = tensor};
      }
    }
  }
  return std::shared_ptr<const Checkpoint>(std::move(opened));
}

std::optional<ir::Shape> Checkpoint::shape(std::string_view name) const {
  const auto place = file_of_.find(name);
  if (place == file_of_.end()) {
    if (const auto missing = missing_.find(name); missing != missing_.end()) {
      missed_.emplace(missing->second, missing->first);
    }
    return std::nullopt;
  }
  return files_[place->second].entries().find(name)->second.shape;
}

Result<std::vector<float>>
Checkpoint::read(std::string_view name, std::int64_t first, std::int64_t count) const {
  read_.emplace(name);
  Result<std::vector<float>> values = files_[file_of_.find(name)->second].read(name, first, count);
  if (values) {
    update(content_, fmt::format("{}\n{} {}\n", name, first, count));
    content_.update(
      {reinterpret_cast<const std::uint8_t*>(values->data()), values->size() * sizeof(float)}
    );
  }
  return values;
}

std::string Checkpoint::digest() const {
  Sha256 hash;
  for (const Safetensors& file : files_) {
    update(hash, file.name());
    update(hash, file.header());
  }
  Sha256 content = content_;
  update(hash, content.finish_hex());
  return hash.finish_hex();
}

Diagnostics Checkpoint::missed() const {
  Diagnostics errors;
  for (const auto& [file, tensor] : missed_) {
    errors.push_back(
      {.code = "E_FILE",
       .message = "the file is not there, but " + tensor + " is in it",
       .hint = "give this file too, or ask for layers that need none of it",
       .file = file,
       .where = tensor}
    );
  }
  return errors;
}

std::vector<std::string> Checkpoint::unread() const {
  std::vector<std::string> names;
  for (const auto& [tensor, file] : file_of_) {
    if (!read_.contains(tensor)) {
      names.push_back(tensor);
    }
  }
  return names;
}

} // namespace plena::io
