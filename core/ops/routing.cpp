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

/// Orders numbers with -0 below 0; what is not a number counts as minus infinity.
std::int64_t rank_of(float value) {
  const std::uint32_t bits = numerics::bits_of(
    numerics::is_nan(value) ? -std::numeric_limits<float>::infinity() : value
  );
  constexpr std::uint32_t sign = 0x80000000;
  return (bits & sign) != 0 ? -std::int64_t{bits & ~sign} - 1 : std::int64_t{bits};
}

} // namespace

Result<TopK> top_k_of(const NodeView& view, std::int64_t k, std::uint64_t count) {
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

Choice choose(std::span<const float> logits, const TopK& top_k, bool hardware) {
  PLENA_CHECK(logits.size() >= top_k.chosen);
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
