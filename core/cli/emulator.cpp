// `plena emulate`, and the same under the name `transactional_emulator`: upstream's flags and
// files.

#include "base/text.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/model.h"
#include "cli/run.h"
#include "driver/session.h"
#include "driver/tools.h"
#include "driver/topology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <utility>

namespace plena::cli {

namespace {

struct Options {
  std::string opcode;
  std::string hbm;
  std::string fp_sram;
  std::string int_sram;
  std::string vram;
  std::string settings;
  std::string hbm_size;
  std::string dump_folder;
  std::string stage_profile_asm;
  std::string stage_profile_out{"stage_profile.json"};
  std::string json;
  std::string log_level;
  std::string log_file;
  bool drop_in = false;
  TimingOptions timing;
};

/// What upstream logs of itself: by its option, else by the environment's RUST_LOG, a list of LEVEL and
/// MODULE=LEVEL; else `debug`.
std::string log_level(const Options& options) {
  if (!options.log_level.empty()) {
    return options.log_level;
  }
  const char* variable = std::getenv("RUST_LOG");
  std::string_view rest = variable == nullptr ? "" : variable;
  std::string general = rest.empty() ? "debug" : "off";
  std::string own;
  constexpr std::string_view own_module = "transactional_emulator";
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string directive = lower_case(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = directive.find('=');
    if (directive == own_module) {
      own = "trace"; // without a level: all of it
    } else if (equals == std::string::npos) {
      general = directive;
    } else if (std::string_view(directive).substr(0, equals) == own_module) {
      own = directive.substr(equals + 1);
    }
  }
  return own.empty() ? general : own;
}

/// Upstream writes the HBM dump when its log level is at least `debug`.
bool dumps_hbm(const Options& options) {
  const std::string level = options.drop_in ? log_level(options) : "debug";
  return level == "debug" || level == "trace";
}

Result<std::string> chosen_settings(const Options& options) {
  if (!options.settings.empty()) {
    return read_text(options.settings);
  }
  if (const char* variable = std::getenv("PLENA_SETTINGS_TOML")) {
    return read_text(variable);
  }
  Result<driver::Preset> standard = driver::preset(driver::default_settings);
  if (!standard) {
    return std::move(standard).diagnostics();
  }
  return std::move(standard->toml);
}

Result<std::vector<std::uint8_t>> optional_bytes(const std::string& path) {
  return path.empty() ? Result(std::vector<std::uint8_t>{}) : read_bytes(path);
}

/// Collects what went wrong so that all unreadable inputs are named at once.
template <class T> T take(Result<T> result, Diagnostics& problems) {
  for (const Diagnostic& diagnostic : result.diagnostics()) {
    problems.push_back(diagnostic);
  }
  return result ? std::move(result).value() : T{};
}

/// The same with the file named in every diagnostic.
template <class T> Result<T> in_file(Result<T> result, const std::string& file) {
  Diagnostics diagnostics = result.diagnostics();
  for (Diagnostic& diagnostic : diagnostics) {
    diagnostic.file = file;
  }
  return result ? Result<T>(std::move(result).value(), std::move(diagnostics))
                : Result<T>(std::move(diagnostics));
}

Status write_dumps(const driver::Session& session, const std::filesystem::path& folder, bool hbm) {
  constexpr std::array<std::pair<driver::Memory, const char*>, 5> files{{
    {driver::Memory::Vector, "vram_dump.bin"},
    {driver::Memory::Matrix, "mram_dump.bin"},
    {driver::Memory::Fp, "fpsram_dump.bin"},
    {driver::Memory::Int, "intsram_dump.bin"},
    {driver::Memory::Hbm, "hbm_dump.bin"},
  }};
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  for (const auto& [memory, name] : files) {
    if (memory == driver::Memory::Hbm && !hbm) {
      continue;
    }
    OutputFile file(folder / name);
    session.dump(
      memory,
      [&](std::span<const std::uint8_t> bytes) { file.write(bytes); },
      [&](std::uint64_t count) { file.write_zeros(count); }
    );
    if (Status written = file.commit(); !written) {
      return written;
    }
  }
  return Done{};
}

/// Bytes per simulated second, with two decimals and an exponent as upstream prints it.
std::string utilization(const driver::RunStatus& status) {
  const double bytes = static_cast<double>(status.hbm_read_bytes + status.hbm_written_bytes);
  const double rate = bytes / (static_cast<double>(status.cycles) * 1e-9);
  if (std::isnan(rate)) {
    return "NaN";
  }
  if (std::isinf(rate)) {
    return "inf";
  }
  const std::string text = fmt::format("{:.2e}", rate);
  const std::size_t e = text.find('e');
  return fmt::format("{}e{}", text.substr(0, e), std::stoi(text.substr(e + 1)));
}

int emulate(const Options& options) {
  Diagnostics problems;
  const std::string stages_text = options.stage_profile_asm.empty()
                                    ? std::string()
                                    : take(read_text(options.stage_profile_asm), problems);
  const std::string settings = take(chosen_settings(options), problems);
  const std::string program = take(read_text(options.opcode), problems);
  driver::Images images;
  images.hbm = take(read_bytes(options.hbm), problems);
  images.fp_sram = take(read_bytes(options.fp_sram), problems);
  images.int_sram = take(optional_bytes(options.int_sram), problems);
  images.vram = take(optional_bytes(options.vram), problems);
  std::optional<std::uint64_t> hbm_bytes;
  if (!options.hbm_size.empty()) {
    hbm_bytes = take(driver::parse_size(options.hbm_size), problems);
  }
  driver::Session session;
  if (!has_errors(problems)) {
    take(
      session.set_settings(
        options.settings.empty() ? driver::default_settings : options.settings, settings
      ),
      problems
    );
  }
  if (!has_errors(problems)) {
    session.set_images(std::move(images), hbm_bytes);
    Result<std::string> loaded = session.load_words(program);
    take(in_file(std::move(loaded), options.opcode), problems);
  }
  if (!has_errors(problems) && !options.stage_profile_asm.empty()) {
    const std::size_t labels = session.profile_stages(stages_text);
    if (const std::size_t words = session.program_words(); labels != words) {
      problems.push_back(
        {.severity = Severity::Warning,
         .code = "W_STAGE_LABELS",
         .message = fmt::format("the text has {} instructions, the program {}", labels, words),
         .hint = "give the text that the program was assembled from",
         .file = options.stage_profile_asm}
      );
    }
  }
  if (!has_errors(problems)) {
    take(set_timing(session, options.timing), problems);
  }
  if (!has_errors(problems)) {
    take(session.reset(), problems);
  }
  print(problems);
  if (has_errors(problems)) {
    // Upstream's harness takes every failure of a run for a panic.
    return options.drop_in ? 101 : exit_unusable;
  }

  if (options.drop_in) {
    fmt::print(stderr, "Topology {}\n", driver::topology(settings).value());
  }
  if (const auto status = run_to_end(session)) {
    return *status;
  }
  print(session.run_warnings());

  const driver::RunStatus status = session.status();
  if (!options.json.empty()) {
    if (const Status written = write_file(options.json, session.emulate_report()); !written) {
      print(written.diagnostics());
      return exit_unusable;
    }
  }
  if (status.fault) {
    Diagnostic fault = *status.fault;
    fault.file = options.opcode;
    print({fault});
    return options.drop_in ? 101 : exit_fault;
  }
  if (!options.stage_profile_asm.empty()) {
    Result<std::string> profile = session.stage_profile();
    const Status written = profile ? write_file(options.stage_profile_out, *profile)
                                   : Status(std::move(profile).diagnostics());
    if (!written) {
      print(written.diagnostics());
      return exit_unusable;
    }
  }
  if (options.drop_in || !options.dump_folder.empty()) {
    const std::filesystem::path folder = options.drop_in ? "." : options.dump_folder;
    if (const Status written = write_dumps(session, folder, dumps_hbm(options)); !written) {
      print(written.diagnostics());
      return exit_unusable;
    }
  }
  if (!session.timing_is_upstream()) {
    fmt::print(stderr, "Cycles are not those of upstream's emulator: {}\n", session.timing_title());
  }
  // The other lines that upstream's harness reads (timing.md 3.1).
  fmt::print(
    stderr,
    "HBM Statistics - Bytes read: {} | Bytes written: {} | Utilization: {} bytes/sec\n"
    "Simulation completed. Latency {}.000ns\n",
    status.hbm_read_bytes,
    status.hbm_written_bytes,
    utilization(status),
    status.cycles
  );
  return exit_done;
}

void add_options(CLI::App& command, const std::shared_ptr<Options>& options, Action& action) {
  command.add_option("--opcode", options->opcode, "program (.mem)")->required();
  command.add_option("--hbm", options->hbm, "HBM image, raw bytes from address 0")->required();
  command.add_option("--fpsram", options->fp_sram, "FP SRAM image, binary16")->required();
  command.add_option("--intsram", options->int_sram, "INT SRAM image, u32");
  command.add_option("--vram", options->vram, "Vector SRAM image");
  command.add_option("--settings", options->settings, "settings (TOML)");
  command.add_option("--hbm-size", options->hbm_size, "HBM capacity: bytes, or with K, M, G, T");
  command.add_option(
    "--stage-profile-asm",
    options->stage_profile_asm,
    "cycles by the stages of this text's comments"
  );
  command.add_option("--stage-profile-out", options->stage_profile_out, "where to write them")
    ->capture_default_str();
  add_timing_options(command, options->timing);
  add_report_option(command, options->json);
  command.callback([&action, options] { action = [options] { return emulate(*options); }; });
}

} // namespace

void add_emulate(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("emulate", "Run a program on memory images");
  command->add_option("--dump-dir", options->dump_folder, "write the memories there");
  add_options(*command, options, action);
}

void add_transactional_emulator(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  options->drop_in = true;
  add_options(app, options, action);
  app.add_option("--log-level", options->log_level, "trace, debug, info, warn, error or off")
    ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  app.add_option("--log-file", options->log_file, "accepted for compatibility; nothing is written");
}

} // namespace plena::cli
