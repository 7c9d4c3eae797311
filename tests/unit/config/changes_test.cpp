// Few words for a whole settings file: what differs from a preset, and the file that says the same.
#include "config/changes.h"
#include "config/prices.h"

#include <catch2/catch.hpp>

using namespace plena;
using namespace plena::config;

namespace {

Config preset(std::string_view name) { return *load(find_preset(name)->toml, name); }

} // namespace

TEST_CASE("changes: every preset from every other one", "[unit][config]") {
  for (const Preset& from : presets()) {
    for (const Preset& to : presets()) {
      INFO(from.name << " to " << to.name);
      const Changes changes = changes_between(preset(from.name), preset(to.name));
      CHECK(
        changes.empty() ==
        (from.name == to.name || changes_between(preset(to.name), preset(from.name)).empty())
      );
      const Result<Config> made = changed(preset(from.name), changes);
      REQUIRE(made);
      CHECK(changes_between(*made, preset(to.name)).empty());
    }
  }
}

TEST_CASE("changes: the file of a machine loads as that machine", "[unit][config]") {
  for (const Preset& one : presets()) {
    Config config = preset(one.name);
    CHECK(
      load(to_toml(config, "a machine"), "file").diagnostics().size() ==
      load(one.toml, one.name).diagnostics().size()
    );
    config.hbm_m_weight_type.element = numerics::e5m2;
    config.vector_exp_cycles = {5, 9};
    config.timing.schedule = Schedule::overlap;
    config.timing.fixed_latency = 77;
    const Result<Config> read = load(to_toml(config, "a machine"), "file");
    REQUIRE(read);
    config.unknown_keys = {};
    CHECK(*read == config);
  }
}

TEST_CASE("changes: the file has the section ANALYTIC and the prices", "[unit][config]") {
  std::string toml(find_preset("upstream")->toml);
  toml.replace(toml.find("\"transactional\""), 15, "'beyond \"it\"'");
  toml +=
    "\n[PLAYGROUND.PRICES.M_MM]\npipelined = \"MLEN + 1\"\nalone = '\\ \"2\"'\n"
    "[PLAYGROUND.PRICES.\"M_MM.b\"]\nx = \"1\"\n[PLAYGROUND.PRICES.\"\"]\nx = \"1\"\n"
    "[PLAYGROUND.PRICES.\"odd name.\"]\n\"\" = \"\"\"3\n\t\u00e9\"\"\"\n";
  const Result<Config> config = load(toml, "file");
  const Result<Prices> prices = load_prices(toml, "file");
  REQUIRE(config);
  REQUIRE(prices);
  REQUIRE(config->analytic);
  CHECK(config->analytic->mlen != config->mlen);
  CHECK(prices->size() == 5);
  const std::string written = to_toml(*config, "a machine", *prices);
  INFO(written);
  CHECK(load(written, "file").value() == *config);
  CHECK(load_prices(written, "file").value() == *prices);
}

TEST_CASE("changes: of each kind of key", "[unit][config]") {
  const Changes changes{
    {"MLEN", std::uint64_t{32}},
    {"VLEN", std::uint64_t{32}},
    {"BROADCAST_AMOUNT", std::uint64_t{2}},
    {"HBM_M_WEIGHT_TYPE", "e5m2x16/ue8m0"},
    {"HBM_V_INT_TYPE", "i16"},
    {"VECTOR_ADD_CYCLES.dc_lib_dis", std::uint64_t{3}},
    {"COST_PROFILE", "analytic"},
    {"FIXED_LATENCY", std::uint64_t{5}}};
  const Result<Config> made = changed(preset("m64b4"), changes);
  REQUIRE(made);
  CHECK(made->mlen == 32);
  CHECK(
    made->hbm_m_weight_type == numerics::StorageFormat{numerics::e5m2, true, 16, numerics::e8m0}
  );
  CHECK(made->hbm_v_int_type.element == numerics::ScalarFormat::integer(16));
  CHECK(made->vector_add_cycles.dc_lib_dis == 3);
  CHECK(made->timing.cost_profile == CostProfile::analytic);
  CHECK(changes_between(preset("m64b4"), *made) == changes);
}

TEST_CASE("changes: what cannot be is told by key", "[unit][config]") {
  struct Wrong {
    std::string key;
    Changes::mapped_type value;
    std::string code;
  };
  const Wrong wrongs[] = {
    {"MLENN", std::uint64_t{64}, "E_SETTINGS_KEY"},
    {"MLEN", std::uint64_t{0}, "E_SETTINGS_VALUE"},
    {"MLEN", "64", "E_SETTINGS_VALUE"},
    {"MLEN", std::uint64_t{1} << 40, "E_SETTINGS_VALUE"},
    {"HBM_M_WEIGHT_TYPE", std::uint64_t{1}, "E_SETTINGS_VALUE"},
    {"HBM_M_WEIGHT_TYPE", "e4", "E_SETTINGS_VALUE"},
    {"HBM_M_WEIGHT_TYPE", "e4m3x8", "E_SETTINGS_VALUE"},
    {"HBM_M_WEIGHT_TYPE", "e4m3x8/ue8m0 ", "E_SETTINGS_VALUE"},
    {"HBM_M_WEIGHT_TYPE", "e99999999999m3", "E_SETTINGS_VALUE"},
    {"SCALAR_FP", "e4m3x8/ue8m0", "E_SETTINGS_VALUE"},
    {"VECTOR_ADD_CYCLES.dc_lib_en", std::uint64_t{1} << 33, "E_SETTINGS_VALUE"},
    {"COST_PROFILE", "free", "E_SETTINGS_VALUE"},
    {"FIXED_BANDWIDTH", std::uint64_t{0}, "E_SETTINGS_VALUE"}};
  for (const Wrong& wrong : wrongs) {
    INFO(wrong.key);
    const Result<Config> made = changed(preset("m64b4"), {{wrong.key, wrong.value}});
    REQUIRE_FALSE(made);
    CHECK(made.diagnostics().front().code == wrong.code);
    CHECK(made.diagnostics().front().where == wrong.key);
  }
  // Rules between keys are those of any settings file.
  CHECK_FALSE(changed(preset("m64b4"), {{"VLEN", std::uint64_t{48}}}).diagnostics().empty());
}

TEST_CASE("changes: a number of the machine takes along what goes with it", "[unit][config]") {
  const std::string_view toml = find_preset("m64b4")->toml;
  const Result<Config> wide =
    changed_by_json(toml, "m64b4", R"({"mlen": 128, "hlen": 32, "COST_PROFILE": "analytic"})");
  REQUIRE(wide.ok());
  CHECK(wide->vlen == 128);
  CHECK(wide->hbm_m_prefetch_amount == 128);
  CHECK(wide->timing.cost_profile == CostProfile::analytic);
  const Changes changes = changes_between(preset("m64b4"), *wide);
  CHECK(
    to_json(changes) ==
    R"({"COST_PROFILE":"analytic","HBM_M_Prefetch_Amount":128,"HLEN":32,"MLEN":128,"VLEN":128})"
  );
  CHECK(all_values(*wide).at("VLEN") == Changes::mapped_type(std::uint64_t{128}));
}

TEST_CASE("changes: a JSON text that cannot be one is refused with its place", "[unit][config]") {
  const std::string_view toml = find_preset("m64b4")->toml;
  const auto code = [&](std::string_view json) {
    const Result<Config> made = changed_by_json(toml, "m64b4", json);
    REQUIRE_FALSE(made.ok());
    return made.diagnostics().front().code + " " + made.diagnostics().front().where;
  };
  CHECK(code("[]") == "E_SETTINGS_JSON ");
  CHECK(code("{\"mlen\"") == "E_SETTINGS_JSON ");
  CHECK(code(R"({"MLEN": -4})") == "E_SETTINGS_JSON MLEN");
  CHECK(code(R"({"MLEN": 1.5})") == "E_SETTINGS_JSON MLEN");
  CHECK(code(R"({"MLNE": 64})") == "E_SETTINGS_KEY MLNE");
  CHECK(code(R"({"blen": 0})") == "E_RANGE blen");
}
