// Included before everything else when building with Emscripten 3.1.6: its compiler has bit casts,
// its standard library does not name them yet. Goes away with that version.
#pragma once

#include <bit>
#include <type_traits>

#ifndef __cpp_lib_bit_cast
namespace std {

template <class To, class From>
requires(sizeof(To) == sizeof(From) && is_trivially_copyable_v<To> && is_trivially_copyable_v<From>) constexpr To
  bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}

} // namespace std
#endif
