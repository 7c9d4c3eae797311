#include "frontend/rotary.h"

#include "numerics/math.h"

#include <algorithm>
#include <cmath>

namespace plena::frontend {

namespace {

constexpr double pi = 3.14159265358979323846;

double clamped(double x) { return std::min(std::max(x, 0.0), 1.0); }

/// Radians per position of each pair, and a factor of all cosines and sines.
struct Frequencies {
  std::vector<double> pairs;
  double factor = 1;
};

std::vector<double> plain(double theta, std::int64_t columns) {
  std::vector<double> pairs;
  for (std::int64_t i = 0; i < columns; i += 2) {
    pairs.push_back(
      1.0 / numerics::pow_f64(theta, static_cast<double>(i) / static_cast<double>(columns))
    );
  }
  return pairs;
}

void stretch_by_wavelength(const RopeScaling& scaling, std::vector<double>& pairs) {
  for (double& pair : pairs) {
    const double wavelength = 2 * pi / pair;
    const double turns = scaling.trained_positions / wavelength;
    if (turns < scaling.low_freq_factor) {
      pair /= scaling.factor;
    } else if (turns <= scaling.high_freq_factor) {
      const double smooth = (turns - scaling.low_freq_factor) /
                            (scaling.high_freq_factor - scaling.low_freq_factor);
      pair *= (1 - smooth) / scaling.factor + smooth;
    }
  }
}

double yarn_factor(const RopeScaling& scaling) {
  const auto magnitude = [&](double scale) {
    return scaling.factor <= 1 ? 1.0 : 0.1 * scale * numerics::log_f64(scaling.factor) + 1;
  };
  return scaling.mscale != 0 && scaling.mscale_all_dim != 0
           ? magnitude(scaling.mscale) / magnitude(scaling.mscale_all_dim)
           : magnitude(1);
}

/// Pairs that turn often keep their frequency, those that hardly turn are stretched, others in between.
void stretch_by_turns(const Rotary& rotary, std::vector<double>& pairs) {
  const RopeScaling& scaling = rotary.scaling;
  const auto columns = static_cast<double>(rotary.columns);
  const auto column_of = [&](double turns) {
    return columns * numerics::log_f64(scaling.trained_positions / (turns * 2 * pi)) /
           (2 * numerics::log_f64(rotary.theta));
  };
  double low = column_of(scaling.beta_fast);
  double high = column_of(scaling.beta_slow);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, columns - 1);
  high += low == high ? 0.001 : 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double stretched = clamped((static_cast<double>(i) - low) / (high - low));
    pairs[i] *= stretched / scaling.factor + 1 - stretched;
  }
}

Frequencies frequencies(const Rotary& rotary, double positions) {
  const RopeScaling& scaling = rotary.scaling;
  Frequencies result{plain(rotary.theta, rotary.columns)};
  switch (scaling.kind) {
  case RopeScaling::Kind::None:
    break;
  case RopeScaling::Kind::Linear:
    for (double& pair : result.pairs) {
      pair /= scaling.factor;
    }
    break;
  case RopeScaling::Kind::Dynamic: {
    const auto columns = static_cast<double>(rotary.columns);
    const double length = std::max(positions, scaling.trained_positions);
    const double stretch =
      scaling.factor * length / scaling.trained_positions - (scaling.factor - 1);
    result.pairs = plain(
      rotary.theta * numerics::pow_f64(stretch, columns / (columns - 2)), rotary.columns
    );
    break;
  }
  case RopeScaling::Kind::Llama3:
    stretch_by_wavelength(scaling, result.pairs);
    break;
  case RopeScaling::Kind::Yarn:
    stretch_by_turns(rotary, result.pairs);
    result.factor = yarn_factor(scaling);
    break;
  case RopeScaling::Kind::LongRope: {
    const std::vector<double>& factors =
      positions > scaling.trained_positions ? scaling.long_factors : scaling.short_factors;
    for (std::size_t i = 0; i < result.pairs.size(); ++i) {
      result.pairs[i] /= factors[i];
    }
    result.factor = scaling.factor <= 1 ? 1.0
                                        : std::sqrt(
                                            1 + numerics::log_f64(scaling.factor) /
                                                  numerics::log_f64(scaling.trained_positions)
                                          );
    break;
  }
  }
  result.factor = scaling.attention_factor.value_or(result.factor);
  return result;
}

/// The library that upstream's tables come from errs by up to one step of f32. In the recorded tables
/// that shows where MXFP8 tells 1 from everything below it: 0.60 steps below 1 (2.667e-4, position 2 of
/// heads of 64 columns) is 1, 0.72 (2.936e-4, position 2 of heads of 48 columns) is not.
double as_recorded(double cosine) {
  constexpr double step = 0x1p-24; // of f32 numbers below 1
  return 1.0 - cosine < 0.66 * step ? 1.0 : cosine;
}

} // namespace

RotaryTables rotary_tables(
  const Rotary& rotary, std::int64_t width, std::int64_t first, std::int64_t positions
) {
  const Frequencies all = frequencies(rotary, static_cast<double>(first + positions));
  const auto cols = static_cast<std::size_t>(width);
  RotaryTables tables;
  tables.cos.assign(cols * static_cast<std::size_t>(positions), 1.0f);
  tables.sin.assign(cols * static_cast<std::size_t>(positions), 0.0f);
  for (std::int64_t p = 0; p < positions; ++p) {
    for (std::size_t i = 0; i < all.pairs.size(); ++i) {
      // Angles are f32 in the models' own libraries.
      const float angle = static_cast<float>(first + p) * static_cast<float>(all.pairs[i]);
      const double cosine = numerics::cos_f64(static_cast<double>(angle));
      const auto cos =
        static_cast<float>((rotary.recorded ? as_recorded(cosine) : cosine) * all.factor);
      const auto sin = static_cast<float>(numerics::sin_f64(static_cast<double>(angle)) * all.factor);
      for (const std::size_t column : {i, i + cols / 2}) {
        tables.cos[static_cast<std::size_t>(p) * cols + column] = cos;
        tables.sin[static_cast<std::size_t>(p) * cols + column] = sin;
      }
    }
  }
  return tables;
}

} // namespace plena::frontend
