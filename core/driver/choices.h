// How a model is compiled: what the caller says, else what the model file says, else the default.
#pragma once

#include "base/result.h"
#include "codegen/compile.h"
#include "ir/choices.h"

#include <span>
#include <string>
#include <string_view>

namespace plena::driver {

struct ChoiceValue {
  std::string_view name;
  std::string_view meaning;
};
/// A choice with several values, as ir/choices.def tells it. The first value is the default.
struct Choice {
  std::string_view name;
  std::string_view title; ///< for a page
  std::string_view meaning;
  std::span<const ChoiceValue> values;
};
std::span<const Choice> choices();

/// `first` where it says something, else `second`; the machine's numbers are those of `second`.
ir::RunChoices merge(ir::RunChoices first, const ir::RunChoices& second);

/// `code` for names that mean nothing, at `place` and the option's name.
Result<codegen::Options>
options_of(const ir::RunChoices& choices, std::string_view code, std::string_view place);

/// The names of what is in force.
ir::RunChoices names_of(const codegen::Options& options);

} // namespace plena::driver
