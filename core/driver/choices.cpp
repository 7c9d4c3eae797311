#include "driver/choices.h"

#include "base/check.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

namespace plena::driver {

namespace {

constexpr ChoiceValue strategies[] = {
  {"portable", "M_MM and M_TMM, which every target has"},
  {"dense", "M_BMM and M_BTMM on whole tiles"},
  {"auto", "operator by operator those that cost less"}};

constexpr ChoiceValue unrollings[] = {
  {"none", "no loops"},
  {"ops", "the loops of all operators but attention"},
  {"attention", "the loops of attention"},
  {"all", "all loops"}};

constexpr Choice rows[] = {
  {"opt", "Products", "instructions of matrix products", strategies},
  {"unroll", "Unroll", "which loops are written out", unrollings}};

const Choice& row_of(std::string_view option) {
  const auto found =
    std::find_if(std::begin(rows), std::end(rows), [&](const Choice& row) { return row.name == option; });
  PLENA_CHECK(found != std::end(rows));
  return *found;
}

/// `T` has an enumerator for each value, in the same order.
template <class T>
Status choose(
  T& chosen,
  std::string_view option,
  const std::string& name,
  std::string_view code,
  std::string_view place
) {
  if (name.empty()) {
    return Done{};
  }
  std::string names;
  std::uint8_t number = 0;
  for (const ChoiceValue& value : row_of(option).values) {
    if (value.name == name) {
      chosen = static_cast<T>(number);
      return Done{};
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", value.name);
    ++number;
  }
  return Diagnostic{
    .code = std::string(code),
    .message = fmt::format("`{}` cannot be \"{}\"", option, name),
    .hint = "one of: " + names,
    .where = fmt::format("{}/{}", place, option)};
}

template <class T> std::string name_of(T value, std::string_view option) {
  return std::string(row_of(option).values[static_cast<std::size_t>(value)].name);
}

} // namespace

std::span<const Choice> choices() { return rows; }

ir::RunChoices merge(ir::RunChoices first, const ir::RunChoices& second) {
  const auto take = [](std::string& to, const std::string& from) { to = to.empty() ? from : to; };
  take(first.opt, second.opt);
  take(first.unroll, second.unroll);
  if (!first.keep_stages) {
    first.keep_stages = second.keep_stages;
  }
  first.hardware = second.hardware;
  return first;
}

Result<codegen::Options>
options_of(const ir::RunChoices& choices, std::string_view code, std::string_view place) {
  codegen::Options options;
  if (Status known = choose(options.strategy, "opt", choices.opt, code, place); !known) {
    return known.diagnostics();
  }
  if (Status known = choose(options.unroll, "unroll", choices.unroll, code, place); !known) {
    return known.diagnostics();
  }
  options.keep_stages = choices.keep_stages.value_or(options.keep_stages);
  return options;
}

ir::RunChoices names_of(const codegen::Options& options) {
  ir::RunChoices names;
  names.opt = name_of(options.strategy, "opt");
  names.unroll = name_of(options.unroll, "unroll");
  names.keep_stages = options.keep_stages;
  return names;
}

} // namespace plena::driver
