#include "driver/choices.h"

#include "base/check.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::driver {

namespace {

template <class T> struct Named {
  std::string_view name;
  T value;
  std::string_view meaning;
};

constexpr Named<ops::Strategy> strategies[] = {
  {"portable", ops::Strategy::Portable, "products by M_MM and M_TMM, which every target has"},
  {"dense", ops::Strategy::Dense, "products by M_BMM and M_BTMM on whole tiles"}};

template <class T, std::size_t n>
Status choose(
  T& chosen,
  const Named<T> (&rows)[n],
  std::string_view option,
  const std::string& name,
  std::string_view code,
  std::string_view place
) {
  if (name.empty()) {
    return Done{};
  }
  const auto found =
    std::find_if(std::begin(rows), std::end(rows), [&](const auto& row) { return row.name == name; });
  if (found != std::end(rows)) {
    chosen = found->value;
    return Done{};
  }
  std::string names;
  for (const auto& row : rows) {
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  return Diagnostic{
    .code = std::string(code),
    .message = fmt::format("`{}` cannot be \"{}\"", option, name),
    .hint = "one of: " + names,
    .where = fmt::format("{}/{}", place, option)};
}

template <class T, std::size_t n>
std::string name_of(T value, const Named<T> (&rows)[n]) {
  const auto found =
    std::find_if(std::begin(rows), std::end(rows), [&](const auto& row) { return row.value == value; });
  PLENA_CHECK(found != std::end(rows));
  return std::string(found->name);
}

} // namespace

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
  if (Status known = choose(options.strategy, strategies, "opt", choices.opt, code, place); !known) {
    return known.diagnostics();
  }
  if (!choices.unroll.empty() && choices.unroll != "none") {
    return Diagnostic{
      .code = std::string(code),
      .message = fmt::format("`unroll` cannot be \"{}\"", choices.unroll),
      .hint = "this version keeps all loops; leave it out, or write none",
      .where = fmt::format("{}/unroll", place)};
  }
  options.keep_stages = choices.keep_stages.value_or(options.keep_stages);
  return options;
}

ir::RunChoices names_of(const codegen::Options& options) {
  ir::RunChoices names;
  names.opt = name_of(options.strategy, strategies);
  names.keep_stages = options.keep_stages;
  return names;
}

} // namespace plena::driver
