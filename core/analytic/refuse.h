// Diagnostics of this module, made in one place: what people download has their code once.
#pragma once

#include "base/diagnostic.h"

#include <span>
#include <string>
#include <string_view>

namespace plena::analytic {

Diagnostic
refuse(std::string_view code, std::string_view where, std::string message, std::string_view hint);

/// With commas between them.
std::string list(std::span<const std::string_view> names);

/// `did you mean NAME?` for a slip, else `otherwise`.
std::string
meant(std::string_view word, std::span<const std::string_view> names, std::string_view otherwise);

} // namespace plena::analytic
