// Closed-form models over a session: dimensions told from a graph, and a prediction beside a run.
#include "config/changes.h"
#include "driver/analytic.h"
#include "driver/tools.h"
#include "folders.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace plena;
using namespace plena::driver;
using Json = nlohmann::json;

namespace {

Json transformer(std::string_view family) {
  Json model = {
    {"plena_model", 1},
    {"name", "small"},
    {"family", family},
    {"dims",
     {{"hidden_size", 64},
      {"intermediate_size", 192},
      {"num_layers", 2},
      {"num_attention_heads", 4},
      {"num_key_value_heads", 2}}},
    {"weights", {{"source", "seed"}, {"generator", "ih4"}, {"seed", 1}, {"naming", "hf_llama"}}},
    {"input",
     {{"kind", "embeddings"},
      {"tensor",
       {{"name", "X"}, {"shape", {32, 64}}, {"generator", "ih4"}, {"seed", 1}, {"std", 1}}}}}};
  if (family == "siglip_vision") {
    model["dims"].erase("num_key_value_heads");
    model["dims"].update({{"patch_size", 8}, {"num_channels", 3}, {"image_size", 32}});
    model["weights"]["naming"] = "hf_smolvlm";
    model["input"] = {
      {"kind", "pixels"},
      {"tensor",
       {{"name", "P"}, {"shape", {1, 3, 32, 32}}, {"generator", "ih4"}, {"seed", 1}, {"std", 1}}}};
  }
  return model;
}

Session session_with(const std::string& text, std::string_view settings = "m16b4") {
  Session session;
  REQUIRE(session.set_settings(settings, preset(settings)->toml));
  const auto loaded =
    session.load_model("m.json", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  for (const Diagnostic& one : loaded.diagnostics()) {
    UNSCOPED_INFO(render(one));
  }
  REQUIRE(loaded);
  return session;
}

void run(Session& session) {
  REQUIRE(session.compile("{}"));
  REQUIRE(session.reset());
  while (session.status().reason == RunStatus::Reason::Ready ||
         session.status().reason == RunStatus::Reason::Slice) {
    REQUIRE(session.run(1'000'000));
  }
}

std::string code_of(const Diagnostics& diagnostics) {
  return diagnostics.empty() ? "" : diagnostics.front().code;
}

const report::ComparisonRow* find(const report::AnalyticRun& comparison, analytic::Part part) {
  for (const report::ComparisonRow& row : comparison.rows) {
    if (row.part == part) {
      return &row;
    }
  }
  return nullptr;
}

} // namespace

TEST_CASE("analytic: dimensions are told from the graph of a model", "[unit][driver]") {
  const auto facts = analyse(session_with(transformer("llama").dump()), {});
  REQUIRE(facts.ok());
  const analytic::Dims& dims = facts->scenario.dims;
  CHECK(
    (dims.hidden == 64 && dims.inner == 192 && dims.layers == 2 && dims.heads == 4 &&
     dims.kv_heads == 2)
  );
  CHECK((dims.head_dim == 16 && dims.gated && dims.experts == 1 && dims.sliding.empty()));
  CHECK((facts->scenario.workload.batch == 1 && facts->scenario.workload.input == 32));

  const auto vision = analyse(session_with(transformer("siglip_vision").dump()), {});
  REQUIRE(vision.ok());
  CHECK(
    (vision->scenario.dims.heads == 4 && vision->scenario.dims.kv_heads == 4 &&
     !vision->scenario.dims.gated)
  );
  CHECK((vision->scenario.dims.inner == 192 && vision->scenario.workload.input == 16));
}

TEST_CASE("analytic: what cannot be told or compared is said", "[unit][driver]") {
  CHECK(code_of(analyse(Session(), {}).diagnostics()) == "E_ANALYTIC_MODEL");
  CHECK(code_of(compare_with_run(Session()).diagnostics()) == "E_NO_MODEL");
  Session session = session_with(transformer("llama").dump());
  REQUIRE(session.compile("{}"));
  CHECK(code_of(compare_with_run(session).diagnostics()) == "E_NO_RUN");
  const std::string linear = tests::read_text(tests::source_dir() / "models" / "linear.json");
  CHECK(code_of(analyse(session_with(linear), {}).diagnostics()) == "E_ANALYTIC_ARCHITECTURE");
}

TEST_CASE("analytic: a run by parts adds up, and is a product of its reasons", "[unit][driver]") {
  for (const std::string_view family : {"llama", "siglip_vision"}) {
    INFO(family);
    Session session = session_with(transformer(family).dump());
    run(session);
    const auto made = compare_with_run(session);
    REQUIRE(made.ok());
    std::uint64_t sum = 0;
    for (const report::ComparisonRow& row : made->rows) {
      INFO(analytic::to_string(row.part));
      sum += row.run;
      CHECK(row.emulator <= row.run);
      CHECK((row.nodes > 0 || row.part == analytic::Part::other));
    }
    CHECK(sum == session.status().cycles);
    using analytic::Part;
    for (const Part part :
         {Part::norms,
          Part::projection,
          Part::attention,
          Part::output_projection,
          Part::residual,
          Part::feed_forward}) {
      INFO(analytic::to_string(part));
      REQUIRE(find(*made, part) != nullptr);
      CHECK(find(*made, part)->formula.has_value() == (part != Part::output_projection));
      CHECK(find(*made, part)->run > 0);
    }
    CHECK((find(*made, Part::embeddings) != nullptr) == (family == "siglip_vision"));
    CHECK(find(*made, Part::residual)->nodes == 4);
    CHECK(made->roofline.has_value());
  }
}

TEST_CASE("analytic: a part without attention is compared alone", "[unit][driver]") {
  Session session =
    session_with(tests::read_text(tests::source_dir() / "models" / "swiglu_block.json"));
  CHECK(code_of(analyse(session, {}).diagnostics()) == "E_ANALYTIC_ARCHITECTURE");
  run(session);
  const auto made = compare_with_run(session);
  REQUIRE(made.ok());
  REQUIRE(find(*made, analytic::Part::feed_forward) != nullptr);
  CHECK(find(*made, analytic::Part::feed_forward)->formula > 0u);
  CHECK(find(*made, analytic::Part::attention) == nullptr);
  CHECK_FALSE(made->roofline.has_value());
}

TEST_CASE("analytic: prices are asked for one by one", "[unit][driver]") {
  Session session = session_with(transformer("llama").dump());
  const auto cycles = [&](const char* prices) {
    const auto text = analytic_document(
      session, fmt::format(R"({{"model": "llama-3.1-8b", "prices": {}}})", prices)
    );
    return text ? Json::parse(*text)["prefill_total_cycles"].get<std::uint64_t>() : 0;
  };
  const std::uint64_t plain = cycles("{}");
  CHECK(plain == 369670787);
  CHECK(cycles(R"({"M_MM.pipelined": "BLEN"})") == plain);
  CHECK(cycles(R"({"M_MM.pipelined": "2 * BLEN"})") > plain);
  const Json report = Json::parse(
    *analytic_document(session, R"json({"prices": {"M_MM.pipelined": "min(BLEN, 3)"}})json")
  );
  for (const Json& price : report["prices"]) {
    if (price["insn"] == "M_MM") {
      CHECK(price["pipelined"] == "min(BLEN, 3)");
      CHECK(price["standard"] == "BLEN");
      CHECK(price["cycles"] == 3);
    }
  }
  for (const char* bad :
       {R"json({"M_MM.pipelined": "1 // (MLEN - MLEN)"})json",
        R"({"M_MM.pipelined": "0"})",
        R"({"M_MM.pipelined": "while 1"})",
        R"({"M_NONE.pipelined": "1"})",
        R"({"M_MM.pipelined": 1})",
        R"(["M_MM"])"}) {
    INFO(bad);
    CHECK(cycles(bad) == 0);
  }
}

TEST_CASE("analytic: a link takes along what its settings lack", "[unit][driver]") {
  const config::Config standard = *config::load(preset("m16b4")->toml, "m16b4");
  const auto completed = [&](const std::string& toml, recipe::Prediction asked) {
    Session session;
    REQUIRE(session.set_settings("own", toml));
    asked.shown = "parts";
    const Status done = complete_prediction(asked, session, standard);
    return done ? Result<recipe::Prediction>(asked) : Result<recipe::Prediction>(done.diagnostics());
  };
  const auto text = [&](auto&& change, const config::Prices& prices = {}) {
    config::Config config = standard;
    change(config);
    return config::to_toml(config, "own", prices);
  };
  using Number = std::uint64_t;

  const auto same = completed(text([](config::Config&) {}), {});
  REQUIRE(same);
  CHECK(same->numbers.empty());
  CHECK(same->prices.empty());

  // VLEN follows an MLEN that is set, and so it has to be said where it did not.
  const std::string smaller = text([](config::Config& config) { config.analytic->mlen = 512; });
  const auto half = completed(smaller, {});
  REQUIRE(half);
  CHECK(half->numbers.at("MLEN") == recipe::Scalar(Number{512}));
  CHECK(half->numbers.at("VLEN") == recipe::Scalar(Number{standard.analytic->vlen}));
  CHECK(half->numbers.size() == 2);
  recipe::Prediction own;
  own.numbers["MLEN"] = Number{1024};
  const auto asked = completed(smaller, own);
  REQUIRE(asked);
  CHECK(asked->numbers == own.numbers);

  const auto priced = completed(text([](config::Config&) {}, {{"M_MM.pipelined", "7"}}), {});
  REQUIRE(priced);
  CHECK(priced->prices == recipe::Values{{"M_MM.pipelined", std::string("7")}});

  const auto formats = completed(
    text([](config::Config& config) {
      config.analytic->hbm_m_weight_type = config.analytic->matrix_sram_type;
    }),
    {}
  );
  REQUIRE_FALSE(formats);
  CHECK(formats.diagnostics().front().code == "E_RECIPE_ANALYTIC");
}

TEST_CASE("analytic: the open program's lines are profiled", "[unit][driver]") {
  Session session = session_with(transformer("llama").dump());
  CHECK(static_profile_document(session, "", {0, 4}).diagnostics().front().code == "E_NO_PROGRAM");
  REQUIRE(session.compile("{}"));
  const auto text = static_profile_document(session, "", {2, 4});
  REQUIRE(text);
  const Json report = Json::parse(*text);
  CHECK(report["lines"].size() == 4);
  std::uint64_t cycles = 0;
  for (const Json& one : report["opcodes"]) {
    cycles += one["cycles"].get<std::uint64_t>();
  }
  CHECK(cycles == report["estimated_cycles"]);
  CHECK_FALSE(Json::parse(*static_profile_document(session, "", {})).contains("lines"));
  CHECK(
    static_profile_document(session, "none", {}).diagnostics().front().code == "E_ANALYTIC_LATENCY"
  );
}
