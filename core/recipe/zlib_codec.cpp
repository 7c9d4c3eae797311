#include "recipe/zlib_codec.h"

#include "base/check.h"

#include <algorithm>
#include <new>
#include <zlib.h>

namespace plena::recipe {

namespace {

constexpr int raw_window = -15; // no header, no checksum: the link has its own
constexpr int most_memory = 9;
constexpr std::size_t piece = 16 * 1024;

/// zlib reads only, but its interface does not say so.
Bytef* input(std::span<const std::uint8_t> bytes) { return const_cast<Bytef*>(bytes.data()); }

} // namespace

Bytes ZlibCodec::deflate(
  std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary
) const {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, raw_window, most_memory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  deflateSetDictionary(&stream, dictionary.data(), static_cast<uInt>(dictionary.size()));
  Bytes out(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  PLENA_CHECK(end == Z_STREAM_END);
  return out;
}

Codec::Inflated ZlibCodec::inflate(
  std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> dictionary, std::size_t limit
) const {
  z_stream stream{};
  if (inflateInit2(&stream, raw_window) != Z_OK) {
    throw std::bad_alloc();
  }
  inflateSetDictionary(&stream, dictionary.data(), static_cast<uInt>(dictionary.size()));
  Inflated result;
  stream.next_in = input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    const std::size_t used = result.bytes.size();
    result.bytes.resize(used + piece);
    stream.next_out = result.bytes.data() + used;
    stream.avail_out = static_cast<uInt>(piece);
    const int state = ::inflate(&stream, Z_NO_FLUSH);
    result.bytes.resize(used + piece - stream.avail_out);
    if (result.bytes.size() > limit) {
      result.end = End::TooLong;
      break;
    }
    if (state == Z_STREAM_END) {
      result.end = stream.avail_in == 0 ? End::Done : End::Broken;
      break;
    }
    if (state != Z_OK && state != Z_BUF_ERROR) {
      result.end = End::Broken;
      break;
    }
    if (stream.avail_out != 0) { // it wants more than there is
      result.end = End::Cut;
      break;
    }
  }
  inflateEnd(&stream);
  return result;
}

} // namespace plena::recipe
