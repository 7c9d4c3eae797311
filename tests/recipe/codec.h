// Deflate for tests: zlib natively, Node.js's where the engine is WebAssembly.
#pragma once

#include "recipe/link.h"

#ifndef __EMSCRIPTEN__
#include "recipe/zlib_codec.h"
#endif

namespace plena::tests {

#ifdef __EMSCRIPTEN__
class TestCodec final : public recipe::Codec {
 public:
  recipe::Bytes deflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary
  ) const override;
  Inflated inflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary, std::size_t limit
  ) const override;
};
#else
using TestCodec = recipe::ZlibCodec;
#endif

} // namespace plena::tests
