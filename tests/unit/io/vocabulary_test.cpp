// Vocabularies and held-out data of trained models: what they say, and how they are refused.
#include "io/vocabulary_json.h"

#include <catch2/catch.hpp>
#include <ctime>
#include <cmath>
#include <string>

using namespace plena;
using namespace plena::io;

namespace {

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Result<Vocabulary> read(const std::string& text) {
  return read_vocabulary("vocabulary.json", bytes_of(text));
}

const std::string letters =
  R"({"plena_vocabulary": 1, "kind": "characters", "tokens": ["\n", "a", "é", "€", "😀"], "begin": 0, "context": 5})";
const std::string labels =
  R"({"plena_vocabulary": 1, "kind": "labels", "tokens": ["no", "yes"], "picture": {"input": "x", "output": "y",
      "width": 2, "height": 1, "low": 0, "high": 16, "scale": 0.125, "shift": -1}})";

std::string code(const Diagnostics& diagnostics) {
  return diagnostics.empty() ? "" : diagnostics.front().code;
}

} // namespace

TEST_CASE("texts become ids character by character, and texts again") {
  const Result<Vocabulary> vocabulary = read(letters);
  REQUIRE(vocabulary);
  const auto ids = vocabulary->ids_of("aé€😀");
  REQUIRE(ids);
  CHECK(*ids == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK(vocabulary->text_of(std::span(*ids).subspan(1)) == "aé€😀");
  CHECK(vocabulary->ids_of("").value() == std::vector<std::int64_t>{0});
}

TEST_CASE("texts that a vocabulary does not have are refused") {
  const Result<Vocabulary> vocabulary = read(letters);
  REQUIRE(vocabulary);
  CHECK(code(vocabulary->ids_of("b").diagnostics()) == "E_VOCABULARY");
  CHECK(code(vocabulary->ids_of("aaaaa").diagnostics()) == "E_KV_CACHE");
  // Broken UTF-8: half a character, and a byte that starts none.
  CHECK(code(vocabulary->ids_of("\xc3").diagnostics()) == "E_VOCABULARY");
  CHECK(code(vocabulary->ids_of("\x80").diagnostics()) == "E_VOCABULARY");
  // What stands behind a broken one is not part of it, and is not told raw.
  for (const char* broken : {"\xc3(", "\xff(", "\xe2\x28\xa1"}) {
    const auto ids = vocabulary->ids_of(broken);
    REQUIRE_FALSE(ids);
    CHECK(ids.diagnostics().front().message.starts_with(
      "the model does not know the character with the byte "
    ));
  }
}

TEST_CASE("a long text of a large vocabulary is read at once") {
  // As many steps as characters, not times tokens: else this takes minutes.
  std::string tokens;
  std::string last;
  for (unsigned code = 0x4e00; code < 0x4e00 + 20'000; ++code) {
    last = {
      static_cast<char>(0xe0 | code >> 12),
      static_cast<char>(0x80 | (code >> 6 & 0x3f)),
      static_cast<char>(0x80 | (code & 0x3f))};
    tokens += (tokens.empty() ? "\"" : ",\"") + last + "\"";
  }
  const Result<Vocabulary> vocabulary = read(
    R"({"plena_vocabulary": 1, "kind": "characters", "context": 1000000, "tokens": [)" + tokens +
    "]}"
  );
  REQUIRE(vocabulary);
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) {
    text += last;
  }
  const std::clock_t start = std::clock();
  const auto ids = vocabulary->ids_of(text);
  CHECK((std::clock() - start) / CLOCKS_PER_SEC < 20);
  REQUIRE(ids);
  CHECK(*ids == std::vector<std::int64_t>(1'000'000, 19'999));
  const auto unknown = vocabulary->ids_of("a");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.diagnostics().front().hint.ends_with(" and 19800 others"));
  CHECK(
    code(
      read(
        R"({"plena_vocabulary": 1, "kind": "characters", "context": 2, "tokens": ["a", "b", "a"]})"
      )
        .diagnostics()
    ) == "E_VOCABULARY"
  );
}

TEST_CASE("a vocabulary may say how lists name its model") {
  const auto with = [](const std::string& member) {
    return read(R"({"plena_vocabulary": 1, "kind": "characters", "tokens": ["a"], "context": 5, )" + member + "}");
  };
  const Result<Vocabulary> named = with(R"("title": "T", "summary": "S")");
  REQUIRE(named);
  CHECK(named.diagnostics().empty());
  CHECK(code(with(R"("title": 1)").diagnostics()) == "E_TYPE");
  CHECK(code(with(R"("heading": "T")").diagnostics()) == "W_IGNORED");
}

TEST_CASE("pictures become inputs, whatever is drawn in them") {
  const Result<Vocabulary> vocabulary = read(labels);
  REQUIRE(vocabulary);
  const std::vector<double> drawn{0, 16};
  CHECK(vocabulary->input_of(drawn).value() == std::vector<float>{-1, 1});
  const std::vector<double> blank{0, 0};
  CHECK(vocabulary->input_of(blank).value() == std::vector<float>{-1, -1});
  for (const std::vector<double>& bad :
       {std::vector<double>{0}, {0, 17}, {-1, 0}, {0, std::nan("")}}) {
    CHECK(code(vocabulary->input_of(bad).diagnostics()) == "E_INPUT");
  }
}

TEST_CASE("pictures whose inputs would be no numbers are refused") {
  const auto with = [](const char* given, const char* other) {
    std::string text = labels;
    return read(text.replace(text.find(given), std::string(given).size(), other));
  };
  CHECK(with("0.125", "1e37"));
  CHECK(code(with("0.125", "1e38").diagnostics()) == "E_RANGE"); // an f32 ends at 3.4e38
  CHECK(code(with("0.125", "1e308").diagnostics()) == "E_RANGE");
  CHECK(code(with("-1", "-1e39").diagnostics()) == "E_RANGE");
}

TEST_CASE("held-out data is checked against the vocabulary") {
  const Result<Vocabulary> vocabulary = read(labels);
  REQUIRE(vocabulary);
  const auto held = [&](const std::string& pictures) {
    return read_holdout(
      "holdout.json",
      bytes_of(R"({"plena_holdout": 1, "kind": "pictures", "pictures": [)" + pictures + "]}"),
      *vocabulary
    );
  };
  const Result<Holdout> good = held(R"({"label": "yes", "pixels": [0, 16]})");
  REQUIRE(good);
  CHECK(good->size() == 1);
  CHECK(good->pictures[0].label == 1);
  CHECK(code(held(R"({"label": "maybe", "pixels": [0, 16]})").diagnostics()) == "E_VOCABULARY");
  CHECK(code(held(R"({"label": "yes", "pixels": [0]})").diagnostics()) == "E_INPUT");
  CHECK(code(held(R"({"label": "yes", "pixels": [0, "x"]})").diagnostics()) == "E_INPUT");
  CHECK(code(held("").diagnostics()) == "E_MISSING");
}
