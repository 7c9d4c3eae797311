#include "ops/positions.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

std::optional<std::uint64_t> entry_below(float entry, std::uint64_t end) {
  if (!(entry >= 0.0f && entry < 0x1p32f)) {
    return std::nullopt;
  }
  const auto number = static_cast<std::uint64_t>(entry);
  return number < end ? std::optional(number) : std::nullopt;
}

void check_entries(Lowering& low, std::size_t i, std::uint64_t end, std::string code) {
  const std::vector<std::int64_t>& given = low.numbers(i);
  const auto bad = std::find_if(given.begin(), given.end(), [&](std::int64_t number) {
    return number < 0 || static_cast<std::uint64_t>(number) >= end;
  });
  if (bad != given.end()) {
    low.fail(low.view().error(
      std::move(code),
      fmt::format("{} has {}", low.view().input(i)->name, *bad),
      fmt::format("numbers from 0 to {} have their rows here", end - 1)
    ));
  }
}

std::optional<Diagnostic> check_position(const NodeView& view, std::size_t i) {
  if (view.input_extent(i).count() == 1) {
    return std::nullopt;
  }
  return view.error(
    "E_SHAPE",
    fmt::format("the position {} is not one number", to_string(view.input(i)->shape)),
    "rows follow each other: give the position of the first"
  );
}

} // namespace plena::ops
