// Attention on whole tiles. Queries are moved up so that the wanted slice of M_BTMM meets one part
// of the lanes after the other; normalised scores so that the last slice of M_BMM meets every
// BROADCAST_AMOUNT-th lane. Whole tiles overwrite others in memory: work goes from the last result
// to the first.
#include "ops/attention_schedule.h"
#include "ops/whole_tiles.h"

namespace plena::ops {

namespace {

class DenseAttention final : public AttentionSchedule {
 public:
  explicit DenseAttention(Lowering& low) : AttentionSchedule(low) {
    groups_ = lower::ceil_div(tiles_.keys(), t_.heads);
    const std::uint64_t most = capacity() / t_.heads / t_.prefetch_tiles * t_.prefetch_tiles;
    groups_at_once_ = std::min(lower::round_up(groups_, t_.prefetch_tiles), most);
    together_ = at_once_ >= tiles_.keys() && groups_at_once_ >= groups_ &&
                blocks_ * (at_once_ + value_tiles()) <= capacity();
    first_copy_ = std::max(wanted_ + 1 - std::min(wanted_ + 1, slices(0)), std::uint64_t{1});
    if (!packed_ && wanted_ >= first_copy_) {
      queries_ = scratch("moved queries", (wanted_ + 1 - first_copy_) * blocks_, rows());
    }
  }

 private:
  std::uint64_t rows() const { return lower::round_up(shape_.queries, t_.mlen); }
  /// Slots of a column of tiles of values.
  std::uint64_t value_tiles() const { return t_.heads * groups_at_once_; }
  /// Slices that the columns of a block fill.
  std::uint64_t slices(std::uint64_t block) const {
    const std::uint64_t cols = std::min(shape_.width - block * t_.mlen, t_.mlen);
    return lower::ceil_div(cols, t_.head_lanes());
  }
  /// Where the queries lie whose lanes from slice * HLEN on are in the wanted slice.
  lower::Address moved(std::uint64_t slice, std::uint64_t block, std::uint64_t row) const {
    return queries_.at(slice * blocks_ + block, row);
  }

  void prepare_queries() override {
    if (packed_) {
      return low_.clear_rows(at(o_, 0), shape_.queries);
    }
    for (std::uint64_t n = 0; n < blocks_; ++n) {
      std::vector<lower::Address> to;
      for (std::uint64_t up = first_copy_; up <= wanted_; ++up) {
        to.push_back(moved(wanted_ - up, n, 0));
      }
      move_rows(
        q_.at(n, batch_ * shape_.queries),
        head_,
        to,
        {},
        first_copy_ * t_.head_lanes(),
        t_.head_lanes(),
        shape_.queries
      );
    }
  }

  // ---- scores

  void score_tiles(
    const TileRange& chunk, const TileRange& keys, const TileRange& rows, std::uint64_t apart
  ) override {
    const std::uint64_t row_tiles = lower::ceil_div(rows.count(), t_.mlen);
    const std::uint64_t row = ascending() ? rows.first : rows.first + (row_tiles - 1) * t_.mlen;
    const std::uint64_t key = ascending() ? keys.first : keys.end - 1;
    const lower::Gp matrix = b_.set((key - chunk.first) * t_.tile_elems());
    lower::Address first = scores_at(key, row);
    first.offset -= wanted_ * t_.tile_elems();
    const lower::Gp score = b_.set(first);
    const auto go_on = [&](lower::Gp reg, std::uint64_t amount) {
      if (ascending()) {
        b_.step(reg, amount);
      } else if (amount != 0) {
        b_.S_SUB_INT(reg, reg, b_.set(amount));
      }
    };
    const std::uint64_t tile = t_.tile_elems();
    b_.loop(keys.count(), [&] {
      const lower::Gp q = at(q_, row);
      const lower::Gp copy = copied() ? b_.set(moved(0, 0, row)) : lower::zero_gp;
      b_.loop(row_tiles, [&] {
        score_tile(matrix, q, copy, apart);
        b_.M_BMM_WO(score, 0);
        if (row_tiles > 1) {
          go_on(score, tile);
          go_on(q, tile);
          if (copied()) {
            go_on(copy, tile);
          }
        }
      });
      if (keys.count() > 1) {
        go_on(matrix, tile);
        go_on(score, scores_.block_step() - (row_tiles > 1 ? row_tiles * tile : 0));
      }
    });
  }

  bool copied() const { return queries_.blocks != 0; }

  /// Products of one tile of queries with one of keys, all columns.
  void score_tile(lower::Gp matrix, lower::Gp q, lower::Gp copy, std::uint64_t apart) {
    const lower::Gp lanes = b_.copy(matrix);
    const lower::Gp queries = copied() ? b_.copy(copy) : lower::zero_gp;
    const lower::Gp own = blocks_ == 1 ? q : b_.copy(q);
    for (std::uint64_t n = 0; n < blocks_; ++n) {
      const std::uint64_t moved_slices = std::min(slices(n), wanted_);
      b_.repeat(moved_slices, [&] {
        b_.M_BTMM(0, lanes, queries);
        b_.step(lanes, t_.head_lanes());
        b_.step(queries, blocks_ * queries_.block_step());
      });
      if (slices(n) > wanted_) {
        b_.M_BTMM(0, lanes, own);
      }
      if (n + 1 == blocks_) {
        break;
      }
      b_.step(lanes, apart * t_.tile_elems() - moved_slices * t_.head_lanes());
      b_.step(own, q_.block_step());
      if (copied()) {
        b_.copy(queries, copy);
        b_.step(queries, (n + 1) * queries_.block_step());
      }
    }
  }

  // ---- products with the values

  void fetch_values() override {
    for (std::uint64_t n = 0; n < blocks_; ++n) {
      fetch_residues(n, 0, groups_, blocks_ * at_once_ + n * value_tiles());
    }
  }

  void fetch_residues(
    std::uint64_t block, std::uint64_t group, std::uint64_t count, std::uint64_t slot
  ) {
    set_up_transfers(b_, v_.stored, t_.heads * v_.stored.row_bytes());
    const std::uint64_t end = group + lower::round_up(count, t_.prefetch_tiles);
    low_.reads_rows(v_, batch_ * shape_.keys + end * t_.heads * t_.mlen);
    const lower::Gp to = b_.set(slot * t_.tile_elems());
    const lower::Gp from =
      offset(v_, (group * t_.mlen + 1) * t_.heads - 1, block * t_.mlen);
    ops::fetch_residues(low_, {v_, values_base_, count, groups_at_once_}, to, from);
  }

  void values() override {
    for (std::uint64_t n = blocks_; n-- > 0;) {
      const bool all = groups_at_once_ >= groups_;
      if (!together_ && all) {
        fetch_residues(n, 0, groups_, 0);
      }
      const std::uint64_t slot = together_ ? blocks_ * at_once_ + n * value_tiles() : 0;
      if (!shape_.masked && !packed_) {
        value_tiles_of(n, slot, all, tiles_.rows(), tiles_.rows() - 1, tiles_.keys_of(0));
        continue;
      }
      for (std::uint64_t r = tiles_.rows(); r-- > 0;) {
        value_tiles_of(n, slot, all, 1, r, tiles_.keys_of(r));
      }
    }
    if (packed_) {
      add_to_pack();
    }
  }

  void values_of(std::uint64_t begin, std::uint64_t, std::uint64_t key_tile) override {
    const TileRange keys{key_tile, key_tile + 1};
    for (std::uint64_t n = blocks_; n-- > 0;) {
      const std::uint64_t group = together_ ? 0 : key_tile / t_.heads;
      if (!together_) {
        fetch_residues(n, group, 1, 0);
      }
      const std::uint64_t slot = together_ ? blocks_ * at_once_ + n * value_tiles() : 0;
      multiply(at_scores(key_tile, begin), keys, key_tile, slot, group);
      lower::Address target = result_.at(n);
      target.offset -= (t_.heads - 1) * t_.tile_elems();
      b_.M_BMM_WO(b_.set(target), 0);
    }
  }

  /// `count` tiles of the result from row tile `last` down, columns of one block.
  void value_tiles_of(
    std::uint64_t block,
    std::uint64_t slot,
    bool all,
    std::uint64_t count,
    std::uint64_t last,
    const TileRange& keys
  ) {
    const std::uint64_t row = last * t_.mlen;
    const lower::Gp p = at_scores(keys.first, row);
    lower::Address target = result_.at(block, row + (direct_ ? batch_ * shape_.queries : 0));
    target.offset -= (t_.heads - 1) * t_.tile_elems();
    const lower::Gp result = b_.set(target);
    if (direct_ && head_) {
      b_.S_ADD_INT(result, result, *head_);
    }
    b_.loop(count, [&] {
      if (all) {
        multiply(p, keys, keys.first, slot, 0);
      } else {
        for (std::uint64_t g = keys.first / t_.heads; g * t_.heads < keys.end;
             g += groups_at_once_) {
          fetch_residues(block, g, std::min(groups_at_once_, groups_ - g), 0);
          const TileRange part{
            std::max(keys.first, g * t_.heads),
            std::min(keys.end, (g + groups_at_once_) * t_.heads)};
          multiply(p, part, keys.first, 0, g);
        }
      }
      b_.M_BMM_WO(result, 0);
      if (count > 1) {
        const lower::Gp tile = b_.set(t_.tile_elems());
        b_.S_SUB_INT(result, result, tile);
        b_.S_SUB_INT(p, p, tile);
      }
    });
  }

  /// Products of scores with values, tiles `keys` of these; `p` points to the scores with tile
  /// `at`, the values of groups from `group` on lie from `slot` on.
  void multiply(
    lower::Gp p, const TileRange& keys, std::uint64_t at, std::uint64_t slot, std::uint64_t group
  ) {
    const lower::Gp copy = b_.copy(p);
    b_.step(copy, (keys.first - at) * scores_.block_step());
    const lower::Gp matrix_copy = b_.set(
      (slot + keys.first / t_.heads - group) * t_.tile_elems() +
      keys.first % t_.heads * t_.head_lanes()
    );
    b_.repeat(t_.heads, [&] {
      if (keys.count() == 1) {
        b_.M_BMM(0, matrix_copy, copy);
      } else {
        multiply_copy(matrix_copy, copy, keys);
      }
      b_.step(copy, scores_.all_rows() * t_.mlen);
      b_.step(matrix_copy, groups_at_once_ * t_.tile_elems());
    });
  }

  void multiply_copy(lower::Gp matrix_copy, lower::Gp copy, const TileRange& keys) {
    const lower::Gp vector = b_.copy(copy);
    const lower::Gp matrix = b_.copy(matrix_copy);
    const auto products = [&](std::uint64_t count) {
      b_.repeat(count, [&] {
        b_.M_BMM(0, matrix, vector);
        b_.step(matrix, t_.head_lanes());
        b_.step(vector, scores_.block_step());
      });
    };
    const auto next_group = [&] { b_.step(matrix, t_.tile_elems() - t_.mlen); };
    const std::uint64_t until_group =
      std::min(lower::round_up(keys.first, t_.heads) - keys.first, keys.count());
    products(until_group);
    if (until_group == keys.count()) {
      return;
    }
    if (until_group != 0) {
      next_group();
    }
    const std::uint64_t rest = keys.count() - until_group;
    b_.loop(rest / t_.heads, [&] {
      products(t_.heads);
      next_group();
    });
    products(rest % t_.heads);
  }

  /// Adds the result of a head to the lanes that are its in the pack.
  void add_to_pack() {
    const lower::Gp from = b_.set(result_.at());
    const lower::Gp to = at(o_, 0);
    low_.each_row(shape_.queries, [&] {
      b_.V_SHFT_V(from, from, *lanes_);
      b_.V_ADD_VV(to, to, from);
      b_.step(from, t_.mlen);
      b_.step(to, t_.mlen);
    });
  }

  VectorTensor queries_;             ///< moved, by slice, then by block
  std::uint64_t first_copy_ = 1;     ///< slices that the first moved copy is up
  std::uint64_t groups_ = 0;         ///< of `heads` tiles of keys
  std::uint64_t groups_at_once_ = 0; ///< that the Matrix SRAM holds of one column of tiles
};

} // namespace

void lower_dense_attention(Lowering& low) { DenseAttention(low).run(); }

} // namespace plena::ops
