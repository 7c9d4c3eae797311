#include "base/diagnostic.h"
#include "base/difference.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/text.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace plena;

namespace {
std::string sha_of(const std::string& text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}
} // namespace

TEST_CASE("SHA-256 equals the published vectors", "[unit][base]") {
  CHECK(sha_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(
    sha_of(std::string(1000000, 'a')) ==
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
  );
}

TEST_CASE("SHA-256 of zeros does not depend on how they are given", "[unit][base]") {
  Sha256 sparse;
  sparse.update_zeros(10001);
  CHECK(sparse.finish_hex() == sha_of(std::string(10001, '\0')));
}

TEST_CASE("lines are found whatever ends them", "[unit][base]") {
  const std::string text = "one\r\ntwo\rthree\n\nfive";
  CHECK(line_of(text, 1) == "one");
  CHECK(line_of(text, 2) == "two");
  CHECK(line_of(text, 3) == "three");
  CHECK(line_of(text, 4).empty());
  CHECK(line_of(text, 5) == "five");
  CHECK(line_of(text, 6).empty());
}

TEST_CASE("columns count as editors count", "[unit][base]") {
  CHECK(utf16_length("abc") == 3);
  CHECK(utf16_length("\xC3\xA9") == 1);
  CHECK(utf16_length("\xF0\x9F\x98\x80") == 2);
  CHECK(utf16_length("\xFF\x80") == 2);
}

TEST_CASE("UTF-8 is checked strictly", "[unit][base]") {
  CHECK(is_valid_utf8("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  CHECK_FALSE(is_valid_utf8("\xC0\x80"));
  CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));
  CHECK_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
  CHECK_FALSE(is_valid_utf8("\xE2\x82"));
}

TEST_CASE("a slip is recognised, a stranger is not", "[unit][base]") {
  CHECK(nearest("S_ADDI_IN", {"S_ADD_INT", "S_ADDI_INT", "M_MM"}) == "S_ADDI_INT");
  CHECK_FALSE(nearest("hello", {"S_ADD_INT", "M_MM"}).has_value());
}

TEST_CASE("a diagnostic is rendered with place, caret and hint", "[unit][base]") {
  const Diagnostic diagnostic{
    .code = "E_X", .message = "bad", .hint = "mend it", .file = "a.asm", .span = {2, 3, 2, 5}};
  CHECK(
    render(diagnostic, "one\nabcdef\n") ==
    "a.asm:2:3: error: bad [E_X]\n  abcdef\n    ^^\n  hint: mend it"
  );
}

TEST_CASE("no name or source line can drive the terminal", "[unit][base]") {
  const Diagnostic hostile{
    .code = "E_X",
    .message = "no '\x1b[2J' here",
    .hint = "try\nnothing",
    .file = "a\rb",
    .span = {1, 3, 1, 5},
    .where = "node \xC2\x9B"};
  const std::string text = render(hostile, "a\x1b[31m\tb\n");
  CHECK(
    text == "a\\x0Db:1:3: node \\x9B: error: no '\\x1B[2J' here [E_X]\n  a.[31m.b\n    ^^\n  hint: "
            "try\\x0Anothing"
  );
}

TEST_CASE("of long lines and names a part is shown", "[unit][base]") {
  const std::string line = std::string(5000, 'a') + "\xC3\xA9!" + std::string(5000000, 'b');
  const Diagnostic far{.code = "E_X", .message = line, .span = {1, 5002, 1, 5003}};
  const std::string text = render(far, line);
  CHECK(text.size() < 3000);
  const std::size_t caret = text.rfind('^');
  const std::size_t begin = text.rfind('\n', text.rfind('\n') - 1) + 1;
  const std::string shown = text.substr(begin, text.rfind('\n') - begin);
  // Two bytes of the accented letter are one column.
  CHECK(shown[caret - text.rfind('\n') - 1 + 1] == '!');
  const Diagnostic whole{.code = "E_X", .message = "m", .span = {1, 1, 1, 4000000}};
  CHECK(render(whole, line).size() < 1000);
}

namespace {

std::optional<std::vector<EditStep>>
changes(const std::string& a, const std::string& b, std::size_t most = 100) {
  return shortest_edit(std::span<const char>(a), std::span<const char>(b), most);
}

/// By the table of all beginnings of both.
std::size_t fewest_changes(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> fewest(
    a.size() + 1, std::vector<std::size_t>(b.size() + 1)
  );
  for (std::size_t x = 0; x <= a.size(); ++x) {
    for (std::size_t y = 0; y <= b.size(); ++y) {
      if (x == 0 || y == 0) {
        fewest[x][y] = x + y;
      } else {
        fewest[x][y] = a[x - 1] == b[y - 1] ? fewest[x - 1][y - 1]
                                            : 1 + std::min(fewest[x - 1][y], fewest[x][y - 1]);
      }
    }
  }
  return fewest[a.size()][b.size()];
}

std::string applied(const std::vector<EditStep>& all, const std::string& a, const std::string& b) {
  std::string result;
  std::size_t next = 0;
  for (const EditStep& change : all) {
    result += a.substr(next, change.a - next);
    CHECK(result.size() == change.b);
    next = change.a + (change.removed ? 1 : 0);
    result += change.removed ? "" : b.substr(change.b, 1);
  }
  return result + a.substr(next);
}

} // namespace

TEST_CASE("what two sequences begin and end with is counted once", "[unit][base]") {
  const auto ends = [](const std::string& a, const std::string& b) {
    const CommonEnds found = common_ends(std::span<const char>(a), std::span<const char>(b));
    return std::pair(found.head, found.tail);
  };
  CHECK(ends("", "") == std::pair<std::size_t, std::size_t>(0, 0));
  CHECK(ends("abc", "abc") == std::pair<std::size_t, std::size_t>(3, 0));
  CHECK(ends("aXc", "aYYc") == std::pair<std::size_t, std::size_t>(1, 1));
  CHECK(ends("aaa", "aa") == std::pair<std::size_t, std::size_t>(2, 0));
}

TEST_CASE("the shortest edit leads from one sequence to the other", "[unit][base]") {
  CHECK(changes("abc", "abc") == std::vector<EditStep>{});
  CHECK(changes("abc", "abxc") == std::vector<EditStep>{{2, 2, false}});
  CHECK(changes("abc", "ac") == std::vector<EditStep>{{1, 1, true}});
  CHECK(changes("ab", "xy", 4)->size() == 4);
  CHECK_FALSE(changes("ab", "xy", 3));
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    const auto letters = [&] {
      std::string text(random() % 12, 'a');
      std::generate(text.begin(), text.end(), [&] {
        return static_cast<char>('a' + random() % 3);
      });
      return text;
    };
    const std::string a = letters();
    const std::string b = letters();
    INFO(a << " to " << b);
    const auto found = changes(a, b);
    REQUIRE(found);
    CHECK(found->size() == fewest_changes(a, b));
    CHECK(applied(*found, a, b) == b);
  }
}
