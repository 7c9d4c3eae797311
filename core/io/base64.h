// Base64 (RFC 4648, the standard alphabet, padded, no white space).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::io {

/// Nothing when the text is no valid base64.
std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);
std::string base64_encode(std::span<const std::uint8_t> bytes);

} // namespace plena::io
