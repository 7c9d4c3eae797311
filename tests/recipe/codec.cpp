#include "recipe/codec.h"

#ifdef __EMSCRIPTEN__
#include <emscripten.h>

// clang-format off
EM_JS(int, node_zlib, (int inflate, const unsigned char* from, int size, const unsigned char* words, int count, unsigned char* out, int room), {
  const zlib = require('zlib');
  const bytes = Buffer.from(HEAPU8.subarray(from, from + size));
  const dictionary = Buffer.from(HEAPU8.subarray(words, words + count));
  try {
    const done = inflate ? zlib.inflateRawSync(bytes, { dictionary, maxOutputLength: room })
                         : zlib.deflateRawSync(bytes, { dictionary, level: 9, memLevel: 9 });
    HEAPU8.set(done, out);
    return done.length;
  } catch (error) {
    return error.code === 'Z_BUF_ERROR' ? -1 : error.code === 'ERR_BUFFER_TOO_LARGE' ? -2 : -3;
  }
})
// clang-format on

namespace plena::tests {

namespace {

int call(
  int inflate,
  std::span<const std::uint8_t> bytes,
  std::span<const std::uint8_t> dictionary,
  recipe::Bytes& out
) {
  return node_zlib(
    inflate,
    bytes.data(),
    static_cast<int>(bytes.size()),
    dictionary.data(),
    static_cast<int>(dictionary.size()),
    out.data(),
    static_cast<int>(out.size())
  );
}

} // namespace

recipe::Bytes TestCodec::deflate(
  std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary
) const {
  recipe::Bytes out(bytes.size() + bytes.size() / 8 + 64);
  out.resize(static_cast<std::size_t>(call(0, bytes, dictionary, out)));
  return out;
}

recipe::Codec::Inflated TestCodec::inflate(
  std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary, std::size_t limit
) const {
  static recipe::Bytes room(limit);
  const int size = call(1, bytes, dictionary, room);
  if (size < 0) {
    return {size == -1 ? End::Cut : size == -2 ? End::TooLong : End::Broken, {}};
  }
  return {End::Done, recipe::Bytes(room.begin(), room.begin() + size)};
}

} // namespace plena::tests
#endif
