// What the schedules of attention have in common: where scores lie, masks, the softmax, and the
// fetching of keys and values. All scores of a head lie in the Vector SRAM at once, so that a row
// takes one ordinary softmax; products with the values are added up in the accumulator over all
// keys. In the online form there is one tile of scores at a time; maxima, sums and results of its
// rows are brought up to date with every tile of keys.
//
// As many query heads as a whole-tile product has slices are packed in the lanes of a row when they
// have HLEN columns each and share a head of keys: one M_BTMM then makes the scores of all of them,
// a tile per head. Otherwise heads come one at a time and start rows of their own.
#pragma once

#include "ops/attention.h"
#include "ops/lowering.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plena::ops {

class AttentionSchedule {
 public:
  AttentionSchedule(const AttentionSchedule&) = delete;
  AttentionSchedule& operator=(const AttentionSchedule&) = delete;
  virtual ~AttentionSchedule() = default;

  void run();

 protected:
  explicit AttentionSchedule(Lowering& low);

  // ---- what a schedule does its own way

  /// Before the first batch.
  virtual void prepare() {}
  /// The values of a head of keys, when they fit beside all of its keys.
  virtual void fetch_values() = 0;
  /// Scores of rows [rows.first, rows.end) with tiles of keys that have been fetched with a chunk;
  /// `apart` tiles from one column of tiles to the next.
  virtual void score_tiles(
    const TileRange& chunk, const TileRange& keys, const TileRange& rows, std::uint64_t apart
  ) = 0;
  /// After the queries of a head have been chosen.
  virtual void prepare_queries() {}
  virtual void values() = 0;
  /// Products of the scores with one tile of keys with its values, to the first rows of `result_`.
  virtual void values_of(std::uint64_t begin, std::uint64_t rows, std::uint64_t key_tile) = 0;

  // ---- memory

  VectorTensor scratch(
    std::string name,
    std::uint64_t blocks,
    std::uint64_t rows,
    std::uint64_t slack_tiles = 0,
    std::uint64_t more_rows = 0
  );
  std::uint64_t key_rest() const { return shape_.keys % t_.mlen; }
  std::uint64_t row_elems(std::uint64_t rows) const { return rows * t_.mlen; }
  std::uint64_t capacity() const {
    return t_.matrix_tiles / t_.prefetch_tiles * t_.prefetch_tiles;
  }
  /// Row of the scores for a row of the queries that starts a tile or is 0.
  std::uint64_t score_row(std::uint64_t query) const {
    return packed_ ? query * t_.heads : query;
  }
  /// Elements from one tile of queries to the next in the scores.
  std::uint64_t score_tile_step() const { return t_.tile_elems() * (packed_ ? t_.heads : 1); }

  /// In which order tiles of scores are made: what a whole-tile product writes beside the wanted
  /// slice lies where others are still to come.
  bool ascending() const { return wanted_ == 0; }

  lower::Address scores_at(std::uint64_t key_tile, std::uint64_t query) const {
    return shape_.online ? scores_.at() : scores_.at(key_tile, score_row(query));
  }

  /// A row of the current batch and head.
  lower::Gp at(const VectorTensor& tensor, std::uint64_t row);
  /// The scores of the current head of a pack.
  lower::Gp at_scores(std::uint64_t key_tile, std::uint64_t query);
  /// Byte offset of a row of the current batch and head of keys or values.
  lower::Gp offset(const WeightTensor& matrix, std::uint64_t row, std::uint64_t col = 0);
  /// Tiles of `blocks` columns of tiles from row `tile` on, one column after the other.
  void fetch(
    const WeightTensor& matrix,
    lower::Addr base,
    std::uint64_t slot,
    std::uint64_t tile,
    std::uint64_t blocks,
    std::uint64_t tiles,
    std::uint64_t block = 0
  );

  // ---- work

  /// Rows that meet the same tiles of keys: all, or those of one tile of queries.
  template <class F> void each_part(F&& part) {
    if (!shape_.masked && !packed_) {
      part(std::uint64_t{0}, shape_.queries, tiles_.keys_of(0));
      return;
    }
    for (std::uint64_t i = 0; i < tiles_.rows(); ++i) {
      const std::uint64_t begin = i * t_.mlen;
      part(begin, std::min(t_.mlen, shape_.queries - begin), tiles_.keys_of(i));
    }
  }
  /// Rows that are moved to several places, `first` lanes up for the first of them and `next` lanes
  /// more for each other one. The registers are added to the addresses.
  void move_rows(
    lower::Address from,
    std::optional<lower::Gp> from_more,
    const std::vector<lower::Address>& to,
    std::optional<lower::Gp> to_more,
    std::uint64_t first,
    std::uint64_t next,
    std::uint64_t rows
  );

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  AttentionShape shape_;
  ScoreTiles tiles_;
  VectorTensor q_;
  WeightTensor k_;
  WeightTensor v_;
  bool packed_ = false;
  std::uint64_t blocks_ = 0;  ///< of columns of a head or pack
  std::uint64_t at_once_ = 0; ///< tiles of keys, all blocks, in the Matrix SRAM; at most all
  bool together_ = false;     ///< all keys and all values of a head fit
  bool direct_ = true;        ///< products are written to the output itself
  std::uint64_t wanted_ = 0;  ///< slice of a whole-tile product with the scores of a single head
  std::uint64_t copies_ = 0;  ///< of normalised scores, behind these, each a lane further up
  VectorTensor scores_;       ///< tiles of keys are blocks
  VectorTensor o_;
  VectorTensor result_; ///< where products are written: the output, or one head or pack of it
  lower::Addr keys_base_{};
  lower::Addr values_base_{};

  std::uint64_t batch_ = 0;
  std::optional<lower::Gp> head_;    ///< elements from the first head or pack to the current one
  std::optional<lower::Gp> kv_head_; ///< the same in columns of keys and values
  std::optional<lower::Gp> slice_;   ///< elements from the scores of a pack's first head
  std::optional<lower::Gp> lanes_;   ///< from the first lane of the pack
  std::optional<lower::Gp> sink_;    ///< number of the head, when there are sinks

 private:
  struct TileMask {
    std::uint64_t tile; ///< of those that the softmax is over
    lower::Gp row;
    bool moves;
  };

  template <class G, class H> void each_head(G&& group, H&& head);
  template <class F> void each_slice(F&& body);
  void make_masks();
  void make_mask(std::uint64_t behind, lower::Gp all);
  void scores();
  void pack_scores(const TileRange& chunk, const TileRange& keys, const TileRange& rows);
  void softmax(std::uint64_t begin, std::uint64_t count, const TileRange& keys);
  std::vector<TileMask> masks_of(std::uint64_t begin, const TileRange& keys);
  /// Where a row of the mask that is an input lies at a tile of keys; nothing without one.
  std::optional<lower::Gp> mask_rows(std::uint64_t key_tile, std::uint64_t query);
  void load_sinks();
  void online();
  void online_rows(std::uint64_t begin, std::uint64_t count, const TileRange& key, bool first);
  void add_result(std::uint64_t count, bool first);
  void divide_result(std::uint64_t begin, std::uint64_t count);
  void copy_result();
  const VectorTensor& total_row();

  std::optional<lower::Fp> scale_; ///< of scores as the products leave them
  std::optional<lower::Fp> four_;
  std::optional<lower::SymbolId> sinks_; ///< by head, in the FP SRAM
  /// Of the online form, by row of a tile of queries: in the FP SRAM the largest score, the sum of
  /// exponentials, and what earlier results are multiplied by; then the results.
  lower::SymbolId largest_{};
  lower::SymbolId sums_{};
  lower::SymbolId factors_{};
  VectorTensor sum_;
  std::optional<VectorTensor> total_;
  std::optional<VectorTensor> columns_;
  std::optional<VectorTensor> mask_; ///< an input: tiles of keys are blocks
  std::map<std::uint64_t, VectorTensor> masks_; ///< by how many tiles keys lie behind queries
};

/// Whole tiles by M_BTMM and M_BMM (compiler_backend.md 6.2).
void lower_dense_attention(Lowering& low);

} // namespace plena::ops
