#include "recipe/link.h"

#include "base/sha256.h"
#include "io/base64.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace plena::recipe {

namespace {

constexpr std::size_t check_bytes = 4;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The first four bytes of a text's SHA-256.
std::array<std::uint8_t, check_bytes> check_of(std::string_view text) {
  const std::string hex = sha256_hex(bytes_of(text));
  const auto digit = [&](std::size_t i) {
    return static_cast<unsigned>(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
  };
  std::array<std::uint8_t, check_bytes> check{};
  for (std::size_t i = 0; i < check.size(); ++i) {
    check[i] = static_cast<std::uint8_t>(digit(2 * i) << 4 | digit(2 * i + 1));
  }
  return check;
}

// base64url (RFC 4648, 5) without padding.

std::string to_url(std::span<const std::uint8_t> bytes) {
  std::string text = io::base64_encode(bytes);
  text.erase(std::min(text.find('='), text.size()));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

bool is_url_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

/// `text` holds such digits only.
std::optional<Bytes> from_url(std::string_view digits) {
  std::string text(digits);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return io::base64_decode(text);
}

Diagnostic refused(std::string code, std::string message, std::string hint) {
  return {
    .code = std::move(code),
    .message = std::move(message),
    .hint = std::move(hint),
    .file = "link"};
}

Diagnostic cut() {
  return refused(
    "E_LINK_CUT",
    "this link was cut off: its end is missing",
    "copy the whole link; some chat tools cut long ones or break them into lines"
  );
}

Diagnostic damaged(std::string why) {
  return refused(
    "E_LINK_DAMAGED",
    "this link was changed on its way: " + std::move(why),
    "copy it again from where it was made"
  );
}

} // namespace

std::string link_of(const Recipe& recipe, const Codec& codec) {
  const std::string json = write(recipe);
  Bytes bytes = codec.deflate(bytes_of(json), bytes_of(dictionary()));
  const auto check = check_of(json);
  bytes.insert(bytes.end(), check.begin(), check.end());
  return link_format + to_url(bytes);
}

std::string_view fragment_of(std::string_view text) {
  if (const std::size_t hash = text.rfind('#'); hash != std::string_view::npos) {
    text.remove_prefix(hash + 1);
  }
  constexpr std::string_view space = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(space), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(space) + 1);
}

Result<Recipe> read_link(std::string_view given, const Codec& codec) {
  if (given.size() > max_link_bytes) {
    return refused(
      "E_LINK_LONG",
      fmt::format("this link has {} bytes, at most {} are read", given.size(), max_link_bytes),
      "longer recipes travel as a file (.plena.json)"
    );
  }
  const std::string_view text = fragment_of(given);
  const bool all_digits = std::all_of(text.begin(), text.end(), is_url_digit);
  if (text.empty() || text.front() < '1' || text.front() > '9' || (text.front() != link_format && (!all_digits || text.size() < 12))) {
    return refused(
      "E_LINK_FOREIGN",
      "this is no link of this playground",
      fmt::format("its links have #{} and then letters, digits, - and _", link_format)
    );
  }
  if (text.front() != link_format) {
    return refused(
      "E_LINK_NEWER",
      fmt::format(
        "this link has format {}, and formats up to {} are known here", text.front(), link_format
      ),
      "open it with the release that made it, or a later one"
    );
  }
  if (!all_digits) {
    return damaged("it has characters that no link has");
  }
  const std::optional<Bytes> bytes = from_url(text.substr(1));
  if (!bytes || bytes->size() <= check_bytes) {
    return cut();
  }
  const std::span<const std::uint8_t> all(*bytes);
  const auto check = all.last(check_bytes);
  Codec::Inflated inflated =
    codec.inflate(all.first(all.size() - check_bytes), bytes_of(dictionary()), max_json_bytes);
  switch (inflated.end) {
  case Codec::End::Done:
    break;
  case Codec::End::Cut:
    return cut();
  case Codec::End::Broken:
    return damaged("it cannot be decompressed");
  case Codec::End::TooLong:
    return refused(
      "E_LINK_BOMB",
      fmt::format(
        "this link would grow to more than {} MB and was not opened", max_json_bytes >> 20
      ),
      "no recipe is that large; do not trust where it came from"
    );
  }
  const std::string json(inflated.bytes.begin(), inflated.bytes.end());
  const auto expected = check_of(json);
  if (!std::equal(check.begin(), check.end(), expected.begin(), expected.end())) {
    return damaged("its check bytes do not fit");
  }
  return parse(json, "link");
}

} // namespace plena::recipe
