// moe: routed experts (compiler_backend.md 3.19). A router weighs the experts for every token; the k
// best, found on the machine, are computed, each a gated product of two projections and a projection
// back, and added up with the softmax of their logits as weights.
//
// Router logits are products of rows in the Vector SRAM, one expert after the other: sums of a block
// are rounded before the next is added. Weights of all experts of one projection are one matrix in
// HBM, experts one below the other, so that the number of an expert is an offset.
#include "base/size.h"
#include "ops/arith.h"
#include "ops/gate.h"
#include "ops/product.h"
#include "ops/routing.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <vector>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Router, GateW, UpW, DownW, RouterBias, GateBias, UpBias, DownBias };
constexpr InputSpec inputs[]{
  {"x", Role::Activation},
  {"router", Role::Activation},
  {"gate", Role::Weight},
  {"up", Role::Weight},
  {"down", Role::Weight},
  {"router_bias", Role::Vector, true},
  {"gate_bias", Role::Activation, true},
  {"up_bias", Role::Activation, true},
  {"down_bias", Role::Activation, true}};
constexpr AttrSpec attrs[]{
  {"k", AttrType::Integer, true, 0, {}, "experts of a token: up to 4 of at most 32, or up to 8 of at most 128"},
  gate_attrs[0],
  gate_attrs[1],
  gate_attrs[2]};

struct Sizes {
  std::uint64_t tokens = 0;
  std::uint64_t hidden = 0;
  std::uint64_t experts = 0;
  std::uint64_t inner = 0;
};

Sizes sizes_of(const NodeView& view) {
  const ir::Shape& gate = view.input(GateW)->shape;
  const Extent x = view.input_extent(X);
  return {
    x.rows, x.cols, static_cast<std::uint64_t>(gate[0]), static_cast<std::uint64_t>(gate[2])};
}

std::int64_t k_of(const NodeView& view) { return static_cast<std::int64_t>(view.real("k")); }

/// May choose more than k: the first k are kept.
Result<TopK> policy_of(const NodeView& view) {
  return top_k_with_room(view, k_of(view), sizes_of(view).experts);
}

Result<ir::Shape> infer(const NodeView& view) {
  if (std::optional<Diagnostic> error = Gate::check(view)) {
    return *std::move(error);
  }
  const ir::Shape& x = view.input(X)->shape;
  const ir::Shape& gate = view.input(GateW)->shape;
  if (x.empty() || gate.size() != 3) {
    return view.error(
      "E_SHAPE",
      fmt::format("x is {} and gate {}", to_string(x), to_string(gate)),
      "x is [tokens, K], gate [experts, K, N]"
    );
  }
  const std::int64_t experts = gate[0];
  const std::int64_t hidden = x.back();
  const std::int64_t inner = gate[2];
  const std::array<ir::Shape, std::size(inputs)> wanted{
    x,
    ir::Shape{experts, hidden},
    {experts, hidden, inner},
    {experts, hidden, inner},
    {experts, inner, hidden},
    {experts},
    {experts, inner},
    {experts, inner},
    {experts, hidden}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool row = i == RouterBias && view.has_input(i) &&
                     view.input(i)->shape == ir::Shape{1, experts};
    if (view.has_input(i) && view.input(i)->shape != wanted[i] && !row) {
      return view.error(
        "E_SHAPE",
        fmt::format(
          "{} has the shape {}, not {}",
          inputs[i].name,
          to_string(view.input(i)->shape),
          to_string(wanted[i])
        ),
        "experts are the first dimension of every weight"
      );
    }
  }
  if (const Result<TopK> top_k = policy_of(view); !top_k) {
    return top_k.diagnostics();
  }
  return x;
}

// ---- reference

class Reference {
 public:
  explicit Reference(const ReferenceCall& call)
      : call_(call),
        sizes_(sizes_of(call.view)),
        gate_(call.view),
        top_k_(*policy_of(call.view)) {}

  std::vector<float> run() {
    std::vector<float> y;
    for (std::uint64_t t = 0; t < sizes_.tokens; ++t) {
      const std::span<const float> x = row(X, t);
      std::vector<float> numbers = logits(x);
      numbers.resize(
        std::max(numbers.size(), to_size(top_k_.chosen)), -std::numeric_limits<float>::infinity()
      );
      Choice choice = choose(numbers, top_k_, call_.hardware());
      keep(choice, static_cast<std::uint64_t>(k_of(call_.view)), call_.hardware());
      std::vector<float> sum(to_size(sizes_.hidden), 0.0f);
      for (std::size_t p = 0; p < choice.ids.size(); ++p) {
        const std::vector<float> result = expert(x, choice.ids[p]);
        for (std::size_t i = 0; i < sum.size(); ++i) {
          const float weighted = choice.weights[p] * result[i];
          sum[i] = call_.hardware() ? hw::add(sum[i], hw::round(weighted)) : sum[i] + weighted;
        }
      }
      y.insert(y.end(), sum.begin(), sum.end());
    }
    return y;
  }

 private:
  std::span<const float> row(std::size_t input, std::uint64_t number) const {
    const std::uint64_t cols = call_.view.input_extent(input).cols;
    return call_.inputs[input].subspan(to_size(number * cols), to_size(cols));
  }

  float dot(std::span<const float> x, std::span<const float> w) const {
    if (!call_.hardware()) {
      double sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        sum += static_cast<double>(x[i]) * static_cast<double>(w[i]);
      }
      return static_cast<float>(sum);
    }
    float sum = 0;
    const std::size_t lanes = to_size(call_.arithmetic.lanes);
    for (std::size_t begin = 0; begin < x.size(); begin += lanes) {
      std::vector<float> products(lanes, 0.0f);
      for (std::size_t i = begin; i < std::min(begin + lanes, x.size()); ++i) {
        products[i - begin] = hw::mul(x[i], w[i]);
      }
      sum = hw::round(sum + numerics::sum_in_order(products));
    }
    return sum;
  }

  std::vector<float> logits(std::span<const float> x) const {
    std::vector<float> values;
    for (std::uint64_t e = 0; e < sizes_.experts; ++e) {
      values.push_back(dot(x, row(Router, e)));
    }
    return with_bias(std::move(values), call_.inputs[RouterBias]);
  }

  std::vector<float> with_bias(std::vector<float> values, std::span<const float> bias) const {
    for (std::size_t i = 0; i < bias.size(); ++i) {
      values[i] = call_.hardware() ? hw::add(values[i], bias[i]) : values[i] + bias[i];
    }
    return values;
  }

  std::vector<float>
  projection(std::span<const float> x, std::size_t weight, std::size_t bias, std::size_t e) const {
    const ir::Shape& shape = call_.view.input(weight)->shape;
    const Extent extent{
      static_cast<std::uint64_t>(shape[1]), static_cast<std::uint64_t>(shape[2])};
    const std::size_t count = to_size(extent.count());
    const std::span<const float> w = call_.inputs[weight].subspan(e * count, count);
    return with_bias(
      product(call_, x, w, {}, extent, 0),
      call_.view.has_input(bias) ? row(bias, e) : std::span<const float>()
    );
  }

  std::vector<float> expert(std::span<const float> x, std::size_t e) const {
    std::vector<float> gate = projection(x, GateW, GateBias, e);
    const std::vector<float> up = projection(x, UpW, UpBias, e);
    for (std::size_t i = 0; i < gate.size(); ++i) {
      gate[i] = gate_.value(gate[i], up[i], call_.hardware());
    }
    return projection(gate, DownW, DownBias, e);
  }

  const ReferenceCall& call_;
  Sizes sizes_;
  Gate gate_;
  TopK top_k_;
};

std::vector<float> reference(const ReferenceCall& call) { return Reference(call).run(); }

// ---- lowering

class RoutedExperts {
 public:
  explicit RoutedExperts(Lowering& low)
      : low_(low),
        b_(low.builder()),
        lanes_(low.tiling().mlen),
        sizes_(sizes_of(low.view())),
        top_k_(*policy_of(low.view())),
        kept_(static_cast<std::uint64_t>(k_of(low.view()))),
        logit_rows_(lower::ceil_div(top_k_.logits, lanes_)) {}

  void run() {
    load();
    // What waits for the next token or expert waits in the INT SRAM: registers are for products.
    next_token_ = low_.entries("row of the next token", lower::Memory::IntSram, 1);
    next_result_ = low_.entries("row of the next result", lower::Memory::IntSram, 1);
    next_choice_ = low_.entries("number of the next expert", lower::Memory::IntSram, 1);
    set_entry(next_token_, b_.set(x_.at()));
    set_entry(next_result_, b_.set(y_.at()));
    b_.loop(sizes_.tokens, [&] {
      fetch_token();
      route();
      clear_result();
      set_entry(next_choice_, lower::zero_gp);
      b_.loop(kept_, [&] { expert(); });
      if (sizes_.tokens != 1) {
        step_entry(next_token_, lanes_);
        step_entry(next_result_, lanes_);
      }
    });
  }

 private:
  struct Projection {
    WeightTensor weights;
    std::optional<VectorTensor> bias;
  };

  void load() {
    x_ = low_.input(X);
    router_ = low_.input(Router);
    if (low_.view().has_input(RouterBias)) {
      router_bias_ = low_.input(RouterBias);
    }
    gate_ = projection(GateW, GateBias, sizes_.hidden);
    up_ = projection(UpW, UpBias, sizes_.hidden);
    down_ = projection(DownW, DownBias, sizes_.inner);
    y_ = low_.output();
    token_ = low_.scratch_tensor("token", {1, sizes_.hidden});
    const std::uint64_t slack = product_slack(low_);
    gate_branch_ = low_.scratch_tensor("gate", {1, sizes_.inner}, slack);
    up_branch_ = low_.scratch_tensor("up", {1, sizes_.inner}, slack);
    product_ = low_.scratch_tensor("gated", {1, sizes_.inner});
    result_ = low_.scratch_tensor("expert", {1, sizes_.hidden}, slack);
    dot_ = low_.scratch("products with a row of the router", 1);
    logits_ = low_.scratch("logits", logit_rows_);
    // Numbers that no expert has are less than any.
    logit_entries_ = low_.entries(
      "logits",
      lower::Memory::FpSram,
      logit_rows_ * lanes_,
      -std::numeric_limits<float>::infinity()
    );
    weights_ = low_.entries("weights", lower::Memory::FpSram, top_k_.chosen);
    ids_ = low_.entries("ids", lower::Memory::IntSram, top_k_.chosen);
  }

  Projection projection(std::size_t weight, std::size_t bias, std::uint64_t rows) {
    Projection result{low_.weight(weight, rows), {}};
    result.weights.extent.rows = rows; // of one expert
    if (low_.view().has_input(bias)) {
      result.bias = low_.input(bias);
    }
    return result;
  }

  void set_entry(lower::SymbolId entry, lower::Gp value) {
    b_.S_ST_INT(value, lower::zero_gp, lower::Address{entry});
  }
  lower::Gp entry(lower::SymbolId entry) {
    const lower::Gp value = b_.gp();
    b_.S_LD_INT(value, lower::zero_gp, lower::Address{entry});
    return value;
  }
  void step_entry(lower::SymbolId which, std::uint64_t amount) {
    const lower::Gp value = entry(which);
    b_.step(value, amount);
    set_entry(which, value);
  }

  /// The token's row by itself: products read more rows than one.
  void fetch_token() {
    b_.comment("fetch the token");
    const lower::Gp from = entry(next_token_);
    const lower::Gp to = b_.set(token_.at());
    b_.loop(x_.blocks, [&] {
      b_.V_ADD_VF(to, from, lower::zero_fp);
      b_.step(from, x_.block_step());
      b_.step(to, token_.block_step());
    });
  }

  void route() {
    b_.comment("logits of the router");
    const lower::Gp row = b_.set(router_.at());
    const lower::Gp slot = b_.set(lower::Address{logit_entries_});
    const lower::Gp products = b_.set(lower::Address{dot_});
    low_.each_row(sizes_.experts, [&] {
      const lower::Fp sum = b_.fp();
      b_.clear(sum);
      const lower::Gp x = b_.set(token_.at());
      const lower::Gp w = b_.copy(row);
      b_.loop(x_.blocks, [&] {
        b_.V_MUL_VV(products, x, w);
        b_.V_RED_SUM(sum, products);
        b_.step(x, token_.block_step());
        b_.step(w, router_.block_step());
      });
      b_.S_ST_FP(sum, slot, 0);
      b_.step(row, router_.row_step());
      b_.step(slot, 1);
    });
    b_.comment("choose the experts");
    const lower::Gp logits = b_.set(lower::Address{logits_});
    for (std::uint64_t r = 0; r < logit_rows_; ++r) {
      const lower::Gp part = b_.set(lower::Address{logits_, r * lanes_});
      b_.S_MAP_V_FP(part, lower::zero_gp, lower::Address{logit_entries_, r * lanes_});
      if (router_bias_ && r < router_bias_->blocks) {
        b_.V_ADD_VV(part, part, b_.set(router_bias_->at(r)));
      }
    }
    const lower::Gp weights = b_.set(lower::Address{weights_});
    const lower::Gp ids = b_.set(lower::Address{ids_});
    b_.V_TOPK(weights, logits, ids, top_k_.policy);
    if (kept_ != top_k_.chosen) {
      weigh_again();
    }
  }

  /// Weights of those that are kept, divided by their sum.
  void weigh_again() {
    const auto weight = [&](lower::Fp to, std::uint64_t i) {
      b_.S_LD_FP(to, lower::zero_gp, lower::Address{weights_, i});
    };
    const lower::Fp sum = b_.fp();
    const lower::Fp one = b_.fp();
    weight(sum, 0);
    for (std::uint64_t i = 1; i < kept_; ++i) {
      weight(one, i);
      b_.S_ADD_FP(sum, sum, one);
    }
    b_.S_RECI_FP(sum, sum);
    for (std::uint64_t i = 0; i < kept_; ++i) {
      weight(one, i);
      b_.S_MUL_FP(one, one, sum);
      b_.S_ST_FP(one, lower::zero_gp, lower::Address{weights_, i});
    }
  }

  void clear_result() {
    const lower::Gp row = entry(next_result_);
    const lower::Gp lanes = b_.set(lanes_);
    b_.loop(y_.blocks, [&] {
      clear_row(b_, row, lanes);
      b_.step(row, y_.block_step());
    });
  }

  /// The number of the expert that is chosen next.
  lower::Gp chosen() {
    const lower::Gp id = b_.gp();
    b_.S_LD_INT(id, entry(next_choice_), lower::Address{ids_});
    return id;
  }

  void multiply_by(const Projection& projection, const VectorTensor& x, const VectorTensor& y) {
    const std::uint64_t rows = grouped_size(projection.weights.extent.rows, 0, lanes_);
    const lower::Gp start = chosen();
    b_.S_MUL_INT(start, start, b_.set(rows * projection.weights.stored.row_bytes()));
    multiply(low_, x, projection.weights, y, start);
    if (!projection.bias) {
      return;
    }
    const lower::Gp bias = chosen();
    b_.S_MUL_INT(bias, bias, b_.set(lanes_));
    b_.S_ADD_INT(bias, bias, b_.set(projection.bias->at()));
    const lower::Gp row = b_.set(y.at());
    b_.loop(y.blocks, [&] {
      b_.V_ADD_VV(row, row, bias);
      b_.step(row, y.block_step());
      b_.step(bias, projection.bias->block_step());
    });
  }

  void expert() {
    b_.comment("gate and up");
    multiply_by(gate_, token_, gate_branch_);
    multiply_by(up_, token_, up_branch_);
    activate();
    b_.comment("down");
    multiply_by(down_, product_, result_);
    combine();
    step_entry(next_choice_, 1);
  }

  void activate() {
    GateRows rows(low_, Gate(low_.view()));
    const lower::Gp y = b_.set(product_.at());
    const lower::Gp gate = b_.set(gate_branch_.at());
    const lower::Gp up = b_.set(up_branch_.at());
    b_.loop(product_.blocks, [&] {
      rows.row(y, gate, up, y);
      b_.step(y, product_.block_step());
      b_.step(gate, gate_branch_.block_step());
      b_.step(up, up_branch_.block_step());
    });
  }

  void combine() {
    b_.comment("add what the expert weighs");
    const lower::Fp weight = b_.fp();
    b_.S_LD_FP(weight, entry(next_choice_), lower::Address{weights_});
    const lower::Gp from = b_.set(result_.at());
    const lower::Gp sum = entry(next_result_);
    b_.loop(y_.blocks, [&] {
      b_.V_MUL_VF(from, from, weight);
      b_.V_ADD_VV(sum, sum, from);
      b_.step(from, result_.block_step());
      b_.step(sum, y_.block_step());
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  std::uint64_t lanes_;
  Sizes sizes_;
  TopK top_k_;
  std::uint64_t kept_;
  std::uint64_t logit_rows_;
  VectorTensor x_;
  VectorTensor router_;
  std::optional<VectorTensor> router_bias_;
  Projection gate_;
  Projection up_;
  Projection down_;
  VectorTensor y_;
  VectorTensor token_;
  VectorTensor gate_branch_;
  VectorTensor up_branch_;
  VectorTensor product_;
  VectorTensor result_; ///< of one expert
  lower::SymbolId dot_{};
  lower::SymbolId logits_{};
  lower::SymbolId logit_entries_{};
  lower::SymbolId weights_{};
  lower::SymbolId ids_{};
  lower::SymbolId next_token_{};
  lower::SymbolId next_result_{};
  lower::SymbolId next_choice_{};
};

void lower_moe(Lowering& low) { RoutedExperts(low).run(); }

} // namespace

extern const OpBody body_moe;
const OpBody body_moe{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_moe,
  {},
  true};

} // namespace plena::ops
