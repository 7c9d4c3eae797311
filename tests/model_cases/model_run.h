// Compiles and runs a model in our forms, and tells how far its result lies from
// references.
#pragma once

#include "golden/reference.h"
#include "model_cases/recorded_model.h"
#include "ops_cases/program_cost.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plena::tests {

/// How a program was made.
struct ModelForm {
  std::string_view name;
  ops::Strategy strategy = ops::Strategy::Portable;
  codegen::Unroll unroll = codegen::Unroll::None;
  /// Results of all operators stay in memory, unlike those of upstream's programs.
  bool stages = false;
  /// The model asks for what upstream makes of it (`run.compat`), or, where heads share rows, for its
  /// roundings (`run.rounding`).
  bool as_upstream = false;
};
inline constexpr std::array<ModelForm, 4> model_forms{{
  {"portable", ops::Strategy::Portable, codegen::Unroll::None},
  {"portable, written out", ops::Strategy::Portable, codegen::Unroll::All},
  {"dense", ops::Strategy::Dense, codegen::Unroll::None},
  {"portable, as upstream", ops::Strategy::Portable, codegen::Unroll::None, false, true},
}};

struct ModelRun {
  Cost cost;
  std::vector<float> result;
  golden::Values stages{};               ///< of all operators, where the form keeps them
  ops::Plan plan{};                      ///< that references follow
  numerics::Errors against_own_golden{}; ///< the reference with this program's roundings
  /// Why there is nothing of the above: diagnostics or a fault.
  std::string failure{};
};

/// Without `judge` nothing is compared, which takes longer than the rest.
ModelRun run_model(const LoadedModel& model, const ModelForm& form, bool judge = true);

/// The exact result of the graph.
std::vector<float> exact_result(const LoadedModel& model);

} // namespace plena::tests
