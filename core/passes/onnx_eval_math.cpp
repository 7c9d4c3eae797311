// Evaluators that compute elementwise: arithmetic, comparisons, functions.
// Functions are evaluated in f64 and rounded to f32. None is libm's but for those that IEEE 754
// makes exact (sqrt, fmod, floor, ceil), so that every host folds to the same bits.
#include "numerics/math.h"
#include "passes/onnx_eval.h"

#include <algorithm>
#include <cmath>

namespace plena::passes {

namespace {

/// Applies `f` elementwise to one float input.
template <class F> Values unary(const OnnxNode& node, const TensorType& out, Budget& budget, F f) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  if (!ir::is_float(out.dtype)) {
    return node.error("E_DTYPE", "this operator is folded for floating-point types only");
  }
  ir::Constant result;
  result.floats.reserve(*count);
  for (const float value : node.input(0)->constant->floats) {
    result.floats.push_back(static_cast<float>(f(static_cast<double>(value))));
  }
  return result;
}

/// Applies `f` to inputs 0 and 1 under broadcasting. Integer and float forms share one generic
/// lambda; `From` is the element type of the inputs, `To` of the result.
template <class To, class From, class F>
std::vector<To> zip(
  const std::vector<From>& a,
  const ir::Shape& shape_a,
  const std::vector<From>& b,
  const ir::Shape& shape_b,
  const ir::Shape& out,
  F f
) {
  const auto count = static_cast<std::size_t>(*ir::element_count(out));
  std::vector<To> result;
  result.reserve(count);
  BroadcastIndex at_a(shape_a, out);
  BroadcastIndex at_b(shape_b, out);
  for (std::size_t i = 0; i < count; ++i, at_a.next(), at_b.next()) {
    result.push_back(f(a[at_a.value()], b[at_b.value()]));
  }
  return result;
}

/// Folds all inputs from left to right: binary operators have two, Min and Max any number.
template <class F, class I>
Values
arithmetic(const OnnxNode& node, const TensorType& out, Budget& budget, F on_float, I on_int) {
  const auto count = charge(node, out, budget, node.node.inputs.size());
  if (!count) {
    return count.diagnostics();
  }
  if (!same_kind(node)) {
    return node.error("E_DTYPE", "the inputs have different types");
  }
  ir::Constant left = *node.input(0)->constant;
  ir::Shape shape = node.shape(0);
  for (std::size_t i = 1; i < node.node.inputs.size(); ++i) {
    const ir::Constant& right = *node.input(i)->constant;
    const ir::Shape joined = *broadcast(shape, node.shape(i));
    if (ir::is_float(out.dtype)) {
      left.floats = zip<float>(left.floats, shape, right.floats, node.shape(i), joined, on_float);
    } else {
      left.ints = zip<std::int64_t>(left.ints, shape, right.ints, node.shape(i), joined, on_int);
    }
    shape = joined;
  }
  return left;
}

template <class F>
Values compare(const OnnxNode& node, const TensorType& out, Budget& budget, F test) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  if (node.node.inputs.size() != 2 || !same_kind(node)) {
    return node.error("E_DTYPE", "two inputs of one type are expected");
  }
  const auto holds = [&](auto x, auto y) { return test(x, y) ? 1 : 0; };
  const auto over = [&](const auto& a, const auto& b) {
    return ir::Constant{
      .ints = zip<std::int64_t>(a, node.shape(0), b, node.shape(1), out.shape, holds)};
  };
  const ir::Constant& a = *node.input(0)->constant;
  const ir::Constant& b = *node.input(1)->constant;
  return ir::is_float(node.input(0)->dtype) ? over(a.floats, b.floats) : over(a.ints, b.ints);
}

std::int64_t divide(std::int64_t a, std::int64_t b) {
  return b == 0 ? 0 : b == -1 ? wrap(0 - bits(a)) : a / b;
}
std::int64_t modulo(std::int64_t a, std::int64_t b) {
  if (b == 0 || b == -1) {
    return 0;
  }
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::uint64_t result = 1;
  std::uint64_t factor = bits(base);
  for (std::uint64_t left = exponent < 0 ? 0 : bits(exponent); left != 0; left >>= 1) {
    result *= (left & 1) != 0 ? factor : 1;
    factor *= factor;
  }
  return wrap(result);
}

/// Roots are exact, as sqrt is.
double power(double base, double exponent) {
  if (exponent == 0.5) {
    return std::sqrt(base);
  }
  if (exponent == -0.5) {
    return 1.0 / std::sqrt(base);
  }
  return numerics::pow_f64(base, exponent);
}

} // namespace

#define FLOAT_UNARY(name, expression)                                                              \
  Values eval_##name(const OnnxNode& node, const TensorType& out, Budget& budget) {                \
    return unary(node, out, budget, [](double x) { return expression; });                          \
  }
FLOAT_UNARY(ceil, std::ceil(x))
FLOAT_UNARY(erf, numerics::erf_f64(x))
FLOAT_UNARY(exp, numerics::exp_f64(x))
FLOAT_UNARY(floor, std::floor(x))
FLOAT_UNARY(reciprocal, 1.0 / x)
FLOAT_UNARY(log, numerics::log_f64(x))
FLOAT_UNARY(sigmoid, numerics::sigmoid_f64(x))
FLOAT_UNARY(sqrt, std::sqrt(x))
FLOAT_UNARY(tanh, numerics::tanh_f64(x))
#undef FLOAT_UNARY

namespace {
Values
circular(const OnnxNode& node, const TensorType& out, Budget& budget, double (*function)(double)) {
  for (const float value : node.input(0)->constant->floats) {
    if (std::isfinite(value) && std::fabs(static_cast<double>(value)) > numerics::max_angle) {
      return node.error(
        "E_RANGE",
        "an angle of its constant input is larger than 2^20",
        "store the result in the model instead of computing it from constants"
      );
    }
  }
  return unary(node, out, budget, function);
}
} // namespace

Values eval_cos(const OnnxNode& node, const TensorType& out, Budget& budget) {
  return circular(node, out, budget, numerics::cos_f64);
}
Values eval_sin(const OnnxNode& node, const TensorType& out, Budget& budget) {
  return circular(node, out, budget, numerics::sin_f64);
}

#define ARITHMETIC(name, on_float, on_int)                                                         \
  Values eval_##name(const OnnxNode& node, const TensorType& out, Budget& budget) {                \
    return arithmetic(                                                                             \
      node,                                                                                        \
      out,                                                                                         \
      budget,                                                                                      \
      [](float a, float b) { return on_float; },                                                   \
      [](std::int64_t a, std::int64_t b) { return on_int; }                                        \
    );                                                                                             \
  }
ARITHMETIC(add, a + b, wrap(bits(a) + bits(b)))
ARITHMETIC(sub, a - b, wrap(bits(a) - bits(b)))
ARITHMETIC(mul, a* b, wrap(bits(a) * bits(b)))
ARITHMETIC(div, a / b, divide(a, b))
ARITHMETIC(max, std::max(a, b), std::max(a, b))
ARITHMETIC(min, std::min(a, b), std::min(a, b))
ARITHMETIC(mod, std::fmod(a, b), modulo(a, b))
ARITHMETIC(
  pow,
  static_cast<float>(power(static_cast<double>(a), static_cast<double>(b))),
  integer_power(a, b)
)
#undef ARITHMETIC

#define COMPARE(name, test)                                                                        \
  Values eval_##name(const OnnxNode& node, const TensorType& out, Budget& budget) {                \
    return compare(node, out, budget, [](auto a, auto b) { return test; });                        \
  }
COMPARE(equal, a == b)
COMPARE(greater, a > b)
COMPARE(greater_eq, a >= b)
COMPARE(less, a < b)
COMPARE(less_eq, a <= b)
COMPARE(logical_and, a != 0 && b != 0)
COMPARE(logical_or, a != 0 || b != 0)
#undef COMPARE

namespace {
/// Elementwise on one input of either kind.
template <class F, class I>
Values either(const OnnxNode& node, const TensorType& out, Budget& budget, F on_float, I on_int) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  ir::Constant result = *node.input(0)->constant;
  std::transform(result.floats.begin(), result.floats.end(), result.floats.begin(), on_float);
  std::transform(result.ints.begin(), result.ints.end(), result.ints.begin(), on_int);
  return result;
}
} // namespace

Values eval_abs(const OnnxNode& node, const TensorType& out, Budget& budget) {
  return either(
    node,
    out,
    budget,
    [](float x) { return std::fabs(x); },
    [](std::int64_t x) { return x < 0 ? wrap(0 - bits(x)) : x; }
  );
}

Values eval_neg(const OnnxNode& node, const TensorType& out, Budget& budget) {
  return either(
    node, out, budget, [](float x) { return -x; }, [](std::int64_t x) { return wrap(0 - bits(x)); }
  );
}

Values eval_logical_not(const OnnxNode& node, const TensorType& out, Budget& budget) {
  if (ir::is_float(node.input(0)->dtype)) {
    return node.error("E_DTYPE", "a truth value is expected");
  }
  return either(
    node,
    out,
    budget,
    [](float x) { return x; },
    [](std::int64_t x) { return static_cast<std::int64_t>(x == 0); }
  );
}

Values eval_is_nan(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  ir::Constant result{.ints = std::vector<std::int64_t>(*count)};
  const std::vector<float>& given = node.input(0)->constant->floats;
  std::transform(given.begin(), given.end(), result.ints.begin(), [](float x) {
    return std::isnan(x) ? 1 : 0;
  });
  return result;
}

} // namespace plena::passes
