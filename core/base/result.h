// A value, or the reasons why there is none. Warnings may accompany a value.
#pragma once

#include "base/check.h"
#include "base/diagnostic.h"

#include <optional>
#include <utility>

namespace plena {

template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(T value, Diagnostics warnings)
    : value_(std::move(value)), diagnostics_(std::move(warnings)) {}
  Result(Diagnostic error) { diagnostics_.push_back(std::move(error)); }
  /// `errors` holds at least one error.
  Result(Diagnostics errors) : diagnostics_(std::move(errors)) {
    PLENA_CHECK(has_errors(diagnostics_));
  }

  explicit operator bool() const { return value_.has_value(); }
  bool ok() const { return value_.has_value(); }

  T& value() & {
    PLENA_CHECK(value_.has_value());
    return *value_;
  }
  const T& value() const& {
    PLENA_CHECK(value_.has_value());
    return *value_;
  }
  T&& value() && {
    PLENA_CHECK(value_.has_value());
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Errors when there is no value, else warnings and notes.
  const Diagnostics& diagnostics() const& { return diagnostics_; }
  Diagnostics&& diagnostics() && { return std::move(diagnostics_); }

private:
  std::optional<T> value_;
  Diagnostics diagnostics_;
};

/// The result of an action that yields nothing but may fail.
struct Done {};
using Status = Result<Done>;

} // namespace plena
