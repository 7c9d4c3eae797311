#include "golden/precision.h"

#include "ops/unstored.h"

#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace plena::golden {

namespace {

constexpr std::array rows{
#define PRECISION(id, name, quantises, rounds, meaning)                                            \
  PrecisionInfo{Precision::id, name, quantises, rounds, meaning},
#include "golden/precisions.def"
};

} // namespace

std::span<const PrecisionInfo> precisions() { return rows; }

Result<Precision> precision_of(std::string_view name) {
  std::vector<std::string_view> names;
  for (const PrecisionInfo& row : rows) {
    if (row.name == name) {
      return row.precision;
    }
    names.push_back(row.name);
  }
  return Diagnostic{
    .code = "E_PRECISION",
    .message = fmt::format("there is no precision called '{}'", name),
    .hint = fmt::format("there are {}", fmt::join(names, ", "))};
}

ops::Arithmetic arithmetic_in(Precision precision, ops::Arithmetic hardware) {
  const PrecisionInfo& row = rows[static_cast<std::size_t>(precision)];
  hardware.precision = row.rounds ? ops::Precision::Hardware : ops::Precision::Fp32;
  if (!row.quantises) {
    hardware.weight = hardware.activation = hardware.stored = ops::unstored;
  }
  return hardware;
}

} // namespace plena::golden
