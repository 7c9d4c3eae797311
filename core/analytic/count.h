// Cycles and bytes of models that may be absurdly large: what does not fit stays at the largest
// number, which the totals refuse.
#pragma once

#include <cstdint>
#include <limits>

namespace plena::analytic {

struct Count {
  std::uint64_t value = 0;

  constexpr Count() = default;
  constexpr Count(std::uint64_t number) : value(number) {}

  static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

  friend constexpr Count operator+(Count a, Count b) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a.value, b.value, &sum) ? Count(most) : Count(sum);
  }
  friend constexpr Count operator*(Count a, Count b) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a.value, b.value, &product) ? Count(most) : Count(product);
  }
  constexpr Count& operator+=(Count other) { return *this = *this + other; }
};

/// The quotient rounded up; the divisor is not 0.
constexpr std::uint64_t ceil_quotient(std::uint64_t a, std::uint64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

} // namespace plena::analytic
