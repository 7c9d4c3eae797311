#include "unit/ops/generators.h"

#include <algorithm>
#include <cmath>

namespace plena::tests {

std::int64_t Dice::size(std::int64_t limit) {
  const std::int64_t mlen = config_.mlen;
  const std::int64_t blen = config_.blen;
  const std::int64_t wanted =
    random_.once_in(2)
      ? random_.pick<std::int64_t>(
          {1, 2, blen - 1, blen, blen + 1, mlen - 1, mlen, mlen + 1, 2 * mlen, 4 * mlen + 1, limit}
        )
      : 1 + random_.below(static_cast<std::uint32_t>(limit));
  return std::clamp<std::int64_t>(wanted, 1, limit);
}

ir::Shape Dice::shape(std::int64_t cols, std::int64_t limit) {
  const std::int64_t rows = size(limit);
  for (const std::int64_t outer : {5, 3, 2}) {
    if (rows % outer == 0 && coin()) {
      return {outer, rows / outer, cols};
    }
  }
  return {rows, cols};
}

namespace {

using Attrs = std::map<std::string, ir::Attr>;

/// One input, one output.
void unary(Dice& dice, Sample& sample, const char* op, double std, Attrs attrs = {}) {
  Model& m = sample.model;
  m.output(m.node(op, {m.input(dice.shape(dice.size()), std)}, std::move(attrs)));
}

void binary(Dice& dice, Sample& sample, const char* op) {
  Model& m = sample.model;
  const ir::Shape shape = dice.shape(dice.size());
  const auto a = m.input(shape, dice.between(0.1, 4));
  // The same tensor twice, a constant, another input.
  const auto b = dice.random().once_in(4) ? a : dice.coin() ? m.constant(shape) : m.input(shape);
  m.output(m.node(op, {a, b}));
}

void with_vector(Dice& dice, Sample& sample, const char* op) {
  Model& m = sample.model;
  const std::int64_t cols = dice.size();
  const auto x = m.input(dice.shape(cols));
  m.output(m.node(op, {x, m.constant({cols})}));
}

void add(Dice& dice, Sample& sample) { binary(dice, sample, "add"); }
void mul(Dice& dice, Sample& sample) { binary(dice, sample, "mul"); }
void add_vec(Dice& dice, Sample& sample) { with_vector(dice, sample, "add_vec"); }
void mul_vec(Dice& dice, Sample& sample) { with_vector(dice, sample, "mul_vec"); }
void silu(Dice& dice, Sample& sample) { unary(dice, sample, "silu", 2); }

void scale(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const auto x = m.input(dice.shape(dice.size()));
  const auto factor = static_cast<float>(dice.between(-8, 8));
  m.output(m.node("scale", {x, m.constant_of({}, {factor})}));
}

void gelu(Dice& dice, Sample& sample) {
  const auto form = dice.random().pick<const char*>({"none", "tanh", "sigmoid1702"});
  unary(dice, sample, "gelu", 2, {{"approximate", std::string(form)}});
}

void linear(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t k = dice.size();
  const std::int64_t n = dice.size();
  const auto x = m.input(dice.shape(k));
  std::vector<ir::TensorId> operands{x, m.constant({k, n}, 1 / std::sqrt(static_cast<double>(k)))};
  if (dice.coin()) {
    operands.push_back(m.constant({n}));
  }
  m.output(m.node("linear", operands));
  sample.fp32_rms = 0.2;
}

/// Rows that differ from each other and, where the operator centres, from zero.
void norm(Dice& dice, Sample& sample, const char* op, std::size_t vectors) {
  Model& m = sample.model;
  // Two columns alone may nearly be equal, and what is left when they are centred is rounding.
  const std::int64_t cols = std::max<std::int64_t>(dice.size(), vectors == 2 ? 16 : 1);
  std::vector<ir::TensorId> operands{m.input(dice.shape(cols), dice.between(0.2, 5))};
  while (operands.size() <= vectors && dice.coin()) {
    operands.push_back(m.constant({cols}));
  }
  m.output(m.node(op, operands, {{"eps", dice.between(1e-6, 1e-3)}}));
}

void rms_norm(Dice& dice, Sample& sample) { norm(dice, sample, "rms_norm", 1); }
void layer_norm(Dice& dice, Sample& sample) { norm(dice, sample, "layer_norm", 2); }

void softmax(Dice& dice, Sample& sample) {
  unary(dice, sample, "softmax", dice.between(0.1, 2), {{"scale", dice.between(0.05, 1)}});
  sample.fp32_rms = 0.2;
}

void view(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t cols = dice.size();
  // A view alone has nothing to compute: it stands between two operators.
  const auto x = m.node("silu", {m.input(dice.shape(cols))});
  const auto y = m.node("view", {x}, {{"shape", std::vector<std::int64_t>{1, -1, cols}}});
  m.output(m.node("silu", {y}));
}

constexpr Generator all[]{
  {"add", add},
  {"add_vec", add_vec},
  {"gelu", gelu},
  {"layer_norm", layer_norm},
  {"linear", linear},
  {"mul", mul},
  {"mul_vec", mul_vec},
  {"rms_norm", rms_norm},
  {"scale", scale},
  {"silu", silu},
  {"softmax", softmax},
  {"view", view},
};

} // namespace

std::span<const Generator> generators() { return all; }

} // namespace plena::tests
