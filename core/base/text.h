// Text helpers that depend on no locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena {

/// Line `number` (from 1) of `text` without its line end; empty past the last line.
std::string_view line_of(std::string_view text, std::uint32_t number);

/// Number of UTF-16 units that the UTF-8 text occupies in an editor; broken bytes count one each.
std::uint32_t utf16_length(std::string_view utf8);

/// ASCII letters changed, everything else kept.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

bool is_valid_utf8(std::string_view text);

/// The candidate nearest to `word` by edit distance, when it is near enough to be a typing slip.
std::optional<std::string_view>
nearest(std::string_view word, const std::vector<std::string_view>& candidates);

} // namespace plena
