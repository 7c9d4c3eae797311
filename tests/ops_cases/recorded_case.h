// The recorded operator programs of the reference tools (data/ops): what was recorded, and the
// graph in canonical operators that asks our compiler for the same.
#pragma once

#include "config/config.h"
#include "ops_cases/limit.h"
#include "unit/codegen/harness.h"
#include "unit/emu/recorded.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace plena::tests {

/// What one output of the graph shall be, row-major.
struct Expected {
  std::vector<float> values;
  Limit limit;
};

struct RecordedCase {
  std::string name; ///< operator/case
  std::filesystem::path folder;
  config::Config config;
  Model model;
  std::vector<Expected> expected{}; ///< by output of the graph
  /// Operators that the graph needs and ops.def does not have; the graph is then not to be
  /// compiled.
  std::vector<std::string> missing{};
  /// The recorded program was written without loops.
  bool unrolled = false;
  /// The recorded program ends with a fault, a defect of the tool that made it.
  bool aborts = false;
  /// How far the recorded program's result lies from the golden at most; 0 where that was not
  /// recorded.
  double recorded_error = 0;
};

/// Names of all recorded cases, sorted.
std::vector<std::string> recorded_cases();

/// One of them.
RecordedCase recorded_case(const std::string& name);

} // namespace plena::tests
