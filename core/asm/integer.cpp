#include "asm/integer.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::assembly {

namespace {

using Limbs = std::vector<std::uint32_t>;

/// a < b, both without leading zeros.
bool less(const Limbs& a, const Limbs& b) {
  return a.size() != b.size()
           ? a.size() < b.size()
           : std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

void add(Limbs& a, const Limbs& b) {
  a.resize(std::max(a.size(), b.size()) + 1);
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    carry += std::uint64_t{a[i]} + (i < b.size() ? b[i] : 0);
    a[i] = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
}

/// a - b for a >= b.
Limbs difference(const Limbs& a, const Limbs& b) {
  Limbs result(a.size());
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::uint64_t taken = (i < b.size() ? b[i] : 0) + borrow;
    result[i] = static_cast<std::uint32_t>(a[i] - taken);
    borrow = a[i] < taken ? 1 : 0;
  }
  return result;
}

Limbs shifted(const Limbs& a, unsigned shift) {
  Limbs result(shift / 32, 0);
  const unsigned bits = shift % 32;
  std::uint64_t carry = 0;
  for (const std::uint32_t limb : a) {
    carry |= std::uint64_t{limb} << bits;
    result.push_back(static_cast<std::uint32_t>(carry));
    carry >>= 32;
  }
  result.push_back(static_cast<std::uint32_t>(carry));
  return result;
}

} // namespace

Integer::Integer(std::uint64_t value)
    : limbs_{static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)} {
  trim();
}

Integer Integer::from_digits(std::string_view digits, bool negative) {
  Integer result;
  for (std::size_t begin = 0; begin < digits.size(); begin += 9) {
    std::uint64_t carry = 0;
    std::uint64_t scale = 1;
    for (const char c : digits.substr(begin, 9)) {
      carry = carry * 10 + static_cast<std::uint64_t>(c - '0');
      scale *= 10;
    }
    for (std::uint32_t& limb : result.limbs_) {
      carry += std::uint64_t{limb} * scale;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) {
      result.limbs_.push_back(static_cast<std::uint32_t>(carry));
    }
  }
  result.negative_ = negative;
  result.trim();
  return result;
}

void Integer::trim() {
  while (!limbs_.empty() && limbs_.back() == 0) {
    limbs_.pop_back();
  }
  negative_ = negative_ && !limbs_.empty();
}

std::optional<std::uint64_t> Integer::as_u64() const {
  if (negative_ || limbs_.size() > 2) {
    return std::nullopt;
  }
  const std::uint64_t low = limbs_.empty() ? 0 : limbs_[0];
  const std::uint64_t high = limbs_.size() < 2 ? 0 : limbs_[1];
  return high << 32 | low;
}

std::uint32_t Integer::low_word() const {
  const std::uint32_t low = limbs_.empty() ? 0 : limbs_[0];
  return negative_ ? 0u - low : low;
}

void Integer::add_shifted(const Integer& value, unsigned shift) {
  Limbs term = shifted(value.limbs_, shift);
  while (!term.empty() && term.back() == 0) {
    term.pop_back();
  }
  if (value.negative_ == negative_) {
    add(limbs_, term);
  } else if (less(limbs_, term)) {
    limbs_ = difference(term, limbs_);
    negative_ = value.negative_;
  } else {
    limbs_ = difference(limbs_, term);
  }
  trim();
}

std::string Integer::hex(std::size_t digits) const {
  std::string text;
  for (auto limb = limbs_.rbegin(); limb != limbs_.rend(); ++limb) {
    text += fmt::format("{:08X}", *limb);
  }
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  const std::string zeros(digits > text.size() ? digits - text.size() : 0, '0');
  return (negative_ ? "-" : "") + zeros + text;
}

} // namespace plena::assembly
