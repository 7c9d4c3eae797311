// linear: y = x W + bias. Schedule: weights are fetched one column of tiles at a time and used for
// all rows before the next is fetched. The accumulator keeps f32 partial sums until all of K has
// been added, also when K needs more tiles than the Matrix SRAM has: the tiles beyond are then
// fetched again for every result block, between products. So there is exactly one rounding per
// element.
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/arith.h"
#include "ops/lowering.h"

#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, W, Bias };
constexpr InputSpec inputs[]{
  {"x", Role::Activation}, {"W", Role::Weight}, {"bias", Role::Vector, true}};

Result<ir::Shape> infer(const NodeView& view) {
  const ir::Shape& weight = view.input(W)->shape;
  const ir::Shape& x = view.input(X)->shape;
  if (weight.size() != 2) {
    return view.error("E_SHAPE", fmt::format("W has the shape {}, not [K, N]", to_string(weight)));
  }
  if (x.empty() || x.back() != weight[0]) {
    return view.error(
      "E_SHAPE",
      fmt::format("x {} does not fit W {}", to_string(x), to_string(weight)),
      "the last dimension of x is the first of W"
    );
  }
  if (view.has_input(Bias) && (view.input_extent(Bias) != Extent{1, view.input_extent(W).cols})) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "bias {} does not fit W {}", to_string(view.input(Bias)->shape), to_string(weight)
      )
    );
  }
  ir::Shape y = x;
  y.back() = weight[1];
  return y;
}

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

float smallest_magnitude(std::span<const float> values) {
  float smallest = 1.0f;
  for (const float value : values) {
    if (value != 0.0f) {
      smallest = std::min(smallest, numerics::magnitude(value));
    }
  }
  return smallest;
}

float largest_magnitude(std::span<const float> values) {
  float largest = 0.0f;
  for (const float value : values) {
    if (numerics::is_finite(value)) {
      largest = std::max(largest, numerics::magnitude(value));
    }
  }
  return largest;
}

/// One row: per tile an ascending chain from zero, then one addition to the accumulator. Products
/// of bf16 numbers are exact in f32 unless they underflow or overflow; only then does the fused
/// form matter.
std::vector<float> product_by_tiles(
  std::span<const float> x, std::span<const float> w, std::size_t n, std::size_t lanes, bool fused
) {
  std::vector<float> accumulator(n);
  std::vector<float> tile(n);
  for (std::size_t begin = 0; begin < x.size(); begin += lanes) {
    std::fill(tile.begin(), tile.end(), 0.0f);
    const std::size_t end = std::min(begin + lanes, x.size());
    for (std::size_t k = begin; k < end; ++k) {
      const float* row = w.data() + k * n;
      for (std::size_t j = 0; j < n; ++j) {
        tile[j] = fused ? numerics::fma_exact(x[k], row[j], tile[j]) : tile[j] + x[k] * row[j];
      }
    }
    for (std::size_t j = 0; j < n; ++j) {
      accumulator[j] += tile[j];
    }
  }
  return accumulator;
}

std::vector<float> reference(const ReferenceCall& call) {
  const Extent weight = call.view.input_extent(W);
  const std::size_t n = to_size(weight.cols);
  const std::span<const float> x = call.inputs[X];
  const std::span<const float> w = call.inputs[W];
  const std::span<const float> bias = call.inputs[Bias];
  const float smallest_weight = smallest_magnitude(w);
  const float largest_weight = largest_magnitude(w);
  std::vector<float> y;
  y.reserve(x.size() / weight.rows * n);
  for (std::size_t begin = 0; begin < x.size(); begin += weight.rows) {
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
    const bool fused = smallest_magnitude(row) * smallest_weight < 0x1p-126f ||
                       !numerics::is_finite(largest_magnitude(row) * largest_weight);
    const std::vector<float> sums =
      product_by_tiles(row, w, n, to_size(call.arithmetic.lanes), fused);
    for (std::size_t j = 0; j < n; ++j) {
      const float product = hw::round(sums[j]);
      y.push_back(bias.empty() ? product : hw::add(product, bias[j]));
    }
  }
  return y;
}

// ---- lowering

class LinearLowering {
 public:
  explicit LinearLowering(Lowering& lowering)
      : low_(lowering),
        b_(lowering.builder()),
        t_(lowering.tiling()),
        x_(lowering.input(X)),
        y_(lowering.output()),
        w_(lowering.weight(W)) {
    tiles_ = x_.blocks;
    const std::uint64_t fetched = lower::round_up(tiles_, t_.prefetch_tiles);
    const std::uint64_t capacity = t_.matrix_tiles / t_.prefetch_tiles * t_.prefetch_tiles;
    // When not all fits, the last fetch's worth of slots is for the tiles that stream through.
    resident_ = fetched <= capacity ? tiles_ : capacity - t_.prefetch_tiles;
    row_groups_ = y_.phys_rows / t_.blen;
  }

  void run() {
    base_ = b_.address_of(w_.symbol);
    if (w_.stored.format.mx) {
      b_.C_SET_SCALE_REG(b_.set(w_.stored.scale_offset()));
    }
    b_.C_SET_STRIDE_REG(b_.set(w_.stored.row_bytes()));
    offset_ = b_.set(0);
    result_ = b_.set(lower::Address{y_.symbol});
    const std::uint64_t whole = y_.cols / t_.mlen;
    const std::uint64_t rest = y_.cols % t_.mlen;
    b_.loop(whole, [&] {
      column(t_.mlen / t_.blen);
      b_.step(offset_, t_.mlen * w_.stored.element_bytes());
      b_.step(result_, low_.block_step(y_));
    });
    if (rest != 0) {
      clear_last_block();
      column(lower::ceil_div(rest, t_.blen));
    }
    if (low_.view().has_input(Bias)) {
      add_bias();
    }
  }

 private:
  /// The products leave lanes of the last block untouched; these must be zero.
  void clear_last_block() {
    const lower::Gp row = b_.copy(result_);
    const lower::Gp lanes = b_.set(t_.mlen);
    low_.each_row(y_.phys_rows, [&] {
      b_.V_SHFT_V(row, row, lanes);
      b_.step(row, low_.row_step());
    });
  }

  /// Fetches `tiles` tiles of the weight column to the slots from `slot` on.
  void fetch(lower::Gp slot, lower::Gp offset, std::uint64_t tiles) {
    b_.loop(lower::ceil_div(tiles, t_.prefetch_tiles), [&] {
      b_.H_PREFETCH_M(slot, offset, base_, 1, 0);
      b_.step(slot, t_.prefetch_tiles * t_.tile_elems());
      b_.step(offset, t_.prefetch_tiles * t_.mlen * w_.stored.row_bytes());
    });
  }

  /// One column of tiles: `groups` times BLEN result columns for all rows.
  void column(std::uint64_t groups) {
    if (resident_ != 0) {
      const lower::Gp slot = b_.set(0);
      const lower::Gp offset = b_.copy(offset_);
      fetch(slot, offset, resident_);
    }
    const lower::Gp columns = b_.set(0); // within the first tile
    const lower::Gp result_column = b_.copy(result_);
    b_.loop(groups, [&] {
      const lower::Gp rows = b_.set(lower::Address{x_.symbol});
      const lower::Gp result = b_.copy(result_column);
      b_.loop(row_groups_, [&] {
        block(columns, rows);
        b_.M_MM_WO(result, lower::zero_gp, 0);
        b_.step(rows, t_.blen * t_.mlen);
        b_.step(result, t_.blen * t_.mlen);
      });
      b_.step(columns, t_.blen * t_.mlen);
      b_.step(result_column, t_.blen);
    });
  }

  /// Accumulates one BLEN x BLEN block over all of K.
  void block(lower::Gp columns, lower::Gp rows) {
    if (tiles_ == 1 && resident_ == 1) {
      b_.M_MM(columns, rows);
      return;
    }
    const lower::Gp weights = b_.copy(columns);
    const lower::Gp activations = b_.copy(rows);
    b_.repeat(resident_, [&] { multiply(weights, activations); });
    const std::uint64_t streamed = tiles_ - resident_;
    if (streamed == 0) {
      return;
    }
    const lower::Gp offset = b_.copy(offset_);
    b_.step(offset, resident_ * t_.mlen * w_.stored.row_bytes());
    b_.loop(streamed / t_.prefetch_tiles, [&] {
      stream(weights, activations, offset, t_.prefetch_tiles);
    });
    if (streamed % t_.prefetch_tiles != 0) {
      stream(weights, activations, offset, streamed % t_.prefetch_tiles);
    }
  }

  void multiply(lower::Gp weights, lower::Gp activations) {
    b_.M_MM(weights, activations);
    b_.step(weights, t_.tile_elems());
    b_.step(activations, low_.block_step(x_));
  }

  void stream(lower::Gp weights, lower::Gp activations, lower::Gp offset, std::uint64_t tiles) {
    const lower::Gp slot = b_.set(resident_ * t_.tile_elems());
    fetch(slot, offset, tiles);
    const lower::Gp tile = b_.copy(weights);
    b_.repeat(tiles, [&] { multiply(tile, activations); });
  }

  void add_bias() {
    const VectorTensor bias = low_.input(Bias);
    const lower::Gp value = b_.set(lower::Address{bias.symbol});
    const lower::Gp row = b_.set(lower::Address{y_.symbol});
    b_.loop(y_.blocks, [&] {
      low_.each_row(y_.phys_rows, [&] {
        b_.V_ADD_VV(row, row, value);
        b_.step(row, low_.row_step());
      });
      b_.step(value, low_.block_step(bias));
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  VectorTensor x_;
  VectorTensor y_;
  WeightTensor w_;
  std::uint64_t tiles_ = 0;      ///< along K
  std::uint64_t resident_ = 0;   ///< of these, kept in the Matrix SRAM for a column
  std::uint64_t row_groups_ = 0; ///< of BLEN rows
  lower::Addr base_{};
  lower::Gp offset_{}; ///< of the column in the weights, bytes
  lower::Gp result_{}; ///< block of the result
};

void lower_linear(Lowering& lowering) { LinearLowering(lowering).run(); }

} // namespace

extern const OpBody body_linear;
const OpBody body_linear{inputs, {}, {Bound::Kind::Exact}, infer, reference, lower_linear};

} // namespace plena::ops
