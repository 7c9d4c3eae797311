// Settings files that are wrong: each mistake is named, none runs another machine.
#include "base/text.h"
#include "config/config.h"
#include "config/keys.h"
#include "damaged.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <functional>

using namespace plena;
using namespace plena::config;

namespace {

std::string good() { return std::string(find_preset("m16b4")->toml); }

/// The preset with the first `from` in TRANSACTIONAL replaced.
std::string with(const std::string& from, const std::string& to) {
  std::string text = good();
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return text;
}

/// Drops the line of a key in TRANSACTIONAL.
std::string without(const std::string& key) {
  std::string text = good();
  const std::size_t at = text.find("\n" + key + " =");
  REQUIRE(at != std::string::npos);
  text.erase(at, text.find('\n', at + 1) - at);
  return text;
}

const Diagnostic* find_code(const Diagnostics& diagnostics, std::string_view code) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.code == code) {
      return &diagnostic;
    }
  }
  return nullptr;
}

} // namespace

TEST_CASE("config: each missing key is named", "[unit][config]") {
  const auto check = [](std::string_view group, std::string_view key, Need need) {
    INFO(key);
    const auto config = load(without(std::string(key)), "s.toml");
    CHECK(config.ok() == (need == Need::Optional));
    if (need == Need::Optional) {
      CHECK(config.diagnostics().empty());
      return;
    }
    REQUIRE(config.diagnostics().size() == 1);
    const Diagnostic& missing = config.diagnostics()[0];
    CHECK(missing.code == "E_SETTINGS_MISSING_KEY");
    CHECK(missing.where == fmt::format("TRANSACTIONAL.{}.{}", group, key));
    CHECK(missing.file == "s.toml");
    CHECK(missing.span.line > 0);
    CHECK_FALSE(missing.hint.empty());
  };
  for (const ConfigKey& key : config_keys()) {
    check("CONFIG", key.key, key.need);
  }
  for (const PrecisionKey& key : precision_keys()) {
    check("PRECISION", key.key, Need::Required);
  }
  for (const LatencyKey& key : latency_keys()) {
    check("LATENCY", key.key, key.need);
  }
}

TEST_CASE("config: each value of a wrong type or range is named", "[unit][config]") {
  for (const ConfigKey& key : config_keys()) {
    for (const char* value : {"64.0", "\"64\"", "true", "[64]", "{}", "1979-05-27"}) {
      INFO(key.key << " = " << value);
      const std::string text = without(std::string(key.key)) + "";
      std::string wrong = text;
      wrong.insert(
        wrong.find("[TRANSACTIONAL.PRECISION]"),
        fmt::format("{} = {{ value = {} }}\n", key.key, value)
      );
      const auto config = load(wrong, "s.toml");
      REQUIRE_FALSE(config.ok());
      REQUIRE(config.diagnostics().size() == 1);
      CHECK(config.diagnostics()[0].code == "E_SETTINGS_TYPE");
      CHECK(config.diagnostics()[0].where == fmt::format("TRANSACTIONAL.CONFIG.{}.value", key.key));
      const std::string_view line = line_of(wrong, config.diagnostics()[0].span.line);
      CHECK(
        line.substr(config.diagnostics()[0].span.column - 1, 2) == std::string(value).substr(0, 2)
      );
    }
    for (const std::uint64_t value : {key.min - 1, key.max + 1}) {
      if (value > 0x7FFFFFFFFFFFFFFF) {
        continue;
      }
      INFO(key.key << " = " << value);
      std::string wrong = without(std::string(key.key));
      wrong.insert(
        wrong.find("[TRANSACTIONAL.PRECISION]"),
        fmt::format("{} = {{ value = {} }}\n", key.key, value)
      );
      const auto config = load(wrong, "s.toml");
      REQUIRE_FALSE(config.ok());
      CHECK(config.diagnostics()[0].code == "E_SETTINGS_RANGE");
    }
  }
  const auto negative = load(with("MLEN = { value = 16 }", "MLEN = { value = -16 }"), "");
  CHECK(find_code(negative.diagnostics(), "E_SETTINGS_RANGE") != nullptr);
  const auto bare = load(with("MLEN = { value = 16 }", "MLEN = 16"), "");
  CHECK(find_code(bare.diagnostics(), "E_SETTINGS_TYPE") != nullptr);
}

TEST_CASE("config: broken TOML has a place", "[unit][config]") {
  const auto config = load(with("BLEN = { value = 4 }", "BLEN = { value = }"), "s.toml");
  REQUIRE_FALSE(config.ok());
  const Diagnostic& error = config.diagnostics()[0];
  CHECK(error.code == "E_SETTINGS_SYNTAX");
  CHECK(
    line_of(with("BLEN = { value = 4 }", "BLEN = { value = }"), error.span.line).substr(0, 4) ==
    "BLEN"
  );
  CHECK(error.span.column > 10);
  CHECK(load("", "").diagnostics()[0].code == "E_SETTINGS_MISSING_KEY");
  CHECK(load("TRANSACTIONAL = 3", "").diagnostics()[0].code == "E_SETTINGS_TYPE");
}

TEST_CASE("config: all mistakes of a file are collected", "[unit][config]") {
  std::string text = without("MLEN");
  text.replace(text.find("value = 4 }"), 10, "value = '4'");
  const auto config = load(text, "");
  REQUIRE_FALSE(config.ok());
  CHECK(config.diagnostics().size() == 2);
  // A misspelt key is both missing and unknown, each naming the other.
  const auto misspelt = load(with("MLEN = {", "MLEM = {"), "");
  REQUIRE_FALSE(misspelt.ok());
  const Diagnostic* unknown = find_code(misspelt.diagnostics(), "W_SETTINGS_UNKNOWN_KEY");
  REQUIRE(unknown != nullptr);
  CHECK(unknown->where == "TRANSACTIONAL.CONFIG.MLEM");
  CHECK(unknown->hint == "did you mean MLEN?");
}

TEST_CASE("config: unknown keys are kept and listed", "[unit][config]") {
  std::string text = with("HBM_WIDTH", "LATENCY_PROFILE = { value = \"fpga\" }\nHBM_WIDTH");
  text += "\n[EXTRA.THING]\nvalue = 1\n";
  const auto config = load(text, "s.toml");
  REQUIRE(config.ok());
  CHECK(
    config->unknown_keys ==
    std::vector<std::string>{"TRANSACTIONAL.CONFIG.LATENCY_PROFILE", "EXTRA"}
  );
  CHECK(config.diagnostics().size() == 2);
  CHECK(config.diagnostics()[0].span.line > 0);
}

TEST_CASE("config: sections beside TRANSACTIONAL", "[unit][config]") {
  std::string text = good();
  const std::size_t analytic = text.find("[ANALYTIC.CONFIG]");
  const auto none = load(text.substr(0, analytic), "");
  REQUIRE(none.ok());
  CHECK_FALSE(none->analytic.has_value());
  CHECK(none.diagnostics().empty());
  text.replace(text.find("MLEN", analytic), 4, "MLEX");
  const auto broken = load(text, "");
  REQUIRE(broken.ok());
  CHECK_FALSE(broken->analytic.has_value());
  CHECK(find_code(broken.diagnostics(), "W_SETTINGS_ANALYTIC") != nullptr);
  const auto behavior = load(
    good() + "\n[BEHAVIOR.CONFIG]\nHBM_V_Prefetch_Amount = { value = 9 }\nMLEN = { value = 16 }\n",
    ""
  );
  REQUIRE(behavior.ok());
  REQUIRE(behavior.diagnostics().size() == 1);
  CHECK(behavior.diagnostics()[0].code == "W_SETTINGS_BEHAVIOR");
}

TEST_CASE("config: rules between keys", "[unit][config]") {
  struct Rule {
    std::function<void(Machine&)> change;
    const char* code;
  };
  const numerics::StorageFormat fp4{
    numerics::ScalarFormat::fp(true, 2, 1), true, 8, numerics::e8m0};
  const numerics::StorageFormat f32{numerics::ScalarFormat::fp(true, 8, 23)};
  const numerics::StorageFormat f16{numerics::ScalarFormat::fp(true, 5, 10)};
  const Rule rules[] = {
    {[](Machine& m) { m.mlen = 0; }, "E_SETTINGS_ZERO"},
    {[](Machine& m) { m.hlen = 0; }, "E_SETTINGS_ZERO"},
    {[](Machine& m) { m.hbm_size = 100; }, "E_SETTINGS_HBM_SIZE"},
    {[](Machine& m) { m.hbm_size = 0; }, "E_SETTINGS_HBM_SIZE"},
    {[](Machine& m) { m.vector_sram_size = ~std::uint64_t{0}; }, "E_SETTINGS_SRAM_SIZE"},
    {[](Machine& m) { m.matrix_sram_size = std::uint64_t{1} << 40; }, "E_SETTINGS_SRAM_SIZE"},
    {[&](Machine& m) { m.hbm_m_kv_type = fp4; }, "E_SETTINGS_FORMAT"},
    {[&](Machine& m) { m.hbm_v_act_type = f32; }, "E_SETTINGS_FORMAT"},
    {[&](Machine& m) { m.vector_sram_type = f32; }, "E_SETTINGS_FORMAT"},
    {[&](Machine& m) { m.vector_sram_type = f16; }, "W_SETTINGS_FORMAT"},
    {[&](Machine& m) { m.hbm_v_act_type = f16; }, "W_SETTINGS_FORMAT"},
    {[](Machine& m) { m.hbm_m_weight_type.block = 24; }, "W_SETTINGS_FORMAT"},
    {[](Machine& m) {
       m.mlen = m.vlen = 1024;
       m.hlen = 256;
       m.hbm_m_prefetch_amount = 1024;
     },
     "W_SETTINGS_FORMAT"},
    {[](Machine& m) { m.vlen = 32; }, "W_SETTINGS_VLEN"},
    {[](Machine& m) { m.blen = 5; }, "W_SETTINGS_BLEN"},
    {[](Machine& m) { m.hlen = 7; }, "W_SETTINGS_HLEN"},
    {[](Machine& m) { m.broadcast_amount = 3; }, "W_SETTINGS_BROADCAST"},
    {[](Machine& m) { m.matrix_sram_size = 63; }, "W_SETTINGS_NO_TILE"},
    {[](Machine& m) { m.vector_sram_size = (std::uint64_t{1} << 26) + 1; },
     "W_SETTINGS_UNREACHABLE"},
    {[](Machine& m) { m.hbm_v_prefetch_amount = 0; }, "W_SETTINGS_AMOUNT"},
  };
  CHECK(validate(Machine{}, "X").empty());
  for (const Rule& rule : rules) {
    INFO(rule.code);
    Machine machine;
    rule.change(machine);
    const Diagnostics diagnostics = validate(machine, "TRANSACTIONAL");
    const Diagnostic* found = find_code(diagnostics, rule.code);
    REQUIRE(found != nullptr);
    CHECK((found->severity == Severity::Error) == (rule.code[0] == 'E'));
    CHECK(found->where.starts_with("TRANSACTIONAL."));
  }
}

TEST_CASE("config: random and damaged texts", "[unit][config]") {
  std::mt19937_64 random(11);
  const std::string base = good();
  for (int i = 0; i < 3000; ++i) {
    const std::string text = tests::damaged(base, random, 4, 40, [&] {
      return base.substr(random() % base.size(), random() % 40);
    });
    const auto config = load(text, "s.toml");
    REQUIRE(config.ok() != has_errors(config.diagnostics()));
    for (const Diagnostic& diagnostic : config.diagnostics()) {
      REQUIRE_FALSE(render(diagnostic, text).empty());
    }
  }
  for (int i = 0; i < 3000; ++i) {
    constexpr std::string_view alphabet = "[]{}=.\"'#\n\t ab01-_,:TZ";
    const std::string text = tests::random_text(random, random() % 120, i % 2 == 0 ? "" : alphabet);
    REQUIRE_FALSE(load(text, "").ok());
  }
}

TEST_CASE("config: texts made to exhaust a reader", "[unit][config]") {
  const auto repeat = [](std::string_view piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += piece;
    }
    return text;
  };
  CHECK_FALSE(load(repeat("a.", 100'000) + "a = 1", "").ok());
  CHECK_FALSE(load("a = " + repeat("[", 100'000), "").ok());
  CHECK_FALSE(load("a = " + repeat("{a=", 100'000), "").ok());
  CHECK_FALSE(load(repeat("a=[{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=\n", 2'000), "").ok());
  CHECK_FALSE(load("[" + repeat("a.", 60) + "a]\n" + repeat("[[a]]\n", 10'000), "").ok());
  const auto large = load(std::string(2 << 20, ' '), "");
  REQUIRE_FALSE(large.ok());
  CHECK(large.diagnostics()[0].code == "E_SETTINGS_TOO_LARGE");
}

TEST_CASE("config: machines whose single instructions take minutes are refused", "[unit][config]") {
  const auto refused = [](auto change) {
    Machine machine;
    change(machine);
    const Diagnostics found = validate(machine, "TRANSACTIONAL");
    const Diagnostic* error = find_code(found, "E_SETTINGS_WORK");
    return error == nullptr ? std::string() : error->where;
  };
  const auto square = [](Machine& m, std::uint32_t lanes, std::uint32_t blen, std::uint32_t hlen) {
    m.mlen = m.vlen = lanes;
    m.blen = blen;
    m.hlen = hlen;
    m.broadcast_amount = lanes / hlen;
    m.hbm_m_prefetch_amount = lanes;
  };
  CHECK(refused([](Machine&) {}).empty());
  CHECK(refused([&](Machine& m) { square(m, 256, 64, 64); }).empty());
  CHECK(refused([&](Machine& m) { square(m, 512, 512, 64); }).empty());
  CHECK(refused([&](Machine& m) { square(m, 1024, 64, 64); }) == "TRANSACTIONAL.CONFIG.MLEN");
  // Broadcast products that fault take no time.
  CHECK(refused([&](Machine& m) { square(m, 1024, 64, 64), m.hlen = 32; }).empty());
  CHECK(refused([&](Machine& m) {
          square(m, 1024, 512, 64), m.hlen = 32;
        }) == "TRANSACTIONAL.CONFIG.BLEN");
  CHECK(refused([&](Machine& m) {
          square(m, 512, 4, 1);
        }) == "TRANSACTIONAL.CONFIG.BROADCAST_AMOUNT");
  CHECK(refused([](Machine& m) {
          m.hbm_v_prefetch_amount = 16777216;
        }) == "TRANSACTIONAL.CONFIG.HBM_V_Prefetch_Amount");
  CHECK(refused([](Machine& m) {
          m.hbm_v_writeback_amount = 65537;
        }) == "TRANSACTIONAL.CONFIG.HBM_V_Writeback_Amount");
  CHECK(refused([](Machine& m) { m.hbm_v_writeback_amount = 65536; }).empty());
  CHECK(refused([](Machine& m) {
          m.vlen = 64, m.mlen = 4096, m.matrix_sram_size = 4096;
        }) == "TRANSACTIONAL.CONFIG.HBM_M_Prefetch_Amount");
  const auto place = load(
    with("HBM_V_Prefetch_Amount = { value = 4 }", "HBM_V_Prefetch_Amount = { value = 9999999 }"), ""
  );
  REQUIRE_FALSE(place.ok());
  CHECK(place.diagnostics()[0].code == "E_SETTINGS_WORK");
  CHECK(place.diagnostics()[0].span.line > 0);
}

TEST_CASE("config: odd characters are refused before the library sees them", "[unit][config]") {
  using Case = std::pair<const char*, std::uint32_t>; // text, line
  for (const auto& [text, line] :
       {Case{"\xC3\xBF", 1},
        {"a = 1\n\xC3\xBF", 2},
        {"a = 'x' \xC3\xA9", 1},
        {"[\xE2\x80\x83]", 1}}) {
    INFO(text);
    const auto config = load(text, "s.toml");
    REQUIRE_FALSE(config.ok());
    CHECK(config.diagnostics()[0].code == "E_SETTINGS_SYNTAX");
    CHECK(config.diagnostics()[0].span.line == line);
  }
  for (const char* text :
       {"# \xC3\xBF\n", "a = '\xC3\xBF'\n", "a = \"\\\"\xC3\xBF\"\n", "a = '''\n\xC3\xBF'''\n"}) {
    INFO(text);
    const auto config = load(good() + text, "s.toml");
    CHECK(config.ok());
  }
}
