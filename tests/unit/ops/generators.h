// Random graphs of one operator each, for the properties that every operator has to have.
#pragma once

#include "config/config.h"
#include "unit/codegen/harness.h"
#include "unit/emu/random.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace plena::tests {

/// A graph around one node of the operator, and how far its result may lie from the mathematical one
/// (relative RMS): the price of the machine's number formats.
struct Sample {
  Model model;
  double fp32_rms = 0.1;
};

/// Sizes and choices of a sample, for a machine.
class Dice {
 public:
  Dice(std::uint64_t seed, const config::Config& config) : random_{seed}, config_(config) {}

  Random& random() { return random_; }
  const config::Config& config() const { return config_; }
  /// 1 to `limit`, often next to a border of the machine.
  std::int64_t size(std::int64_t limit = 300);
  bool coin() { return random_.once_in(2); }
  /// A shape of two or three dimensions with at most `limit` rows.
  ir::Shape shape(std::int64_t cols, std::int64_t limit = 300);
  double between(double low, double high) {
    return low + (high - low) * random_.below(1 << 20) / (1 << 20);
  }

 private:
  Random random_;
  const config::Config& config_;
};

struct Generator {
  std::string_view op; ///< of ops.def
  void (*make)(Dice&, Sample&);
};
std::span<const Generator> generators();

} // namespace plena::tests
