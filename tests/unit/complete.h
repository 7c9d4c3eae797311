// What every message to a user must have.
#pragma once

#include "base/diagnostic.h"

#include <catch2/catch.hpp>

namespace plena::tests {

/// Code, message, remedy and a place in each of `diagnostics`, of which there is at least one.
inline void check_complete(const Diagnostics& diagnostics) {
  REQUIRE_FALSE(diagnostics.empty());
  for (const Diagnostic& diagnostic : diagnostics) {
    INFO(render(diagnostic));
    REQUIRE_FALSE(diagnostic.code.empty());
    REQUIRE_FALSE(diagnostic.message.empty());
    REQUIRE_FALSE(diagnostic.hint.empty());
    const bool placed =
      diagnostic.span.line != 0 || !diagnostic.where.empty() || !diagnostic.file.empty();
    REQUIRE(placed);
  }
}

} // namespace plena::tests
