// What V_TOPK does: shared by the operators that choose experts.
#pragma once

#include "ops/lowering.h"
#include "ops/op.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace plena::ops {

/// A policy of V_TOPK: the `chosen` largest of `logits` numbers.
struct TopK {
  std::uint64_t policy = 0;
  std::uint64_t logits = 0;
  std::uint64_t chosen = 0;
};

/// The policy that chooses as many of `count` numbers as the node's attribute `k` says, or why there is
/// none.
Result<TopK> top_k_of(const NodeView& view, std::uint64_t count);

/// The policy that chooses at least `k` of up to as many numbers as `count`, or why there is none.
Result<TopK> top_k_with_room(const NodeView& view, std::int64_t k, std::uint64_t count);

/// The policy for the fewest numbers that has room for `count`, or the largest.
TopK top_k_for(std::uint64_t count);
TopK largest_top_k();

struct Choice {
  std::vector<std::size_t> ids;
  std::vector<float> weights; ///< softmax over what has been chosen
};
/// Ties go to the smaller number; what is not a number counts as minus infinity.
Choice choose(std::span<const float> logits, const TopK& top_k, bool hardware);
/// Keeps the first `k`, whose weights become those of a softmax over them.
void keep(Choice& choice, std::uint64_t k, bool hardware);

/// Copies of the rows of one token, one after the other, filled up with numbers that count as nothing.
class Candidates {
 public:
  /// V_TOPK takes -0 for less than 0; without signs the two are the same to it.
  enum class Zeros : std::uint8_t { Signed, Unsigned };

  /// `rows` in all, at least as many as x has blocks.
  Candidates(Lowering& low, const VectorTensor& x, std::uint64_t rows, Zeros zeros);

  lower::Address at(std::uint64_t row) const { return {place_, row * x_.lanes}; }
  /// From the token's first block; leaves the pointer as it is.
  void copy(lower::Gp token);
  /// Minus infinity.
  lower::Fp none() const { return none_; }

 private:
  lower::Builder& b_;
  VectorTensor x_;
  Zeros zeros_;
  lower::SymbolId place_;
  lower::Fp none_;
  lower::Gp fill_{}; ///< a row for the block that is not full
};

} // namespace plena::ops
