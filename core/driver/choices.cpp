#include "driver/choices.h"

#include <fmt/format.h>

namespace plena::driver {

namespace {

// In the order of their enumerators, as both come from the same rows.
constexpr ChoiceValue opt_values[] = {
#define OPT(value, name, meaning) {name, meaning},
#include "ir/choices.def"
};
constexpr ChoiceValue unroll_values[] = {
#define UNROLL(value, name, meaning) {name, meaning},
#include "ir/choices.def"
};
constexpr Choice rows[] = {
#define CHOICE(name, option, title, meaning) {#name, title, meaning, name##_values},
#include "ir/choices.def"
};

/// The value of that name, what it was before when there is no name.
template <class T>
Result<T> value_of(
  T before,
  std::span<const ChoiceValue> values,
  const char* choice,
  const std::string& name,
  std::string_view code,
  std::string_view place
) {
  if (name.empty()) {
    return before;
  }
  std::string names;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == name) {
      return static_cast<T>(i);
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", values[i].name);
  }
  return Diagnostic{
    .code = std::string(code),
    .message = fmt::format("`{}` cannot be \"{}\"", choice, name),
    .hint = "one of: " + names,
    .where = fmt::format("{}/{}", place, choice)};
}

template <class T> std::string name_of(T value, std::span<const ChoiceValue> values) {
  return std::string(values[static_cast<std::size_t>(value)].name);
}

} // namespace

std::span<const Choice> choices() { return rows; }

ir::RunChoices merge(ir::RunChoices first, const ir::RunChoices& second) {
#define CHOICE(name, option, title, meaning) \
  if (first.name.empty()) {                  \
    first.name = second.name;                \
  }
#define FLAG(name, option)     \
  if (!first.name) {           \
    first.name = second.name;  \
  }
#include "ir/choices.def"
  first.hardware = second.hardware;
  return first;
}

Result<codegen::Options>
options_of(const ir::RunChoices& choices, std::string_view code, std::string_view place) {
  codegen::Options options;
#define CHOICE(name, option, title, meaning)                                                          \
  if (const auto value =                                                                              \
        value_of(options.option, name##_values, #name, choices.name, code, place)) {                  \
    options.option = *value;                                                                          \
  } else {                                                                                            \
    return value.diagnostics();                                                                       \
  }
#define FLAG(name, option) options.option = choices.name.value_or(options.option);
#include "ir/choices.def"
  return options;
}

ir::RunChoices names_of(const codegen::Options& options) {
  ir::RunChoices names;
#define CHOICE(name, option, title, meaning) \
  names.name = name_of(options.option, name##_values);
#define FLAG(name, option) names.name = options.option;
#include "ir/choices.def"
  return names;
}

} // namespace plena::driver
