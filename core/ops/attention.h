// What attention's inference, references and schedules agree on: sizes, and which tiles of scores
// there are.
#pragma once

#include "lower/tiling.h"
#include "ops/op.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace plena::ops {

enum AttentionInput : std::size_t { Queries, Keys, Values, Sinks, Mask };

struct AttentionShape {
  std::uint64_t batch = 1;
  std::uint64_t heads = 1;
  std::uint64_t kv_heads = 1;
  std::uint64_t queries = 0; ///< rows of q in a batch
  std::uint64_t keys = 0;    ///< rows of k and v in a batch
  std::uint64_t width = 0;   ///< columns of a head
  double scale = 1;
  bool masked = false; ///< query i sees key j when j <= i and i - j < window
  std::uint64_t window = 0;
  bool own_masks = false; ///< each sequence has a mask of its own, as an input
  bool online = false; ///< scores of one tile at a time, sums are rescaled when a larger one comes

  /// Query heads that share a head of keys and values.
  std::uint64_t ratio() const { return heads / kv_heads; }
  /// The row of the mask that is an input.
  std::uint64_t mask_row(std::uint64_t sequence, std::uint64_t query) const {
    return (own_masks ? sequence * queries : 0) + query;
  }
  /// Whether `slices` heads fill the lanes of a row and share a head of keys.
  bool can_pack(std::uint64_t mlen, std::uint64_t blen, std::uint64_t slices) const {
    return !online && slices > 1 && width * slices == mlen && width % blen == 0 &&
           ratio() % slices == 0;
  }
  bool sees(std::uint64_t query, std::uint64_t key) const {
    return !masked || (key <= query && query - key < window);
  }
};

/// The node has passed infer_shapes().
AttentionShape attention_shape(const NodeView& view);

/// What the machine has of a sink: loaded as binary16, held as bf16.
float loaded_sink(float sink);

struct TileRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::uint64_t count() const { return end - first; }
};

/// Tiles of scores: MLEN queries by MLEN keys. Tiles in which no query sees a key are left out.
class ScoreTiles {
 public:
  ScoreTiles(const AttentionShape& shape, std::uint64_t mlen)
      : shape_(shape),
        mlen_(mlen),
        rows_(lower::ceil_div(shape.queries, mlen)),
        keys_(lower::ceil_div(shape.keys, mlen)) {}

  std::uint64_t rows() const { return rows_; }
  std::uint64_t keys() const { return keys_; }
  /// Tiles of keys that a tile of queries meets.
  TileRange keys_of(std::uint64_t row) const {
    return shape_.masked ? TileRange{row - std::min(row, furthest()), row + 1}
                         : TileRange{0, keys_};
  }
  /// Tiles of queries that a tile of keys meets.
  TileRange rows_of(std::uint64_t key) const {
    return shape_.masked ? TileRange{key, std::min(rows_, key + furthest() + 1)}
                         : TileRange{0, rows_};
  }
  /// Whether some of a tile's scores are hidden, by how far its keys lie behind its queries.
  bool partly_hidden(std::uint64_t behind) const {
    return shape_.masked && (behind == 0 || behind * mlen_ + mlen_ - 1 >= shape_.window);
  }

 private:
  /// Tiles that keys can lie behind queries that see them.
  std::uint64_t furthest() const {
    // The nearest pair of tiles that are n apart is n * mlen - (mlen - 1) apart.
    return (std::min(shape_.window, rows_ * mlen_) + mlen_ - 2) / mlen_;
  }

  AttentionShape shape_;
  std::uint64_t mlen_;
  std::uint64_t rows_;
  std::uint64_t keys_;
};

/// What is added to a score that a query does not see.
inline constexpr float hidden_score = -0x1p120f;
/// A score with so much added counts for nothing, whatever it was.
constexpr bool is_hidden(float added) { return added <= hidden_score / 2; }

/// What whole-tile products multiply by.
inline constexpr double product_factor = 0.25;

Results attention_reference(const ReferenceCall& call);

/// What queries take of the values of keys, all of them together 1 at most: a sink takes the rest.
struct AttentionWeights {
  std::uint64_t batch = 0;
  std::uint64_t heads = 0;
  std::uint64_t queries = 0;
  std::uint64_t keys = 0;
  std::vector<float> values; ///< by sequence, head, query and key
};
/// Of the last queries of each sequence, at most so many; from the very exponentials and sums that
/// the reference's result comes of.
AttentionWeights attention_weights(const ReferenceCall& call, std::uint64_t last_queries);
void lower_attention(Lowering& lowering);

} // namespace plena::ops
