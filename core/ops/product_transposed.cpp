#include "ops/product_transposed.h"

#include "base/size.h"
#include "ops/product_blocks.h"

#include <algorithm>

namespace plena::ops {

// ---- reference

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

/// What both schedules have to know. A transfer brings `prefetch_tiles` tiles of a column: those of the
/// result's blocks from one on, which are a strip. Tiles of the strip lie next to each other in the
/// Matrix SRAM, those along K that many tiles apart.
class TransposedProduct {
 public:
  TransposedProduct(
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
        tiles_(x.blocks),
        capacity_(t_.matrix_tiles / t_.prefetch_tiles) {
    low_.fills_tiles(w_, std::min(tiles_, capacity_) * t_.prefetch_tiles);
  }

 protected:
  std::uint64_t strip_elems() const { return t_.prefetch_tiles * t_.tile_elems(); }
  std::uint64_t strip_bytes() const { return t_.prefetch_tiles * t_.mlen * w_.stored.row_bytes(); }
  std::uint64_t tile_bytes() const { return t_.mlen * w_.stored.element_bytes(); }

  /// Sets what transfers need; `strip` is the first one.
  void prepare(std::uint64_t strip) {
    base_ = b_.address_of(w_.symbol);
    if (w_.stored.format.mx) {
      b_.C_SET_SCALE_REG(b_.set(w_.stored.scale_offset()));
    }
    b_.C_SET_STRIDE_REG(b_.set(w_.stored.row_bytes()));
    offset_ = b_.set(strip * strip_bytes());
    if (start_) {
      b_.S_ADD_INT(offset_, offset_, *start_);
    }
  }

  /// Fetches `count` tiles along K of a strip to the slots from `slot` on.
  void fetch(lower::Gp slot, lower::Gp offset, std::uint64_t count) {
    b_.loop(count, [&] {
      b_.H_PREFETCH_M(slot, offset, base_, 1, w_.precision);
      b_.step(slot, strip_elems());
      b_.step(offset, tile_bytes());
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  VectorTensor x_;
  VectorTensor y_;
  WeightTensor w_;
  std::optional<lower::Gp> start_;
  std::uint64_t tiles_;    ///< along K
  std::uint64_t capacity_; ///< of these, how many the Matrix SRAM holds
  lower::Addr base_{};
  lower::Gp offset_{}; ///< of the strip in the weights, bytes
};

class PortableTransposed : TransposedProduct {
 public:
  using TransposedProduct::TransposedProduct;

  void run() {
    // When not all fits, the last slot is for the tiles that stream through.
    resident_ = tiles_ <= capacity_ ? tiles_ : capacity_ - 1;
    row_groups_ = lower::ceil_div(y_.rows, t_.blen);
    prepare(0);
    result_ = b_.set(y_.at());
    // With groups every block is computed whole: weights are zero where there is no column.
    const std::uint64_t whole = y_.group_cols == 0 ? y_.cols / t_.mlen : y_.blocks;
    const std::uint64_t rest = y_.group_cols == 0 ? y_.cols % t_.mlen : 0;
    b_.loop(whole / t_.prefetch_tiles, [&] {
      strip(t_.prefetch_tiles, 0);
      b_.step(offset_, strip_bytes());
    });
    if (whole % t_.prefetch_tiles != 0 || rest != 0) {
      strip(whole % t_.prefetch_tiles, rest);
    }
  }

 private:
  /// `whole` blocks of the result and `rest` columns of the next one.
  void strip(std::uint64_t whole, std::uint64_t rest) {
    if (resident_ != 0) {
      const lower::Gp slot = b_.set(0);
      const lower::Gp offset = b_.copy(offset_);
      fetch(slot, offset, resident_);
    }
    const lower::Gp weights = b_.set(0); // rows of the first tile along K
    b_.loop(whole, [&] {
      columns(weights, t_.mlen / t_.blen);
      b_.step(result_, y_.block_step());
    });
    if (rest != 0) {
      clear_last_block();
      columns(weights, lower::ceil_div(rest, t_.blen));
    }
  }

  /// The products leave lanes of the last block untouched; these must be zero.
  void clear_last_block() {
    low_.clear_rows(b_.copy(result_), row_groups_ * t_.blen);
  }

  /// `groups` times BLEN result columns for all rows.
  void columns(lower::Gp weights, std::uint64_t groups) {
    each_block(low_, x_, row_groups_, weights, result_, groups, [&](lower::Gp first, lower::Gp rows) {
      block(first, rows);
    });
  }

  /// Accumulates one BLEN x BLEN block over all of K.
  void block(lower::Gp weights, lower::Gp rows) {
    if (resident_ != 0) {
      b_.M_TMM(rows, weights);
    }
    if (resident_ > 1) {
      const lower::Gp tile = b_.plus(weights, strip_elems());
      const lower::Gp activations = b_.plus(rows, x_.block_step());
      b_.repeat(resident_ - 2, [&] {
        b_.M_TMM(activations, tile);
        b_.step(tile, strip_elems());
        b_.step(activations, x_.block_step());
      });
      b_.M_TMM(activations, tile);
    }
    if (tiles_ == resident_) {
      return;
    }
    const lower::Gp tile = b_.plus(weights, resident_ * strip_elems());
    const lower::Gp activations = b_.plus(rows, resident_ * x_.block_step());
    const lower::Gp offset = b_.copy(offset_);
    b_.step(offset, resident_ * tile_bytes());
    b_.loop(tiles_ - resident_, [&] {
      const lower::Gp slot = b_.set(resident_ * strip_elems());
      fetch(slot, offset, 1);
      b_.M_TMM(activations, tile);
      b_.step(activations, x_.block_step());
    });
  }

  std::uint64_t resident_ = 0;   ///< tiles along K that are kept in the Matrix SRAM for a strip
  std::uint64_t row_groups_ = 0; ///< of BLEN rows
  lower::Gp result_{};           ///< block of the result
};

class DenseTransposed : TransposedProduct {
 public:
  DenseTransposed(
    Lowering& lowering,
    const VectorTensor& x,
    const WeightTensor& w,
    const VectorTensor& y,
    std::optional<lower::Gp> start
  )
      : TransposedProduct(lowering, x, w, y, start) {
    // With groups all lanes of every block are met: weights are zero where there is no column.
    whole_ = x_.group_cols == 0 ? x_.cols / t_.mlen : x_.blocks;
    rest_ = x_.group_cols == 0 ? lower::ceil_div(x_.cols % t_.mlen, t_.head_lanes()) : 0;
    copies_ = whole_ == 0 ? rest_ : t_.heads;
    by_rows_ = rows_cost_less();
    unit_rows_ = by_rows_ ? 1 : t_.mlen;
    units_ = lower::ceil_div(x_.rows, unit_rows_);
  }

  void run() {
    const DerivedRows derived =
      low_.derived(x_, "copies moved by slices", copies_ * x_.all_rows());
    copies_symbol_ = derived.symbol;
    if (!derived.made) {
      make_copies();
    }
    // Results in descending order: below each one lie rows that the write-out fills with what the
    // other slices hold.
    const std::uint64_t strips = lower::ceil_div(y_.blocks, t_.prefetch_tiles);
    const std::uint64_t last = y_.blocks - (strips - 1) * t_.prefetch_tiles;
    prepare(strips - 1);
    result_ = b_.set(last_result());
    const lower::Gp bytes = b_.set(strip_bytes());
    const auto go = [&](std::uint64_t blocks) {
      strip(blocks);
      b_.S_SUB_INT(offset_, offset_, bytes);
    };
    const bool ragged = last != t_.prefetch_tiles;
    if (ragged) {
      go(last);
    }
    b_.loop(strips - (ragged ? 1 : 0), [&] { go(t_.prefetch_tiles); });
  }

 private:
  /// Whether M_BTMV for every row takes less than M_BTMM for MLEN rows under either cost profile, each
  /// with the steps to the next product.
  bool rows_cost_less() const {
    constexpr std::uint64_t steps = 2;
    const std::uint64_t blocks = t_.mlen / t_.blen;
    return x_.rows * (1 + steps) < t_.mlen + steps &&
           x_.rows * (1 + t_.blen + steps) < blocks * blocks * t_.blen + steps;
  }

  std::uint64_t unit_elems() const { return unit_rows_ * t_.mlen; }

  /// Where the lanes of a block of x from slice * HLEN on are in the last slice.
  lower::Address copy_address(std::uint64_t block, std::uint64_t slice, std::uint64_t row) const {
    return {
      copies_symbol_, (block * copies_ + slice) * x_.block_step() + row * x_.row_step()};
  }

  /// From the slice that is moved least to the first one, which is moved most.
  void make_copies() {
    std::vector<lower::Address> to;
    for (std::uint64_t slice = copies_; slice-- > 0;) {
      to.push_back(copy_address(0, slice, 0));
    }
    lay_copies(
      low_,
      x_,
      to,
      (t_.heads - copies_) * t_.head_lanes(),
      t_.head_lanes(),
      (copies_ - 1) * x_.block_step()
    );
  }

  /// Where the write-out of the last rows of the last block starts.
  lower::Address last_result() const {
    lower::Address last = y_.at(y_.blocks - 1, (units_ - 1) * unit_rows_);
    last.offset -= (t_.heads - 1) * unit_elems();
    return last;
  }

  /// `blocks` blocks of the result, from the last of the strip down.
  void strip(std::uint64_t blocks) {
    const bool fits = tiles_ <= capacity_;
    if (fits) {
      fetch_part(0, tiles_);
    }
    std::optional<lower::Gp> weights; // tile of the strip; the only one has number 0
    if (blocks != 1) {
      weights = b_.set((blocks - 1) * t_.tile_elems());
    }
    b_.loop(blocks, [&] {
      const lower::Gp rows = b_.set(copy_address(0, 0, (units_ - 1) * unit_rows_));
      b_.loop(units_, [&] {
        for (std::uint64_t tile = 0; tile < tiles_; tile += capacity_) {
          const std::uint64_t count = std::min(capacity_, tiles_ - tile);
          if (!fits) {
            fetch_part(tile, count);
          }
          multiply(weights, rows, tile, count);
        }
        if (by_rows_) {
          b_.M_BMV_WO(result_, 0);
        } else {
          b_.M_BMM_WO(result_, 0);
        }
        if (units_ > 1) {
          go_back(result_, unit_elems());
          go_back(rows, unit_elems());
        }
      });
      // What the rows have not gone back already.
      go_back(result_, y_.block_step() - (units_ == 1 ? 0 : units_ * unit_elems()));
      if (weights) {
        go_back(*weights, t_.tile_elems());
      }
    });
  }

  void go_back(lower::Gp reg, std::uint64_t amount) {
    if (amount != 0) {
      b_.S_SUB_INT(reg, reg, b_.set(amount));
    }
  }

  void fetch_part(std::uint64_t tile, std::uint64_t count) {
    const lower::Gp slot = b_.set(0);
    const lower::Gp offset = b_.plus(offset_, tile * tile_bytes());
    fetch(slot, offset, count);
  }

  /// Products of `count` tiles along K, all slices.
  void multiply(
    const std::optional<lower::Gp>& weights, lower::Gp rows, std::uint64_t tile, std::uint64_t count
  ) {
    const lower::Gp matrix = weights ? b_.copy(*weights) : b_.set(0);
    const lower::Gp vector = b_.plus(rows, tile * copies_ * x_.block_step());
    const auto product = [&] {
      if (by_rows_) {
        b_.M_BTMV(lower::zero_gp, matrix, vector);
      } else {
        b_.M_BTMM(0, matrix, vector);
      }
      b_.step(matrix, t_.head_lanes());
      b_.step(vector, x_.block_step());
    };
    const std::uint64_t whole = std::min(std::max(whole_, tile) - tile, count);
    b_.loop(whole, [&] {
      b_.repeat(t_.heads, product);
      b_.step(matrix, strip_elems() - t_.mlen);
    });
    if (whole < count) {
      b_.repeat(rest_, product);
    }
  }

  std::uint64_t whole_ = 0;  ///< tiles along K of which all lanes have a column
  std::uint64_t rest_ = 0;   ///< slices of the last one that have, when it is not whole
  std::uint64_t copies_ = 0; ///< of each block of x
  bool by_rows_ = false;     ///< one row at a time
  std::uint64_t unit_rows_ = 0;
  std::uint64_t units_ = 0;
  lower::SymbolId copies_symbol_{}; ///< by block, then by slice
  lower::Gp result_{};
};

} // namespace

void multiply_transposed(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start
) {
  if (low.dense()) {
    DenseTransposed(low, x, w, y, start).run();
  } else {
    PortableTransposed(low, x, w, y, start).run();
  }
}

} // namespace plena::ops
