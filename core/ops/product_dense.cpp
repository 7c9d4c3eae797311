// The dense schedule of matrix products: whole tiles by M_BMM and M_BTMM (compiler_backend.md 6.2).
// Of their slices only the last is used; copies of x bring every lane of x into it.
#include "ops/product_schedule.h"
#include "ops/whole_tiles.h"

#include <algorithm>

namespace plena::ops {

namespace {

/// Results come in descending order: below each one lie tiles, or rows, that the write-out fills
/// with what the other slices hold.
class DenseProduct : protected ProductSchedule {
 protected:
  using ProductSchedule::ProductSchedule;
  virtual ~DenseProduct() = default;

  /// Brings `count` parts of K from `first` on into the Matrix SRAM.
  virtual void fetch_parts(std::uint64_t first, std::uint64_t count) = 0;
  /// Adds the products of these, of all copies, from a row of the first copy on.
  virtual void multiply(lower::Gp rows, std::uint64_t first, std::uint64_t count) = 0;

  bool fits() const { return parts_ <= parts_held_; }
  std::uint64_t unit_elems() const { return unit_rows_ * t_.mlen; }

  /// Where the write-out of the last rows of the last block starts.
  lower::Address last_result() const {
    lower::Address last = y_.at(y_.blocks - 1, (units_ - 1) * unit_rows_);
    last.offset -= (t_.heads - 1) * unit_elems();
    return last;
  }

  /// All rows of a block of the result, from the last ones down to the first; then comes the block
  /// before.
  void block() {
    const lower::Gp rows = b_.set(lower::Address{copies_, (units_ - 1) * unit_elems()});
    b_.loop(units_, [&] {
      for (std::uint64_t part = 0; part < parts_; part += parts_held_) {
        const std::uint64_t count = std::min(parts_held_, parts_ - part);
        if (!fits()) {
          fetch_parts(part, count);
        }
        multiply(rows, part, count);
      }
      if (by_rows_) {
        b_.M_BMV_WO(result_, 0);
      } else {
        b_.M_BMM_WO(result_, 0);
      }
      if (units_ > 1) {
        go_back(result_, unit_elems(), held_unit_);
        go_back(rows, unit_elems(), held_unit_);
      }
    });
    go_back(result_, rest_of_block(), held_rest_);
  }
  /// What the rows of a block have not gone back already.
  std::uint64_t rest_of_block() const {
    return y_.block_step() - (units_ == 1 ? 0 : units_ * unit_elems());
  }

  /// By an amount that a register holds, if one does.
  void go_back(lower::Gp reg, std::uint64_t amount, std::optional<lower::Gp> held = std::nullopt) {
    if (held) {
      b_.S_SUB_INT(reg, reg, *held);
    } else if (amount != 0) {
      b_.S_SUB_INT(reg, reg, b_.set(amount));
    }
  }

  lower::SymbolId copies_{}; ///< of x, times 4
  bool by_rows_ = false;     ///< one row at a time, not MLEN
  std::uint64_t unit_rows_ = t_.mlen;
  std::uint64_t units_ = lower::ceil_div(x_.rows, t_.mlen);
  std::uint64_t parts_ = 0;      ///< of K
  std::uint64_t parts_held_ = 0; ///< by the Matrix SRAM at once
  // Where registers hold them for the whole product:
  std::optional<lower::Gp> held_unit_; ///< unit_elems()
  std::optional<lower::Gp> held_rest_; ///< rest_of_block()
};

/// x w: parts of K are groups of `heads` tiles.
class Plain : DenseProduct {
 public:
  Plain(Lowering& lowering, const Operands& operands) : DenseProduct(lowering, operands) {
    parts_ = lower::ceil_div(x_.blocks, t_.heads);
    const std::uint64_t most = t_.matrix_tiles / t_.heads / deep_ * deep_;
    parts_held_ = std::min(lower::round_up(parts_, deep_), most);
    low_.reads_rows(
      w_, (start_ ? w_.stored.rows : 0) + lower::round_up(parts_, parts_held_) * t_.heads * t_.mlen
    );
  }

  void run() {
    make_copies();
    prepare(t_.heads * w_.stored.row_bytes(), (y_.blocks - 1) * strip_bytes());
    result_ = b_.set(last_result());
    const lower::Gp column = b_.set(strip_bytes());
    held_rest_ = b_.set(rest_of_block());
    held_unit_ = b_.set(unit_elems());
    b_.loop(y_.blocks, [&] {
      if (fits()) {
        fetch_parts(0, parts_);
      }
      block();
      b_.S_SUB_INT(offset_, offset_, column);
    });
  }

 private:
  /// Copy c is 4 x, moved c lanes up; copies lie like x, one after the other.
  void make_copies() {
    const DerivedRows derived = low_.derived(x_, "shifted copies", t_.heads * x_.all_rows());
    copies_ = derived.symbol;
    if (derived.made) {
      return;
    }
    std::vector<lower::Address> to;
    for (std::uint64_t c = 0; c < t_.heads; ++c) {
      to.push_back({copies_, c * x_.all_rows() * t_.mlen});
    }
    lay_copies(low_, x_, to, 0, 1);
  }

  void fetch_parts(std::uint64_t first, std::uint64_t count) override {
    const lower::Gp slot = b_.set(0);
    const lower::Gp from = b_.set(w_.at((first * t_.mlen + 1) * t_.heads - 1, 0));
    b_.S_ADD_INT(from, from, offset_);
    fetch_residues(low_, {w_, base_, count, parts_held_}, slot, from);
  }

  void multiply(lower::Gp rows, std::uint64_t first, std::uint64_t count) override {
    const std::uint64_t begin = first * t_.heads;
    const std::uint64_t tiles = std::min(count * t_.heads, x_.blocks - begin);
    const std::uint64_t whole = tiles / t_.heads;
    const std::uint64_t rest = tiles % t_.heads;
    const lower::Gp copy = b_.plus(rows, begin * x_.block_step());
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
      b_.step(matrix_copy, parts_held_ * t_.tile_elems());
    });
  }
};

/// x w^T: parts of K are tiles.
class Transposed : DenseProduct {
 public:
  Transposed(Lowering& lowering, const Operands& operands) : DenseProduct(lowering, operands) {
    parts_ = x_.blocks;
    parts_held_ = transfers_held();
    low_.fills_tiles(w_, std::min(parts_, parts_held_) * t_.prefetch_tiles);
    // With groups all lanes of every block are met: weights are zero where there is no column.
    whole_ = x_.group_cols == 0 ? x_.cols / t_.mlen : x_.blocks;
    rest_ = x_.group_cols == 0 ? lower::ceil_div(x_.cols % t_.mlen, t_.head_lanes()) : 0;
    slices_ = whole_ == 0 ? rest_ : t_.heads;
    if (rows_cost_less()) {
      by_rows_ = true;
      unit_rows_ = 1;
      units_ = x_.rows;
    }
  }

  void run() {
    make_copies();
    const std::uint64_t strips = lower::ceil_div(y_.blocks, wide_);
    const std::uint64_t last = y_.blocks - (strips - 1) * wide_;
    prepare(w_.stored.row_bytes(), (strips - 1) * strip_bytes());
    result_ = b_.set(last_result());
    const lower::Gp bytes = b_.set(strip_bytes());
    const auto go = [&](std::uint64_t blocks) {
      strip(blocks);
      b_.S_SUB_INT(offset_, offset_, bytes);
    };
    const bool ragged = last != wide_;
    if (ragged) {
      go(last);
    }
    b_.loop(strips - (ragged ? 1 : 0), [&] { go(wide_); });
  }

 private:
  /// Whether M_BTMV for every row takes less than M_BTMM for MLEN rows under either cost profile,
  /// each with the steps to the next product.
  bool rows_cost_less() const {
    constexpr std::uint64_t steps = 2;
    const std::uint64_t blocks = t_.mlen / t_.blen;
    return x_.rows * (1 + steps) < t_.mlen + steps &&
           x_.rows * (1 + t_.blen + steps) < blocks * blocks * t_.blen + steps;
  }

  /// Copies of a block lie next to each other. In number s the lanes from s * HLEN on are those of
  /// the last slice; they are made from the one that is moved least to the first one, which is
  /// moved most.
  void make_copies() {
    const DerivedRows derived = low_.derived(x_, "copies moved by slices", slices_ * x_.all_rows());
    copies_ = derived.symbol;
    if (derived.made) {
      return;
    }
    std::vector<lower::Address> to;
    for (std::uint64_t slice = slices_; slice-- > 0;) {
      to.push_back({copies_, slice * x_.block_step()});
    }
    lay_copies(
      low_,
      x_,
      to,
      (t_.heads - slices_) * t_.head_lanes(),
      t_.head_lanes(),
      (slices_ - 1) * x_.block_step()
    );
  }

  /// `blocks` blocks of the result, from the last of the strip down.
  void strip(std::uint64_t blocks) {
    if (fits()) {
      fetch_parts(0, parts_);
    }
    weights_.reset();
    if (blocks != 1) {
      weights_ = b_.set((blocks - 1) * t_.tile_elems());
    }
    b_.loop(blocks, [&] {
      block();
      if (weights_) {
        go_back(*weights_, t_.tile_elems());
      }
    });
  }

  void fetch_parts(std::uint64_t first, std::uint64_t count) override {
    const lower::Gp slot = b_.set(0);
    const lower::Gp offset = b_.plus(offset_, first * k_bytes());
    fetch(slot, offset, count);
  }

  void multiply(lower::Gp rows, std::uint64_t first, std::uint64_t count) override {
    const lower::Gp matrix = weights_ ? b_.copy(*weights_) : b_.set(0);
    const lower::Gp vector = b_.plus(rows, first * slices_ * x_.block_step());
    const auto product = [&] {
      if (by_rows_) {
        b_.M_BTMV(lower::zero_gp, matrix, vector);
      } else {
        b_.M_BTMM(0, matrix, vector);
      }
      b_.step(matrix, t_.head_lanes());
      b_.step(vector, x_.block_step());
    };
    const std::uint64_t whole = std::min(std::max(whole_, first) - first, count);
    b_.loop(whole, [&] {
      b_.repeat(t_.heads, product);
      b_.step(matrix, tile_step() - t_.mlen);
    });
    if (whole < count) {
      b_.repeat(rest_, product);
    }
  }

  std::uint64_t whole_ = 0;          ///< tiles along K of which all lanes have a column
  std::uint64_t rest_ = 0;           ///< slices of the last one that have, when it is not whole
  std::uint64_t slices_ = 0;         ///< that have a copy of their own
  std::optional<lower::Gp> weights_; ///< tile of the strip; the only one has number 0
};

} // namespace

void multiply_dense(Lowering& low, const Operands& operands) {
  if (operands.transposed) {
    Transposed(low, operands).run();
  } else {
    Plain(low, operands).run();
  }
}

} // namespace plena::ops
