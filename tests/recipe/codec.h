// Deflate for tests: zlib natively, Node.js's where the engine is WebAssembly.
#pragma once

#include "recipe/link.h"

#ifdef __EMSCRIPTEN__
namespace plena::tests {

class TestCodec final : public recipe::Codec {
 public:
  recipe::Bytes deflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary
  ) const override;
  Inflated inflate(
    std::span<const std::uint8_t> bytes,
    std::span<const std::uint8_t> dictionary,
    std::size_t limit
  ) const override;
};

} // namespace plena::tests
#else
#include "recipe/zlib_codec.h"

namespace plena::tests {
using TestCodec = recipe::ZlibCodec;
} // namespace plena::tests
#endif
