// The section PLAYGROUND.TIMING.
#include "config/config.h"
#include "config/keys.h"
#include "config/prices.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace plena;
using namespace plena::config;

namespace {

/// A preset with lines added at its end.
Result<Config> load_with(std::string_view lines) {
  return load(std::string(find_preset("m16b4")->toml) + "\n" + std::string(lines), "s.toml");
}

void check_fault(std::string_view lines, std::string_view code, std::string_view where) {
  INFO(lines);
  const auto config = load_with(lines);
  CHECK_FALSE(config.ok());
  REQUIRE(config.diagnostics().size() == 1);
  CHECK(config.diagnostics()[0].code == code);
  CHECK(config.diagnostics()[0].where == where);
  CHECK(config.diagnostics()[0].span.line > 0);
  CHECK_FALSE(config.diagnostics()[0].hint.empty());
}

} // namespace

TEST_CASE("timing: without the section, as upstream counts", "[unit][config]") {
  const auto config = load_with("");
  REQUIRE(config.ok());
  CHECK(config->timing == Timing{});
  CHECK(config->timing.is_upstream());
  CHECK(config->timing.title() == "emulator profile, HBM2, serial");
  CHECK(load_with("[PLAYGROUND]\n").ok());
  CHECK(load_with("[PLAYGROUND.TIMING]\n").ok());
}

TEST_CASE("timing: both spellings, every choice", "[unit][config]") {
  for (const TimingKey& key : timing_keys()) {
    for (std::size_t i = 0; i < key.choices.size(); ++i) {
      const std::string name(key.choices[i].name);
      const std::string path = "PLAYGROUND.TIMING." + std::string(key.key);
      for (const std::string& text :
           {"[" + path + "]\nvalue = \"" + name + "\"\n",
            "[PLAYGROUND.TIMING]\n" + std::string(key.key) + " = {value = \"" + name + "\"}\n"}) {
        INFO(text);
        const auto config = load_with(text);
        REQUIRE(config.ok());
        CHECK(config.diagnostics().empty());
        CHECK(config->unknown_keys.empty());
        CHECK(key.get(config->timing) == i);
        CHECK(nlohmann::json::parse(values_json(*config))[path + ".value"] == name);
      }
    }
  }
  const auto fixed =
    load_with("[PLAYGROUND.TIMING]\nMEMORY_MODEL.value = \"fixed\"\nFIXED_LATENCY.value = 7\n"
              "FIXED_BANDWIDTH.value = 128\nSCHEDULE.value = \"overlap\"\n");
  REQUIRE(fixed.ok());
  CHECK(fixed.diagnostics().empty());
  CHECK(fixed->timing.memory_model == MemoryModel::fixed);
  CHECK(fixed->timing.schedule == Schedule::overlap);
  CHECK(fixed->timing.fixed_latency == 7);
  CHECK(fixed->timing.fixed_bandwidth == 128);
  CHECK_FALSE(fixed->timing.is_upstream());
}

TEST_CASE("timing: what is wrong is named", "[unit][config]") {
  const std::string path = "PLAYGROUND.TIMING.";
  check_fault(
    "[PLAYGROUND.TIMING]\nMEMORY_MODEL.value = \"hbm3\"\n",
    "E_SETTINGS_CHOICE",
    path + "MEMORY_MODEL.value"
  );
  check_fault(
    "[PLAYGROUND.TIMING]\nSCHEDULE.value = 1\n", "E_SETTINGS_TYPE", path + "SCHEDULE.value"
  );
  check_fault("[PLAYGROUND.TIMING]\nSCHEDULE = \"serial\"\n", "E_SETTINGS_TYPE", path + "SCHEDULE");
  check_fault(
    "[PLAYGROUND.TIMING.COST_PROFILE]\n", "E_SETTINGS_MISSING_KEY", path + "COST_PROFILE.value"
  );
  check_fault("[PLAYGROUND]\nTIMING = 3\n", "E_SETTINGS_TYPE", "PLAYGROUND.TIMING");
  const std::string fixed = "[PLAYGROUND.TIMING]\nMEMORY_MODEL.value = \"fixed\"\n";
  check_fault(
    fixed + "FIXED_BANDWIDTH.value = 0\n", "E_SETTINGS_RANGE", path + "FIXED_BANDWIDTH.value"
  );
  check_fault(
    fixed + "FIXED_LATENCY.value = -1\n", "E_SETTINGS_RANGE", path + "FIXED_LATENCY.value"
  );
  const auto near = load_with("[PLAYGROUND.TIMING]\nMEMORY_MODEL.value = \"hbm\"\n");
  CHECK(near.diagnostics().at(0).hint == "did you mean hbm2?");
  CHECK(near.diagnostics().at(0).message.find("hbm2, ideal, fixed") != std::string::npos);
}

TEST_CASE("timing: keys without effect and unknown ones are told", "[unit][config]") {
  const auto idle = load_with("[PLAYGROUND.TIMING]\nFIXED_LATENCY.value = 5\n");
  REQUIRE(idle.ok());
  REQUIRE(idle.diagnostics().size() == 1);
  CHECK(idle.diagnostics()[0].code == "W_SETTINGS_NO_EFFECT");
  CHECK(idle.diagnostics()[0].where == "PLAYGROUND.TIMING.FIXED_LATENCY");
  const auto analytic = load_with(
    "[PLAYGROUND.TIMING]\nCOST_PROFILE.value = \"analytic\"\nMEMORY_MODEL.value = \"hbm2\"\n"
  );
  REQUIRE(analytic.ok());
  REQUIRE(analytic.diagnostics().size() == 1);
  CHECK(analytic.diagnostics()[0].where == "PLAYGROUND.TIMING.MEMORY_MODEL");
  CHECK(analytic->timing.title() == "analytic profile, no memory, serial");
  const auto unknown = load_with("[PLAYGROUND.TIMING]\nMEMORYMODEL.value = \"hbm2\"\n");
  REQUIRE(unknown.ok());
  CHECK(unknown->unknown_keys == std::vector<std::string>{"PLAYGROUND.TIMING.MEMORYMODEL"});
}

TEST_CASE("timing: latencies may be zero, never negative or absent", "[unit][config]") {
  const std::string toml(find_preset("m16b4")->toml);
  for (const LatencyKey& key : latency_keys()) {
    const std::size_t line = toml.find("\n" + std::string(key.key) + " =");
    REQUIRE(line != std::string::npos);
    const std::size_t end = toml.find('\n', line + 1);
    const auto changed = [&](const std::string& value) {
      return load(
        toml.substr(0, line + 1) + std::string(key.key) + " = " + value + toml.substr(end), "s.toml"
      );
    };
    INFO(key.key);
    CHECK(changed("{ dc_lib_en = 0, dc_lib_dis = 0 }").ok());
    for (const char* column : {"dc_lib_en", "dc_lib_dis"}) {
      const std::string other = column == std::string("dc_lib_en") ? "dc_lib_dis" : "dc_lib_en";
      const std::string path = "TRANSACTIONAL.LATENCY." + std::string(key.key) + "." + column;
      const auto negative = changed("{ " + std::string(column) + " = -1, " + other + " = 1 }");
      REQUIRE_FALSE(negative.ok());
      CHECK(negative.diagnostics()[0].code == "E_SETTINGS_RANGE");
      CHECK(negative.diagnostics()[0].where == path);
      const auto absent = changed("{ " + other + " = 1 }");
      REQUIRE_FALSE(absent.ok());
      CHECK(absent.diagnostics()[0].code == "E_SETTINGS_MISSING_KEY");
      CHECK(absent.diagnostics()[0].where == path);
    }
  }
}

TEST_CASE("prices: texts by instruction and form", "[unit][config]") {
  const std::string preset(find_preset("m16b4")->toml);
  const auto prices = load_prices(
    preset + "\n[PLAYGROUND.PRICES.M_MM]\npipelined = \"MLEN\"\nalone = \"1\"\n[PLAYGROUND.PRICES.ANY]\nx = \"y\"\n", ""
  );
  REQUIRE(prices.ok());
  CHECK(*prices == std::map<std::string, std::string>{{"M_MM.pipelined", "MLEN"}, {"M_MM.alone", "1"}, {"ANY.x", "y"}});
  CHECK(load_prices(preset, "")->empty());
  CHECK(load_with("[PLAYGROUND.PRICES.M_MM]\npipelined = \"MLEN\"\n").diagnostics().empty());
  check_fault("[PLAYGROUND]\nPRICES = 1\n", "E_SETTINGS_TYPE", "PLAYGROUND.PRICES");
  check_fault("[PLAYGROUND.PRICES]\nM_MM = 1\n", "E_SETTINGS_TYPE", "PLAYGROUND.PRICES.M_MM");
  check_fault("[PLAYGROUND.PRICES.M_MM]\npipelined = 4\n", "E_SETTINGS_TYPE", "PLAYGROUND.PRICES.M_MM.pipelined");
}
