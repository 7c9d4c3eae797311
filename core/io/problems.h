// What an importer has to say about a file: up to 50 errors, and the warnings that stand beside
// them. Every one has a remedy.
#pragma once

#include "base/diagnostic.h"

#include <string>
#include <string_view>

namespace plena::io {

class Problems {
 public:
  explicit Problems(std::string_view file) : file_(file) {}

  void error(std::string code, std::string where, std::string message, std::string hint) {
    add(Severity::Error, std::move(code), std::move(where), std::move(message), std::move(hint));
  }
  void warning(std::string code, std::string where, std::string message, std::string hint) {
    add(Severity::Warning, std::move(code), std::move(where), std::move(message), std::move(hint));
  }
  void note(std::string code, std::string where, std::string message, std::string hint) {
    add(Severity::Note, std::move(code), std::move(where), std::move(message), std::move(hint));
  }
  bool any_error() const { return errors_ != 0; }
  Diagnostics take() { return std::move(diagnostics_); }

 private:
  static constexpr std::size_t max_errors = 50;

  void add(
    Severity severity, std::string code, std::string where, std::string message, std::string hint
  ) {
    const bool error = severity == Severity::Error;
    errors_ += error ? 1u : 0u;
    if (error ? errors_ > max_errors : diagnostics_.size() >= 2 * max_errors) {
      return;
    }
    diagnostics_.push_back(
      {.severity = severity,
       .code = std::move(code),
       .message = std::move(message),
       .hint = std::move(hint),
       .file = file_,
       .where = std::move(where)}
    );
  }

  std::string file_;
  Diagnostics diagnostics_;
  std::size_t errors_ = 0;
};

} // namespace plena::io
