#include "config/config.h"
#include "config/embedded.h"

#include <vector>

namespace plena::config {

namespace {

/// The first line without its comment sign.
constexpr std::string_view title_of(std::string_view toml) {
  std::string_view line = toml.substr(0, toml.find('\n'));
  while (!line.empty() && (line.front() == '#' || line.front() == ' ')) {
    line.remove_prefix(1);
  }
  return line;
}

std::vector<Preset> make_presets() {
  std::vector<Preset> list;
  for (const EmbeddedFile& file : embedded_files()) {
    list.push_back({file.name, title_of(file.text), file.text});
  }
  return list;
}

} // namespace

std::span<const Preset> presets() {
  static const std::vector<Preset> list = make_presets();
  return list;
}

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) {
      return &preset;
    }
  }
  return nullptr;
}

} // namespace plena::config
