// The expressions of the price table.
#include "analytic/expression.h"
#include "analytic/hardware.h"
#include "cost/costs.h"
#include "isa/isa.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace plena;
using namespace plena::analytic;

namespace {

constexpr std::string_view names[] = {"A", "B_2"};
constexpr std::int64_t values[] = {7, -2};

std::int64_t value(std::string_view text) {
  INFO(text);
  const auto expression = Expression::parse(text, names, "x");
  REQUIRE(expression.ok());
  const auto result = expression->evaluate(values);
  REQUIRE(result.ok());
  return *result;
}

/// What is wrong, at parsing or at evaluation.
std::string fault(std::string_view text) {
  const auto expression = Expression::parse(text, names, "PLACE");
  const Diagnostics found =
    expression ? expression->evaluate(values).diagnostics() : expression.diagnostics();
  REQUIRE(found.size() == 1);
  CHECK(found[0].code == "E_EXPRESSION");
  CHECK(found[0].where == "PLACE");
  CHECK_FALSE(found[0].hint.empty());
  return found[0].message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("expressions have the values that upstream's would have", "[analytic]") {
  CHECK(value("1 + 2 * 3 - 4") == 3);
  CHECK(value("(1 + 2) * 3") == 9);
  CHECK(value("A // 2 + A % 2") == 4);
  CHECK(value("B_2 // 3") == -1); // rounds down
  CHECK(value("A // B_2") == -4);
  CHECK(value("A % B_2") == -1); // the sign of the divisor
  CHECK(value("-A") == -7);
  CHECK(value("-2 ** 2") == -4);
  CHECK(value("2 ** 3 ** 2") == 512);
  CHECK(value("B_2 ** 3") == -8);
  CHECK(value("min(A, 3) + max(A, B_2)") == 10);
  CHECK(value("ceil(A, 2)") == 4);
  CHECK(value("ceil(-7, 2)") == -3);
  CHECK(value("1 ** 9223372036854775807") == 1);
  CHECK(value("(-1) ** 9223372036854775807") == -1);
  CHECK(value("0 ** 0") == 1);
  CHECK(value(" A\t") == 7);
}

TEST_CASE("expressions that have no value say why and where", "[analytic]") {
  CHECK(has(fault("1 // (A - 7)"), "column 3 of `1 // (A - 7)`: division by zero"));
  CHECK(has(fault("1 % 0"), "division by zero"));
  CHECK(has(fault("ceil(1, 0)"), "division by zero"));
  CHECK(has(fault("2 ** B_2"), "negative exponent"));
  CHECK(has(fault("9223372036854775807 + 1"), "64 bits"));
  CHECK(has(fault("99999999999 * 99999999999"), "64 bits"));
  CHECK(has(fault("2 ** 63"), "64 bits"));
  CHECK(has(fault("(-9223372036854775807 - 1) // -1"), "64 bits"));
  CHECK(has(fault("9223372036854775808"), "64 bits"));
  CHECK(has(fault("A / 2"), "write //"));
  CHECK(has(fault(""), "ends where a value is expected"));
  CHECK(has(fault("1 +"), "ends where a value is expected"));
  CHECK(has(fault("(1"), "not closed"));
  CHECK(has(fault("1 1"), "'1' is not expected"));
  CHECK(has(fault("1 \x01"), "byte 1"));
  CHECK(has(fault("C"), "there is no setting 'C'"));
  CHECK(has(fault("min(1)"), "comma"));
  CHECK(has(fault("max"), "two values"));
  CHECK(has(fault("A()"), "'(' is not expected"));
  CHECK(has(fault(std::string(200, '(')), "levels"));
  CHECK(has(fault(std::string(200, '-') + "1"), "levels"));
  CHECK(has(fault(std::string(300, '1')), "300 characters"));
}

TEST_CASE("the prices are those by which the emulator's analytic profile counts", "[analytic]") {
  for (const config::Preset& preset : config::presets()) {
    const config::Config machine = *config::load(preset.toml, preset.name);
    const auto hardware = make_hardware(settings_of(machine, latency_profiles()[0]));
    REQUIRE(hardware.ok());
    for (std::size_t i = 0; i < insn_count; ++i) {
      const std::string_view name = to_string(static_cast<Insn>(i));
      const isa::InsnDef* opcode = isa::find(name);
      if (opcode == nullptr) {
        CHECK((name == "V_BASIC" || name == "S_BASIC")); // the model's own
        continue;
      }
      INFO(name << " " << preset.name);
      const cost::CostClass cost = cost::cost_class(opcode->code);
      CHECK(cost::cycles(cost, machine, config::CostProfile::analytic) == hardware->prices[i]);
      CHECK_FALSE(cost::is_price_assumed(cost, config::CostProfile::analytic));
    }
  }
}

TEST_CASE("prices of the user take the place of the table's", "[analytic]") {
  const config::Config upstream = *config::load(config::find_preset("upstream")->toml, "upstream");
  const Settings settings = settings_of(upstream, latency_profiles()[0]);
  const auto table =
    PriceTable::with({{"M_MM.pipelined", "MLEN + SA_ACC_CYCLES"}, {"M_MM.alone", "1"}});
  REQUIRE(table.ok());
  CHECK((*make_hardware(settings, *table))[Insn::M_MM] == 64 + 5); // 64 / 4 = 16: five bits
  CHECK((*make_hardware(settings, *table))[Insn::M_TMM] == 4);

  const auto wrong =
    PriceTable::with({{"M_MN.pipelined", "1"}, {"M_MM.paralel", "1"}, {"M_MV.alone", "1 +"}});
  REQUIRE(wrong.diagnostics().size() == 3);
  CHECK(wrong.diagnostics()[0].code == "E_EXPRESSION");
  CHECK(wrong.diagnostics()[1].code == "E_ANALYTIC_PRICE");
  CHECK(wrong.diagnostics()[2].where == "PLAYGROUND.PRICES.M_MN.pipelined");

  for (const char* text : {"0", "BLEN - MLEN", "1 // (BLEN - 4)"}) {
    const auto bad = make_hardware(settings, *PriceTable::with({{"V_EXP_V.pipelined", text}}));
    REQUIRE_FALSE(bad.ok());
    CHECK(bad.diagnostics()[0].where == "PLAYGROUND.PRICES.V_EXP_V.pipelined");
  }
}
