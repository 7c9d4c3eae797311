// Evaluators that sum: reductions and matrix products, in row-major order and in f64.
#include "passes/onnx_eval.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plena::passes {

namespace {

/// Reduces along the axes that `infer_reduce` reduces, in row-major order, in f64 or i64.
template <class T, class F>
std::vector<T> reduce_values(
  const OnnxNode& node, const std::vector<T>& values, std::size_t out_count, T start, F f
) {
  const ir::Shape& from = node.shape(0);
  ir::Shape kept = from;
  const auto* axes = node.list_or_input("axes", 1);
  const bool all = axes == nullptr || axes->empty();
  for (std::size_t i = 0; i < from.size(); ++i) {
    kept[i] = all ? 1 : from[i];
  }
  for (std::size_t i = 0; !all && i < axes->size(); ++i) {
    kept[*normal_axis((*axes)[i], from.size())] = 1;
  }
  std::vector<T> result(out_count, start);
  BroadcastIndex at(kept, from);
  for (const T value : values) {
    result[at.value()] = f(result[at.value()], value);
    at.next();
  }
  return result;
}

enum class Reduction : std::uint8_t { Sum, Mean, Max, Min, Prod };

template <class T> T combine(Reduction kind, T a, T b) {
  switch (kind) {
  case Reduction::Sum:
  case Reduction::Mean:
    return static_cast<T>(a + b);
  case Reduction::Max:
    return std::max(a, b);
  case Reduction::Min:
    return std::min(a, b);
  case Reduction::Prod:
    return static_cast<T>(a * b);
  }
  return a;
}

Values reduce(const OnnxNode& node, const TensorType& out, Budget& budget, Reduction kind) {
  const auto count = charge(node, out, budget);
  const std::uint64_t inputs = static_cast<std::uint64_t>(*ir::element_count(node.shape(0)));
  if (!count) {
    return count.diagnostics();
  }
  if (auto error = charge_steps(node, inputs, budget)) {
    return *error;
  }
  const auto* axes = node.list_or_input("axes", 1);
  if ((axes == nullptr || axes->empty()) && node.integer("noop_with_empty_axes", 0) != 0) {
    return *node.input(0)->constant;
  }
  if (inputs == 0 || *count == 0) {
    return node.error("E_SHAPE", "a reduction over nothing");
  }
  const bool neutral = kind == Reduction::Prod;
  if (ir::is_float(out.dtype)) {
    const auto& given = node.input(0)->constant->floats;
    std::vector<double> wide(given.begin(), given.end());
    const double start = neutral                  ? 1.0
                         : kind == Reduction::Max ? -INFINITY
                         : kind == Reduction::Min ? INFINITY
                                                  : 0.0;
    const auto totals = reduce_values(node, wide, *count, start, [&](double a, double b) {
      return combine(kind, a, b);
    });
    const double divisor = kind == Reduction::Mean ? static_cast<double>(inputs / *count) : 1.0;
    ir::Constant result;
    for (const double total : totals) {
      result.floats.push_back(static_cast<float>(total / divisor));
    }
    return result;
  }
  if (kind == Reduction::Mean) {
    return node.error("E_DTYPE", "a mean of integers is not folded");
  }
  // Unsigned sums and products wrap; extrema need the sign.
  const auto& given = node.input(0)->constant->ints;
  const std::int64_t start = neutral                  ? 1
                             : kind == Reduction::Max ? std::numeric_limits<std::int64_t>::min()
                             : kind == Reduction::Min ? std::numeric_limits<std::int64_t>::max()
                                                      : 0;
  return ir::Constant{
    .ints = reduce_values(node, given, *count, start, [&](std::int64_t a, std::int64_t b) {
      const bool extremum = kind == Reduction::Max || kind == Reduction::Min;
      return extremum ? combine(kind, a, b) : wrap(combine(kind, bits(a), bits(b)));
    })};
}

} // namespace

#define REDUCE(name, kind)                                                                         \
  Values eval_##name(const OnnxNode& node, const TensorType& out, Budget& budget) {                \
    return reduce(node, out, budget, Reduction::kind);                                             \
  }
REDUCE(reduce_max, Max)
REDUCE(reduce_mean, Mean)
REDUCE(reduce_min, Min)
REDUCE(reduce_prod, Prod)
REDUCE(reduce_sum, Sum)
#undef REDUCE

Values eval_matmul(const OnnxNode& node, const TensorType& out, Budget& budget) {
  const auto count = charge(node, out, budget);
  if (!count) {
    return count.diagnostics();
  }
  ir::Shape a = node.shape(0);
  ir::Shape b = node.shape(1);
  if (!ir::is_float(out.dtype) || !same_kind(node)) {
    return node.error("E_DTYPE", "products of integers are not folded");
  }
  if (a.size() == 1) {
    a.insert(a.begin(), 1);
  }
  if (b.size() == 1) {
    b.push_back(1);
  }
  const auto inner = static_cast<std::size_t>(a.back());
  const auto rows = static_cast<std::size_t>(a[a.size() - 2]);
  const auto cols = static_cast<std::size_t>(b.back());
  if (auto error = charge_product(node, *count, inner, budget)) {
    return *error;
  }
  ir::Constant result;
  result.floats.reserve(*count);
  const ir::Shape batch_a(a.begin(), a.end() - 2);
  const ir::Shape batch_b(b.begin(), b.end() - 2);
  const ir::Shape batch = *broadcast(batch_a, batch_b);
  BroadcastIndex at_a(batch_a, batch);
  BroadcastIndex at_b(batch_b, batch);
  const std::vector<float>& left = node.input(0)->constant->floats;
  const std::vector<float>& right = node.input(1)->constant->floats;
  for (std::size_t done = 0; done < *count; done += rows * cols, at_a.next(), at_b.next()) {
    const float* pa = left.data() + at_a.value() * rows * inner;
    const float* pb = right.data() + at_b.value() * inner * cols;
    for (std::size_t i = 0; i < rows * cols; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < inner; ++k) {
        sum += static_cast<double>(pa[i / cols * inner + k]) *
               static_cast<double>(pb[k * cols + i % cols]);
      }
      result.floats.push_back(static_cast<float>(sum));
    }
  }
  return result;
}

} // namespace plena::passes
