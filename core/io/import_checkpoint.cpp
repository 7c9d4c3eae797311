#include "io/import_checkpoint.h"

#include "base/sha256.h"
#include "io/checkpoint.h"
#include "io/json_families.h"

#include <algorithm>
#include <optional>

namespace plena::io {

namespace {

constexpr std::string_view config_name = "config.json";
constexpr std::string_view index_suffix = ".safetensors.index.json";
constexpr std::string_view tensors_suffix = ".safetensors";

/// Tensors in old files that are not parameters.
constexpr std::string_view buffers[] = {
  ".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".position_ids"};

bool is_buffer(const std::string& name) {
  return std::any_of(std::begin(buffers), std::end(buffers), [&](std::string_view suffix) {
    return name.ends_with(suffix);
  });
}

/// What lies in the files and is no part of what was built.
std::optional<Diagnostic> left_over(const Checkpoint& checkpoint) {
  constexpr std::size_t shown = 5;
  std::string list;
  std::size_t count = 0;
  for (const std::string& name : checkpoint.unread()) {
    if (!is_buffer(name)) {
      list += count == 0 ? name : count < shown ? ", " + name : "";
      ++count;
    }
  }
  if (count == 0) {
    return std::nullopt;
  }
  return Diagnostic{
    .severity = Severity::Warning,
    .code = "W_IGNORED",
    .message = std::to_string(count) + " tensors are not used: " + list + (count > shown ? ", ..." : ""),
    .hint = "the graph computes the model without them"};
}

} // namespace

const ModelFile* sole_model(std::span<const ModelFile> files) {
  const ModelFile* found = nullptr;
  for (const ModelFile& file : files) {
    const bool document = file.name.ends_with(".json") && !file.name.ends_with(index_suffix) &&
                          base_name(file.name) != config_name;
    if (!document && !file.name.ends_with(".onnx")) {
      continue;
    }
    if (found != nullptr) {
      return nullptr;
    }
    found = &file;
  }
  return found;
}

bool is_checkpoint(std::span<const ModelFile> files) {
  const auto any = [&](auto&& holds) { return std::any_of(files.begin(), files.end(), holds); };
  return any([](const ModelFile& file) { return base_name(file.name) == config_name; }) ||
         (sole_model(files) == nullptr &&
          any([](const ModelFile& file) { return file.name.ends_with(tensors_suffix); }));
}

Result<CheckpointModel>
import_checkpoint(std::span<const ModelFile> files, const frontend::Part& part) {
  std::optional<ModelFile> config;
  std::optional<ModelFile> index;
  std::vector<ModelFile> tensors;
  for (ModelFile file : files) {
    file.name = base_name(file.name);
    if (file.name == config_name) {
      config = std::move(file);
    } else if (file.name.ends_with(index_suffix)) {
      index = std::move(file);
    } else if (file.name.ends_with(tensors_suffix)) {
      tensors.push_back(std::move(file));
    }
  }
  if (!config || tensors.empty()) {
    return Diagnostic{
      .code = "E_FILE",
      .message = config ? "there are no tensors with config.json"
                        : "there is no config.json with the tensors",
      .hint = "give config.json and the model's .safetensors files together",
      .file = config ? config->name : tensors.front().name};
  }
  const Result<frontend::Architecture> architecture = read_config(*config);
  if (!architecture) {
    return architecture.diagnostics();
  }
  const auto checkpoint = Checkpoint::open(tensors, index ? &*index : nullptr);
  if (!checkpoint) {
    return checkpoint.diagnostics();
  }
  frontend::BuiltPart built;
  Result<ir::Graph> graph = frontend::build(*architecture, **checkpoint, part, &built);
  if (Diagnostics missed = (*checkpoint)->missed(); !missed.empty()) {
    return missed;
  }
  if (!graph) {
    return std::move(graph).diagnostics();
  }
  const Result<std::vector<std::uint8_t>> text = read_all(*config, config->bytes->size());
  if (!text) {
    return text.diagnostics();
  }
  Sha256 hash;
  hash.update(*text);
  const std::string headers = (*checkpoint)->digest();
  hash.update({reinterpret_cast<const std::uint8_t*>(headers.data()), headers.size()});
  Diagnostics notes = std::move(graph).diagnostics();
  if (const bool whole = part.first_layer == 0 && !part.last_layer && !part.from_hidden; whole) {
    if (std::optional<Diagnostic> warning = left_over(**checkpoint)) {
      notes.push_back(*std::move(warning));
    }
  }
  return {
    CheckpointModel{std::move(*graph), hash.finish_hex(), std::move(built)}, std::move(notes)};
}

} // namespace plena::io
