#include "golden/values.h"

#include "config/keys.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <utility>

namespace plena::tests {

namespace {

float parse_number(const std::string& text) {
  if (text.starts_with("nan:")) {
    std::string digits = text.substr(4);
    digits.resize(8, '0');
    return numerics::float_of(static_cast<std::uint32_t>(parse_integer("0x" + digits)));
  }
  char* end = nullptr;
  const float value = std::strtof(text.c_str(), &end);
  if (text.empty() || *end != '\0' || numerics::is_nan(value)) {
    FAIL("'" << text << "' is no number");
  }
  return value;
}

constexpr std::array<std::pair<std::string_view, numerics::StorageFormat>, 5> format_names{
  {{"bf16", {numerics::bf16, false, 1, numerics::e8m0}},
   {"e4m3", {numerics::e4m3, false, 1, numerics::e8m0}},
   {"mx-e4m3", {numerics::e4m3, true, 8, numerics::e8m0}},
   {"mx-e5m2", {numerics::e5m2, true, 8, numerics::e8m0}},
   {"mx-e2m1", {numerics::ScalarFormat::fp(true, 2, 1), true, 8, numerics::e8m0}}}};

/// Rows of eight lanes in two heads, 32 of them, two tiles, 4 KiB of HBM. The second precision of
/// each transfer differs from the first, so that the selector shows.
constexpr std::array<std::pair<const char*, const char*>, 13> tiny_keys{
  {{"MLEN", "8"},
   {"VLEN", "8"},
   {"BLEN", "4"},
   {"HLEN", "4"},
   {"BROADCAST_AMOUNT", "2"},
   {"HBM_SIZE", "4096"},
   {"MATRIX_SRAM_SIZE", "16"},
   {"VECTOR_SRAM_SIZE", "32"},
   {"HBM_M_Prefetch_Amount", "8"},
   {"HBM_V_Prefetch_Amount", "2"},
   {"HBM_V_Writeback_Amount", "2"},
   {"MAX_LOOP_INSTRUCTIONS", "20"},
   {"HBM_V_KV_TYPE", "bf16"}}};

} // namespace

std::string number_text(float value) {
  const std::uint32_t bits = numerics::bits_of(value);
  if (!numerics::is_nan(value)) {
    return fmt::format("{}", value);
  }
  return (bits & 0xFFFF) == 0 ? fmt::format("nan:{:04X}", bits >> 16)
                              : fmt::format("nan:{:08X}", bits);
}

std::uint16_t parse_bf16(const std::string& text) {
  const std::uint32_t bits = numerics::bits_of(parse_number(text));
  if ((bits & 0xFFFF) != 0) {
    FAIL("'" << text << "' is not exact in bf16");
  }
  return static_cast<std::uint16_t>(bits >> 16);
}

std::uint8_t parse_e4m3(const std::string& text) {
  const std::uint32_t bits = numerics::bits_of(parse_number(text));
  for (std::uint32_t code = 0; code < 256; ++code) {
    if (numerics::bits_of(numerics::decode(numerics::e4m3, code)) == bits) {
      return static_cast<std::uint8_t>(code);
    }
  }
  FAIL("'" << text << "' is not exact in e4m3");
  return 0;
}

std::uint64_t parse_integer(const std::string& text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text.c_str(), &end, text.starts_with("0x") ? 16 : 10);
  if (text.empty() || *end != '\0' || text.front() == '-') {
    FAIL("'" << text << "' is no integer");
  }
  return value;
}

void override_key(config::Machine& machine, const std::string& key, const std::string& value) {
  for (const config::ConfigKey& row : config::config_keys()) {
    if (row.key == key) {
      config::set(machine, row, parse_integer(value));
      return;
    }
  }
  for (const config::PrecisionKey& row : config::precision_keys()) {
    const auto* member = std::get_if<numerics::StorageFormat config::Machine::*>(&row.member);
    for (const auto& [name, format] : format_names) {
      if (row.key == key && member != nullptr && name == value) {
        machine.*(*member) = format;
        return;
      }
    }
  }
  FAIL("the settings have no " << key << "=" << value);
}

config::Machine named_machine(const std::string& name) {
  const bool tiny = name == "tiny";
  const config::Preset* preset = config::find_preset(tiny ? "m16b4" : name);
  if (preset == nullptr) {
    FAIL("no settings are called '" << name << "'");
  }
  auto loaded = config::load(preset->toml, preset->name);
  REQUIRE(loaded.ok());
  config::Machine machine = *loaded;
  if (tiny) {
    for (const auto& [key, value] : tiny_keys) {
      override_key(machine, key, value);
    }
    override_key(machine, "HBM_M_KV_TYPE", "mx-e5m2");
  }
  return machine;
}

} // namespace plena::tests
