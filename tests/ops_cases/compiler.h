// The compiler's choices that these tests ask for, as far as it has them. Each part here is there
// for one member of its interface and goes when that member has come: a choice that does not exist
// is not made, and the case then falls short like any other.
#pragma once

#include "codegen/compile.h"
#include "ir/graph.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace plena::tests {

template <class Spec> void set_prestaged(Spec& spec) {
  if constexpr (requires { spec.prestaged; }) {
    spec.prestaged = true;
  }
}

template <class Options> void set_form(Options& options, bool dense, bool unrolled) {
  if constexpr (requires { options.strategy; }) {
    using Strategy = decltype(options.strategy);
    options.strategy = dense ? Strategy::Dense : Strategy::Portable;
  }
  if constexpr (requires { options.unroll; }) {
    using Unroll = decltype(options.unroll);
    options.unroll = unrolled ? Unroll::All : Unroll::None;
  }
  static_cast<void>(dense);
  static_cast<void>(unrolled);
}

/// Whether `set_form` can make programs differ by each of its choices.
template <class Options> constexpr bool has_strategies = requires(Options o) { o.strategy; };
template <class Options> constexpr bool has_unrolling = requires(Options o) { o.unroll; };

template <class Compiled> std::span<const std::uint8_t> vector_image(const Compiled& compiled) {
  if constexpr (requires { compiled.vector_sram; }) {
    return compiled.vector_sram;
  } else {
    return {};
  }
}

/// Row-major values of a placed tensor on a machine; found through the types, as the names are not
/// there before.
template <class Placement, class Machine>
std::vector<float> placed_values(const Placement& place, std::uint64_t lanes, Machine& machine) {
  const auto row = [&](std::uint64_t r) { return machine.vector_row(r); };
  const auto hbm = [&](std::uint64_t at, std::span<std::uint8_t> bytes) {
    machine.read_hbm(at, bytes);
  };
  if constexpr (requires { gather(place, lanes, row); }) {
    return gather(place, lanes, row);
  } else {
    return read_back(place, {lanes, row, hbm, machine.fp_sram(), machine.int_sram()});
  }
}

/// Where a result lies when the program has ended: in the Vector SRAM, else wherever the compiler
/// says that results are.
template <class Compiled>
auto find_result(const Compiled& compiled, ir::TensorId tensor)
  -> decltype(&compiled.placements.front()) {
  const auto* vector = codegen::find_vector(compiled, tensor);
  if (vector != nullptr) {
    return vector;
  }
  for (const auto& place : compiled.placements) {
    if (place.tensor == tensor) {
      if constexpr (requires { is_result(place); }) {
        if (is_result(place)) {
          return &place;
        }
      }
    }
  }
  return nullptr;
}

} // namespace plena::tests
