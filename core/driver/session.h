// The public face of the engine: one session holds settings, a model, a program, a run and its
// results. The command line and the WebAssembly boundary are thin layers over this class.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

/// Raised when the meaning of a session function or of its JSON changes.
inline constexpr int api_version = 1;

/// Images that a program starts from; all little-endian, in the file formats of upstream.
struct Images {
  std::vector<std::uint8_t> hbm{};
  std::vector<std::uint8_t> fp_sram{};  ///< IEEE binary16
  std::vector<std::uint8_t> int_sram{}; ///< u32
  std::vector<std::uint8_t> vram{};     ///< elements of VECTOR_SRAM_TYPE
};

enum class AsmMode : std::uint8_t { Compatible, Strict };

class Session {
public:
  Session();
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // Documents below are JSON texts; wasm/plena.d.ts gives their types under the same names.

  /// Everything the page and the documentation derive from tables: instructions, settings keys,
  /// operators, metrics, presets.
  static std::string describe();

  Result<std::string> set_settings(std::string_view name, std::string_view toml); // SettingsInfo
  Result<std::string> load_model(std::string_view name,
                                 std::span<const std::uint8_t> bytes);            // ModelInfo
  /// Values for one graph input; inputs that are never set are seeded.
  Status set_input(std::string_view name, std::span<const std::uint8_t> bytes);
  Result<std::string> compile(std::string_view options_json);                     // ProgramInfo
  /// Replaces the program; on errors the earlier program stays.
  Result<std::string> assemble(std::string_view text, AsmMode mode);              // ProgramInfo
  Result<std::string> load_words(std::string_view mem_text);                      // ProgramInfo
  void set_images(Images images, std::optional<std::uint64_t> hbm_bytes);

  std::string program_text() const;
  /// Listing rows [first, first + count) as Row[].
  std::string rows(std::uint32_t first, std::uint32_t count) const;

  Result<std::string> reset();                                                    // RunState
  /// Executes at most `max_instructions`; cancel by not calling again.
  Result<std::string> run(std::uint64_t max_instructions);                        // RunState
  std::string registers() const;                                                  // Registers
  /// Compares machine results with both goldens; needs a compiled model and a finished run.
  Result<std::string> verify();                                                   // Verdict

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace plena::driver
