// The portable schedule of attention: BLEN x BLEN results by M_TMM and M_MM.
#include "ops/attention_schedule.h"

namespace plena::ops {

namespace {

class PortableAttention final : public AttentionSchedule {
 public:
  explicit PortableAttention(Lowering& low) : AttentionSchedule(low) {
    together_ = at_once_ >= tiles_.keys() && 2 * blocks_ * at_once_ <= capacity();
  }

 private:
  std::uint64_t group() const { return t_.blen * t_.mlen; } ///< elements of BLEN rows
  std::uint64_t row_groups(std::uint64_t rows) const { return lower::ceil_div(rows, t_.blen); }

  /// Products write only as many groups of columns as there are; the lanes behind them are read.
  void prepare() override {
    const auto has_gap = [&](std::uint64_t cols) {
      return !packed_ && cols % t_.mlen != 0 && lower::round_up(cols, t_.blen) % t_.mlen != 0;
    };
    if (has_gap(shape_.keys)) {
      low_.clear_rows(b_.set(scores_.at(scores_.blocks - 1)), scores_.rows);
    }
    if (has_gap(shape_.width)) {
      const std::uint64_t rows = lower::round_up(result_.rows, t_.blen);
      const lower::Gp row = b_.set(result_.at(blocks_ - 1));
      b_.loop(result_.blocks / blocks_, [&] {
        low_.clear_rows(row, rows);
        b_.step(row, blocks_ * result_.block_step() - row_elems(rows));
      });
    }
  }

  void fetch_values() override {
    fetch(v_, values_base_, blocks_ * at_once_, 0, blocks_, at_once_);
  }

  // ---- scores

  void score_tiles(
    const TileRange& chunk, const TileRange& keys, const TileRange& rows, std::uint64_t apart
  ) override {
    const lower::Gp matrix = b_.set((keys.first - chunk.first) * t_.tile_elems());
    const lower::Gp column = b_.set(scores_at(keys.first, rows.first));
    const auto columns = [&](std::uint64_t groups) {
      b_.loop(groups, [&] {
        const lower::Gp q = at(q_, rows.first);
        const lower::Gp score = b_.copy(column);
        b_.loop(row_groups(rows.count()), rows_at_once, [&] {
          if (blocks_ == 1) {
            b_.M_TMM(q, matrix);
          } else {
            const lower::Gp vector = b_.copy(q);
            const lower::Gp tile = b_.copy(matrix);
            b_.repeat(blocks_, [&] {
              b_.M_TMM(vector, tile);
              b_.step(vector, q_.block_step());
              b_.step(tile, apart * t_.tile_elems());
            });
          }
          b_.M_MM_WO(score, lower::zero_gp, 0);
          b_.step(q, group());
          b_.step(score, group());
        });
        b_.step(matrix, group());
        b_.step(column, t_.blen);
      });
    };
    const bool ends = keys.end == tiles_.keys() && key_rest() != 0;
    b_.loop(keys.count() - (ends ? 1 : 0), [&] {
      columns(t_.mlen / t_.blen);
      b_.step(column, scores_.block_step() - t_.mlen);
    });
    if (ends) {
      columns(lower::ceil_div(key_rest(), t_.blen));
    }
  }

  // ---- products with the values

  void values() override {
    const std::uint64_t all = lower::round_up(tiles_.keys(), t_.prefetch_tiles);
    if (all <= at_once_) {
      if (!together_) {
        fetch(v_, values_base_, 0, 0, blocks_, all);
      }
      const std::uint64_t slot = together_ ? blocks_ * at_once_ : 0;
      each_part([&](std::uint64_t begin, std::uint64_t rows, const TileRange& keys) {
        value_blocks(begin, rows, keys, {slot + keys.first, all}, 0, blocks_);
      });
      return;
    }
    streamed_ = all > capacity() ? capacity() : 0;
    for (std::uint64_t n = 0; n < blocks_; ++n) {
      if (streamed_ == 0) {
        fetch(v_, values_base_, 0, 0, 1, all, n);
      }
      each_part([&](std::uint64_t begin, std::uint64_t rows, const TileRange& keys) {
        value_blocks(begin, rows, keys, {streamed_ == 0 ? keys.first : 0, all}, n, n + 1);
      });
    }
  }

  void values_of(std::uint64_t begin, std::uint64_t rows, std::uint64_t key_tile) override {
    Slots slots{blocks_ * at_once_ + key_tile, at_once_};
    if (!together_) {
      fetch(v_, values_base_, 0, key_tile, blocks_, t_.prefetch_tiles);
      slots = {0, t_.prefetch_tiles};
    }
    value_blocks(begin, rows, {key_tile, key_tile + 1}, slots, 0, blocks_);
  }

  /// Where tiles of values lie: the first of them, and how far columns of tiles are apart.
  struct Slots {
    std::uint64_t first;
    std::uint64_t apart;
  };

  /// Some rows of the result, columns of blocks [first, end).
  void value_blocks(
    std::uint64_t begin,
    std::uint64_t rows,
    const TileRange& keys,
    const Slots& slots,
    std::uint64_t first,
    std::uint64_t end
  ) {
    const lower::Gp matrix = b_.set(slots.first * t_.tile_elems());
    const lower::Gp column =
      direct_ ? at(result_, begin) : b_.set(result_.at(0, shape_.online ? 0 : begin));
    b_.step(column, first * result_.block_step());
    if (lanes_) {
      b_.S_ADD_INT(column, column, *lanes_);
    }
    const auto columns = [&](std::uint64_t groups) {
      b_.loop(groups, [&] {
        const lower::Gp p = at_scores(keys.first, begin);
        const lower::Gp result = b_.copy(column);
        b_.loop(row_groups(rows), rows_at_once, [&] {
          value_block(keys, matrix, p, first);
          b_.M_MM_WO(result, lower::zero_gp, 0);
          b_.step(p, group());
          b_.step(result, group());
        });
        b_.step(matrix, group());
        b_.step(column, t_.blen);
      });
    };
    const std::uint64_t rest = end == blocks_ ? shape_.width % t_.mlen : 0;
    b_.loop(end - first - (rest == 0 ? 0 : 1), [&] {
      columns(t_.mlen / t_.blen);
      b_.step(matrix, (slots.apart - 1) * t_.tile_elems());
      b_.step(column, result_.block_step() - t_.mlen);
    });
    if (rest != 0) {
      columns(lower::ceil_div(rest, t_.blen));
    }
  }

  void value_block(const TileRange& keys, lower::Gp matrix, lower::Gp p, std::uint64_t block) {
    if (streamed_ == 0 && keys.count() == 1) {
      b_.M_MM(matrix, p);
      return;
    }
    const lower::Gp vector = b_.copy(p);
    const auto multiply = [&](std::uint64_t tiles) {
      const lower::Gp tile = b_.copy(matrix);
      b_.repeat(tiles, [&] {
        b_.M_MM(tile, vector);
        b_.step(tile, t_.tile_elems());
        b_.step(vector, scores_.block_step());
      });
    };
    if (streamed_ == 0) {
      multiply(keys.count());
      return;
    }
    // More keys than the Matrix SRAM holds: they are fetched anew between products.
    for (std::uint64_t j = keys.first; j < keys.end; j += streamed_) {
      const std::uint64_t count = std::min(streamed_, keys.end - j);
      fetch(v_, values_base_, 0, j, 1, count, block);
      multiply(count);
    }
  }

  static constexpr std::uint64_t rows_at_once = 2; ///< groups of rows, written out
  std::uint64_t streamed_ = 0; ///< tiles fetched at once between products, 0: all are there
};

} // namespace

void lower_attention(Lowering& low) {
  if (low.dense()) {
    lower_dense_attention(low);
  } else {
    PortableAttention(low).run();
  }
}

} // namespace plena::ops
