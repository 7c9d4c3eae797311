#include "ops/product.h"

#include "base/size.h"
#include "ops/arith.h"
#include "ops/chains.h"
#include "ops/elementwise.h"
#include "ops/product_schedule.h"

#include <algorithm>

namespace plena::ops {

namespace {

// ---- reference

std::vector<double> product_f64(std::span<const float> x, std::span<const float> w, std::size_t n) {
  std::vector<double> y(n);
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t j = 0; j < n; ++j) {
      y[j] += static_cast<double>(x[k]) * static_cast<double>(w[k * n + j]);
    }
  }
  return y;
}

Chains chains_of(const Arithmetic& machine, bool dense, std::uint64_t cols, std::uint64_t group) {
  const std::uint64_t tiles = grouped_size(cols, group, machine.lanes) / machine.lanes;
  Chains chains(to_size(dense ? tiles * machine.heads : tiles));
  for (std::uint64_t k = 0; k < cols; ++k) {
    const std::uint64_t at = grouped_index(k, group, machine.lanes);
    const std::uint64_t tile = at / machine.lanes;
    const std::uint64_t copy = machine.heads - 1 - at % machine.lanes % machine.heads;
    chains[to_size(dense ? copy * tiles + tile : tile)].push_back(to_size(k));
  }
  return chains;
}

} // namespace

std::vector<float> product(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  std::uint64_t row_group
) {
  const Chains chains = chains_of(call.arithmetic, call.dense, weight.rows, row_group);
  return product(call, x, w, bias, weight, chains);
}

std::vector<float> product(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  const Chains& chains
) {
  const std::size_t n = to_size(weight.cols);
  const Magnitudes of_weights = magnitudes(w);
  std::vector<float> y;
  y.reserve(x.size() / to_size(weight.rows) * n);
  for (std::size_t begin = 0; begin < x.size(); begin += to_size(weight.rows)) {
    const std::span<const float> row = x.subspan(begin, to_size(weight.rows));
    if (!call.hardware()) {
      const std::vector<double> sums = product_f64(row, w, n);
      for (std::size_t j = 0; j < n; ++j) {
        y.push_back(
          static_cast<float>(bias.empty() ? sums[j] : sums[j] + static_cast<double>(bias[j]))
        );
      }
      continue;
    }
    const std::vector<float> sums = product_by_chains(row, w, n, of_weights, chains);
    for (std::size_t j = 0; j < n; ++j) {
      const float rounded = hw::round(sums[j]);
      y.push_back(bias.empty() ? rounded : hw::add(rounded, bias[j]));
    }
  }
  return y;
}

std::vector<float> product_transposed(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  std::uint64_t row_group
) {
  const std::size_t n = to_size(weight.rows);
  const std::size_t k = to_size(weight.cols);
  std::vector<float> turned(w.size());
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < k; ++c) {
      turned[c * n + r] = w[r * k + c];
    }
  }
  const Arithmetic& machine = call.arithmetic;
  const std::uint64_t at_once = call.dense ? machine.lanes / machine.heads : machine.lanes;
  Chains chains(to_size(grouped_size(k, row_group, machine.lanes) / at_once + 1));
  for (std::size_t i = 0; i < k; ++i) {
    chains[to_size(grouped_index(i, row_group, machine.lanes) / at_once)].push_back(i);
  }
  return product(call, x, turned, bias, {weight.cols, weight.rows}, chains);
}

// ---- lowering

namespace {

void multiply(Lowering& low, const Operands& operands) {
  (low.dense() ? multiply_dense : multiply_portable)(low, operands);
}

} // namespace

void multiply(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start
) {
  multiply(low, {x, w, y, start, false});
}

void multiply_transposed(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start
) {
  multiply(low, {x, w, y, start, true});
}

void lay_copies(
  Lowering& low,
  const VectorTensor& x,
  std::span<const lower::Address> to,
  std::uint64_t first,
  std::uint64_t next,
  std::uint64_t gap
) {
  lower::Builder& b = low.builder();
  const std::uint64_t lanes = low.tiling().mlen;
  const lower::Fp four = b.constant(static_cast<float>(1 / 0.25));
  const std::uint64_t rows = lower::round_up(x.rows, low.tiling().blen);
  const lower::Gp further = b.set(next);
  const lower::Gp start = first == 0 ? lower::zero_gp : b.set(first);
  constexpr std::size_t together = 8; // pointers that the registers hold with ease
  for (std::size_t begin = 0; begin < to.size(); begin += together) {
    const std::size_t end = std::min(begin + together, to.size());
    // The first of these comes from x, or from the last copy that has been made.
    const lower::Gp from = begin == 0 ? b.set(x.at()) : b.set(to[begin - 1]);
    std::vector<lower::Gp> targets;
    for (std::size_t c = begin; c < end; ++c) {
      targets.push_back(b.set(to[c]));
    }
    const auto row = [&] {
      if (begin != 0) {
        b.V_SHFT_V(targets[0], from, further);
      } else {
        b.V_MUL_VF(targets[0], from, four);
        if (first != 0) {
          b.V_SHFT_V(targets[0], targets[0], start);
        }
      }
      b.step(from, lanes);
      for (std::size_t i = 1; i < targets.size(); ++i) {
        b.V_SHFT_V(targets[i], targets[i - 1], further);
        b.step(targets[i - 1], lanes);
      }
      b.step(targets.back(), lanes);
    };
    b.loop(x.blocks, [&] {
      low.each_row(rows, row);
      const std::uint64_t padding = (x.phys_rows - rows) * lanes;
      b.step(from, padding + (begin == 0 ? 0 : gap));
      for (const lower::Gp pointer : targets) {
        b.step(pointer, padding + gap);
      }
    });
  }
}

std::uint64_t product_slack(const Lowering& low) {
  return low.dense() ? low.tiling().heads - 1 : 0;
}

void add_bias(Lowering& low, std::size_t input, const VectorTensor& y) {
  if (!low.view().has_input(input)) {
    return;
  }
  lower_vector(low, y, y, low.input(input), [&](lower::Gp row, lower::Gp, lower::Gp value) {
    low.builder().V_ADD_VV(row, row, value);
  });
}

} // namespace plena::ops
