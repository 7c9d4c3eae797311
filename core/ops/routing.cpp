#include "ops/routing.h"

#include "base/check.h"
#include "base/size.h"
#include "numerics/bits.h"
#include "numerics/math.h"
#include "ops/arith.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <limits>

namespace plena::ops {

namespace {

constexpr TopK policies[]{{0, 32, 4}, {1, 128, 8}};

/// Orders numbers with -0 below 0.
std::int64_t rank_of(float value) {
  const std::uint32_t bits = numerics::bits_of(value);
  constexpr std::uint32_t sign = 0x80000000;
  return (bits & sign) != 0 ? -std::int64_t{bits & ~sign} - 1 : std::int64_t{bits};
}

} // namespace

Result<TopK> top_k_of(const NodeView& view, std::uint64_t count) {
  const auto k = static_cast<std::int64_t>(view.real("k"));
  for (const TopK& policy : policies) {
    if (k != static_cast<std::int64_t>(policy.chosen)) {
      continue;
    }
    if (count < policy.chosen || count > policy.logits) {
      return view.error(
        "E_HARDWARE",
        fmt::format("{} chooses {} of {} numbers", view.node.op, k, count),
        fmt::format(
          "the machine chooses {} of {} to {} numbers", policy.chosen, policy.chosen, policy.logits
        )
      );
    }
    return policy;
  }
  return view.error(
    "E_HARDWARE",
    fmt::format("{} chooses {} numbers", view.node.op, k),
    fmt::format(
      "k is {} (of at most {}) or {} (of at most {}) on this machine",
      policies[0].chosen,
      policies[0].logits,
      policies[1].chosen,
      policies[1].logits
    )
  );
}

Result<TopK> top_k_with_room(const NodeView& view, std::int64_t k, std::uint64_t count) {
  for (const TopK& policy : policies) {
    const bool room = k <= static_cast<std::int64_t>(policy.chosen) && count <= policy.logits;
    if (k >= 1 && room && static_cast<std::uint64_t>(k) <= count) {
      return policy;
    }
  }
  return view.error(
    "E_HARDWARE",
    fmt::format("{} chooses {} of {} numbers", view.node.op, k, count),
    fmt::format(
      "up to {} of at most {} or up to {} of at most {} on this machine",
      policies[0].chosen,
      policies[0].logits,
      policies[1].chosen,
      policies[1].logits
    )
  );
}

TopK top_k_for(std::uint64_t count) {
  return *std::find_if(std::begin(policies), std::end(policies) - 1, [&](const TopK& policy) {
    return count <= policy.logits;
  });
}

TopK largest_top_k() { return policies[std::size(policies) - 1]; }

Choice choose(std::span<const float> given, const TopK& top_k, bool hardware) {
  PLENA_CHECK(given.size() >= top_k.chosen);
  std::vector<float> logits(given.begin(), given.end());
  std::replace_if(
    logits.begin(), logits.end(), numerics::is_nan, -std::numeric_limits<float>::infinity()
  );
  Choice choice;
  std::vector<bool> taken(logits.size(), false);
  while (choice.ids.size() < top_k.chosen) {
    std::size_t best = logits.size();
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (!taken[i] && (best == logits.size() || rank_of(logits[i]) > rank_of(logits[best]))) {
        best = i;
      }
    }
    taken[best] = true;
    choice.ids.push_back(best);
  }
  float sum = 0;
  for (const std::size_t id : choice.ids) {
    choice.weights.push_back(numerics::exp_f32(logits[id] - logits[choice.ids[0]]));
    sum += choice.weights.back();
  }
  const bool usable = numerics::is_finite(sum) && sum > 0;
  for (float& weight : choice.weights) {
    weight = usable ? weight / sum : 0.0f;
    weight = hardware ? hw::round(weight) : weight;
  }
  return choice;
}

Candidates::Candidates(Lowering& low, const VectorTensor& x, std::uint64_t rows, Zeros zeros)
    : b_(low.builder()),
      x_(x),
      zeros_(zeros),
      place_(low.scratch("candidates", rows)),
      none_(b_.constant(-std::numeric_limits<float>::infinity())) {
  if (x.cols % x.lanes != 0) {
    constexpr float half_of_none = -0x1p127f; // twice this overflows
    const VectorTensor lanes = zeros_ == Zeros::Signed
                                 ? low.lane_mask(x.cols, 1.0f, 0.0f)
                                 : low.lane_mask(x.cols, 0.0f, half_of_none);
    fill_ = b_.set(lower::Address{low.scratch("fill", 1)});
    const lower::Gp mask = b_.set(lanes.at());
    if (zeros_ == Zeros::Signed) {
      // Multiplies the block: zero times infinity is no number, which counts as nothing.
      b_.V_RECI_V(fill_, mask);
    } else { // is added to it
      b_.V_ADD_VV(fill_, mask, mask);
    }
  }
  for (std::uint64_t r = x.blocks; r < rows; ++r) {
    const lower::Gp row = b_.set(at(r));
    clear_row(b_, row, b_.set(x.lanes));
    b_.V_ADD_VF(row, row, none_);
  }
}

void Candidates::copy(lower::Gp token) {
  const lower::Gp from = b_.copy(token);
  const lower::Gp to = b_.set(at(0));
  b_.repeat(x_.cols / x_.lanes, [&] {
    if (zeros_ == Zeros::Signed) {
      b_.V_MAX_VF(to, from, none_);
    } else {
      b_.V_ADD_VF(to, from, lower::zero_fp);
    }
    b_.step(from, x_.block_step());
    b_.step(to, x_.lanes);
  });
  if (x_.cols % x_.lanes == 0) {
    return;
  }
  if (zeros_ == Zeros::Signed) {
    b_.V_MUL_VV(to, from, fill_);
  } else {
    b_.V_ADD_VV(to, from, fill_);
  }
}

void keep(Choice& choice, std::uint64_t k, bool hardware) {
  if (k == choice.ids.size()) {
    return;
  }
  choice.ids.resize(to_size(k));
  choice.weights.resize(to_size(k));
  float sum = choice.weights[0];
  for (std::size_t i = 1; i < choice.weights.size(); ++i) {
    sum = hardware ? hw::add(sum, choice.weights[i]) : sum + choice.weights[i];
  }
  for (float& weight : choice.weights) {
    weight = hardware ? hw::mul(weight, hw::reci(sum)) : weight / sum;
  }
}

} // namespace plena::ops
