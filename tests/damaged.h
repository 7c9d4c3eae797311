// Texts at random, and texts with mistakes in them, for readers that have to survive both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace plena::tests {

/// `size` characters of the alphabet; without one, of any bytes.
inline std::string
random_text(std::mt19937_64& random, std::uint64_t size, std::string_view alphabet = {}) {
  std::string text;
  for (std::uint64_t i = 0; i < size; ++i) {
    text += alphabet.empty() ? static_cast<char>(random()) : alphabet[static_cast<std::size_t>(random() % alphabet.size())];
  }
  return text;
}

/// `text` with one to `most` mistakes: a byte that is another one, fewer than `length` that are
/// missing, or what `inserted()` gives put between others.
template <class Inserted>
std::string damaged(
  std::string text,
  std::mt19937_64& random,
  std::uint64_t most,
  std::uint64_t length,
  Inserted inserted
) {
  const auto below = [&](std::uint64_t count) { return static_cast<std::size_t>(random() % count); };
  for (std::uint64_t mistakes = random() % most + 1; mistakes > 0; --mistakes) {
    const std::size_t at = below(text.size());
    switch (random() % 3) {
    case 0:
      text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, below(length));
      break;
    default:
      text.insert(at, inserted());
      break;
    }
  }
  return text;
}

} // namespace plena::tests
