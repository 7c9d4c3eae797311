#include "numerics/reduce.h"

#include "numerics/bits.h"

#include <array>
#include <cstddef>

namespace plena::numerics {

namespace {

constexpr std::size_t lanes = 8;
constexpr std::size_t interleaved = 4;
constexpr std::size_t levels = 4;

using Row = std::array<float, lanes>;

float add(float a, float b) { return settle_nan(a + b, a, b, NanFrom::First); }

void add_to(Row& sum, const float* row) {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    sum[lane] += row[lane];
  }
}

float short_sum(std::span<const float> values) {
  Row parts{};
  if (values.size() >= interleaved) {
    for (std::size_t i = 0; i < interleaved; ++i) {
      parts[i] = values[i];
    }
    for (std::size_t i = interleaved; i < values.size(); ++i) {
      parts[0] = add(parts[0], values[i]);
    }
  } else {
    for (const float value : values) {
      parts[0] = add(parts[0], value);
    }
  }
  return add(add(add(parts[0], parts[1]), parts[2]), parts[3]);
}

/// The 4 x 4 accumulators of 8 lanes, folded; the NaN of a lane is settled by the caller.
Row folded_rows(std::span<const float> values) {
  const std::size_t rows = values.size() / lanes;
  const std::size_t steps = rows / interleaved;
  std::array<std::array<Row, interleaved>, levels> sums{};
  const auto flush = [&](std::size_t level) {
    for (std::size_t k = 0; k < interleaved; ++k) {
      add_to(sums[level + 1][k], sums[level][k].data());
      sums[level][k] = {};
    }
  };
  for (std::size_t i = 0; i < steps; ++i) {
    for (std::size_t k = 0; k < interleaved; ++k) {
      add_to(sums[0][k], values.data() + (interleaved * i + k) * lanes);
    }
    std::size_t period = 16;
    for (std::size_t level = 0; level + 1 < levels && (i + 1) % period == 0; ++level) {
      flush(level);
      period *= 16;
    }
  }
  for (std::size_t level = 1; level < levels; ++level) {
    for (std::size_t k = 0; k < interleaved; ++k) {
      add_to(sums[0][k], sums[level][k].data());
    }
  }
  for (std::size_t r = interleaved * steps; r < rows; ++r) {
    add_to(sums[0][0], values.data() + r * lanes);
  }
  for (std::size_t k = 1; k < interleaved; ++k) {
    add_to(sums[0][0], sums[0][k].data());
  }
  return sums[0][0];
}

/// The NaN that a sum with a NaN result has: the first NaN operand's, else the invalid one.
float settled_sum(std::span<const float> values) {
  for (const float value : values) {
    if (is_nan(value)) {
      return quieted(value);
    }
  }
  return invalid_nan();
}

} // namespace

float sum_in_order(std::span<const float> values) {
  float sum = 0;
  if (values.size() < lanes) {
    sum = short_sum(values);
  } else {
    const Row row = folded_rows(values);
    for (std::size_t i = values.size() - values.size() % lanes; i < values.size(); ++i) {
      sum += values[i];
    }
    for (const float lane : row) {
      sum += lane;
    }
  }
  return is_nan(sum) ? settled_sum(values) : sum;
}

float max_in_order(std::span<const float> values) {
  for (const float value : values) {
    if (is_nan(value)) {
      return quieted(value);
    }
  }
  const auto larger = [](float p, float q) { return p > q ? p : q; };
  if (values.size() < lanes || values.size() % lanes != 0) {
    float result = values[0];
    for (const float value : values.subspan(1)) {
      result = larger(result, value);
    }
    return result;
  }
  Row row{};
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    row[lane] = values[lane];
  }
  for (std::size_t i = lanes; i < values.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      row[lane] = larger(row[lane], values[i + lane]);
    }
  }
  for (const std::size_t distance : {4u, 2u, 1u}) {
    Row folded{};
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      folded[lane] = larger(row[lane], row[lane ^ distance]);
    }
    row = folded;
  }
  return row[0];
}

} // namespace plena::numerics
