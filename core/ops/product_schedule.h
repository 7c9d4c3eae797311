// What the schedules of matrix products have in common (product.h): the operands, and how tiles of
// the weights come into the Matrix SRAM.
#pragma once

#include "ops/product.h"

namespace plena::ops {

/// y = x w, or with `transposed` y = x w^T; the weights begin `start` bytes after the start of w.
struct Operands {
  VectorTensor x;
  WeightTensor w;
  VectorTensor y;
  std::optional<lower::Gp> start;
  bool transposed;
};

/// A transfer brings `prefetch_tiles` tiles of w, one below the other. Of x w these lie along K,
/// for one block of the result; of x w^T they lie along the columns of the result, one for each
/// block of a strip, and along K a transfer is one tile.
class ProductSchedule {
 protected:
  ProductSchedule(Lowering& lowering, const Operands& operands)
      : low_(lowering),
        b_(lowering.builder()),
        t_(lowering.tiling()),
        x_(operands.x),
        y_(operands.y),
        w_(operands.w),
        start_(operands.start),
        transposed_(operands.transposed),
        deep_(transposed_ ? 1 : t_.prefetch_tiles),
        wide_(transposed_ ? t_.prefetch_tiles : 1) {}
  ~ProductSchedule() = default;

  /// Elements of the Matrix SRAM from a tile to the next along K.
  std::uint64_t tile_step() const { return wide_ * t_.tile_elems(); }
  /// Bytes from a transfer to the next along K, and to that for the next blocks of the result.
  std::uint64_t k_bytes() const { return transposed_ ? bytes_right() : bytes_below(); }
  std::uint64_t strip_bytes() const { return transposed_ ? bytes_below() : bytes_right(); }
  /// Transfers whose tiles the Matrix SRAM holds together.
  std::uint64_t transfers_held() const { return t_.matrix_tiles / t_.prefetch_tiles; }

  /// Sets what transfers need: `stride` bytes from row to row; the weights from byte `first` on.
  void prepare(std::uint64_t stride, std::uint64_t first) {
    base_ = b_.address_of(w_.symbol);
    set_up_transfers(b_, w_.stored, stride);
    offset_ = b_.set(first);
    if (start_) {
      b_.S_ADD_INT(offset_, offset_, *start_);
    }
  }

  /// Fetches `tiles` tiles along K to the slots from `slot` on; both registers move.
  void fetch(lower::Gp slot, lower::Gp offset, std::uint64_t tiles) {
    b_.loop(lower::ceil_div(tiles, deep_), [&] {
      b_.H_PREFETCH_M(slot, offset, base_, 1, w_.precision);
      b_.step(slot, t_.prefetch_tiles * t_.tile_elems());
      b_.step(offset, k_bytes());
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  VectorTensor x_;
  VectorTensor y_;
  WeightTensor w_;
  std::optional<lower::Gp> start_;
  bool transposed_;
  std::uint64_t deep_; ///< tiles of a transfer along K
  std::uint64_t wide_; ///< and along the columns of the result
  lower::Addr base_{};
  lower::Gp offset_{}; ///< of what is multiplied next in the weights, bytes
  lower::Gp result_{}; ///< where it goes

 private:
  std::uint64_t bytes_right() const { return t_.mlen * w_.stored.element_bytes(); }
  std::uint64_t bytes_below() const { return t_.prefetch_tiles * t_.mlen * w_.stored.row_bytes(); }
};

/// The two schedules.
void multiply_portable(Lowering& low, const Operands& operands);
void multiply_dense(Lowering& low, const Operands& operands);

} // namespace plena::ops
