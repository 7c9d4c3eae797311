// Raw deflate by zlib, for native builds; the page has its own library behind the same interface.
#pragma once

#include "recipe/link.h"

namespace plena::recipe {

class ZlibCodec final : public Codec {
 public:
  Bytes deflate(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary)
    const override;
  Inflated inflate(
    std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary, std::size_t limit
  ) const override;
};

} // namespace plena::recipe
