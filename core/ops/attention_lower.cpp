// Schedules of attention. All scores of a head lie in the Vector SRAM at once, so that a row takes one
// ordinary softmax; products with the values are added up in the accumulator over all keys.
//
// Portable: BLEN x BLEN results by M_TMM and M_MM.
#include "numerics/bits.h"
#include "ops/attention.h"
#include "ops/lowering.h"

#include <fmt/format.h>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace plena::ops {

namespace {

/// What both schedules have in common: scores, masks and the softmax.
class AttentionLowering {
 public:
  AttentionLowering(Lowering& low, std::uint64_t row_multiple)
      : low_(low),
        b_(low.builder()),
        t_(low.tiling()),
        shape_(attention_shape(low.view())),
        tiles_(shape_, t_.mlen),
        q_(low.input(Queries)),
        k_(low.stored(Keys)),
        v_(low.stored(Values)),
        o_(low.output()) {
    blocks_ = t_.blocks(shape_.width);
    rows_ = lower::round_up(shape_.queries, row_multiple);
    scores_ = scratch("scores", tiles_.keys(), rows_);
  }

 protected:
  VectorTensor scratch(std::string name, std::uint64_t blocks, std::uint64_t rows) {
    VectorTensor tensor;
    tensor.rows = tensor.phys_rows = rows;
    tensor.blocks = blocks;
    tensor.cols = blocks * t_.mlen;
    tensor.lanes = t_.mlen;
    tensor.symbol = low_.scratch(std::move(name), tensor.all_rows());
    return tensor;
  }

  std::uint64_t key_rest() const { return shape_.keys % t_.mlen; }
  std::uint64_t row_elems(std::uint64_t rows) const { return rows * t_.mlen; }

  /// Runs `head` for all heads of all batches, and `group` before those that share keys and values.
  template <class G, class H> void each_head(G&& group, H&& head) {
    for (batch_ = 0; batch_ < shape_.batch; ++batch_) {
      head_.reset();
      kv_head_.reset();
      if (shape_.heads > 1) {
        head_ = b_.set(0);
      }
      if (shape_.kv_heads > 1) {
        kv_head_ = b_.set(0);
      }
      b_.loop(shape_.kv_heads, [&] {
        group();
        b_.loop(shape_.ratio(), [&] {
          head();
          if (head_) {
            b_.step(*head_, blocks_ * q_.block_step());
          }
        });
        if (kv_head_) {
          b_.step(*kv_head_, blocks_ * t_.mlen);
        }
      });
    }
  }

  /// A row of the current batch and head.
  lower::Gp at(const VectorTensor& tensor, std::uint64_t row) {
    const lower::Gp address = b_.set(tensor.at(0, batch_ * shape_.queries + row));
    if (head_) {
      b_.S_ADD_INT(address, address, *head_);
    }
    return address;
  }

  /// Byte offset of a row of the current batch and head of keys or values.
  lower::Gp offset(const WeightTensor& matrix, std::uint64_t row, std::uint64_t col = 0) {
    const lower::Gp offset = b_.set(matrix.at(batch_ * shape_.keys + row, col));
    for (std::uint64_t i = 0; kv_head_ && i < matrix.stored.element_bytes(); ++i) {
      b_.S_ADD_INT(offset, offset, *kv_head_);
    }
    return offset;
  }

  void clear_rows(lower::Gp row, std::uint64_t rows) {
    const lower::Gp lanes = b_.set(t_.mlen);
    low_.each_row(rows, [&] {
      b_.V_SHFT_V(row, row, lanes);
      b_.step(row, t_.mlen);
    });
  }

  /// Rows that are added to scores that not all queries see: one for the keys that fill up the last
  /// tile, or a tile of them by how far its keys lie behind its queries.
  void make_masks() {
    if (!shape_.masked && key_rest() == 0) {
      return;
    }
    const VectorTensor hidden = scratch("hidden scores", 1, 1);
    const lower::Gp all = b_.set(hidden.at());
    clear_rows(all, 1);
    b_.set(all, hidden.at());
    b_.V_ADD_VF(all, all, b_.constant(hidden_score));
    if (!shape_.masked) {
      columns_ = scratch("mask of columns", 1, 1);
      b_.V_SHFT_V(b_.set(columns_->at()), all, b_.set(key_rest()));
      return;
    }
    for (std::uint64_t behind = 0; behind < tiles_.rows(); ++behind) {
      if (tiles_.partly_hidden(behind) && tiles_.keys_of(tiles_.rows() - 1).count() > behind) {
        masks_[behind] = scratch(fmt::format("mask of keys {} tiles behind", behind), 1, t_.mlen);
        make_mask(behind, all);
      }
    }
  }

  /// Row r hides lanes from r + 1 on in the tile of the queries themselves, and in any tile lanes up
  /// to r + behind * MLEN - window.
  void make_mask(std::uint64_t behind, lower::Gp all) {
    const lower::Gp row = b_.set(masks_.at(behind).at());
    const bool own = behind == 0;
    const std::uint64_t distance = behind * t_.mlen; // from lane 0 to row 0
    const std::uint64_t first_cut =
      std::min(shape_.window - std::min(shape_.window, distance), t_.mlen);
    const lower::Gp later_from = b_.set(own ? 1 : t_.mlen);
    b_.loop(first_cut, [&] {
      b_.V_SHFT_V(row, all, later_from);
      b_.step(row, t_.mlen);
      b_.step(later_from, own ? 1 : 0);
    });
    if (first_cut == t_.mlen) {
      return;
    }
    const lower::Gp earlier_to = b_.set(distance + first_cut - shape_.window + 1);
    const lower::Gp earlier = own ? b_.set(scratch("edge of the window", 1, 1).at()) : row;
    b_.loop(t_.mlen - first_cut, [&] {
      b_.V_SHFT_V(earlier, all, earlier_to);
      b_.V_SUB_VV(earlier, all, earlier);
      if (own) {
        b_.V_SHFT_V(row, all, later_from);
        b_.V_ADD_VV(row, row, earlier);
      }
      b_.step(row, t_.mlen);
      b_.step(later_from, own ? 1 : 0);
      b_.step(earlier_to, 1);
    });
  }

  /// Softmax of `count` rows from `begin` on over the tiles of `keys`, where the scores lie.
  void softmax(std::uint64_t begin, std::uint64_t count, const TileRange& keys) {
    constexpr std::uint64_t most_pointers = 4;
    const bool held = keys.count() <= most_pointers;
    std::vector<lower::Gp> tiles; // pointers into each tile, or into the first only
    for (std::uint64_t j = 0; j < (held ? keys.count() : 1); ++j) {
      tiles.push_back(b_.set(scores_.at(keys.first + j, begin)));
    }
    struct Mask {
      std::uint64_t tile; ///< of those in `keys`
      lower::Gp row;
      bool moves;
    };
    std::vector<Mask> masks;
    for (std::uint64_t j = keys.first; j < keys.end; ++j) {
      if (shape_.masked && tiles_.partly_hidden(begin / t_.mlen - j)) {
        masks.push_back({j - keys.first, b_.set(masks_.at(begin / t_.mlen - j).at()), true});
      } else if (columns_ && j + 1 == tiles_.keys()) {
        masks.push_back({j - keys.first, b_.set(columns_->at()), false});
      }
    }
    const auto each_tile = [&](auto&& body) {
      if (held) {
        for (const lower::Gp tile : tiles) {
          body(tile);
        }
        return;
      }
      const lower::Gp tile = b_.copy(tiles[0]);
      b_.loop(keys.count(), [&] {
        body(tile);
        b_.step(tile, scores_.block_step());
      });
    };
    std::optional<lower::Gp> total;
    if (keys.count() > 1) {
      total = b_.set(total_row().at());
    }
    low_.each_row(count, [&] {
      for (const Mask& mask : masks) {
        lower::Gp tile = tiles[0];
        if (held) {
          tile = tiles[static_cast<std::size_t>(mask.tile)];
        } else if (mask.tile != 0) {
          tile = b_.copy(tile);
          b_.step(tile, mask.tile * scores_.block_step());
        }
        b_.V_ADD_VV(tile, tile, mask.row);
        if (mask.moves) {
          b_.step(mask.row, t_.mlen);
        }
      }
      const lower::Fp largest = b_.constant(-std::numeric_limits<float>::infinity());
      each_tile([&](lower::Gp tile) {
        b_.V_MUL_VF(tile, tile, scale_);
        b_.V_RED_MAX(largest, tile);
      });
      if (total && !held) {
        b_.V_SHFT_V(*total, *total, b_.set(t_.mlen));
      }
      std::optional<lower::Gp> first;
      each_tile([&](lower::Gp tile) {
        b_.V_SUB_VF(tile, tile, largest);
        b_.V_EXP_V(tile, tile);
        if (total && !held) {
          b_.V_ADD_VV(*total, *total, tile);
        } else if (total && first) {
          b_.V_ADD_VV(*total, *first, tile);
          first = total;
        } else {
          first = tile;
        }
      });
      const lower::Fp inverse = b_.fp();
      b_.clear(inverse);
      b_.V_RED_SUM(inverse, total ? *total : tiles[0]);
      b_.S_RECI_FP(inverse, inverse);
      each_tile([&](lower::Gp tile) { b_.V_MUL_VF(tile, tile, inverse); });
      for (const lower::Gp tile : tiles) {
        b_.step(tile, t_.mlen);
      }
    });
  }

  const VectorTensor& total_row() {
    if (!total_) {
      total_ = scratch("total", 1, 1);
    }
    return *total_;
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  AttentionShape shape_;
  ScoreTiles tiles_;
  VectorTensor q_;
  WeightTensor k_;
  WeightTensor v_;
  VectorTensor o_;
  std::uint64_t blocks_ = 0; ///< of a head's columns
  std::uint64_t rows_ = 0;   ///< of scores in memory, one head of a batch
  VectorTensor scores_;      ///< tiles of keys are blocks
  lower::Fp scale_{};

  std::uint64_t batch_ = 0;
  std::optional<lower::Gp> head_;    ///< elements from the first head to the current one
  std::optional<lower::Gp> kv_head_; ///< the same in columns of keys and values

 private:
  std::optional<VectorTensor> total_;
  std::optional<VectorTensor> columns_;
  std::map<std::uint64_t, VectorTensor> masks_; ///< by how many tiles keys lie behind queries
};

class PortableAttention : AttentionLowering {
 public:
  explicit PortableAttention(Lowering& low) : AttentionLowering(low, low.tiling().blen) {
    const std::uint64_t capacity = t_.matrix_tiles / t_.prefetch_tiles * t_.prefetch_tiles;
    at_once_ = std::min(
      lower::round_up(tiles_.keys(), t_.prefetch_tiles),
      capacity / blocks_ / t_.prefetch_tiles * t_.prefetch_tiles
    );
    together_ = at_once_ >= tiles_.keys() && 2 * blocks_ * at_once_ <= capacity;
    // The last rows of a batch may be computed together with rows that belong to the next.
    direct_ = shape_.batch == 1 || shape_.queries % t_.blen == 0;
    result_ = direct_ ? o_ : scratch("result of a head", blocks_, rows_);
  }

  void run() {
    if (at_once_ == 0) {
      return low_.fail(low_.view().error(
        "E_RESOURCE",
        fmt::format(
          "a head of {} columns needs {} tiles of keys at once, the Matrix SRAM holds {}",
          shape_.width,
          blocks_ * t_.prefetch_tiles,
          t_.matrix_tiles
        ),
        "raise MATRIX_SRAM_SIZE or lower HBM_M_Prefetch_Amount"
      ));
    }
    keys_base_ = b_.address_of(k_.symbol);
    values_base_ = b_.address_of(v_.symbol);
    scale_ = b_.constant(static_cast<float>(shape_.scale));
    make_masks();
    clear_padding();
    each_head(
      [&] {
        if (together_) {
          fetch(k_, keys_base_, 0, 0, blocks_, at_once_);
          fetch(v_, values_base_, blocks_ * at_once_, 0, blocks_, at_once_);
        }
      },
      [&] {
        scores();
        each_part([&](std::uint64_t begin, std::uint64_t rows, const TileRange& keys) {
          softmax(begin, rows, keys);
        });
        values();
        copy_result();
      }
    );
  }

 private:
  std::uint64_t group() const { return t_.blen * t_.mlen; } ///< elements of BLEN rows
  std::uint64_t row_groups(std::uint64_t rows) const { return lower::ceil_div(rows, t_.blen); }

  /// Rows that meet the same tiles of keys: all, or those of one tile of queries.
  template <class F> void each_part(F&& part) {
    if (!shape_.masked) {
      part(0, shape_.queries, tiles_.keys_of(0));
      return;
    }
    for (std::uint64_t i = 0; i < tiles_.rows(); ++i) {
      const std::uint64_t begin = i * t_.mlen;
      part(begin, std::min(t_.mlen, shape_.queries - begin), tiles_.keys_of(i));
    }
  }

  /// Products write only as many groups of columns as there are; the lanes behind them are read.
  void clear_padding() {
    const auto has_gap = [&](std::uint64_t cols) {
      return cols % t_.mlen != 0 && lower::round_up(cols, t_.blen) % t_.mlen != 0;
    };
    if (has_gap(shape_.keys)) {
      clear_rows(b_.set(scores_.at(tiles_.keys() - 1)), rows_);
    }
    if (has_gap(shape_.width)) {
      const std::uint64_t rows = lower::round_up(result_.rows, t_.blen);
      const lower::Gp row = b_.set(result_.at(blocks_ - 1));
      b_.loop(result_.blocks / blocks_, [&] {
        clear_rows(row, rows);
        b_.step(row, blocks_ * result_.block_step() - row_elems(rows));
      });
    }
  }

  /// Tiles of `blocks` columns of tiles from row `tile` on, one column after the other.
  void fetch(
    const WeightTensor& matrix,
    lower::Addr base,
    std::uint64_t slot,
    std::uint64_t tile,
    std::uint64_t blocks,
    std::uint64_t tiles,
    std::uint64_t block = 0
  ) {
    if (matrix.stored.format.mx) {
      b_.C_SET_SCALE_REG(b_.set(matrix.stored.scale_offset()));
    }
    b_.C_SET_STRIDE_REG(b_.set(matrix.stored.row_bytes()));
    const std::uint64_t transfers = lower::ceil_div(tiles, t_.prefetch_tiles);
    low_.reads_rows(
      matrix,
      batch_ * shape_.keys + (tile + transfers * t_.prefetch_tiles) * t_.mlen
    );
    const lower::Gp to = b_.set(slot * t_.tile_elems());
    const lower::Gp column = offset(matrix, tile * t_.mlen, block * t_.mlen);
    b_.loop(blocks, [&] {
      const lower::Gp from = b_.copy(column);
      b_.loop(transfers, [&] {
        b_.H_PREFETCH_M(to, from, base, 1, matrix.precision);
        b_.step(to, t_.prefetch_tiles * t_.tile_elems());
        b_.step(from, t_.prefetch_tiles * t_.mlen * matrix.stored.row_bytes());
      });
      b_.step(column, t_.mlen * matrix.stored.element_bytes());
    });
  }

  // ---- scores

  void scores() {
    for (std::uint64_t first = 0; first < tiles_.keys(); first += at_once_) {
      const TileRange chunk{first, std::min(first + at_once_, tiles_.keys())};
      if (!together_) {
        fetch(k_, keys_base_, 0, first, blocks_, lower::round_up(chunk.count(), t_.prefetch_tiles));
      }
      const std::uint64_t apart =
        together_ ? at_once_ : lower::round_up(chunk.count(), t_.prefetch_tiles);
      if (!shape_.masked) {
        score_tiles(chunk, chunk, {0, shape_.queries}, apart);
        continue;
      }
      for (std::uint64_t j = chunk.first; j < chunk.end; ++j) {
        const TileRange rows = tiles_.rows_of(j);
        score_tiles(
          chunk,
          {j, j + 1},
          {rows.first * t_.mlen, std::min(rows.end * t_.mlen, shape_.queries)},
          apart
        );
      }
    }
  }

  /// Scores of some rows with tiles of keys that have been fetched with the chunk; `apart` tiles from
  /// one column of tiles to the next.
  void score_tiles(
    const TileRange& chunk, const TileRange& keys, const TileRange& rows, std::uint64_t apart
  ) {
    const lower::Gp matrix = b_.set((keys.first - chunk.first) * t_.tile_elems());
    const lower::Gp column = b_.set(scores_.at(keys.first, rows.first));
    const auto columns = [&](std::uint64_t groups) {
      b_.loop(groups, [&] {
        const lower::Gp q = at(q_, rows.first);
        const lower::Gp score = b_.copy(column);
        b_.loop(row_groups(rows.count()), [&] {
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

  void values() {
    const std::uint64_t all = lower::round_up(tiles_.keys(), t_.prefetch_tiles);
    if (all <= at_once_) {
      if (!together_) {
        fetch(v_, values_base_, 0, 0, blocks_, all);
      }
      const std::uint64_t slot = together_ ? blocks_ * at_once_ : 0;
      each_part([&](std::uint64_t begin, std::uint64_t rows, const TileRange& keys) {
        value_blocks(begin, rows, keys, slot, 0, blocks_);
      });
      return;
    }
    const std::uint64_t capacity = t_.matrix_tiles / t_.prefetch_tiles * t_.prefetch_tiles;
    streamed_ = all > capacity ? capacity : 0;
    for (std::uint64_t n = 0; n < blocks_; ++n) {
      if (streamed_ == 0) {
        fetch(v_, values_base_, 0, 0, 1, all, n);
      }
      each_part([&](std::uint64_t begin, std::uint64_t rows, const TileRange& keys) {
        value_blocks(begin, rows, keys, 0, n, n + 1);
      });
    }
  }

  /// Some rows of the result, columns of blocks [first, end); the values lie from `slot` on.
  void value_blocks(
    std::uint64_t begin,
    std::uint64_t rows,
    const TileRange& keys,
    std::uint64_t slot,
    std::uint64_t first,
    std::uint64_t end
  ) {
    const std::uint64_t apart = lower::round_up(tiles_.keys(), t_.prefetch_tiles);
    const lower::Gp matrix =
      b_.set((slot + (streamed_ == 0 ? keys.first : 0)) * t_.tile_elems());
    const lower::Gp column = direct_ ? at(result_, begin) : b_.set(result_.at(0, begin));
    b_.step(column, first * result_.block_step());
    const auto columns = [&](std::uint64_t groups) {
      b_.loop(groups, [&] {
        const lower::Gp p = b_.set(scores_.at(keys.first, begin));
        const lower::Gp result = b_.copy(column);
        b_.loop(row_groups(rows), [&] {
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
      b_.step(matrix, (apart - 1) * t_.tile_elems());
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

  void copy_result() {
    if (direct_) {
      return;
    }
    const lower::Gp from = b_.set(result_.at());
    const lower::Gp to = at(o_, 0);
    b_.loop(blocks_, [&] {
      low_.each_row(shape_.queries, [&] {
        b_.V_ADD_VF(to, from, lower::zero_fp);
        b_.step(from, t_.mlen);
        b_.step(to, t_.mlen);
      });
      b_.step(from, result_.block_step() - row_elems(shape_.queries));
      b_.step(to, o_.block_step() - row_elems(shape_.queries));
    });
  }

  std::uint64_t at_once_ = 0;  ///< tiles of keys of all blocks that the Matrix SRAM holds, at most all
  std::uint64_t streamed_ = 0; ///< tiles that are fetched at once between products, 0: all are there
  bool together_ = false;      ///< all keys and all values of a head fit
  bool direct_ = true;         ///< products are written to the output itself
  VectorTensor result_;
  lower::Addr keys_base_{};
  lower::Addr values_base_{};
};

} // namespace

void lower_attention(Lowering& lowering) { PortableAttention(lowering).run(); }

} // namespace plena::ops
