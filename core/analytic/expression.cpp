#include "analytic/expression.h"

#include "analytic/refuse.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <optional>

namespace plena::analytic {

namespace {

constexpr std::string_view grammar =
  "whole numbers, names of settings, + - * // % **, parentheses, min(a, b), max(a, b), ceil(a, b)";

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Diagnostic problem(std::string_view where, std::string message, std::string_view hint) {
  return refuse("E_EXPRESSION", where, std::move(message), hint);
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

} // namespace

class Expression::Parser {
 public:
  Parser(Expression& out, std::span<const std::string_view> names) : out_(out), names_(names) {}

  std::optional<Diagnostic> run() {
    const std::string_view text = out_.text_;
    if (text.size() > max_expression_length) {
      return problem(
        out_.where_,
        fmt::format("the expression has {} characters", text.size()),
        fmt::format("at most {}", max_expression_length)
      );
    }
    sum(0);
    skip();
    if (!problem_ && at_ < text.size()) {
      fail(fmt::format("'{}' is not expected here", shown()));
    }
    return problem_;
  }

 private:
  void skip() {
    while (at_ < out_.text_.size() && (out_.text_[at_] == ' ' || out_.text_[at_] == '\t')) {
      ++at_;
    }
  }
  /// The character in question, when it can be shown.
  std::string shown() const {
    const char c = out_.text_[at_];
    return c > ' ' && c < 0x7F ? std::string(1, c)
                               : fmt::format("byte {}", static_cast<unsigned char>(c));
  }
  std::uint32_t column() const { return static_cast<std::uint32_t>(at_ + 1); }
  void fail(std::string what) {
    if (!problem_) {
      problem_ = problem(
        out_.where_,
        fmt::format("column {}: {}", column(), what),
        fmt::format("an expression has {}", grammar)
      );
    }
  }
  bool take(std::string_view token) {
    skip();
    if (problem_ || !std::string_view(out_.text_).substr(at_).starts_with(token)) {
      return false;
    }
    at_ += token.size();
    return true;
  }
  void add(Kind kind, std::uint32_t where, std::int64_t value = 0) {
    out_.steps_.push_back({kind, value, where});
  }
  bool too_deep(std::size_t depth) {
    if (depth >= max_expression_depth) {
      fail(fmt::format("more than {} levels of parentheses and signs", max_expression_depth));
    }
    return problem_.has_value();
  }

  void sum(std::size_t depth) {
    if (too_deep(depth)) {
      return;
    }
    product(depth);
    for (;;) {
      skip();
      const std::uint32_t where = column();
      if (take("+")) {
        product(depth);
        add(Kind::Add, where);
      } else if (take("-")) {
        product(depth);
        add(Kind::Subtract, where);
      } else {
        return;
      }
    }
  }

  void product(std::size_t depth) {
    unary(depth);
    for (;;) {
      skip();
      const std::uint32_t where = column();
      const std::string_view rest =
        std::string_view(out_.text_).substr(std::min(at_, out_.text_.size()));
      if (take("//")) {
        unary(depth);
        add(Kind::Divide, where);
      } else if (rest.starts_with("/")) {
        fail("a quotient must be whole: write //");
        return;
      } else if (take("*")) {
        unary(depth);
        add(Kind::Multiply, where);
      } else if (take("%")) {
        unary(depth);
        add(Kind::Modulo, where);
      } else {
        return;
      }
    }
  }

  void unary(std::size_t depth) {
    if (too_deep(depth)) {
      return;
    }
    skip();
    const std::uint32_t where = column();
    if (take("-")) {
      unary(depth + 1);
      add(Kind::Negate, where);
      return;
    }
    atom(depth);
    skip();
    const std::uint32_t power = column();
    if (take("**")) {
      unary(depth + 1);
      add(Kind::Power, power);
    }
  }

  void atom(std::size_t depth) {
    skip();
    if (problem_) {
      return;
    }
    if (at_ >= out_.text_.size()) {
      fail("the expression ends where a value is expected");
      return;
    }
    const char c = out_.text_[at_];
    if (take("(")) {
      sum(depth + 1);
      close();
    } else if (is_digit(c)) {
      number();
    } else if (is_letter(c)) {
      word(depth);
    } else {
      fail(fmt::format("'{}' is not expected here", shown()));
    }
  }

  void close() {
    if (!take(")")) {
      fail("a parenthesis is not closed");
    }
  }

  void number() {
    const std::uint32_t where = column();
    std::int64_t value = 0;
    for (; at_ < out_.text_.size() && is_digit(out_.text_[at_]); ++at_) {
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
          __builtin_add_overflow(value, std::int64_t{out_.text_[at_] - '0'}, &value)) {
        fail("the number is larger than 64 bits hold");
        return;
      }
    }
    add(Kind::Number, where, value);
  }

  void word(std::size_t depth) {
    const std::uint32_t where = column();
    const std::size_t begin = at_;
    while (at_ < out_.text_.size() && (is_letter(out_.text_[at_]) || is_digit(out_.text_[at_]))) {
      ++at_;
    }
    const std::string_view name = std::string_view(out_.text_).substr(begin, at_ - begin);
    struct Function {
      std::string_view name;
      Kind kind;
    };
    constexpr Function functions[] = {{"min", Kind::Min}, {"max", Kind::Max}, {"ceil", Kind::Ceil}};
    for (const Function& function : functions) {
      if (name == function.name) {
        if (!take("(")) {
          fail(fmt::format("{} takes two values in parentheses", name));
        }
        sum(depth + 1);
        if (!take(",")) {
          fail(fmt::format("{} takes two values with a comma between them", name));
        }
        sum(depth + 1);
        close();
        add(function.kind, where);
        return;
      }
    }
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      at_ = begin;
      fail(fmt::format(
        "there is no setting '{}', {}",
        name,
        meant(name, names_, "the names are those of the settings")
      ));
      return;
    }
    add(Kind::Name, where, found - names_.begin());
  }

  Expression& out_;
  std::span<const std::string_view> names_;
  std::size_t at_ = 0;
  std::optional<Diagnostic> problem_;
};

Result<Expression> Expression::parse(
  std::string_view text, std::span<const std::string_view> names, std::string_view where
) {
  Expression made;
  made.text_ = text;
  made.where_ = where;
  if (std::optional<Diagnostic> wrong = Parser(made, names).run()) {
    return std::move(*wrong);
  }
  return made;
}

Diagnostic Expression::fault(const Step& step, std::string what) const {
  return problem(
    where_,
    fmt::format("column {} of `{}`: {}", step.column, text_, what),
    "change the expression, or the settings that it reads"
  );
}

Result<std::int64_t> Expression::evaluate(std::span<const std::int64_t> values) const {
  // Each step of the text adds at most one value.
  std::array<std::int64_t, max_expression_length> stack;
  std::size_t size = 0;
  for (const Step& step : steps_) {
    if (step.kind == Kind::Number || step.kind == Kind::Name) {
      stack[size++] =
        step.kind == Kind::Number ? step.value : values[static_cast<std::size_t>(step.value)];
      continue;
    }
    bool fits = true;
    std::int64_t result = 0;
    const std::int64_t b = stack[--size];
    if (step.kind == Kind::Negate) {
      fits = !__builtin_sub_overflow(std::int64_t{0}, b, &result);
    } else {
      const std::int64_t a = stack[--size];
      const bool quotient =
        step.kind == Kind::Divide || step.kind == Kind::Modulo || step.kind == Kind::Ceil;
      if (quotient && b == 0) {
        return fault(step, "division by zero");
      }
      fits = !quotient || a != std::numeric_limits<std::int64_t>::min() || b != -1;
      switch (fits ? step.kind : Kind::Number) {
      case Kind::Add:
        fits = !__builtin_add_overflow(a, b, &result);
        break;
      case Kind::Subtract:
        fits = !__builtin_sub_overflow(a, b, &result);
        break;
      case Kind::Multiply:
        fits = !__builtin_mul_overflow(a, b, &result);
        break;
      case Kind::Divide:
        result = floor_quotient(a, b);
        break;
      case Kind::Modulo:
        result = a - floor_quotient(a, b) * b;
        break;
      case Kind::Ceil:
        result = floor_quotient(a, b) + (a % b != 0 ? 1 : 0);
        break;
      case Kind::Power:
        if (b < 0) {
          return fault(step, "a negative exponent");
        }
        result = 1;
        // Beyond 64 factors only 0, 1 and -1 still fit, which repeat with period 2.
        for (std::int64_t i = 0; fits && i < (b > 64 ? 64 + b % 2 : b); ++i) {
          fits = !__builtin_mul_overflow(result, a, &result);
        }
        break;
      case Kind::Min:
        result = std::min(a, b);
        break;
      case Kind::Max:
        result = std::max(a, b);
        break;
      case Kind::Number:
      case Kind::Name:
      case Kind::Negate:
        break;
      }
    }
    if (!fits) {
      return fault(step, "the result is larger than 64 bits hold");
    }
    stack[size++] = result;
  }
  return stack[0];
}

} // namespace plena::analytic
