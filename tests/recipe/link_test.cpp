// Links: the way there and back, limits, and every way of being broken.
#include "base/sha256.h"
#include "recipe/codec.h"
#include "recipe/link.h"
#include "recipe/samples.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <map>
#include <set>

using namespace plena;
using namespace plena::recipe;

namespace {

const tests::TestCodec codec;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string code_of(const std::string& link) {
  const Result<Recipe> read = read_link(link, codec);
  if (read) {
    return "ok";
  }
  const Diagnostic& first = read.diagnostics().front();
  CHECK_FALSE(first.message.empty());
  CHECK_FALSE(first.hint.empty());
  return first.code;
}

/// A link whose text is anything, with check bytes that fit.
std::string link_with(const std::string& json) {
  // What link_of does, without a recipe: the digits of the bytes, then of the check.
  Bytes bytes = codec.deflate(bytes_of(json), bytes_of(dictionary()));
  const std::string hash = sha256_hex(bytes_of(json));
  for (std::size_t i = 0; i < 8; i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hash.substr(i, 2), nullptr, 16)));
  }
  constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(1, link_format);
  unsigned bits = 0;
  unsigned value = 0;
  for (const std::uint8_t byte : bytes) {
    value = value << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) {
      text += digits[value >> (bits - 6) & 63];
    }
  }
  return bits == 0 ? text : text + digits[value << (6 - bits) & 63];
}

} // namespace

TEST_CASE("link: the dictionary never changes", "[unit][recipe]") {
  CHECK(dictionary().size() == 4883);
  CHECK(
    sha256_hex(bytes_of(dictionary())) ==
    "bde758ec7440e04e080ba78bca315cd10f3c0eb4eedea4dadf0943d3d3ac233d"
  );
}

TEST_CASE("link: there and back, the same text each time", "[unit][recipe]") {
  tests::Random random(3);
  for (int i = 0; i < 1000; ++i) {
    const Recipe made = tests::random_recipe(random);
    const std::string link = link_of(made, codec);
    const Result<Recipe> read = read_link("https://example.com/playground/#" + link + "\n", codec);
    REQUIRE(read);
    CHECK(*read == made);
    CHECK(link_of(*read, codec) == link);
  }
}

TEST_CASE("link: what is wrong with it is told apart", "[unit][recipe]") {
  tests::Random random(4);
  const std::string link = link_of(tests::random_recipe(random), codec);
  const std::string good = write(*read_link(link, codec));
  CHECK(link_with(good) == link);
  CHECK(code_of("") == "E_LINK_FOREIGN");
  CHECK(code_of("#") == "E_LINK_FOREIGN");
  CHECK(code_of("https://example.com/#code/MYewdgzgLgBA") == "E_LINK_FOREIGN");
  CHECK(code_of("#0" + link.substr(1)) == "E_LINK_FOREIGN");
  CHECK(code_of("#2" + link.substr(1)) == "E_LINK_NEWER");
  CHECK(code_of("#1") == "E_LINK_CUT");
  CHECK(code_of(link.substr(0, link.size() / 2)) == "E_LINK_CUT");
  CHECK(code_of(link + "AAAA") != "ok");
  CHECK(code_of(link.substr(0, 20) + "<img src=x>" + link.substr(20)) == "E_LINK_DAMAGED");
  CHECK(code_of(std::string(max_link_bytes + 1, 'A')) == "E_LINK_LONG");
  CHECK(code_of(link_with("{\"plena_recipe\":9}")) == "E_RECIPE_NEWER");
  CHECK(code_of(link_with("{\"plena_recipe\":1,\"later\":1}")) == "E_RECIPE_KEY");
  CHECK(code_of(link_with("not JSON")) == "E_JSON");
  // 9 MB of one letter; and as much in a text that would be a recipe.
  CHECK(code_of(link_with(std::string(9 << 20, 'a'))) == "E_LINK_BOMB");
  CHECK(
    code_of(link_with("{\"plena_recipe\":1,\"e\":\"" + std::string(9 << 20, ' ') + "\"}")) ==
    "E_LINK_BOMB"
  );
  CHECK(code_of(link_with(std::string(7 << 20, '['))) == "E_JSON");
}

TEST_CASE("link: ten thousand changed links", "[unit][recipe]") {
  tests::Random random(5);
  std::vector<std::string> links;
  for (int i = 0; i < 50; ++i) {
    links.push_back(link_of(tests::random_recipe(random), codec));
  }
  constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // A changed character is a changed link, or one that seems to go on beyond its end.
  const std::set<std::string> changed{"E_LINK_DAMAGED", "E_LINK_CUT"};
  std::map<std::string, int> seen;
  std::clock_t longest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string& link = links[random.index(links.size())];
    std::string text = link;
    const auto kind = random.index(5);
    if (kind == 0) {
      text.resize(1 + random.index(text.size() - 1));
    } else if (kind == 1) {
      for (std::uint64_t flips = 1 + random.index(3); flips > 0; --flips) {
        text[1 + random.index(text.size() - 1)] = digits[random.index(digits.size())];
      }
    } else if (kind == 2) {
      text[0] = digits[random.index(digits.size())];
    } else if (kind == 3) {
      text.insert(1 + random.index(text.size() - 1), 1, static_cast<char>(random.index(256)));
    } else {
      text.erase(1 + random.index(text.size() - 1), 1 + random.index(4));
    }
    const std::clock_t start = std::clock();
    const std::string code = code_of(text);
    longest = std::max(longest, std::clock() - start);
    ++seen[code];
    INFO(text << "\nof " << link << "\nkind " << kind << " " << code);
    const std::string_view fragment = fragment_of(text);
    if (fragment == link) {
      CHECK(code == "ok");
    } else if (kind == 0) {
      CHECK(code == "E_LINK_CUT");
    } else if (kind == 2) {
      CHECK(
        code == (text[0] == link_format             ? "ok"
                 : text[0] >= '2' && text[0] <= '9' ? "E_LINK_NEWER"
                                                    : "E_LINK_FOREIGN")
      );
    } else if (kind == 3) {
      // A `#` or white space may have left another piece of the link.
      CHECK((changed.contains(code) || text.find_first_of("# \t\r\n") != std::string::npos));
    } else if (code == "ok") {
      // Bits after the end of the packed text mean nothing.
      CHECK(write(*read_link(text, codec)) == write(*read_link(link, codec)));
    } else {
      CHECK(changed.contains(code));
    }
  }
  CHECK(seen["ok"] < 100);
  CHECK(longest < CLOCKS_PER_SEC);
  std::string summary;
  for (const auto& [code, count] : seen) {
    summary += code + " " + std::to_string(count) + ", ";
  }
  WARN(summary << "longest " << 1000 * longest / CLOCKS_PER_SEC << " ms");
}
