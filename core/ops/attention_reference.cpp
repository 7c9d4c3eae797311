// References of attention. The one in hardware precision does what the schedules do, tile by tile:
// scores that a query does not see get a large negative number, and what their exponentials leave
// takes part in sums and products.
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/arith.h"
#include "ops/attention.h"
#include "ops/chains.h"

#include <span>
#include <vector>

namespace plena::ops {

namespace {

/// Values of one head: rows from `row` on, zeros behind the end.
std::vector<float> head_rows(
  std::span<const float> values,
  const Extent& extent,
  std::uint64_t first_row,
  std::uint64_t rows,
  std::uint64_t first_col,
  std::uint64_t cols
) {
  std::vector<float> part(to_size(rows * cols));
  for (std::uint64_t r = 0; r < rows && first_row + r < extent.rows; ++r) {
    const auto begin =
      values.begin() + static_cast<std::ptrdiff_t>((first_row + r) * extent.cols + first_col);
    std::copy_n(begin, cols, part.begin() + static_cast<std::ptrdiff_t>(r * cols));
  }
  return part;
}

std::vector<float> transposed(const std::vector<float>& values, std::size_t cols) {
  std::vector<float> result(values.size());
  const std::size_t rows = values.size() / cols;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      result[c * rows + r] = values[r * cols + c];
    }
  }
  return result;
}

/// What is added to the scores of a query; empty without a mask that is an input.
std::span<const float> mask_row(
  const ReferenceCall& call,
  const AttentionShape& shape,
  std::uint64_t sequence,
  std::uint64_t query
) {
  if (!call.view.has_input(Mask)) {
    return {};
  }
  const std::uint64_t row = shape.mask_row(sequence, query);
  return call.inputs[Mask].subspan(to_size(row * shape.keys), to_size(shape.keys));
}

/// Where a head leaves the weights of a query, a key each; not everybody asks.
using WeightsOf = std::vector<float>*;

class HardwareHead {
 public:
  HardwareHead(const ReferenceCall& call, const AttentionShape& shape)
      : call_(call),
        shape_(shape),
        lanes_(call.arithmetic.lanes),
        tiles_(shape, lanes_) {
    const Arithmetic& machine = call.arithmetic;
    const bool packed = machine.plan.group_cols(call.view.node.inputs[Queries]) == 0 &&
                        shape.can_pack(lanes_, machine.block, machine.heads);
    const bool quartered = call.dense || packed;
    factor_ = quartered ? static_cast<float>(product_factor) : 1.0f;
    scale_ = hw::constant(shape.scale / static_cast<double>(factor_));
    const std::uint64_t at_once = quartered ? lanes_ / machine.heads : lanes_;
    for (std::uint64_t c = 0; c < shape.width; c += at_once) {
      score_chains_.push_back(range(c, std::min(c + at_once, shape.width), 1));
    }
    const std::uint64_t slices = call.dense ? machine.heads : 1;
    value_factor_ = call.dense ? static_cast<float>(product_factor) : 1.0f;
    for (std::uint64_t i = 0; i < tiles_.rows(); ++i) {
      Chains chains;
      const TileRange keys = tiles_.keys_of(i);
      for (std::uint64_t slice = slices; slice-- > 0;) {
        for (std::uint64_t j = keys.first; j < keys.end; ++j) {
          chains.push_back(range(j * lanes_ + slice, (j + 1) * lanes_, slices));
        }
      }
      value_chains_.push_back(std::move(chains));
    }
  }

  void keys_and_values(std::uint64_t batch, std::uint64_t head) {
    sequence_ = batch;
    const auto rows = [&](std::size_t input) {
      return head_rows(
        call_.inputs[input],
        call_.view.input_extent(input),
        batch * shape_.keys,
        tiles_.keys() * lanes_,
        head * shape_.width,
        shape_.width
      );
    };
    keys_ = transposed(rows(Keys), to_size(shape_.width));
    values_ = rows(Values);
    of_keys_ = magnitudes(keys_);
    of_values_ = magnitudes(values_);
  }

  std::vector<float> row(
    std::span<const float> q,
    std::uint64_t query,
    std::span<const float> sinks,
    WeightsOf weights = nullptr
  ) const {
    const std::span<const float> mask = mask_row(call_, shape_, sequence_, query);
    const std::uint64_t tile = query / lanes_;
    const TileRange keys = tiles_.keys_of(tile);
    const std::size_t all = to_size(tiles_.keys() * lanes_);
    const std::vector<float> products =
      product_by_chains(q, keys_, all, of_keys_, score_chains_, factor_);
    std::vector<float> scores(all);
    const std::size_t begin = to_size(keys.first * lanes_);
    const std::size_t end = to_size(keys.end * lanes_);
    for (std::size_t k = begin; k < end; ++k) {
      float score = hw::round(products[k]);
      if (k >= shape_.keys || !shape_.sees(query, k)) {
        score = hw::add(score, hidden_score);
      }
      if (k < mask.size()) {
        score = hw::add(score, mask[k]);
      }
      scores[k] = hw::mul(score, scale_);
    }
    const std::span<float> met = std::span(scores).subspan(begin, end - begin);
    if (shape_.online) {
      return online(scores, keys, tile, sinks, weights);
    }
    float largest = numerics::max_in_order(met);
    float of_sink = 0.0f;
    if (!sinks.empty()) {
      const float sink = loaded_sink(sinks[0]);
      largest = std::max(largest, sink);
      of_sink = hw::exp(hw::sub(sink, largest));
    }
    for (float& score : met) {
      score = hw::exp(hw::sub(score, largest));
    }
    const float sum = hw::sum_of_blocks(
      met.size(), lanes_, [&](std::uint64_t i) { return met[to_size(i)]; }, of_sink
    );
    const float inverse = inverse_of(sum);
    for (float& score : met) {
      score = hw::mul(score, inverse);
    }
    if (weights != nullptr) {
      weights->assign(to_size(shape_.keys), 0.0f);
      for (std::size_t k = begin; k < std::min(end, weights->size()); ++k) {
        (*weights)[k] = scores[k] * value_factor_;
      }
    }
    std::vector<float> result = product_by_chains(
      scores,
      values_,
      to_size(shape_.width),
      of_values_,
      value_chains_[to_size(tile)],
      value_factor_
    );
    for (float& value : result) {
      value = hw::round(value);
    }
    return result;
  }

 private:
  /// What makes weights of exponentials, and good what products with values are scaled by. Small
  /// weights are exact for the longer when they are scaled up.
  float inverse_of(float sum) const { return hw::mul(hw::reci(sum), 1.0f / value_factor_); }

  /// Tile of keys after tile of keys.
  std::vector<float> online(
    std::vector<float> scores,
    const TileRange& keys,
    std::uint64_t row_tile,
    std::span<const float> sinks,
    WeightsOf weights
  ) const {
    const std::size_t lanes = to_size(lanes_);
    const Chains& chains = value_chains_[to_size(row_tile)];
    const std::size_t of_tile = chains.size() / to_size(keys.count()); // slices of each tile
    std::vector<float> result(to_size(shape_.width));
    if (weights != nullptr) {
      weights->assign(to_size(shape_.keys), 0.0f);
    }
    float largest = -std::numeric_limits<float>::infinity();
    float sum = 0.0f;
    if (!sinks.empty()) {
      largest = loaded_sink(sinks[0]);
    }
    for (std::uint64_t j = keys.first; j < keys.end; ++j) {
      const std::span<float> met = std::span(scores).subspan(to_size(j) * lanes, lanes);
      const bool first = j == keys.first;
      const float before = largest;
      largest = std::max(largest, numerics::max_in_order(met));
      for (float& score : met) {
        score = hw::exp(hw::sub(score, largest));
      }
      const float factor = hw::exp(hw::sub(before, largest));
      if (first) {
        sum = sinks.empty() ? 0.0f : factor;
      } else {
        sum = hw::mul(sum, factor);
      }
      const float own_sum =
        hw::sum_of_blocks(lanes, lanes_, [&](std::uint64_t i) { return met[to_size(i)]; });
      sum = hw::add(sum, own_sum);
      Chains own;
      for (std::size_t slice = 0; slice < of_tile; ++slice) {
        own.push_back(chains[slice * to_size(keys.count()) + to_size(j - keys.first)]);
      }
      const std::vector<float> products =
        product_by_chains(scores, values_, result.size(), of_values_, own, value_factor_);
      for (std::size_t c = 0; c < result.size(); ++c) {
        const float product = hw::round(products[c]);
        result[c] = first ? product : hw::add(hw::mul(result[c], factor), product);
      }
      if (weights != nullptr) {
        const std::size_t begin = to_size(j) * lanes;
        const std::size_t end = std::min(begin + lanes, weights->size());
        for (std::size_t k = to_size(keys.first) * lanes; k < end; ++k) {
          (*weights)[k] = k < begin ? (*weights)[k] * factor : scores[k];
        }
      }
    }
    const float inverse = inverse_of(sum);
    for (float& value : result) {
      value = hw::mul(value, inverse);
    }
    for (std::size_t k = 0; weights != nullptr && k < weights->size(); ++k) {
      (*weights)[k] *= inverse * value_factor_;
    }
    return result;
  }

  static std::vector<std::size_t>
  range(std::uint64_t begin, std::uint64_t end, std::uint64_t step) {
    std::vector<std::size_t> numbers;
    for (std::uint64_t i = begin; i < end; i += step) {
      numbers.push_back(to_size(i));
    }
    return numbers;
  }

  const ReferenceCall& call_;
  AttentionShape shape_;
  std::uint64_t lanes_;
  std::uint64_t sequence_ = 0;
  ScoreTiles tiles_;
  float factor_ = 1.0f;       ///< of products of queries and keys
  float scale_ = 1.0f;        ///< of these
  float value_factor_ = 1.0f; ///< of products with values, made good by inverse_of()
  Chains score_chains_;
  std::vector<Chains> value_chains_; ///< by tile of queries
  std::vector<float> keys_;          ///< one row per column of the head
  std::vector<float> values_;
  Magnitudes of_keys_;
  Magnitudes of_values_;
};

class ExactHead {
 public:
  ExactHead(const ReferenceCall& call, const AttentionShape& shape) : call_(call), shape_(shape) {}

  void keys_and_values(std::uint64_t batch, std::uint64_t head) {
    sequence_ = batch;
    first_ = batch * shape_.keys;
    column_ = head * shape_.width;
  }

  std::vector<float> row(
    std::span<const float> q,
    std::uint64_t query,
    std::span<const float> sinks,
    WeightsOf weights = nullptr
  ) const {
    std::vector<double> scores;
    std::vector<std::uint64_t> seen;
    double largest = -std::numeric_limits<double>::infinity();
    const std::span<const float> mask = mask_row(call_, shape_, sequence_, query);
    for (std::uint64_t key = 0; key < shape_.keys; ++key) {
      const float added = mask.empty() ? 0.0f : mask[to_size(key)];
      if (!shape_.sees(query, key) || is_hidden(added)) {
        continue;
      }
      double score = 0;
      for (std::size_t c = 0; c < q.size(); ++c) {
        score += static_cast<double>(q[c]) * at(Keys, key, c);
      }
      seen.push_back(key);
      scores.push_back((score + static_cast<double>(added)) * shape_.scale);
      largest = std::max(largest, scores.back());
    }
    double sum = 0;
    if (!sinks.empty()) {
      const double sink = static_cast<double>(sinks[0]);
      largest = std::max(largest, sink);
      sum = numerics::exp_f64(sink - largest);
    }
    std::vector<double> result(q.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const double weight = numerics::exp_f64(scores[i] - largest);
      sum += weight;
      for (std::size_t c = 0; c < q.size(); ++c) {
        result[c] += weight * at(Values, seen[i], c);
      }
    }
    if (weights != nullptr) {
      weights->assign(to_size(shape_.keys), 0.0f);
      for (std::size_t i = 0; i < seen.size(); ++i) {
        (*weights)[to_size(seen[i])] =
          static_cast<float>(numerics::exp_f64(scores[i] - largest) / sum);
      }
    }
    std::vector<float> rounded;
    for (const double value : result) {
      rounded.push_back(static_cast<float>(value / sum));
    }
    return rounded;
  }

 private:
  double at(std::size_t input, std::uint64_t key, std::size_t col) const {
    const std::uint64_t cols = shape_.kv_heads * shape_.width;
    return static_cast<double>(call_.inputs[input][to_size((first_ + key) * cols + column_) + col]);
  }

  const ReferenceCall& call_;
  AttentionShape shape_;
  std::uint64_t sequence_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t column_ = 0;
};

/// `visit(at, row)` with each head's part of a row, and where it starts; queries from `first` on.
template <class Head, class Visit>
void each_head_row(
  const ReferenceCall& call, std::uint64_t first, WeightsOf weights, Visit&& visit
) {
  const AttentionShape shape = attention_shape(call.view);
  const std::uint64_t cols = shape.heads * shape.width;
  Head head(call, shape);
  for (std::uint64_t b = 0; b < shape.batch; ++b) {
    for (std::uint64_t h = 0; h < shape.heads; ++h) {
      if (h % shape.ratio() == 0) {
        head.keys_and_values(b, h / shape.ratio());
      }
      const std::span<const float> sink = call.view.has_input(Sinks)
                                            ? call.inputs[Sinks].subspan(to_size(h), 1)
                                            : std::span<const float>{};
      for (std::uint64_t r = first; r < shape.queries; ++r) {
        const std::uint64_t at = (b * shape.queries + r) * cols + h * shape.width;
        visit(
          at,
          head.row(
            call.inputs[Queries].subspan(to_size(at), to_size(shape.width)), r, sink, weights
          )
        );
      }
    }
  }
}

template <class Head> std::vector<float> by_heads(const ReferenceCall& call) {
  std::vector<float> y(call.inputs[Queries].size());
  each_head_row<Head>(call, 0, nullptr, [&](std::uint64_t at, const std::vector<float>& row) {
    std::copy(row.begin(), row.end(), y.begin() + static_cast<std::ptrdiff_t>(at));
  });
  return y;
}

} // namespace

Results attention_reference(const ReferenceCall& call) {
  return {call.hardware() ? by_heads<HardwareHead>(call) : by_heads<ExactHead>(call)};
}

AttentionWeights attention_weights(const ReferenceCall& call, std::uint64_t last_queries) {
  const AttentionShape shape = attention_shape(call.view);
  AttentionWeights all{
    shape.batch, shape.heads, std::min(shape.queries, last_queries), shape.keys, {}};
  std::vector<float> weights;
  const auto take = [&](std::uint64_t, const std::vector<float>&) {
    all.values.insert(all.values.end(), weights.begin(), weights.end());
  };
  const std::uint64_t first = shape.queries - all.queries;
  if (call.hardware()) {
    each_head_row<HardwareHead>(call, first, &weights, take);
  } else {
    each_head_row<ExactHead>(call, first, &weights, take);
  }
  return all;
}

} // namespace plena::ops
