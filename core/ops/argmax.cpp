// argmax: the number of the largest element of every row, the first of several. No instruction tells
// where a maximum is but V_TOPK, for up to 128 numbers: the largest of each block of columns, found by
// V_RED_MAX, are such numbers, and so are the lanes of the block that wins. Rows of more than 128
// blocks are chosen from in two rounds.
#include "ops/routing.h"

#include "base/size.h"
#include "numerics/bits.h"
#include "numerics/reduce.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <optional>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"x", Role::Activation}};
constexpr OutputSpec outputs[]{{"ids", ResultMemory::IntSram}};
constexpr float least = -std::numeric_limits<float>::infinity();

Result<ir::Shape> infer(const NodeView& view) {
  if (view.input(0)->shape.empty()) {
    return view.error("E_SHAPE", "x is a single number", "argmax goes along the last dimension");
  }
  ir::Shape shape = view.input(0)->shape;
  shape.back() = 1;
  return shape;
}

std::size_t exact_argmax(std::span<const float> row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] > row[best] || (numerics::is_nan(row[best]) && !numerics::is_nan(row[i]))) {
      best = i;
    }
  }
  return best;
}

/// What the machine finds; the same where all are numbers. A block with a NaN has no largest element
/// for V_RED_MAX, and V_TOPK looks for the lane of the block that wins also in the rows behind it.
std::size_t found_argmax(std::span<const float> row, std::uint64_t lanes) {
  const TopK of_lanes = top_k_for(lanes);
  const std::uint64_t blocks = lower::ceil_div(row.size(), lanes);
  std::vector<float> candidates(to_size(blocks * lanes + of_lanes.logits), least);
  std::transform(row.begin(), row.end(), candidates.begin(), [](float x) {
    return x + 0.0f; // zeros lose their sign
  });
  const std::span<const float> all(candidates);
  std::size_t winner = 0;
  float largest = least;
  for (std::size_t begin = 0; begin < row.size(); begin += to_size(lanes)) {
    const float of_block = numerics::max_in_order(all.subspan(begin, to_size(lanes)));
    if (of_block > largest) {
      winner = begin;
      largest = of_block;
    }
  }
  return winner + choose(all.subspan(winner, to_size(of_lanes.logits)), of_lanes, true).ids[0];
}

std::vector<float> reference(const ReferenceCall& call) {
  const std::size_t cols = to_size(call.view.input_extent(0).cols);
  std::vector<float> ids;
  for (std::size_t begin = 0; begin < call.inputs[0].size(); begin += cols) {
    const std::span<const float> row = call.inputs[0].subspan(begin, cols);
    ids.push_back(static_cast<float>(
      call.hardware() ? found_argmax(row, call.arithmetic.lanes) : exact_argmax(row)
    ));
  }
  return ids;
}

class Argmax {
 public:
  Argmax(Lowering& low, const VectorTensor& x)
      : low_(low),
        b_(low.builder()),
        x_(x),
        of_lanes_(top_k_for(x.lanes)),
        of_blocks_(top_k_for(x.blocks)),
        chunks_(lower::ceil_div(x.blocks, of_blocks_.logits)),
        of_chunks_(top_k_for(chunks_)) {}

  /// Whether the two rounds are enough.
  bool possible() const {
    return x_.cols <= x_.lanes ? x_.cols <= of_lanes_.logits
                               : x_.lanes <= of_lanes_.logits && chunks_ <= of_chunks_.logits;
  }
  std::uint64_t most_cols() const {
    const TopK most = largest_top_k();
    return x_.lanes > most.logits ? most.logits : x_.lanes * most.logits * most.logits;
  }

  void run() {
    reserve();
    const lower::Gp token = b_.set(x_.at());
    const lower::Gp result = b_.set(lower::Address{low_.output_entries(0)});
    b_.loop(x_.rows, [&] {
      candidates_->copy(token);
      b_.S_ST_INT(x_.blocks == 1 ? lane(b_.set(candidates_->at(0))) : winner(), result, 0);
      if (x_.rows != 1) {
        b_.step(token, x_.row_step());
        b_.step(result, 1);
      }
    });
  }

 private:
  /// Entries and rows in which numbers lie for V_TOPK.
  struct Round {
    TopK top_k;
    lower::SymbolId entries{};
    lower::SymbolId rows{};
  };

  std::uint64_t rows_of(const TopK& top_k) const {
    return lower::ceil_div(top_k.logits, x_.lanes);
  }

  Round round(const TopK& top_k) {
    const std::uint64_t rows = rows_of(top_k);
    return {
      top_k,
      low_.entries("largest", lower::Memory::FpSram, rows * x_.lanes, least),
      low_.scratch("largest", rows)};
  }

  void reserve() {
    const std::uint64_t most = largest_top_k().chosen;
    weights_ = low_.entries("weights", lower::Memory::FpSram, most);
    chosen_ = low_.entries("chosen", lower::Memory::IntSram, most);
    // Rows that V_TOPK sees after the last block have nothing that could win.
    const std::uint64_t rows = x_.blocks + rows_of(of_lanes_) - 1;
    candidates_.emplace(low_, x_, rows, Candidates::Zeros::Unsigned);
    none_ = candidates_->none();
    if (x_.blocks != 1) {
      blocks_ = round(of_blocks_);
    }
    if (chunks_ > 1) {
      of_all_ = round(of_chunks_);
      winners_ = low_.entries("winners", lower::Memory::IntSram, chunks_);
    }
  }

  /// The largest of `count` rows from `row` on, each to an entry of the round.
  void find_largest(lower::Gp row, std::uint64_t count) {
    const lower::Gp entry = b_.set(lower::Address{blocks_.entries});
    low_.each_row(count, [&] {
      const lower::Fp largest = b_.fp();
      b_.S_ADD_FP(largest, none_, lower::zero_fp);
      b_.V_RED_MAX(largest, row);
      b_.S_ST_FP(largest, entry, 0);
      b_.step(row, x_.lanes);
      b_.step(entry, 1);
    });
    if (chunks_ > 1 && count < of_blocks_.logits) { // forget the chunk before
      b_.loop(of_blocks_.logits - count, [&] {
        b_.S_ST_FP(none_, entry, 0);
        b_.step(entry, 1);
      });
    }
  }

  void map(const Round& round) {
    for (std::uint64_t r = 0; r < rows_of(round.top_k); ++r) {
      const lower::Gp row = b_.set(lower::Address{round.rows, r * x_.lanes});
      b_.S_MAP_V_FP(row, lower::zero_gp, lower::Address{round.entries, r * x_.lanes});
    }
  }

  lower::Gp choose(lower::Gp row, const TopK& top_k) {
    const lower::Gp weights = b_.set(lower::Address{weights_});
    const lower::Gp chosen = b_.set(lower::Address{chosen_});
    b_.V_TOPK(weights, row, chosen, top_k.policy);
    const lower::Gp number = b_.gp();
    b_.S_LD_INT(number, lower::zero_gp, lower::Address{chosen_});
    return number;
  }

  lower::Gp lane(lower::Gp row) { return choose(row, of_lanes_); }

  lower::Gp winner() {
    const lower::Gp first = block();
    b_.S_MUL_INT(first, first, b_.set(x_.lanes));
    const lower::Gp row = b_.set(candidates_->at(0));
    b_.S_ADD_INT(row, row, first);
    const lower::Gp number = lane(row);
    b_.S_ADD_INT(number, number, first);
    return number;
  }

  /// The number of the block that has the largest element.
  lower::Gp block() {
    const lower::Gp row = b_.set(candidates_->at(0));
    if (chunks_ == 1) {
      return block_of_chunk(row, x_.blocks);
    }
    const lower::Gp largest = b_.set(lower::Address{of_all_.entries});
    const lower::Gp winner = b_.set(lower::Address{winners_});
    const auto chunk = [&](std::uint64_t count) {
      b_.S_ST_INT(block_of_chunk(row, count), winner, 0);
      const lower::Fp value = b_.fp();
      b_.S_ADD_FP(value, none_, lower::zero_fp);
      for (std::uint64_t r = 0; r < rows_of(of_blocks_); ++r) {
        b_.V_RED_MAX(value, b_.set(lower::Address{blocks_.rows, r * x_.lanes}));
      }
      b_.S_ST_FP(value, largest, 0);
      b_.step(largest, 1);
      b_.step(winner, 1);
    };
    b_.loop(x_.blocks / of_blocks_.logits, [&] { chunk(of_blocks_.logits); });
    if (x_.blocks % of_blocks_.logits != 0) {
      chunk(x_.blocks % of_blocks_.logits);
    }
    map(of_all_);
    const lower::Gp number = choose(b_.set(lower::Address{of_all_.rows}), of_chunks_);
    const lower::Gp within = b_.gp();
    b_.S_LD_INT(within, number, lower::Address{winners_});
    b_.S_MUL_INT(number, number, b_.set(of_blocks_.logits));
    b_.S_ADD_INT(number, number, within);
    return number;
  }

  lower::Gp block_of_chunk(lower::Gp row, std::uint64_t count) {
    find_largest(row, count);
    map(blocks_);
    return choose(b_.set(lower::Address{blocks_.rows}), of_blocks_);
  }

  Lowering& low_;
  lower::Builder& b_;
  VectorTensor x_;
  TopK of_lanes_;
  TopK of_blocks_;
  std::uint64_t chunks_;
  TopK of_chunks_;
  lower::Fp none_{};
  std::optional<Candidates> candidates_;
  lower::SymbolId weights_{};
  lower::SymbolId chosen_{};
  lower::SymbolId winners_{}; ///< of chunks, numbers of blocks within
  Round blocks_;
  Round of_all_; ///< chunks
};

void lower_argmax(Lowering& low) {
  Argmax argmax(low, low.input(0));
  if (argmax.possible()) {
    return argmax.run();
  }
  low.output_entries(0);
  low.fail(low.view().error(
    "E_HARDWARE",
    fmt::format("rows of {} columns are too long", low.view().input_extent(0).cols),
    fmt::format("this machine finds the largest of at most {} columns", argmax.most_cols())
  ));
}

} // namespace

extern const OpBody body_argmax;
const OpBody body_argmax{
  inputs, {}, {Bound::Kind::Exact}, one_shape<infer>, one_result<reference>, lower_argmax, {}, false,
  outputs};

} // namespace plena::ops
