#include "ops/attention_schedule.h"

#include "numerics/minifloat.h"

#include <fmt/format.h>
#include <limits>

namespace plena::ops {

AttentionSchedule::AttentionSchedule(Lowering& low)
    : low_(low),
      b_(low.builder()),
      t_(low.tiling()),
      shape_(attention_shape(low.view())),
      tiles_(shape_, t_.mlen),
      q_(low.input(Queries)),
      k_(low.stored(Keys)),
      v_(low.stored(Values)) {
  if (low.view().has_input(Mask)) {
    mask_ = low.input(Mask);
  }
  packed_ = q_.group_cols == 0 && shape_.can_pack(t_.mlen, t_.blen, t_.heads);
  blocks_ = t_.blocks(packed_ ? t_.mlen : shape_.width);
  at_once_ = std::min(
    lower::round_up(tiles_.keys(), t_.prefetch_tiles),
    capacity() / blocks_ / t_.prefetch_tiles * t_.prefetch_tiles
  );
  const bool whole_tiles = packed_ || low.dense();
  const std::uint64_t all_rows =
    lower::round_up(shape_.queries, whole_tiles ? t_.mlen : t_.blen);
  if (whole_tiles) {
    low_.reads_rows(q_, (shape_.batch - 1) * shape_.queries + all_rows);
  }
  const std::uint64_t rows = shape_.online ? std::min(all_rows, t_.mlen) : all_rows;
  const std::uint64_t key_tiles = shape_.online ? 1 : tiles_.keys();
  std::uint64_t below = 0;
  std::uint64_t above = 0;
  if (low.dense()) {
    copies_ = t_.heads - 1;
    if (!packed_) {
      // With a single slice, or a single tile, nothing that is wanted lies where products write
      // what the other slices hold.
      const std::uint64_t slices =
        lower::ceil_div(std::min(shape_.width, t_.mlen), t_.head_lanes());
      const bool alone =
        slices == 1 || shape_.online || tiles_.rows() * tiles_.keys() == 1;
      wanted_ = alone ? slices - 1 : t_.heads - 1;
      below = wanted_;
      above = t_.heads - 1 - wanted_;
    }
  }
  const std::uint64_t score_rows = score_row(rows);
  scores_ = scratch(
    "scores",
    key_tiles,
    score_rows,
    below,
    std::max(copies_ * key_tiles * score_rows, above * t_.mlen)
  );
  // Rows behind those of a batch belong to the next; whole tiles also overwrite what lies before.
  if (low.dense()) {
    direct_ = !packed_ &&
              (shape_.batch == 1 || (shape_.queries % t_.mlen == 0 && q_.blocks == 1));
  } else {
    direct_ = shape_.batch == 1 || shape_.queries % t_.blen == 0;
  }
  direct_ = direct_ && !shape_.online;
  const std::uint64_t slack = low.dense() ? t_.heads - 1 : 0;
  o_ = low.output(0, direct_ ? slack : 0);
  result_ = direct_ ? o_ : scratch("result of a head", blocks_, rows, slack);
  if (shape_.online) {
    largest_ = low_.fp_scratch("largest scores", rows);
    sums_ = low_.fp_scratch("sums of exponentials", rows);
    factors_ = low_.fp_scratch("factors of earlier results", rows);
    sum_ = scratch("sum of results", blocks_, rows);
  }
}

VectorTensor AttentionSchedule::scratch(
  std::string name,
  std::uint64_t blocks,
  std::uint64_t rows,
  std::uint64_t slack_tiles,
  std::uint64_t more_rows
) {
  VectorTensor tensor;
  tensor.rows = tensor.phys_rows = rows;
  tensor.blocks = blocks;
  tensor.cols = blocks * t_.mlen;
  tensor.lanes = t_.mlen;
  tensor.offset = slack_tiles * t_.tile_elems();
  tensor.symbol =
    low_.scratch(std::move(name), slack_tiles * t_.mlen + tensor.all_rows() + more_rows);
  return tensor;
}

// ---- order of the work

/// Runs `head` for all heads or packs of all batches, and `group` before those that share keys and
/// values. From the last to the first: whole tiles overwrite what lies before them.
template <class G, class H> void AttentionSchedule::each_head(G&& group, H&& head) {
  const std::uint64_t in_group = shape_.ratio() / (packed_ ? t_.heads : 1);
  const std::uint64_t heads = shape_.kv_heads * in_group;
  const std::uint64_t head_step = blocks_ * q_.block_step();
  const std::uint64_t kv_step = t_.blocks(shape_.width) * t_.mlen;
  for (batch_ = shape_.batch; batch_-- > 0;) {
    if (heads > 1) {
      head_ = b_.set((heads - 1) * head_step);
    }
    if (shape_.kv_heads > 1) {
      kv_head_ = b_.set((shape_.kv_heads - 1) * kv_step);
    }
    if (sinks_ && heads > 1) {
      sink_ = b_.set(shape_.heads - (packed_ ? t_.heads : 1));
    } else if (sinks_) {
      sink_ = packed_ ? b_.set(0) : lower::zero_gp;
    }
    const auto one_head = [&] {
      head();
      if (sink_ && heads > 1) {
        // A pack has moved on by all of its heads.
        b_.S_SUB_INT(*sink_, *sink_, b_.set(packed_ ? 2 * t_.heads : 1));
      }
      if (head_) {
        b_.S_SUB_INT(*head_, *head_, b_.set(head_step));
      }
    };
    b_.loop(shape_.kv_heads, [&] {
      group();
      if (packed_) {
        // The loop over the heads of a pack takes the registers of this one.
        for (std::uint64_t i = 0; i < in_group; ++i) {
          one_head();
        }
      } else {
        b_.loop(in_group, one_head);
      }
      if (kv_head_) {
        b_.S_SUB_INT(*kv_head_, *kv_head_, b_.set(kv_step));
      }
    });
    head_.reset();
    kv_head_.reset();
    sink_.reset();
  }
}

/// Runs `body` for each head of a pack.
template <class F> void AttentionSchedule::each_slice(F&& body) {
  if (!packed_) {
    body();
    return;
  }
  slice_ = b_.set(0);
  lanes_ = b_.set(0);
  b_.loop(t_.heads, [&] {
    body();
    b_.step(*slice_, t_.tile_elems());
    b_.step(*lanes_, t_.head_lanes());
    if (sink_) {
      b_.step(*sink_, 1);
    }
  });
  slice_.reset();
  lanes_.reset();
}

void AttentionSchedule::run() {
  if (q_.group_cols != 0 && q_.group_cols != shape_.width) {
    return low_.fail(low_.view().error(
      "E_LAYOUT",
      fmt::format(
        "heads have {} columns, another operator keeps {} columns of {} together",
        shape_.width,
        q_.group_cols,
        low_.view().input(Queries)->name
      ),
      "give the operators tensors of their own"
    ));
  }
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
  const bool quartered = packed_ || low_.dense();
  const float scale = numerics::round_to_bf16(static_cast<float>(
    shape_.scale / (quartered ? product_factor : 1)
  ));
  if (scale != 1.0f) {
    scale_ = b_.constant(scale);
  }
  if (low_.dense()) {
    four_ = b_.constant(static_cast<float>(1 / product_factor));
  }
  load_sinks();
  make_masks();
  prepare();
  each_head(
    [&] {
      if (together_) {
        fetch(k_, keys_base_, 0, 0, blocks_, at_once_);
        fetch_values();
      }
    },
    [&] {
      prepare_queries();
      if (shape_.online) {
        return online();
      }
      scores();
      each_slice([&] {
        each_part([&](std::uint64_t begin, std::uint64_t rows, const TileRange& keys) {
          softmax(begin, rows, keys);
        });
        values();
      });
      copy_result();
    }
  );
}

void AttentionSchedule::load_sinks() {
  if (low_.view().has_input(Sinks)) {
    const ir::Tensor& sinks = *low_.view().input(Sinks);
    sinks_ = b_.table(sinks.name, sinks.constant->floats);
  }
}

// ---- addresses

lower::Gp AttentionSchedule::at(const VectorTensor& tensor, std::uint64_t row) {
  const lower::Gp address = b_.set(tensor.at(0, batch_ * shape_.queries + row));
  if (head_) {
    b_.S_ADD_INT(address, address, *head_);
  }
  return address;
}

lower::Gp AttentionSchedule::at_scores(std::uint64_t key_tile, std::uint64_t query) {
  const lower::Gp address = b_.set(scores_at(key_tile, query));
  if (slice_) {
    b_.S_ADD_INT(address, address, *slice_);
  }
  return address;
}

lower::Gp
AttentionSchedule::offset(const WeightTensor& matrix, std::uint64_t row, std::uint64_t col) {
  const lower::Gp offset = b_.set(matrix.at(batch_ * shape_.keys + row, col));
  for (std::uint64_t i = 0; kv_head_ && i < matrix.stored.element_bytes(); ++i) {
    b_.S_ADD_INT(offset, offset, *kv_head_);
  }
  return offset;
}

void AttentionSchedule::move_rows(
  lower::Address from,
  std::optional<lower::Gp> from_more,
  const std::vector<lower::Address>& to,
  std::optional<lower::Gp> to_more,
  std::uint64_t first,
  std::uint64_t next,
  std::uint64_t rows
) {
  constexpr std::size_t together = 6; // pointers that the registers hold beside others
  const auto pointer = [&](lower::Address address, const std::optional<lower::Gp>& more) {
    const lower::Gp reg = b_.set(address);
    if (more) {
      b_.S_ADD_INT(reg, reg, *more);
    }
    return reg;
  };
  for (std::size_t begin = 0; begin < to.size(); begin += together) {
    const std::size_t end = std::min(begin + together, to.size());
    const lower::Gp source =
      begin == 0 ? pointer(from, from_more) : pointer(to[begin - 1], to_more);
    std::vector<lower::Gp> targets;
    for (std::size_t i = begin; i < end; ++i) {
      targets.push_back(pointer(to[i], to_more));
    }
    const lower::Gp amount = b_.set(begin == 0 ? first : next);
    const lower::Gp more = first == next || begin != 0 ? amount : b_.set(next);
    b_.loop(rows, [&] {
      b_.V_SHFT_V(targets[0], source, amount);
      b_.step(source, t_.mlen);
      for (std::size_t i = 1; i < targets.size(); ++i) {
        b_.V_SHFT_V(targets[i], targets[i - 1], more);
        b_.step(targets[i - 1], t_.mlen);
      }
      b_.step(targets.back(), t_.mlen);
    });
  }
}

void AttentionSchedule::fetch(
  const WeightTensor& matrix,
  lower::Addr base,
  std::uint64_t slot,
  std::uint64_t tile,
  std::uint64_t blocks,
  std::uint64_t tiles,
  std::uint64_t block
) {
  set_up_transfers(b_, matrix.stored, matrix.stored.row_bytes());
  const std::uint64_t transfers = lower::ceil_div(tiles, t_.prefetch_tiles);
  low_.reads_rows(
    matrix, batch_ * shape_.keys + (tile + transfers * t_.prefetch_tiles) * t_.mlen
  );
  const lower::Gp to = b_.set(slot * t_.tile_elems());
  const lower::Gp column = offset(matrix, tile * t_.mlen, block * t_.mlen);
  b_.loop(blocks, [&] {
    const lower::Gp from = transfers == 1 ? column : b_.copy(column);
    b_.loop(transfers, [&] {
      b_.H_PREFETCH_M(to, from, base, 1, matrix.precision);
      b_.step(to, t_.prefetch_tiles * t_.tile_elems());
      if (transfers != 1) {
        b_.step(from, t_.prefetch_tiles * t_.mlen * matrix.stored.row_bytes());
      }
    });
    b_.step(column, t_.mlen * matrix.stored.element_bytes());
  });
}

// ---- masks

/// Rows that are added to scores that not all queries see: one for the keys that fill up the last
/// tile, or a tile of them by how far its keys lie behind its queries.
void AttentionSchedule::make_masks() {
  if (!shape_.masked && key_rest() == 0) {
    return;
  }
  const VectorTensor hidden = scratch("hidden scores", 1, 1);
  const lower::Gp all = b_.set(hidden.at());
  low_.clear_rows(all, 1);
  b_.set(all, hidden.at());
  b_.V_ADD_VF(all, all, b_.constant(hidden_score));
  if (!shape_.masked) {
    columns_ = scratch("mask of columns", 1, 1);
    const lower::Gp columns = b_.set(columns_->at());
    const lower::Gp rest = b_.set(key_rest());
    b_.V_SHFT_V(columns, all, rest);
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
void AttentionSchedule::make_mask(std::uint64_t behind, lower::Gp all) {
  const lower::Gp row = b_.set(masks_.at(behind).at());
  const bool own = behind == 0;
  const std::uint64_t distance = behind * t_.mlen; // from lane 0 to row 0
  const std::uint64_t first_cut =
    std::min(shape_.window - std::min(shape_.window, distance), t_.mlen);
  const lower::Gp later_from = b_.set(own ? 1 : t_.mlen);
  low_.each_row(first_cut, [&] {
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

// ---- scores

void AttentionSchedule::scores() {
  const std::uint64_t chunks = lower::ceil_div(tiles_.keys(), at_once_);
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const std::uint64_t c = ascending() ? i : chunks - 1 - i;
    const TileRange chunk{c * at_once_, std::min((c + 1) * at_once_, tiles_.keys())};
    if (!together_) {
      fetch(
        k_, keys_base_, 0, chunk.first, blocks_, lower::round_up(chunk.count(), t_.prefetch_tiles)
      );
    }
    const std::uint64_t apart =
      together_ ? at_once_ : lower::round_up(chunk.count(), t_.prefetch_tiles);
    const auto tiles = [&](const TileRange& keys, const TileRange& rows) {
      if (packed_) {
        pack_scores(chunk, keys, rows);
      } else {
        score_tiles(chunk, keys, rows, apart);
      }
    };
    if (!shape_.masked) {
      tiles(chunk, {0, shape_.queries});
      continue;
    }
    for (std::uint64_t tile = 0; tile < chunk.count(); ++tile) {
      const std::uint64_t j = ascending() ? chunk.first + tile : chunk.end - 1 - tile;
      const TileRange rows = tiles_.rows_of(j);
      tiles({j, j + 1}, {rows.first * t_.mlen, std::min(rows.end * t_.mlen, shape_.queries)});
    }
  }
}

void AttentionSchedule::pack_scores(
  const TileRange& chunk, const TileRange& keys, const TileRange& rows
) {
  const lower::Gp matrix = b_.set((keys.first - chunk.first) * t_.tile_elems());
  const lower::Gp column = b_.set(scores_.at(keys.first, score_row(rows.first)));
  b_.loop(keys.count(), [&] {
    const lower::Gp q = at(q_, rows.first);
    const lower::Gp score = b_.copy(column);
    b_.loop(lower::ceil_div(rows.count(), t_.mlen), [&] {
      b_.M_BTMM(0, matrix, q);
      b_.M_BMM_WO(score, 0);
      b_.step(q, t_.tile_elems());
      b_.step(score, score_tile_step());
    });
    b_.step(matrix, t_.tile_elems());
    b_.step(column, scores_.block_step());
  });
}

// ---- softmax

std::vector<AttentionSchedule::TileMask>
AttentionSchedule::masks_of(std::uint64_t begin, const TileRange& keys) {
  std::vector<TileMask> masks;
  for (std::uint64_t j = keys.first; j < keys.end; ++j) {
    if (shape_.masked && tiles_.partly_hidden(begin / t_.mlen - j)) {
      masks.push_back({j - keys.first, b_.set(masks_.at(begin / t_.mlen - j).at()), true});
    } else if (columns_ && j + 1 == tiles_.keys()) {
      masks.push_back({j - keys.first, b_.set(columns_->at()), false});
    }
  }
  return masks;
}

std::optional<lower::Gp>
AttentionSchedule::mask_rows(std::uint64_t key_tile, std::uint64_t query) {
  return mask_ ? std::optional(b_.set(mask_->at(key_tile, shape_.mask_row(batch_, query))))
               : std::nullopt;
}

/// Softmax of `count` rows from `begin` on over the tiles of `keys`, where the scores lie.
void AttentionSchedule::softmax(
  std::uint64_t begin, std::uint64_t count, const TileRange& keys
) {
  const std::uint64_t most_pointers = packed_ ? 3 : 4; // that the registers hold
  const std::uint64_t copy_step = scores_.all_rows() * t_.mlen;
  const bool held = keys.count() <= most_pointers;
  const bool copied = keys.count() == 1 && copies_ <= 3; // row by row
  std::vector<lower::Gp> tiles; // pointers into each tile, or into the first only
  for (std::uint64_t j = 0; j < (held ? keys.count() : 1); ++j) {
    tiles.push_back(at_scores(keys.first + j, begin));
  }
  std::vector<lower::Gp> copies;
  if (copied) {
    for (std::uint64_t c = 0; c < copies_; ++c) {
      const lower::Gp copy = b_.copy(c == 0 ? tiles[0] : copies.back());
      b_.step(copy, copy_step);
      copies.push_back(copy);
    }
  }
  const lower::Gp one = copies.empty() ? lower::zero_gp : b_.set(1);
  const std::vector<TileMask> masks = masks_of(begin, keys);
  const std::optional<lower::Gp> mask_row = mask_rows(keys.first, begin);
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
  std::optional<lower::Fp> sink;
  if (sinks_) {
    sink = b_.fp();
    b_.S_LD_FP(*sink, *sink_, lower::Address{*sinks_});
  }
  const auto row = [&] {
    for (const TileMask& mask : masks) {
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
    const lower::Fp largest =
      sink ? b_.fp() : b_.constant(-std::numeric_limits<float>::infinity());
    if (sink) {
      b_.S_ADD_FP(largest, *sink, lower::zero_fp);
    }
    std::optional<lower::Gp> added = mask_row;
    if (mask_row && keys.count() > 1) {
      added = b_.copy(*mask_row);
    }
    each_tile([&](lower::Gp tile) {
      if (added) {
        b_.V_ADD_VV(tile, tile, *added);
        b_.step(*added, keys.count() > 1 ? mask_->block_step() : 0);
      }
      if (scale_) {
        b_.V_MUL_VF(tile, tile, *scale_);
      }
      b_.V_RED_MAX(largest, tile);
    });
    if (mask_row) {
      b_.step(*mask_row, t_.mlen);
    }
    if (total && !held) {
      clear_row(b_, *total, b_.set(t_.mlen));
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
    if (sink) {
      b_.S_SUB_FP(inverse, *sink, largest);
      b_.S_EXP_FP(inverse, inverse);
    } else {
      b_.clear(inverse);
    }
    b_.V_RED_SUM(inverse, total ? *total : tiles[0]);
    b_.S_RECI_FP(inverse, inverse);
    if (four_) {
      b_.S_MUL_FP(inverse, inverse, *four_);
    }
    each_tile([&](lower::Gp tile) { b_.V_MUL_VF(tile, tile, inverse); });
    for (std::size_t c = 0; c < copies.size(); ++c) {
      b_.V_SHFT_V(copies[c], c == 0 ? tiles[0] : copies[c - 1], one);
    }
    for (const lower::Gp tile : tiles) {
      b_.step(tile, t_.mlen);
    }
    for (const lower::Gp copy : copies) {
      b_.step(copy, t_.mlen);
    }
  };
  // Rows that are moved as well are long enough.
  b_.loop(count, copied && copies_ != 0 ? 1 : 4, row);
  if (copies_ == 0 || copied) {
    return;
  }
  for (std::uint64_t j = keys.first; j < keys.end; ++j) {
    std::vector<lower::Address> to;
    for (std::uint64_t c = 1; c <= copies_; ++c) {
      to.push_back(scores_.at(j, score_row(begin) + c * scores_.all_rows()));
    }
    move_rows(scores_.at(j, score_row(begin)), slice_, to, slice_, 1, 1, count);
  }
}

// ---- online softmax

void AttentionSchedule::online() {
  for (std::uint64_t i = 0; i < tiles_.rows(); ++i) {
    const std::uint64_t begin = i * t_.mlen;
    const std::uint64_t count = std::min(t_.mlen, shape_.queries - begin);
    const TileRange keys = tiles_.keys_of(i);
    for (std::uint64_t j = keys.first; j < keys.end; ++j) {
      const TileRange key{j, j + 1};
      if (!together_) {
        fetch(k_, keys_base_, 0, j, blocks_, t_.prefetch_tiles);
      }
      score_tiles(
        together_ ? TileRange{0, tiles_.keys()} : key,
        key,
        {begin, begin + count},
        together_ ? at_once_ : t_.prefetch_tiles
      );
      online_rows(begin, count, key, j == keys.first);
      values_of(begin, count, j);
      add_result(count, j == keys.first);
    }
    divide_result(begin, count);
  }
}

/// Exponentials of the scores with one tile of keys.
void AttentionSchedule::online_rows(
  std::uint64_t begin, std::uint64_t count, const TileRange& key, bool first
) {
  const lower::Gp tile = b_.set(scores_.at());
  const lower::Gp entry = b_.set(0);
  const std::vector<TileMask> masks = masks_of(begin, key);
  const std::optional<lower::Gp> mask_row = mask_rows(key.first, begin);
  std::optional<lower::Fp> sink;
  if (sinks_ && first) {
    sink = b_.fp();
    b_.S_LD_FP(*sink, *sink_, lower::Address{*sinks_});
  }
  b_.loop(count, 2, [&] {
    for (const TileMask& mask : masks) {
      b_.V_ADD_VV(tile, tile, mask.row);
      if (mask.moves) {
        b_.step(mask.row, t_.mlen);
      }
    }
    if (mask_row) {
      b_.V_ADD_VV(tile, tile, *mask_row);
      b_.step(*mask_row, t_.mlen);
    }
    if (scale_) {
      b_.V_MUL_VF(tile, tile, *scale_);
    }
    // The factor of what there is so far; of the sink, when that is all.
    const lower::Fp factor = b_.fp();
    const lower::Fp largest = b_.fp();
    if (sink) {
      b_.S_ADD_FP(factor, *sink, lower::zero_fp);
    } else if (!first) {
      b_.S_LD_FP(factor, entry, lower::Address{largest_});
    }
    if (first && !sink) {
      b_.S_ADD_FP(largest, b_.constant(-std::numeric_limits<float>::infinity()), lower::zero_fp);
    } else {
      b_.S_ADD_FP(largest, factor, lower::zero_fp);
    }
    b_.V_RED_MAX(largest, tile);
    b_.S_ST_FP(largest, entry, lower::Address{largest_});
    b_.V_SUB_VF(tile, tile, largest);
    b_.V_EXP_V(tile, tile);
    if (!first || sink) {
      b_.S_SUB_FP(factor, factor, largest);
      b_.S_EXP_FP(factor, factor);
    }
    // Rounded before it is added to what there is, as by upstream's programs.
    const lower::Fp own_sum = b_.fp();
    b_.clear(own_sum);
    b_.V_RED_SUM(own_sum, tile);
    if (!first) {
      b_.S_ST_FP(factor, entry, lower::Address{factors_});
      const lower::Fp sum = b_.fp();
      b_.S_LD_FP(sum, entry, lower::Address{sums_});
      b_.S_MUL_FP(sum, sum, factor);
      b_.S_ADD_FP(own_sum, own_sum, sum);
    } else if (sink) {
      b_.S_ADD_FP(own_sum, own_sum, factor);
    }
    b_.S_ST_FP(own_sum, entry, lower::Address{sums_});
    b_.step(tile, t_.mlen);
    b_.step(entry, 1);
  });
  std::vector<lower::Address> to;
  for (std::uint64_t c = 1; c <= copies_; ++c) {
    to.push_back(scores_.at(0, c * scores_.all_rows()));
  }
  move_rows(scores_.at(), {}, to, {}, 1, 1, count);
}

void AttentionSchedule::add_result(std::uint64_t count, bool first) {
  for (std::uint64_t n = 0; n < blocks_; ++n) {
    const lower::Gp from = b_.set(result_.at(n));
    const lower::Gp to = b_.set(sum_.at(n));
    const lower::Gp entry = b_.set(0);
    b_.loop(count, 4, [&] {
      if (first) {
        b_.V_ADD_VF(to, from, lower::zero_fp);
      } else {
        const lower::Fp factor = b_.fp();
        b_.S_LD_FP(factor, entry, lower::Address{factors_});
        b_.V_MUL_VF(to, to, factor);
        b_.V_ADD_VV(to, to, from);
        b_.step(entry, 1);
      }
      b_.step(from, t_.mlen);
      b_.step(to, t_.mlen);
    });
  }
}

void AttentionSchedule::divide_result(std::uint64_t begin, std::uint64_t count) {
  for (std::uint64_t n = 0; n < blocks_; ++n) {
    const lower::Gp from = b_.set(sum_.at(n));
    const lower::Gp to = at(o_, begin);
    b_.step(to, n * o_.block_step());
    const lower::Gp entry = b_.set(0);
    b_.loop(count, 4, [&] {
      const lower::Fp inverse = b_.fp();
      b_.S_LD_FP(inverse, entry, lower::Address{sums_});
      b_.S_RECI_FP(inverse, inverse);
      if (four_) {
        b_.S_MUL_FP(inverse, inverse, *four_);
      }
      b_.V_MUL_VF(to, from, inverse);
      b_.step(from, t_.mlen);
      b_.step(to, t_.mlen);
      b_.step(entry, 1);
    });
  }
}

const VectorTensor& AttentionSchedule::total_row() {
  if (!total_) {
    total_ = scratch("total", 1, 1);
  }
  return *total_;
}

// ---- result

void AttentionSchedule::copy_result() {
  if (direct_ || (packed_ && low_.dense())) {
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

} // namespace plena::ops
