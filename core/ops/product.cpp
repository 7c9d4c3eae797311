#include "ops/product.h"

#include "base/size.h"
#include "ops/arith.h"
#include "ops/chains.h"
#include "ops/elementwise.h"
#include "ops/product_blocks.h"
#include "ops/whole_tiles.h"

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

// ---- lowering

namespace {

class PortableProduct {
 public:
  PortableProduct(
    Lowering& lowering,
    const VectorTensor& x,
    const WeightTensor& w,
    const VectorTensor& y,
    std::optional<lower::Gp> start
  )
      : low_(lowering),
        b_(lowering.builder()),
        t_(lowering.tiling()),
        x_(x),
        y_(y),
        w_(w),
        start_(start) {
    tiles_ = x_.blocks;
    const std::uint64_t fetched = lower::round_up(tiles_, t_.prefetch_tiles);
    const std::uint64_t capacity = t_.matrix_tiles / t_.prefetch_tiles * t_.prefetch_tiles;
    // When not all fits, the last fetch's worth of slots is for the tiles that stream through.
    resident_ = fetched <= capacity ? tiles_ : capacity - t_.prefetch_tiles;
    row_groups_ = lower::ceil_div(y_.rows, t_.blen);
    if (start_) {
      low_.reads_rows(w_, w_.stored.rows + t_.prefetch_tiles * t_.mlen);
    }
  }

  void run() {
    base_ = b_.address_of(w_.symbol);
    set_up_transfers(b_, w_.stored, w_.stored.row_bytes());
    offset_ = start_ ? b_.copy(*start_) : b_.set(0);
    result_ = b_.set(y_.at());
    // With groups every block is computed whole: weights are zero where there is no column.
    const std::uint64_t whole = y_.group_cols == 0 ? y_.cols / t_.mlen : y_.blocks;
    const std::uint64_t rest = y_.group_cols == 0 ? y_.cols % t_.mlen : 0;
    b_.loop(whole, [&] {
      column(t_.mlen / t_.blen);
      b_.step(offset_, t_.mlen * w_.stored.element_bytes());
      b_.step(result_, y_.block_step());
    });
    if (rest != 0) {
      clear_last_block();
      column(lower::ceil_div(rest, t_.blen));
    }
  }

 private:
  /// The products leave lanes of the last block untouched; these must be zero.
  void clear_last_block() {
    low_.clear_rows(b_.copy(result_), row_groups_ * t_.blen);
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
    each_block(low_, x_, row_groups_, columns, result_, groups, [&](lower::Gp weights, lower::Gp rows) {
      block(weights, rows);
    });
  }

  /// Accumulates one BLEN x BLEN block over all of K.
  void block(lower::Gp columns, lower::Gp rows) {
    if (resident_ != 0) {
      b_.M_MM(columns, rows);
    }
    if (resident_ > 1) {
      const lower::Gp weights = b_.plus(columns, t_.tile_elems());
      const lower::Gp activations = b_.plus(rows, x_.block_step());
      b_.repeat(resident_ - 2, [&] { multiply(weights, activations); });
      b_.M_MM(weights, activations);
    }
    const std::uint64_t streamed = tiles_ - resident_;
    if (streamed == 0) {
      return;
    }
    const lower::Gp weights = b_.plus(columns, resident_ * t_.tile_elems());
    const lower::Gp activations = b_.plus(rows, resident_ * x_.block_step());
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
    b_.step(activations, x_.block_step());
  }

  void stream(lower::Gp weights, lower::Gp activations, lower::Gp offset, std::uint64_t tiles) {
    const lower::Gp slot = b_.set(resident_ * t_.tile_elems());
    fetch(slot, offset, tiles);
    const lower::Gp tile = b_.copy(weights);
    b_.repeat(tiles, [&] { multiply(tile, activations); });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  VectorTensor x_;
  VectorTensor y_;
  WeightTensor w_;
  std::optional<lower::Gp> start_;
  std::uint64_t tiles_ = 0;      ///< along K
  std::uint64_t resident_ = 0;   ///< of these, kept in the Matrix SRAM for a column
  std::uint64_t row_groups_ = 0; ///< of BLEN rows
  lower::Addr base_{};
  lower::Gp offset_{}; ///< of the column in the weights, bytes
  lower::Gp result_{}; ///< block of the result
};

class DenseProduct {
 public:
  DenseProduct(
    Lowering& lowering,
    const VectorTensor& x,
    const WeightTensor& w,
    const VectorTensor& y,
    std::optional<lower::Gp> start
  )
      : low_(lowering),
        b_(lowering.builder()),
        t_(lowering.tiling()),
        x_(x),
        y_(y),
        w_(w),
        start_(start),
        derived_(lowering.derived(x, "shifted copies", t_.heads * x_.all_rows())),
        copies_(derived_.symbol) {
    row_tiles_ = lower::ceil_div(x_.rows, t_.mlen);
    groups_ = lower::ceil_div(x_.blocks, t_.heads);
    const std::uint64_t most = t_.matrix_tiles / t_.heads / t_.prefetch_tiles * t_.prefetch_tiles;
    groups_at_once_ = std::min(lower::round_up(groups_, t_.prefetch_tiles), most);
    low_.reads_rows(
      w_,
      (start_ ? w_.stored.rows : 0) +
        lower::round_up(groups_, groups_at_once_) * t_.heads * t_.mlen
    );
  }

  void run() {
    if (!derived_.made) {
      make_copies();
    }
    base_ = b_.address_of(w_.symbol);
    set_up_transfers(b_, w_.stored, t_.heads * w_.stored.row_bytes());
    // Results in descending order: below each one lie tiles that the write-out fills with what the
    // other slices hold.
    offset_ = b_.set(w_.at(0, (y_.blocks - 1) * t_.mlen));
    if (start_) {
      b_.S_ADD_INT(offset_, offset_, *start_);
    }
    result_ = b_.set(last_result());
    const lower::Gp column = b_.set(t_.mlen * w_.stored.element_bytes());
    // What the row loop has not gone back already; a single row tile is no loop.
    const std::uint64_t gone_back = row_tiles_ == 1 ? 0 : row_tiles_ * t_.tile_elems();
    const lower::Gp block = b_.set(y_.block_step() - gone_back);
    const lower::Gp tile = b_.set(t_.tile_elems());
    b_.loop(y_.blocks, [&] {
      const bool fits = groups_at_once_ >= groups_;
      if (fits) {
        fetch(0, groups_);
      }
      const lower::Gp rows = b_.set(copy_address((row_tiles_ - 1) * t_.mlen));
      b_.loop(row_tiles_, [&] {
        for (std::uint64_t g = 0; g < groups_; g += groups_at_once_) {
          const std::uint64_t count = std::min(groups_at_once_, groups_ - g);
          if (!fits) {
            fetch(g, count);
          }
          multiply(rows, g, count);
        }
        b_.M_BMM_WO(result_, 0);
        if (row_tiles_ > 1) {
          b_.S_SUB_INT(result_, result_, tile);
          b_.S_SUB_INT(rows, rows, tile);
        }
      });
      b_.S_SUB_INT(result_, result_, block);
      b_.S_SUB_INT(offset_, offset_, column);
    });
  }

 private:
  lower::Address copy_address(std::uint64_t row) const { return {copies_, row * t_.mlen}; }

  /// Where the write-out of the last row tile of the last block starts.
  lower::Address last_result() const {
    lower::Address last = y_.at(y_.blocks - 1, (row_tiles_ - 1) * t_.mlen);
    last.offset -= (t_.heads - 1) * t_.tile_elems();
    return last;
  }

  /// Copy c is 4 x, moved c lanes up; copies lie like x, one after the other.
  void make_copies() {
    std::vector<lower::Address> to;
    for (std::uint64_t c = 0; c < t_.heads; ++c) {
      to.push_back(copy_address(c * x_.all_rows()));
    }
    lay_copies(low_, x_, to, 0, 1);
  }

  void fetch(std::uint64_t group, std::uint64_t count) {
    const lower::Gp slot = b_.set(0);
    const lower::Gp from = b_.set(w_.at((group * t_.mlen + 1) * t_.heads - 1, 0));
    b_.S_ADD_INT(from, from, offset_);
    fetch_residues(low_, {w_, base_, count, groups_at_once_}, slot, from);
  }

  /// Products of `count` groups of tiles of one row tile, all copies.
  void multiply(lower::Gp rows, std::uint64_t group, std::uint64_t count) {
    const std::uint64_t first = group * t_.heads;
    const std::uint64_t tiles = std::min(count * t_.heads, x_.blocks - first);
    const std::uint64_t whole = tiles / t_.heads;
    const std::uint64_t rest = tiles % t_.heads;
    const lower::Gp copy = b_.plus(rows, first * x_.block_step());
    const lower::Gp matrix_copy = b_.set(0);
    b_.loop(t_.heads, [&] {
      if (whole == 0) {
        lower::Gp vector = copy;
        lower::Gp matrix = matrix_copy;
        for (std::uint64_t tile = 0; tile < rest; ++tile) {
          if (tile != 0) {
            vector = b_.plus(vector, x_.block_step());
            matrix = b_.plus(matrix, t_.head_lanes());
          }
          b_.M_BMM(0, matrix, vector);
        }
      } else {
        const lower::Gp vector = b_.copy(copy);
        const lower::Gp matrix = b_.copy(matrix_copy);
        const auto product = [&] {
          b_.M_BMM(0, matrix, vector);
          b_.step(matrix, t_.head_lanes());
          b_.step(vector, x_.block_step());
        };
        b_.loop(whole, [&] {
          b_.repeat(t_.heads, product);
          b_.step(matrix, t_.tile_elems() - t_.mlen);
        });
        b_.repeat(rest, product);
      }
      b_.step(copy, x_.all_rows() * t_.mlen);
      b_.step(matrix_copy, groups_at_once_ * t_.tile_elems());
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  VectorTensor x_;
  VectorTensor y_;
  WeightTensor w_;
  std::optional<lower::Gp> start_;
  DerivedRows derived_;
  lower::SymbolId copies_;
  std::uint64_t row_tiles_ = 0;
  std::uint64_t groups_ = 0;         ///< of `heads` tiles along K
  std::uint64_t groups_at_once_ = 0; ///< that the Matrix SRAM holds
  lower::Addr base_{};
  lower::Gp offset_{}; ///< of the column of tiles in the weights, bytes
  lower::Gp result_{};
};

} // namespace

void multiply(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start
) {
  if (low.dense()) {
    DenseProduct(low, x, w, y, start).run();
  } else {
    PortableProduct(low, x, w, y, start).run();
  }
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
