// Links: a format character, then base64url of a recipe's JSON as raw deflate against a fixed
// dictionary, with four bytes of SHA-256 of that JSON at the end.
#pragma once

#include "recipe/recipe.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::recipe {

inline constexpr char link_format = '1'; ///< it also fixes the dictionary
inline constexpr std::size_t max_link_bytes = 32 * 1024;
inline constexpr std::size_t max_json_bytes = 8 * 1024 * 1024;
/// Longer links are not offered: chat tools and browsers cut them.
inline constexpr std::size_t longest_offered = 8000;

using Bytes = std::vector<std::uint8_t>;

/// Raw deflate with a dictionary, from whichever library the place has. Two libraries may write
/// other bytes for the same text; each reads what the other wrote.
class Codec {
 public:
  enum class End : std::uint8_t {
    Done,    ///< the stream has ended, and nothing follows it
    Cut,     ///< the stream goes on beyond the bytes
    Broken,  ///< no such stream
    TooLong, ///< more than `limit` bytes come of it
  };
  struct Inflated {
    End end = End::Broken;
    Bytes bytes{};
  };

  virtual ~Codec() = default;
  virtual Bytes
  deflate(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary) const = 0;
  virtual Inflated inflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary, std::size_t limit
  ) const = 0;
};

/// Of the format `link_format`; it never changes.
std::string_view dictionary();

/// The fragment of a link, without `#`.
std::string link_of(const Recipe& recipe, const Codec& codec);

/// The fragment in a text: what follows the last `#`, without white space around it.
std::string_view fragment_of(std::string_view text);

/// A fragment or a whole address. E_LINK_LONG, E_LINK_FOREIGN (no link of ours), E_LINK_NEWER (of a
/// later format), E_LINK_CUT (its end is missing), E_LINK_DAMAGED (some of it was changed),
/// E_LINK_BOMB (it would inflate too far), and what `parse` says.
Result<Recipe> read_link(std::string_view text, const Codec& codec);

} // namespace plena::recipe
