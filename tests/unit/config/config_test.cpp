// Settings files that must load: upstream's, every recorded one, and the presets.
#include "config/config.h"
#include "config/keys.h"
#include "shared_data.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace plena;
using namespace plena::config;

namespace {

std::vector<std::filesystem::path> recorded_settings() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tests::shared_dir())) {
    if (entry.path().extension() == ".toml") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string all_messages(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    text += render(diagnostic) + "\n";
  }
  return text;
}

} // namespace

TEST_CASE("config: upstream's file is the default machine", "[unit][config]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto text = tests::read_text(tests::shared_dir() / "settings/plena_settings.toml");
  const auto config = load(text, "plena_settings.toml");
  INFO(all_messages(config.diagnostics()));
  REQUIRE(config.ok());
  CHECK(config.diagnostics().empty());
  CHECK(static_cast<const Machine&>(*config) == Machine{});
  REQUIRE(config->analytic.has_value());
  CHECK(config->analytic->mlen == 2048);
  CHECK(config->analytic->hbm_size == 137438953472);
  CHECK(config->analytic->max_loop_instructions == 10000);
  CHECK(config->mode == "analytic");
  CHECK(config->unknown_keys.empty());
  // The preset holds the same values.
  const Preset* preset = find_preset("upstream");
  REQUIRE(preset != nullptr);
  const auto same = load(preset->toml, "upstream");
  REQUIRE(same.ok());
  CHECK(static_cast<const Machine&>(*same) == static_cast<const Machine&>(*config));
  CHECK(same->analytic == config->analytic);
}

TEST_CASE("config: every recorded settings file loads", "[unit][config]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::size_t loaded = 0;
  std::size_t with_behavior = 0;
  for (const auto& path : recorded_settings()) {
    INFO(path.string());
    const std::string text = tests::read_text(path);
    const auto config = load(text, path.filename().string());
    INFO(all_messages(config.diagnostics()));
    REQUIRE(config.ok());
    CHECK(config->unknown_keys.empty());
    for (const Diagnostic& diagnostic : config.diagnostics()) {
      CHECK(diagnostic.severity == Severity::Warning);
      CHECK(diagnostic.code != "W_SETTINGS_BEHAVIOR");
      CHECK(diagnostic.code != "W_SETTINGS_ANALYTIC");
    }
    CHECK(config->analytic.has_value() == (text.find("[ANALYTIC") != std::string::npos));
    with_behavior += text.find("BEHAVIOR") != std::string::npos ? 1u : 0u;
    ++loaded;
  }
  CHECK(loaded == 148);
  CHECK(with_behavior == 12);
}

TEST_CASE("config: derived values", "[unit][config]") {
  Machine machine;
  machine.mlen = machine.vlen = 16;
  machine.hlen = 4;
  machine.hbm_m_prefetch_amount = 3;
  CHECK(machine.m_prefetch_rows() == 16);
  machine.hbm_m_prefetch_amount = 20;
  CHECK(machine.m_prefetch_rows() == 32);
  CHECK(machine.m_prefetch_tiles() == 2);
  machine.hbm_m_prefetch_amount = 32;
  CHECK(machine.m_prefetch_rows() == 32);
  CHECK(machine.tile_elems() == 256);
  machine.matrix_sram_size = 47;
  CHECK(machine.matrix_tiles() == 2);
  CHECK(machine.matrix_sram_elems() == 512);
  machine.vector_sram_size = 3;
  CHECK(machine.vector_sram_elems() == 48);
  CHECK(machine.mask_groups() == 4);
  CHECK(machine.broadcast_fits());
  CHECK(machine.cycles({1, 2}) == 1);
  machine.dc_en = 0;
  CHECK(machine.cycles({1, 2}) == 2);
}

TEST_CASE("config: presets are complete, consistent and known by name", "[unit][config]") {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) {
    INFO(preset.name);
    names.emplace_back(preset.name);
    CHECK_FALSE(preset.title.empty());
    CHECK(preset.title.find('#') == std::string_view::npos);
    const auto config = load(preset.toml, preset.name);
    INFO(all_messages(config.diagnostics()));
    REQUIRE(config.ok());
    CHECK(config.diagnostics().empty());
    CHECK(config->analytic.has_value());
    CHECK(config->broadcast_fits());
    CHECK(config->mlen == config->vlen);
    CHECK(config->hbm_m_prefetch_amount == config->mlen);
    CHECK(config->hbm_v_prefetch_amount == config->blen);
    CHECK(config->hbm_v_writeback_amount == config->blen);
    CHECK(config->hbm_width >= 8 * config->mlen);
    CHECK(
      preset.toml ==
      tests::read_text(
        tests::source_dir() / "configs" / (std::string(preset.name) + ".toml")
      )
    );
  }
  for (const char* name : {"upstream", "m16b4", "m32b8", "m64b4", "m64b16", "m256b64"}) {
    CHECK(std::find(names.begin(), names.end(), name) != names.end());
  }
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(find_preset("none") == nullptr);
}

TEST_CASE("config: generated texts follow the keys", "[unit][config]") {
  const auto keys = nlohmann::json::parse(describe_keys_json());
  CHECK(
    keys.size() == config_keys().size() + precision_keys().size() + 2 * latency_keys().size() +
                     timing_keys().size()
  );
  CHECK(keys[0]["path"] == "CONFIG.MLEN.value");
  for (const auto& key : keys) {
    for (const char* member : {"path", "type", "unit", "min", "max", "meaning"}) {
      CHECK(key.contains(member));
    }
  }
  const auto values = nlohmann::json::parse(values_json(Config{}));
  CHECK(values["CONFIG.HBM_SIZE.value"] == 17179869184);
  CHECK(values["PRECISION.HBM_M_KV_TYPE"] == "mx e4m3 block 8 scale ue8m0");
  CHECK(values["PRECISION.VECTOR_SRAM_TYPE"] == "bf16");
  CHECK(values["LATENCY.VECTOR_SUM_CYCLES.dc_lib_dis"] == 20);
  CHECK(values.size() == keys.size());
  const auto json = nlohmann::json::parse(schema());
  const auto& section = json["$defs"]["section"]["properties"];
  CHECK(section["CONFIG"]["properties"]["MLEN"]["properties"]["value"]["minimum"] == 1);
  CHECK(section["CONFIG"]["required"].size() == config_keys().size() - 1);
  CHECK(section["LATENCY"]["required"].size() == latency_keys().size() - 2);
  CHECK(json["required"] == nlohmann::json::array({"TRANSACTIONAL"}));
  const auto& timing = json["properties"]["PLAYGROUND"]["properties"]["TIMING"]["properties"];
  CHECK(timing.size() == timing_keys().size());
  CHECK(
    timing["MEMORY_MODEL"]["properties"]["value"]["enum"] ==
    nlohmann::json::array({"hbm2", "ideal", "fixed"})
  );
  CHECK(values["PLAYGROUND.TIMING.COST_PROFILE.value"] == "emulator");
  CHECK(values["PLAYGROUND.TIMING.FIXED_BANDWIDTH.value"] == Timing{}.fixed_bandwidth);
}

TEST_CASE("config: numbers of a machine are replaced, with what goes with them", "[unit][config]") {
  const auto changed = with_numbers(
    Config{}, {{"mlen", 32}, {"blen", 8}, {"hlen", 8}, {"broadcast", 4}, {"mram_tiles", 5}}
  );
  REQUIRE(changed);
  CHECK(changed->mlen == 32);
  CHECK(changed->vlen == 32);
  CHECK(changed->hbm_m_prefetch_amount == 32);
  CHECK(changed->hbm_v_prefetch_amount == 8);
  CHECK(changed->hbm_v_writeback_amount == 8);
  CHECK(changed->matrix_tiles() == 5);
  CHECK(*with_numbers(Config{}, {}) == Config{});

  const auto complaint = [](const MachineNumbers& numbers) {
    const auto refused = with_numbers(Config{}, numbers);
    REQUIRE_FALSE(refused);
    return refused.diagnostics()[0].code + " " + refused.diagnostics()[0].where;
  };
  CHECK(complaint({{"mlens", 32}}) == "E_UNKNOWN_KEY mlens");
  CHECK(complaint({{"mlen", 0}}) == "E_RANGE mlen");
  CHECK(complaint({{"mram_tiles", 1ull << 40}}) == "E_RANGE mram_tiles");
}

TEST_CASE("config: KEYS.md is what the table says", "[unit][config]") {
  INFO("to renew: plena docs config > configs/KEYS.md");
  CHECK(
    keys_markdown() == tests::read_text(tests::source_dir() / "configs/KEYS.md")
  );
}
