// What operators share whose rows are found when the program runs: numbers in the INT SRAM.
#pragma once

#include "ops/lowering.h"

#include <optional>
#include <string>

namespace plena::ops {

/// The number that an entry holds, when it is one below `end`.
std::optional<std::uint64_t> entry_below(float entry, std::uint64_t end);

/// The node cannot be lowered when input `i`, Entries, starts with a number that is not below
/// `end`.
void check_entries(Lowering& low, std::size_t i, std::uint64_t end, std::string code);

/// Whether input `i` is one number, a position; else what is wrong.
std::optional<Diagnostic> check_position(const NodeView& view, std::size_t i);

} // namespace plena::ops
