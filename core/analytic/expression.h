// Arithmetic over named whole numbers, as the tables of prices are written. Evaluation always ends:
// the grammar has no loops and no definitions, and texts are short.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::analytic {

inline constexpr std::size_t max_expression_length = 256;
inline constexpr std::size_t max_expression_depth = 32;

/// `+ - * // % **`, parentheses, `min(a, b)`, `max(a, b)`, `ceil(a, b)` (the quotient rounded up),
/// numbers and names. `//` rounds down and `%` has the sign of its divisor, as in upstream's
/// tables.
class Expression {
 public:
  /// `where` names the expression in diagnostics. Names stand for their position in `names`.
  /// E_EXPRESSION for what is no expression, is too long or too deep, or uses a name that is not
  /// there.
  static Result<Expression>
  parse(std::string_view text, std::span<const std::string_view> names, std::string_view where);

  /// E_EXPRESSION for a division by zero, a negative exponent, or a number beyond 64 bits.
  Result<std::int64_t> evaluate(std::span<const std::int64_t> values) const;

  const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t {
    Number,
    Name,
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Min,
    Max,
    Ceil
  };
  struct Step {
    Kind kind = Kind::Number;
    std::int64_t value = 0;   ///< of a number; of a name its position
    std::uint32_t column = 0; ///< from 1
  };
  class Parser;

  Diagnostic fault(const Step& step, std::string what) const;

  std::string text_;
  std::string where_;
  std::vector<Step> steps_; ///< operands before their operator
};

} // namespace plena::analytic
