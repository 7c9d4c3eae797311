// The portable schedule of matrix products: block by block of BLEN x BLEN.
#include "ops/product_schedule.h"

#include <algorithm>

namespace plena::ops {

namespace {

class PortableProduct : ProductSchedule {
 public:
  PortableProduct(Lowering& lowering, const Operands& operands)
      : ProductSchedule(lowering, operands) {
    tiles_ = x_.blocks;
    // When not all fits, the last transfer's worth of slots is for the tiles that stream through.
    const bool fits = lower::ceil_div(tiles_, deep_) <= transfers_held();
    resident_ = fits ? tiles_ : (transfers_held() - 1) * deep_;
    row_groups_ = lower::ceil_div(y_.rows, t_.blen);
    // With groups every block is computed whole: weights are zero where there is no column.
    whole_ = y_.group_cols == 0 ? y_.cols / t_.mlen : y_.blocks;
    rest_ = y_.group_cols == 0 ? y_.cols % t_.mlen : 0;
    if (transposed_) {
      low_.fills_tiles(w_, std::min(tiles_, transfers_held()) * t_.prefetch_tiles);
    } else if (start_) {
      low_.reads_rows(w_, w_.stored.rows + t_.prefetch_tiles * t_.mlen);
    }
  }

  void run() {
    prepare(w_.stored.row_bytes(), 0);
    result_ = b_.set(y_.at());
    if (transposed_) {
      by_strips();
    } else {
      by_blocks();
    }
  }

 private:
  /// Of x w, whose strips are single blocks: a block is cleared before its weights are fetched.
  void by_blocks() {
    b_.loop(whole_, [&] {
      columns(fetch_resident(), t_.mlen / t_.blen);
      b_.step(offset_, strip_bytes());
      b_.step(result_, y_.block_step());
    });
    if (rest_ != 0) {
      clear_last_block();
      columns(fetch_resident(), lower::ceil_div(rest_, t_.blen));
    }
  }

  /// Of x w^T: weights of a strip are fetched once.
  void by_strips() {
    b_.loop(whole_ / wide_, [&] {
      strip(wide_, 0);
      b_.step(offset_, strip_bytes());
    });
    if (whole_ % wide_ != 0 || rest_ != 0) {
      strip(whole_ % wide_, rest_);
    }
  }

  /// `whole` blocks of the result and `rest` columns of the next one.
  void strip(std::uint64_t whole, std::uint64_t rest) {
    const lower::Gp weights = fetch_resident();
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
  void clear_last_block() { low_.clear_rows(b_.copy(result_), row_groups_ * t_.blen); }

  /// What stays for all rows; a register with the first column of its first tile, or row of a
  /// transposed one.
  lower::Gp fetch_resident() {
    if (resident_ != 0) {
      const lower::Gp slot = b_.set(0);
      const lower::Gp offset = b_.copy(offset_);
      fetch(slot, offset, resident_);
    }
    return b_.set(0);
  }

  /// `groups` times BLEN columns of the result for all rows; `weights` goes on with them.
  void columns(lower::Gp weights, std::uint64_t groups) {
    const std::uint64_t strip = t_.blen * t_.mlen;
    const lower::Gp column = b_.copy(result_);
    const bool one_group = row_groups_ == 1;
    const lower::Gp first_rows = one_group ? b_.set(x_.at()) : lower::zero_gp;
    b_.loop(groups, [&] {
      if (one_group) {
        block(weights, first_rows);
        b_.M_MM_WO(column, lower::zero_gp, 0);
      } else {
        const lower::Gp rows = b_.set(x_.at());
        const lower::Gp target = b_.copy(column);
        low_.each_row(row_groups_, [&] {
          block(weights, rows);
          b_.M_MM_WO(target, lower::zero_gp, 0);
          b_.step(rows, strip);
          b_.step(target, strip);
        });
      }
      b_.step(weights, strip);
      b_.step(column, t_.blen);
    });
  }

  /// Accumulates one BLEN x BLEN block over all of K.
  void block(lower::Gp weights, lower::Gp rows) {
    if (resident_ != 0) {
      multiply(weights, rows);
    }
    if (resident_ > 1) {
      const lower::Gp tile = b_.plus(weights, tile_step());
      const lower::Gp activations = b_.plus(rows, x_.block_step());
      b_.repeat(resident_ - 2, [&] { multiply_and_step(tile, activations); });
      multiply(tile, activations);
    }
    const std::uint64_t streamed = tiles_ - resident_;
    if (streamed == 0) {
      return;
    }
    const lower::Gp tile = b_.plus(weights, resident_ * tile_step());
    const lower::Gp activations = b_.plus(rows, resident_ * x_.block_step());
    const lower::Gp offset = b_.copy(offset_);
    b_.step(offset, resident_ / deep_ * k_bytes());
    b_.loop(streamed / deep_, [&] { stream(tile, activations, offset, deep_); });
    if (streamed % deep_ != 0) {
      stream(tile, activations, offset, streamed % deep_);
    }
  }

  void stream(lower::Gp first, lower::Gp activations, lower::Gp offset, std::uint64_t tiles) {
    const lower::Gp slot = b_.set(resident_ * tile_step());
    fetch(slot, offset, tiles);
    const lower::Gp tile = b_.copy(first);
    b_.repeat(tiles, [&] { multiply_and_step(tile, activations); });
  }

  void multiply_and_step(lower::Gp tile, lower::Gp activations) {
    multiply(tile, activations);
    b_.step(tile, tile_step());
    b_.step(activations, x_.block_step());
  }

  void multiply(lower::Gp tile, lower::Gp activations) {
    if (transposed_) {
      b_.M_TMM(activations, tile);
    } else {
      b_.M_MM(tile, activations);
    }
  }

  std::uint64_t tiles_ = 0;      ///< along K
  std::uint64_t resident_ = 0;   ///< of these, kept in the Matrix SRAM for all rows
  std::uint64_t row_groups_ = 0; ///< of BLEN rows
  std::uint64_t whole_ = 0;      ///< blocks of the result
  std::uint64_t rest_ = 0;       ///< columns of one more
};

} // namespace

void multiply_portable(Lowering& low, const Operands& operands) {
  PortableProduct(low, operands).run();
}

} // namespace plena::ops
