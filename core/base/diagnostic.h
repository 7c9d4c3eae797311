// What went wrong, where, and what to do about it. Every mistake a user can make becomes one of
// these; the command line renders it as text, the page as a marker or a row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plena {

enum class Severity : std::uint8_t { Note, Warning, Error };

/// A range of source text. Lines and columns count from 1, columns in UTF-16 units as editors do;
/// the end is exclusive. Line 0 means that there is no place in a text.
struct Span {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t end_line = 0;
  std::uint32_t end_column = 0;

  bool operator==(const Span&) const = default;
};

struct Diagnostic {
  Severity severity = Severity::Error;
  std::string code;    ///< stable, e.g. `E_ASM_UNKNOWN_MNEMONIC`, `W_PADDED`
  std::string message; ///< what was found and what was expected
  std::string hint{};  ///< what to do; may be empty
  std::string file{};  ///< name of the input, empty when there is only one
  Span span{};         ///< place in a text input
  std::string where{}; ///< place in other inputs: node, tensor, settings key, JSON pointer, byte

  bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

std::string_view to_string(Severity severity);

/// `file:line:column: error: message [CODE]`, then the hint; control characters are escaped, long
/// texts cut. With `source`, the offending line and a caret are added.
std::string render(const Diagnostic& diagnostic, std::string_view source = {});

bool has_errors(const Diagnostics& diagnostics);

} // namespace plena
