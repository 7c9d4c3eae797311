#include "ops_cases/limit.h"

#include "numerics/minifloat.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace plena::tests {

std::string to_string(const Limit& limit) {
  using Kind = ops::Bound::Kind;
  if (limit.of == Limit::Of::Number) {
    return fmt::format("{} absolute", limit.bound.amount);
  }
  const char* of = limit.of == Limit::Of::Rows ? "the row's largest" : "the largest";
  switch (limit.bound.kind) {
  case Kind::Exact:
    return "exact";
  case Kind::StepsOfRowMax:
    return fmt::format(
      "{} bf16 step{} of {}", limit.bound.amount, limit.bound.amount == 1 ? "" : "s", of
    );
  case Kind::ShareOfRowMax:
    return fmt::format("{:.3g} % of {}", limit.bound.amount * 100, of);
  }
  return {};
}

bool within(
  const Limit& limit,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
) {
  if (golden.size() != machine.size() || golden.empty()) {
    return false;
  }
  std::vector<float> rounded(golden.size());
  std::transform(golden.begin(), golden.end(), rounded.begin(), numerics::round_to_bf16);
  switch (limit.of) {
  case Limit::Of::Rows:
    return golden::within(limit.bound, rounded, machine, cols);
  case Limit::Of::Whole:
    return golden::within(limit.bound, rounded, machine, rounded.size());
  case Limit::Of::Number:
    for (std::size_t i = 0; i < golden.size(); ++i) {
      const double distance =
        std::fabs(static_cast<double>(golden[i]) - static_cast<double>(machine[i]));
      if (!(distance <= limit.bound.amount)) {
        return false;
      }
    }
    return true;
  }
  return false;
}

} // namespace plena::tests
