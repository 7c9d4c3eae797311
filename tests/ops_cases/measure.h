// Compiles and runs a recorded case in each of our forms, and runs the recorded program, with the
// clock of both cost profiles.
#pragma once

#include "ops_cases/program_cost.h"
#include "ops_cases/recorded_case.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::tests {

/// How a program was made.
struct Form {
  std::string_view name;
  bool dense = false;
  bool unrolled = false;
};
inline constexpr std::array<Form, 4> forms{{
  {"portable rolled", false, false},
  {"portable unrolled", false, true},
  {"dense rolled", true, false},
  {"dense unrolled", true, true},
}};

/// One output against its golden.
struct Agreement {
  bool pass = false;
  double max_abs = 0;
  double largest = 0; ///< golden's largest magnitude
  double equal = 0;   ///< share of elements
  /// Where it does not pass: what the number formats of the tensors in HBM cost alone, in
  /// arithmetic without any rounding of results, as `max_abs`. No program that reads them comes
  /// closer but by chance.
  double of_formats = 0;
};

struct Measured {
  Cost cost;
  std::vector<Agreement> outputs{}; ///< by output of the graph
  std::uint64_t rows = 0;           ///< of the first output
  /// Why there is nothing of the above: diagnostics or a fault.
  std::string failure{};
  bool absent = false; ///< the compiler cannot make this form yet, which is the failure
  /// The machine after the run.
  std::optional<emu::Machine> machine{};
  codegen::Compiled compiled{};
};

Measured measure(const RecordedCase& test, const Form& form);

/// The recorded program, with the images and settings it was recorded with. One that aborts is not
/// run: its cycles are then those of its instructions alone, without any waiting for memory.
Cost recorded_cost(const RecordedCase& test);

} // namespace plena::tests
