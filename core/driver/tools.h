// Whole-file operations of the command line that need no session.
#pragma once

#include "base/result.h"
#include "driver/session.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

std::string_view version();

struct Assembly {
  std::string mem; ///< the machine code file, byte for byte what upstream writes
  std::size_t words = 0;
};

/// All diagnostics of a file; there is a value when there is no error among them.
Result<Assembly> assemble_file(std::string_view text, std::string_view file, AsmMode mode);

/// Canonical text that assembles to the same words.
Result<std::string> disassemble_file(std::string_view mem_text, std::string_view file);

std::string isa_reference();      ///< Markdown
std::string settings_reference(); ///< Markdown
std::string settings_schema();    ///< JSON Schema
std::string recipe_reference();   ///< Markdown

/// `{"schema": 1, KEY: VALUE, "diagnostics": [...]}`
std::string report_json(std::string_view key, std::size_t value, const Diagnostics& diagnostics);

struct Preset {
  std::string name;
  std::string toml;
};
/// The named preset, or an error that lists them.
Result<Preset> preset(std::string_view name);

/// A golden that `Session::verify` can show, the one that judges first.
struct Precision {
  std::string_view name;
  std::string_view meaning;
};
std::vector<Precision> precisions();

/// The file name, without its extension, of a tensor: the tensor's name with path separators,
/// control characters and `%` as `%XX`, names that file systems find too long cut and told apart by
/// a digest. Different tensors have different file names.
std::string file_name_of(std::string_view tensor);

/// Token ids of a .npy file or of a text. `texts` is told of how many texts these are: a file of two or more
/// dimensions tells, else one.
Result<std::vector<std::int64_t>> read_ids(
  std::span<const std::uint8_t> bytes, std::int64_t* texts = nullptr
);

/// `64M`, `1GiB`, `4096` to bytes, as upstream's --hbm-size reads it.
Result<std::uint64_t> parse_size(std::string_view text);

} // namespace plena::driver
