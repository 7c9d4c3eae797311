// Integers without a size limit, as upstream's assembler computes with them. Only lines that leave
// the ordinary ranges come here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::assembly {

class Integer {
 public:
  Integer() = default;
  explicit Integer(std::uint64_t value);
  /// From decimal digits only; `digits` is not empty.
  static Integer from_digits(std::string_view digits, bool negative);

  bool negative() const { return negative_; }
  bool is_zero() const { return limbs_.empty(); }
  /// The value when it is not negative and below 2^64.
  std::optional<std::uint64_t> as_u64() const;
  /// The low 32 bits in two's complement.
  std::uint32_t low_word() const;
  /// Adds `value * 2^shift`.
  void add_shifted(const Integer& value, unsigned shift);
  /// Sign and upper-case hexadecimal digits of the magnitude, at least `digits` of them.
  std::string hex(std::size_t digits) const;

 private:
  void trim();

  std::vector<std::uint32_t> limbs_; ///< magnitude, lowest first, no leading zeros
  bool negative_ = false;
};

} // namespace plena::assembly
