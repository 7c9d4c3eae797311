// The JSON of recipes: canonical, strict, and never a crash.
#include "recipe/judge.h"
#include "recipe/recipe.h"
#include "recipe/samples.h"
#include "recipe/upgrade.h"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace plena;
using namespace plena::recipe;

namespace {

constexpr const char* good =
  R"({"d":{"w":"0123456789abcdef"},"e":"0.1.0","m":{"g":"linear","h":"0123456789abcdef"},"plena_recipe":1,"s":{"p":"m64b4"}})";

/// The recipe above with one value set or, with null, removed.
std::string with(const std::string& pointer, const nlohmann::json& value) {
  nlohmann::json json = nlohmann::json::parse(good);
  const nlohmann::json::json_pointer place(pointer);
  if (value.is_null()) {
    json[place.parent_pointer()].erase(place.back());
  } else {
    json[place] = value;
  }
  return json.dump();
}

} // namespace

TEST_CASE("recipe: one text per recipe, and one recipe per text", "[unit][recipe]") {
  tests::Random random(8);
  for (int i = 0; i < 1000; ++i) {
    const Recipe made = tests::random_recipe(random);
    const std::string text = write(made);
    INFO(text);
    const Result<Recipe> read = parse(text);
    REQUIRE(read.diagnostics().empty());
    CHECK(*read == made);
    CHECK(write(*read) == text);
    // White space and the order of keys mean nothing.
    const Result<Recipe> loose = parse(nlohmann::ordered_json::parse(text).dump(2));
    REQUIRE(loose);
    CHECK(write(*loose) == text);
  }
}

TEST_CASE("recipe: the text of a plain one", "[unit][recipe]") {
  const Result<Recipe> read = parse(good);
  REQUIRE(read);
  CHECK(write(*read) == good);
  CHECK(read->model.gallery == "linear");
  CHECK(is_recipe(good));
  CHECK_FALSE(is_recipe("{\"plena_model\": 1}"));
  CHECK_FALSE(baseline_of(*read));
}

TEST_CASE("recipe: of a baseline only what differs is written", "[unit][recipe]") {
  Recipe made = *parse(good);
  made.baseline = static_cast<const Way&>(made);
  made.baseline->options["opt"] = std::string("dense");
  made.baseline->digests = {};
  const std::string text = write(made);
  CHECK(
    nlohmann::json::parse(text)["b"] == nlohmann::json::parse(R"({"c": {"opt": "dense"}, "d": {}})")
  );
  REQUIRE(parse(text));
  CHECK(*parse(text) == made);
  CHECK(baseline_of(*parse(text))->model == made.model);
  CHECK(baseline_of(*parse(text))->options == made.baseline->options);
}

TEST_CASE("recipe: what is wrong is told with its place", "[unit][recipe]") {
  struct Wrong {
    std::string text;
    std::string code;
    std::string where;
  };
  const std::string long_text(300, 'x');
  const Wrong wrongs[] = {
    {"", "E_JSON", ""},
    {"{", "E_JSON", ""},
    {"{\"plena_recipe\":1,\"plena_recipe\":1}", "E_JSON", "/plena_recipe"},
    {"[1]", "E_RECIPE_FOREIGN", ""},
    {"{\"plena_model\":1}", "E_RECIPE_FOREIGN", ""},
    {with("/plena_recipe", 0), "E_RECIPE_VALUE", "/plena_recipe"},
    {with("/plena_recipe", "1"), "E_RECIPE_VALUE", "/plena_recipe"},
    {with("/plena_recipe", 2), "E_RECIPE_NEWER", ""},
    {with("/e", nullptr), "E_RECIPE_MISSING", "/e"},
    {with("/e", "newest"), "E_RECIPE_VALUE", "/e"},
    {with("/e", "1.2.3/../../x"), "E_RECIPE_VALUE", "/e"},
    {with("/e", "1.2"), "E_RECIPE_VALUE", "/e"},
    {with("/zz", 1), "E_RECIPE_KEY", "/zz"},
    {with("/m/zz", 1), "E_RECIPE_KEY", "/m/zz"},
    {with("/m/h", nullptr), "E_RECIPE_MISSING", "/m/h"},
    {with("/m/h", "0123456789ABCDEF"), "E_RECIPE_VALUE", "/m/h"},
    {with("/m/h", std::string(64, 'a')), "E_RECIPE_VALUE", "/m/h"},
    {with("/m/f", "a.onnx"), "E_RECIPE_VALUE", "/m"},
    {with("/m/g", nullptr), "E_RECIPE_MISSING", "/m"},
    {with("/m/g", "../../x"), "E_RECIPE_VALUE", "/m/g"},
    {with("/m/g", 7), "E_RECIPE_TYPE", "/m/g"},
    {with("/m", {{"u", "http://example.com/x"}, {"h", std::string(64, 'a')}}),
     "E_RECIPE_VALUE",
     "/m/u"},
    {with("/m", {{"u", "https://example.com/<x>"}, {"h", std::string(64, 'a')}}),
     "E_RECIPE_VALUE",
     "/m/u"},
    {with("/m", {{"f", "a/b.onnx"}, {"h", std::string(64, 'a')}}), "E_RECIPE_VALUE", "/m/f"},
    {with("/m", {{"j", "text"}}), "E_RECIPE_TYPE", "/m/j"},
    {with("/s", nullptr), "E_RECIPE_MISSING", "/s/p"},
    {with("/s/p", "../m64b4"), "E_RECIPE_VALUE", "/s/p"},
    {with("/s/k", {{"MLEN", -1}}), "E_RECIPE_TYPE", "/s/k/MLEN"},
    {with("/s/k", {{"MLEN", 1.5}}), "E_RECIPE_TYPE", "/s/k/MLEN"},
    {with("/s/k", {{"M/N", 1}}), "E_RECIPE_VALUE", "/s/k/M~1N"},
    {with("/c", {{"opt", long_text}}), "E_RECIPE_TYPE", "/c/opt"},
    {with("/a", {{{"l", 0}, {"h", "01234567"}}}), "E_RECIPE_MISSING", "/a/0"},
    {with("/a", {{{"l", 1}}}), "E_RECIPE_MISSING", "/a/0"},
    {with("/a", {{{"l", 1}, {"h", "0123456"}}}), "E_RECIPE_VALUE", "/a/0/h"},
    {with("/a", nlohmann::json(std::vector<int>(1001))), "E_RECIPE_VALUE", "/a"},
    {with("/n", {{"batch", "4"}}), "E_RECIPE_TYPE", "/n/batch"},
    {with("/n", {{"a/b", true}}), "E_RECIPE_TYPE", "/n/a~1b"},
    {with("/x", "end"), "E_RECIPE_TYPE", "/x"},
    {with("/i", {{{"f", "x"}}}), "E_RECIPE_MISSING", "/i/0"},
    {with("/i", {{{"f", "x"}, {"v", "AAA"}}}), "E_RECIPE_VALUE", "/i/0/v"},
    {with("/i", {{{"f", "x"}, {"v", ""}}}), "E_RECIPE_VALUE", "/i/0/v"},
    {with("/i", {{{"f", "x"}, {"v", std::string(8192, 'A')}}}), "E_RECIPE_VALUE", "/i/0/v"},
    {with("/i", {{{"f", "x"}, {"v", "AAAA"}, {"n", 3}}}), "E_RECIPE_VALUE", "/i/0"},
    {with("/i", {{{"f", "x"}, {"v", "AAAA"}, {"h", std::string(64, 'a')}}}),
     "E_RECIPE_VALUE",
     "/i/0"},
    {with("/t", {{"n", 3}, {"c", 8}}), "E_RECIPE_MISSING", "/t/i"},
    {with("/t", {{"i", {1, 2}}, {"n", 7}, {"c", 8}}), "E_RECIPE_VALUE", "/t/c"},
    {with("/t", {{"i", {1, 2}}, {"n", 7}}), "E_RECIPE_VALUE", "/t/c"},
    {with("/t", {{"i", {1}}, {"n", 1}, {"c", 65537}}), "E_RECIPE_VALUE", "/t/c"},
    {with("/t", {{"i", {1}}, {"n", ~std::uint64_t{0}}, {"c", 8}}), "E_RECIPE_VALUE", "/t/c"},
    {with("/t", {{"i", {-1}}, {"n", 1}, {"c", 8}}), "E_RECIPE_TYPE", "/t/i/0"},
    {with("/t", {{"i", {1}}, {"n", 1}, {"c", 8}, {"t", 0.5}}), "E_RECIPE_TYPE", "/t/t"},
    {with("/t", {{"i", {1}}, {"n", 1}, {"c", 8}, {"h", "x"}}), "E_RECIPE_VALUE", "/t/h"},
    {with("/t", {{"i", {1}}, {"n", 1}, {"c", 8}, {"r", (std::uint64_t{1} << 53) + 1}}),
     "E_RECIPE_VALUE",
     "/t/r"},
    {with("/t", {{"i", {1}}, {"n", 1}, {"c", 8}, {"t", ~std::uint64_t{0}}}),
     "E_RECIPE_VALUE",
     "/t/t"},
    {with("/t", {{"i", {1}}, {"p", "text"}}), "E_RECIPE_KEY", "/t/p"},
    {with("/b", {{"t", nlohmann::json::object()}}), "E_RECIPE_KEY", "/b/t"},
    {with("/d/w", "x"), "E_RECIPE_VALUE", "/d/w"},
    {with("/b", 1), "E_RECIPE_TYPE", "/b"},
    {with("/b", {{"b", nlohmann::json::object()}}), "E_RECIPE_KEY", "/b/b"},
    {with("/b", {{"v", nlohmann::json::object()}}), "E_RECIPE_KEY", "/b/v"}};
  for (const Wrong& wrong : wrongs) {
    INFO(wrong.text);
    const Result<Recipe> read = parse(wrong.text);
    REQUIRE_FALSE(read);
    const Diagnostic& first = read.diagnostics().front();
    CHECK(first.code == wrong.code);
    CHECK(first.where == wrong.where);
    CHECK_FALSE(first.message.empty());
    CHECK_FALSE(first.hint.empty());
  }
}

TEST_CASE("recipe: what cannot be read is not to be written", "[unit][recipe]") {
  Recipe whole = *parse(with("/m", {{"f", "a.onnx"}, {"h", std::string(64, 'a')}}));
  CHECK(check(whole));
  const auto refused = [&](void (*spoil)(Recipe&)) {
    Recipe bad = whole;
    spoil(bad);
    const Status status = check(bad);
    return !status && status.diagnostics().front().code == "E_RECIPE_VALUE";
  };
  CHECK(refused([](Recipe& one) { one.model.file = std::string(256, 'x'); }));
  CHECK(refused([](Recipe& one) {
    one.inputs = {{.name = std::string(201, 'x'), .bytes = 4, .sha256 = std::string(64, 'a')}};
  }));
  CHECK(refused([](Recipe& one) { one.part.ids.assign((1 << 16) + 1, 0); }));
  CHECK(refused([](Recipe& one) {
    one.model = {.json = "{\"x\":\"" + std::string(8 << 20, 'x') + "\"}"};
  }));
  // A name that is no UTF-8 is written, with what it lacks replaced.
  whole.model.file = "caf\xe9.onnx";
  CHECK(check(whole));
  CHECK(parse(write(whole))->model.file == "caf\xef\xbf\xbd.onnx");
}

TEST_CASE("recipe: a view that cannot be read costs a warning", "[unit][recipe]") {
  for (const nlohmann::json& view :
       {nlohmann::json(7),
        nlohmann::json::parse(R"({"t": "<b>"})"),
        nlohmann::json::parse(R"({"later": 1})")}) {
    const Result<Recipe> read = parse(with("/v", view));
    REQUIRE(read);
    REQUIRE(read.diagnostics().size() == 1);
    CHECK(read.diagnostics().front().code == "W_RECIPE_VIEW");
    CHECK(read->view == View{});
    CHECK(write(*read) == good);
  }
}

TEST_CASE("recipe: a prediction that cannot be read costs the view alone", "[unit][recipe]") {
  const nlohmann::json fine = {
    {"g", "llama-3.1-8b"},
    {"n", {{"MLEN", 1024}}},
    {"c", {{"M_MM.pipelined", "2 * BLEN"}}},
    {"t", "roofline"},
    {"x", {"MLEN=64..512*2"}}};
  const Result<Recipe> read = parse(with("/v", {{"a", fine}, {"t", "time"}}));
  REQUIRE(read);
  CHECK(read.diagnostics().empty());
  const Prediction& asked = read->view.prediction;
  CHECK(asked.model == "llama-3.1-8b");
  CHECK(asked.numbers == Values{{"MLEN", std::uint64_t{1024}}});
  CHECK(asked.prices == Values{{"M_MM.pipelined", std::string("2 * BLEN")}});
  CHECK(asked.shown == "roofline");
  CHECK(asked.sweep == std::vector<std::string>{"MLEN=64..512*2"});
  CHECK(parse(write(*read))->view == read->view);

  struct Wrong {
    const char* key;
    nlohmann::json value;
    const char* where;
  };
  const Wrong wrongs[] = {
    {"t", nullptr, "/v/a/t"},
    {"t", "", "/v/a/t"},
    {"t", "<img>", "/v/a/t"},
    {"g", "../secret", "/v/a/g"},
    {"n", {{"MLEN", -1}}, "/v/a/n/MLEN"},
    {"n", {{"MLEN", 1.5}}, "/v/a/n/MLEN"},
    {"n", {{"MLEN", "64"}}, "/v/a/n/MLEN"},
    {"n", {{"M LEN", 64}}, "/v/a/n/M LEN"},
    {"n", 7, "/v/a/n"},
    {"c", {{"M_MM.pipelined", 5}}, "/v/a/c/M_MM.pipelined"},
    {"c", {{"M_MM.pipelined", "1\n"}}, "/v/a/c/M_MM.pipelined"},
    {"d", "{}", "/v/a/d"},
    {"d", nlohmann::json::object(), "/v/a"}, // beside a model that has a name
    {"f", "a/b.json", "/v/a/f"},
    {"x", "MLEN=64", "/v/a/x"},
    {"x", {64}, "/v/a/x/0"},
    {"x", nlohmann::json(std::vector<std::string>(1001, "MLEN=64")), "/v/a/x"},
    {"later", 1, "/v/a/later"}};
  for (const Wrong& wrong : wrongs) {
    nlohmann::json bad = fine;
    bad[wrong.key] = wrong.value;
    INFO(bad.dump());
    const Result<Recipe> other = parse(with("/v", {{"a", bad}, {"t", "time"}}));
    REQUIRE(other);
    REQUIRE(other.diagnostics().size() == 1);
    CHECK(other.diagnostics().front().code == "W_RECIPE_VIEW");
    CHECK(other.diagnostics().front().where == wrong.where);
    CHECK(other->view == View{});
  }
  nlohmann::json unsaid = fine;
  unsaid.erase("t");
  CHECK(parse(with("/v", {{"a", unsaid}}))->view == View{});
}

TEST_CASE("recipe: a caller spells a prediction out", "[unit][recipe]") {
  const Result<Wish> wish = parse_wish(
    R"({"gallery": "linear", "view": {"tab": "report", "prediction": {"dims": {"hidden_size": 64},
        "dimsName": "c.json", "numbers": {"BLEN": 8}, "prices": {"M_MM.pipelined": "1"},
        "sweep": ["BLEN=1,2"], "shown": "sweep"}}})"
  );
  REQUIRE(wish);
  const Prediction& asked = wish->view.prediction;
  CHECK(asked.dims == R"({"hidden_size":64})");
  CHECK(asked.shown == "sweep");
  // What is told is what is read again.
  const std::string told = prediction_json(asked);
  const Result<Wish> again = parse_wish(R"({"view": {"prediction": )" + told + "}}");
  REQUIRE(again);
  CHECK(again->view.prediction == asked);
  CHECK(prediction_json({}).empty());

  for (const char* bad :
       {R"({"view": {"prediction": 1}})",
        R"({"view": {"prediction": {"model": "linear"}}})",
        R"({"view": {"prediction": {"shown": "parts", "numbers": {"MLEN": "64"}}}})",
        R"({"view": {"prediction": {"shown": "parts", "prices": {"M_MM.pipelined": 1}}}})",
        R"({"view": {"prediction": {"shown": "parts", "dims": 1}}})",
        R"({"view": {"prediction": {"shown": "parts", "t": "parts"}}})"}) {
    INFO(bad);
    const Result<Wish> refused = parse_wish(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.diagnostics().front().where.starts_with("/view/prediction"));
  }
}

TEST_CASE("recipe: every version has an upgrade", "[unit][recipe]") {
  constexpr auto nothing = [](nlohmann::json&) {};
  constexpr std::array<Upgrade, 2> steps{{{1, nothing}, {2, nothing}}};
  constexpr std::array<Upgrade, 2> doubled{{{1, nothing}, {1, nothing}}};
  STATIC_REQUIRE(complete(steps, 3));
  STATIC_REQUIRE_FALSE(complete(steps, 2));
  STATIC_REQUIRE_FALSE(complete(steps, 4));
  STATIC_REQUIRE_FALSE(complete(doubled, 3));
  CHECK(complete(upgrades(), current_version));

  const std::array<Upgrade, 2> renames{
    {{1, [](nlohmann::json& json) { json["b"] = json["a"]; }},
     {2, [](nlohmann::json& json) { json["c"] = json["b"]; }}}};
  nlohmann::json first = {{"a", 1}};
  lift(first, 1, renames);
  CHECK(first == nlohmann::json({{"a", 1}, {"b", 1}, {"c", 1}}));
  nlohmann::json second = {{"b", 2}};
  lift(second, 2, renames);
  CHECK(second == nlohmann::json({{"b", 2}, {"c", 2}}));
}

TEST_CASE("recipe: three outcomes, and the first stage that differs", "[unit][recipe]") {
  const std::string full(64, 'a');
  const std::string half(16, 'a');
  const std::string other(16, 'b');
  const Judgement same = judge({half, half, half}, {full, full, full});
  CHECK(same.outcome == Outcome::Reproduced);
  CHECK(same.text == "reproduced: machine words, final state, cycles");
  CHECK_FALSE(same.first);
  CHECK(judge({half, "", ""}, {full, full, full}).text == "reproduced: machine words");
  CHECK(judge({}, {full, full, full}).outcome == Outcome::Unchecked);
  CHECK(judge({other, other, half}, {full, full, full}).first == 0);
  CHECK(judge({half, other, other}, {full, full, full}).first == 1);
  const Judgement slow = judge({half, half, other}, {full, full, full});
  CHECK(slow.outcome == Outcome::Differs);
  CHECK(slow.first == 2);
  CHECK(slow.text.find("expected " + other + ", found " + half) != std::string::npos);
  CHECK(judge({half, half, half}, {full, "", ""}).first == 1);
  const Judgement none = cannot_run({{.code = "E_X", .message = "why"}});
  CHECK(none.outcome == Outcome::CannotRun);
  CHECK(none.text == "cannot be run here: why");
}

TEST_CASE("recipe: a text is a stage of its own, the last", "[unit][recipe]") {
  const std::string full(64, 'a');
  const std::string half(16, 'a');
  const Text text{.ids = {1}, .count = 2, .context = 8, .digest = half};
  const auto judged = [&](const Digests& expected, const std::string& found) {
    Judgement judgement = judge(expected, {full, full, full});
    judge_text(judgement, text, found);
    return judgement;
  };
  CHECK(judged({half, half, half}, full).text == "reproduced: machine words, final state, cycles, text");
  CHECK(judged({}, full).outcome == Outcome::Reproduced);
  const Judgement other = judged({half, half, half}, std::string(64, 'b'));
  CHECK(other.outcome == Outcome::Differs);
  CHECK(other.first == 3);
  CHECK(other.stages.back().found == std::string(16, 'b'));
  // What came before the text is the first to differ.
  CHECK(judged({std::string(16, 'b'), half, half}, std::string(64, 'b')).first == 0);
  Judgement none = judge({half, half, half}, {full, full, full});
  judge_text(none, Text{}, "");
  CHECK(none.stages.size() == 3);
  // Nothing is known of what must come: nothing is claimed.
  Judgement unknown = judge({}, {full, full, full});
  judge_text(unknown, Text{.ids = {1}, .count = 2, .context = 8}, full);
  CHECK(unknown.outcome == Outcome::Unchecked);
}

TEST_CASE("recipe: a wish may have a text", "[unit][recipe]") {
  const Result<Wish> wish =
    parse_wish(R"({"gallery":"linear","text":{"i":[3,4],"n":5,"r":6,"t":700,"c":64,"h":"0123456789abcdef"}})");
  REQUIRE(wish);
  CHECK(wish->text == Text{{3, 4}, 5, 700, 6, 64, "0123456789abcdef"});
  CHECK(parse_wish("{}")->text == Text{});
  CHECK(parse_wish(R"({"text":{"i":[3],"n":5,"c":4}})").diagnostics().front().code == "E_RECIPE_VALUE");
  CHECK(parse_wish(R"({"text":3})").diagnostics().front().code == "E_ARGUMENT");
}

TEST_CASE("recipe: a wish may have a baseline", "[unit][recipe]") {
  const Recipe kept = *parse(good);
  const Result<Wish> wish = parse_wish(R"({"baseline": )" + std::string(good) + "}");
  REQUIRE(wish);
  CHECK(wish->baseline == static_cast<const Way&>(kept));
  CHECK_FALSE(parse_wish("{}")->baseline);
  CHECK(parse_wish(R"({"baseline": "linear"})").diagnostics().front().code == "E_ARGUMENT");
  CHECK(parse_wish(R"({"baseline": {}})").diagnostics().front().code == "E_RECIPE_FOREIGN");
  const Result<Wish> wrong = parse_wish(R"({"baseline": )" + with("/s/p", 7) + "}");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.diagnostics().front().where == "/baseline/s/p");
}
