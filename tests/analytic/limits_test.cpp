// What cannot be is named and refused.
#include "analytic/recover.h"
#include "analytic/static_profile.h"
#include "analytic/sweep.h"
#include "config/config.h"
#include "io/analytic_request_json.h"
#include "io/model_dims_json.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>

using namespace plena;
using namespace plena::analytic;

namespace {

Result<Dims> read(std::string_view text, io::DimsPart part = io::DimsPart::Text) {
  return io::read_model_dims(
    "m.json", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, part
  );
}

Scenario scenario() {
  Scenario made;
  made.dims = *read(
    R"({"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4})"
  );
  made.settings = settings_of(
    *config::load(config::find_preset("upstream")->toml, "")->analytic, latency_profiles()[0]
  );
  return made;
}

void check_refused(
  Scenario one,
  std::string_view key,
  std::uint64_t value,
  std::string_view code,
  std::string_view where
) {
  INFO(key << " " << value);
  REQUIRE(set(one, key, value).ok());
  const auto made = predict(one);
  REQUIRE_FALSE(made.ok());
  CHECK(made.diagnostics()[0].code == code);
  CHECK(made.diagnostics()[0].where == where);
  CHECK_FALSE(made.diagnostics()[0].hint.empty());
}

void check_unread(std::string_view text, std::string_view code, std::string_view where) {
  INFO(text);
  const auto dims = read(text);
  REQUIRE_FALSE(dims.ok());
  CHECK(dims.diagnostics()[0].code == code);
  CHECK(dims.diagnostics()[0].where == where);
}

} // namespace

TEST_CASE("dimensions that are missing or impossible", "[analytic]") {
  check_unread("{", "E_JSON", "");
  check_unread("[]", "E_TYPE", "");
  check_unread("{}", "E_MISSING", "/hidden_size");
  CHECK(read("{}").diagnostics().size() == 5);
  check_unread(R"({"hidden_size": "64"})", "E_TYPE", "/hidden_size");
  check_unread(R"({"hidden_size": -64})", "E_TYPE", "/hidden_size");
  const std::string head =
    R"({"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, )";
  check_unread(
    head + R"("num_attention_heads": 4, "num_key_value_heads": 3})",
    "E_RANGE",
    "/num_attention_heads"
  );
  check_unread(head + R"("num_attention_heads": 128})", "E_RANGE", "/num_attention_heads");
  check_unread(head + R"("num_attention_heads": 65537})", "E_RANGE", "/num_attention_heads");
  check_unread(
    head + R"("num_attention_heads": 4, "num_experts": 2, "num_experts_per_tok": 3})",
    "E_RANGE",
    "/num_experts_per_tok"
  );
  check_unread(
    head + R"("num_attention_heads": 4, "layer_types": ["full_attention"]})",
    "E_RANGE",
    "/layer_types"
  );
  check_unread(
    head + R"("num_attention_heads": 4, "layer_types": ["a", "b"]})", "E_RANGE", "/layer_types/0"
  );
  check_unread(
    head + R"("num_attention_heads": 4, "layer_types": ["sliding_attention", "full_attention"]})",
    "E_RANGE",
    "/sliding_window"
  );
  check_unread(R"({"text_config": {"hidden_size": 0}})", "E_MISSING", "/text_config/hidden_size");
}

TEST_CASE("dimensions by all the names they go by", "[analytic]") {
  const auto gpt2 = read(
    R"({"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257})"
  );
  REQUIRE(gpt2.ok());
  CHECK(gpt2->inner == 3072);
  CHECK_FALSE(gpt2->gated);
  const char* both =
    R"({"text_config": {"hidden_size": 8, "intermediate_size": 9, "num_hidden_layers": 1, "num_attention_heads": 2},
    "vision_config": {"hidden_size": 16, "intermediate_size": 9, "num_hidden_layers": 3, "num_attention_heads": 4}})";
  CHECK(read(both)->hidden == 8);
  CHECK(read(both, io::DimsPart::Vision)->hidden == 16);
  CHECK_FALSE(read(both, io::DimsPart::Vision)->gated);
  const auto ours = read(
    R"({"plena_model": 1, "name": "n", "family": "llada", "dims": {"hidden_size": 8, "intermediate_size": 9, "num_layers": 5, "num_attention_heads": 2}})"
  );
  REQUIRE(ours.ok());
  CHECK(
    (ours->name == "n" && ours->layers == 5 && ours->kv_heads == 2 && ours->form() == Form::Llada)
  );
}

TEST_CASE("all models that come with the project can be read and predicted", "[analytic]") {
  CHECK(shipped_dims().size() == 18);
  for (const ShippedDims& shipped : shipped_dims()) {
    INFO(shipped.name);
    Scenario one = scenario();
    const auto dims = read(shipped.json);
    REQUIRE(dims.ok());
    one.dims = *dims;
    CHECK(predict(one).ok());
  }
}

TEST_CASE("machines that the model cannot describe", "[analytic]") {
  const Scenario base = scenario();
  CHECK(predict(base).ok());
  CHECK(
    predict(base).diagnostics().size() == 1
  ); // upstream's own machine has no room for a whole tile
  CHECK(predict(base).diagnostics()[0].code == "W_ANALYTIC_TILE");
  check_refused(base, "BLEN", 100, "E_ANALYTIC_MACHINE", "BLEN");
  check_refused(base, "VLEN", 64, "E_ANALYTIC_MACHINE", "VLEN");
  check_refused(base, "HLEN", 4096, "E_ANALYTIC_MACHINE", "HLEN");
  check_refused(base, "MLEN", 0, "E_ANALYTIC_MACHINE", "MLEN");
  check_refused(base, "BLEN", 0, "E_ANALYTIC_MACHINE", "BLEN");
  check_refused(base, "MLEN", 131072, "E_ANALYTIC_MACHINE", "MLEN");
  check_refused(base, "HBM_V_Prefetch_Amount", 0, "E_ANALYTIC_MACHINE", "HBM_V_Prefetch_Amount");
  check_refused(base, "MATRIX_SRAM_SIZE", 127, "E_ANALYTIC_MACHINE", "MATRIX_SRAM_SIZE");
  check_refused(base, "VECTOR_SRAM_SIZE", 127, "E_ANALYTIC_MACHINE", "VECTOR_SRAM_SIZE");
  check_refused(
    base, "VECTOR_ADD_CYCLES", 0, "E_ANALYTIC_PRICE", "PLAYGROUND.PRICES.V_ADD_VV.pipelined"
  );
}

TEST_CASE("requests that cannot be", "[analytic]") {
  const Scenario base = scenario();
  check_refused(base, "batch_size", 0, "E_RANGE", "batch_size");
  check_refused(base, "device_num", 5, "E_RANGE", "device_num");
  check_refused(base, "output_seq", 0, "E_RANGE", "output_seq");
  check_refused(base, "input_seq", max_tokens + 1, "E_RANGE", "input_seq");
  check_refused(base, "hidden_size", 0, "E_MISSING", "/hidden_size");
  Scenario huge = base;
  for (const std::string_view key :
       {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"}) {
    REQUIRE(set(huge, key, max_dimension).ok());
  }
  REQUIRE(set(huge, "batch_size", max_batch).ok());
  check_refused(huge, "input_seq", max_tokens, "E_ANALYTIC_RANGE", "cycles");
  Scenario any = base;
  const Status unknown = set(any, "MLEM", 1);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.diagnostics()[0].hint == "did you mean MLEN?");
  CHECK_FALSE(set(any, "SA_ACC_CYCLES", 1).ok());
}

TEST_CASE("no axis of a request is passed over", "[analytic]") {
  std::string axes = "\"MLEN=64\"";
  for (int i = 1; i < 64; ++i) {
    axes += ",\"MLEN=64\"";
  }
  const Result<Request> many = io::read_analytic_request("{\"sweep\":[" + axes + "]}");
  REQUIRE(many.ok());
  CHECK(many->axes.size() == 64);
  const Result<Request> more = io::read_analytic_request("{\"sweep\":[" + axes + ",\"MLEN=64\"]}");
  REQUIRE_FALSE(more.ok());
  CHECK(more.diagnostics().front().code == "E_ANALYTIC_SWEEP");
  CHECK(more.diagnostics().front().where == "/sweep");
  CHECK_FALSE(more.diagnostics().front().hint.empty());
}

TEST_CASE("sweeps", "[analytic]") {
  CHECK(parse_axis("MLEN=64..1024*4")->values == std::vector<std::uint64_t>{64, 256, 1024});
  CHECK(parse_axis("MLEN=64..130+64")->values == std::vector<std::uint64_t>{64, 128});
  CHECK(parse_axis("MLEN=3,1,2")->values == std::vector<std::uint64_t>{3, 1, 2});
  for (const char* bad :
       {"MLEN",
        "=1",
        "MLEN=",
        "MLEN=1,",
        "MLEN=1,,2",
        "MLEN=a",
        "MLEN=1..",
        "MLEN=2..1",
        "MLEN=1..9*1",
        "MLEN=0..9*2",
        "MLEN=1..9+0",
        "MLEN=0..18446744073709551615",
        "MLEN=-1",
        "MLEN=1.5"}) {
    INFO(bad);
    CHECK_FALSE(parse_axis(bad).ok());
  }
  CHECK(parse_axis("MLEN=1..18446744073709551615*4294967296")->values.size() == 2);

  const Scenario base = scenario();
  const auto grid = sweep(base, {*parse_axis("MLEN=512,1000,2048"), *parse_axis("BLEN=64,128")});
  REQUIRE(grid.ok());
  REQUIRE(grid->size() == 6);
  CHECK((*grid)[3].values == std::vector<std::uint64_t>{1000, 128});
  CHECK((*grid)[3].error->code == "E_ANALYTIC_MACHINE");
  CHECK((*grid)[0].multipliers == 512 * 64 + 512); // VLEN follows
  Scenario one = base;
  REQUIRE((set(one, "MLEN", 512).ok() && set(one, "BLEN", 64).ok()));
  CHECK((*grid)[0].cycles == predict(one)->request_cycles);
  // Against the definition.
  for (const SweepPoint& a : *grid) {
    bool beaten = a.error.has_value();
    for (const SweepPoint& b : *grid) {
      beaten =
        beaten ||
        (!b.error && b.cycles <= a.cycles && b.sram_bytes <= a.sram_bytes &&
         b.multipliers <= a.multipliers &&
         (b.cycles < a.cycles || b.sram_bytes < a.sram_bytes || b.multipliers < a.multipliers));
    }
    CHECK(a.pareto == !beaten);
  }
  CHECK_FALSE(sweep(base, {*parse_axis("MLEN=1..300"), *parse_axis("BLEN=1..300")}).ok());
  CHECK_FALSE(sweep(base, {*parse_axis("MLEN=1"), *parse_axis("MLEN=1")}).ok());
  CHECK_FALSE(sweep(base, {*parse_axis("MLEM=1")}).ok());
}

TEST_CASE("points that are alike stand or fall together, however many", "[analytic]") {
  const std::clock_t start = std::clock();
  const auto same = sweep(scenario(), {*parse_axis("vocab_size=1..65536")});
  REQUIRE(same.ok());
  REQUIRE(same->size() == max_points);
  CHECK(std::all_of(same->begin(), same->end(), [](const SweepPoint& point) {
    return !point.error && point.pareto;
  }));
  CHECK((std::clock() - start) / CLOCKS_PER_SEC < 10);
  const auto both = sweep(scenario(), {*parse_axis("num_hidden_layers=2,1"), *parse_axis("vocab_size=1..3")});
  REQUIRE(both.ok());
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK((*both)[i].pareto == (i >= 3));
  }
}

TEST_CASE("a sweep that would take minutes is refused point by point", "[analytic]") {
  Scenario base = scenario();
  REQUIRE((set(base, "BLEN", 1).ok() && set(base, "output_seq", max_tokens).ok()));
  base.dims.window = max_tokens;
  base.dims.sliding = {true, false};
  const auto points = sweep(base, {*parse_axis("batch_size=1..64")});
  REQUIRE(points.ok());
  CHECK_FALSE(points->front().error);
  REQUIRE(points->back().error);
  CHECK(points->back().error->code == "E_ANALYTIC_SWEEP");
}

TEST_CASE("assembly texts that end loops they have not begun", "[analytic]") {
  const Settings settings = scenario().settings;
  const auto bad =
    static_profile("C_LOOP_START gp1, 2\nC_LOOP_END gp1\nC_LOOP_END gp1\n", settings);
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.diagnostics()[0].span.line == 3);
  std::string deep;
  for (int i = 0; i < 100; ++i) {
    deep += "C_LOOP_START gp1, 4294967295\n";
  }
  CHECK(
    static_profile(deep + "V_ADD_VV\n", settings)->cycles.value == Count::most
  ); // stays at the most
  CHECK(static_profile("", settings)->source_lines == 0);
  CHECK(
    static_profile("C_LOOP_START gp1, x\nS_LD_FP f1\nC_LOOP_END gp1", settings)
      ->dynamic_instructions.value == 3
  );
}
