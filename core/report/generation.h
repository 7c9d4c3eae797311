// A text that a model has gone on with, for `plena generate` and the page.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::report {

/// Tokens that went through the machine together; `differing` and what follows where references ran.
struct TextRun {
  std::int64_t position = 0;
  std::int64_t tokens = 0;
  std::uint64_t instructions = 0;
  std::uint64_t cycles = 0;
  double seconds = 0;
  std::optional<std::uint64_t> differing{};
  std::uint64_t compared = 0;
  double price = 0;
  double worst = 0;
  bool same_choice = false;
};

struct TextProgram {
  std::int64_t tokens = 0;
  std::uint64_t words = 0;
  double compile_seconds = 0;
};

struct TextFacts {
  std::string model;
  std::string settings;
  std::string timing; ///< how cycles were counted
  std::string source; ///< whose logits chose
  double temperature = 0;
  std::uint64_t seed = 0;
  std::int64_t capacity = 0;
  std::uint64_t cache_bytes = 0;
  std::span<const std::int64_t> prompt;
  std::span<const std::int64_t> ids; ///< that came after it
  std::optional<std::string> prompt_text{}; ///< of both, where the prompt was a text
  std::optional<std::string> text{};
  std::vector<TextProgram> programs;
  std::vector<TextRun> runs; ///< of the prompt, then one for each token but the last
  std::size_t prompt_runs = 0;
};

/// Report of `plena generate --json`.
std::string generation(const TextFacts& facts);

} // namespace plena::report
