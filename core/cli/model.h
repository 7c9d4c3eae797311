// What the commands that take a model share.
#pragma once

#include "cli/commands.h"
#include "driver/session.h"
#include "driver/tools.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plena::cli {

/// The part of a checkpoint; what is not given is the model's.
struct PartOptions {
  std::string layers{}; ///< A..B
  std::int64_t rows = 0;
  std::int64_t batch = 0;
  std::string ids{}; ///< file
};

struct ModelOptions {
  std::string model;
  PartOptions part{};
  std::string settings{driver::default_settings};
  std::vector<std::string> bindings{};
  std::string inputs{};
  std::optional<std::uint64_t> seed{};
  std::map<std::string, std::string> choices{}; ///< of driver::choices(), by name; others are the model's
};

/// Names of choices; empty: as the settings say.
struct TimingOptions {
  std::string cost_profile{};
  std::string memory_model{};
  std::string schedule{};
};

/// Runs the steps of a command one after another; the first failure is printed and ends it.
class Steps {
 public:
  template <class T> std::optional<T> take(Result<T> result) {
    print(result.diagnostics());
    return result ? std::optional<T>(std::move(result).value()) : std::nullopt;
  }
};

/// A preset's name or a file.
Result<std::string> settings_text(const std::string& name);

/// Settings and model into the session; false after telling why not.
bool prepare(driver::Session& session, const ModelOptions& options, Steps& steps);
bool load_inputs(driver::Session& session, const ModelOptions& options);

/// A compiled model, a program with the images of the folder that it lies in, or what a link says; false
/// after telling why not.
bool load_program_or_model(driver::Session& session, const ModelOptions& options, Steps& steps);
/// What `load_program_or_model` takes.
inline constexpr const char* program_or_model =
  "model (.onnx or .json), folder of `plena compile`, program (.asm or .mem), link or recipe (.plena.json)";

/// E_USAGE for options about a model where none of `sides` is one: programs are not compiled.
Status check_takes_options(
  const ModelOptions& options, std::initializer_list<std::string_view> sides
);

/// What the options, else the environment, say about how a model is compiled, as JSON.
std::optional<std::string> choices_json(
  const ModelOptions& options, Steps& steps, Diagnostics* notes = nullptr
);

/// Compiles the session's model as the options, else the environment, else the model say; false after
/// telling why not.
bool compile_model(
  driver::Session& session,
  const ModelOptions& options,
  Steps& steps,
  Diagnostics* notes = nullptr ///< what the compiler has to say, for a report
);
void add_model_options(CLI::App& command, ModelOptions& options);
/// The same without the model itself.
void add_compile_options(CLI::App& command, ModelOptions& options);
/// Of these, how a model is compiled.
void add_choice_options(CLI::App& command, ModelOptions& options);
void add_timing_options(CLI::App& command, TimingOptions& options);
/// The first of them alone, for a command that runs nothing.
void add_cost_profile(CLI::App& command, TimingOptions& options);
/// E_USAGE when more than one of these outputs, by the option that names it, is `-`.
Status one_on_stdout(std::initializer_list<std::pair<const char*, std::string_view>> outputs);
/// What the program costs with other products, if it was compiled with a choice of them.
void print_products(const driver::Session& session);
Status set_timing(driver::Session& session, const TimingOptions& options);

} // namespace plena::cli
