// The table's properties: every row encodes, decodes, prints and describes consistently.
#include "isa/codec.h"
#include "isa/describe.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

using namespace plena;
using namespace plena::isa;

namespace {

using tests::source_dir;

/// An instruction of this row with every field drawn from its range, ends included often.
Instr random_instr(const InsnDef& row, std::mt19937_64& random) {
  Instr instr;
  instr.op = row.code;
  for (const Operand& operand : row.reads) {
    const std::uint64_t limit = operand.kind == Kind::zero ? 0 : max_of(operand.field);
    const std::uint64_t pick = random() % 8;
    const std::uint64_t value = pick == 0 ? 0 : pick == 1 ? limit : random() % (limit + 1);
    instr.set(operand.field, static_cast<std::uint32_t>(value));
  }
  return instr;
}

} // namespace

TEST_CASE("isa: decode(encode(i)) is i for every row", "[unit][isa]") {
  std::mt19937_64 random(1);
  for (const InsnDef& row : all()) {
    INFO(row.name);
    if (row.unit == Unit::None) {
      Instr instr;
      instr.op = row.code;
      const auto word = encode(instr);
      REQUIRE_FALSE(word.ok());
      CHECK(word.diagnostics()[0].code == "E_ISA_INVALID");
      continue;
    }
    for (int i = 0; i < 2000; ++i) {
      const Instr instr = random_instr(row, random);
      const auto word = encode(instr);
      REQUIRE(word.ok());
      REQUIRE(decode(*word) == instr);
    }
  }
}

TEST_CASE("isa: encode refuses what the machine cannot read back", "[unit][isa]") {
  const auto code_of = [](const Instr& instr) {
    const auto word = encode(instr);
    return word.ok() ? std::string() : word.diagnostics()[0].code;
  };
  for (const InsnDef& row : all()) {
    INFO(row.name);
    for (const Operand& operand : row.reads) {
      Instr instr;
      instr.op = row.code;
      const std::uint32_t limit = operand.kind == Kind::zero ? 0 : max_of(operand.field);
      instr.set(operand.field, limit);
      CHECK(code_of(instr).empty());
      instr.set(operand.field, limit + 1);
      CHECK(code_of(instr) == "E_ISA_RANGE");
    }
  }
  Instr unread;
  unread.op = Opcode::S_EXP_FP;
  unread.rs2 = 1;
  CHECK(code_of(unread) == "E_ISA_RANGE");
  unread.rs2 = 0;
  unread.imm = 1;
  CHECK(code_of(unread) == "E_ISA_RANGE");
}

TEST_CASE("isa: look-ups agree with the table", "[unit][isa]") {
  std::size_t found = 0;
  for (std::uint32_t code = 0; code < 100; ++code) {
    const InsnDef* row = find(code);
    if (row != nullptr) {
      ++found;
      CHECK(static_cast<std::uint32_t>(row->code) == code);
      CHECK(find(row->name) == row);
      CHECK(&def(row->code) == row);
    }
  }
  CHECK(found == all().size());
  CHECK(found == 56);
  CHECK(find("S_MV_FP") == nullptr);
  CHECK(find("") == nullptr);
}

TEST_CASE("isa: opcode numbers are frozen", "[unit][isa]") {
  std::string listing;
  for (const InsnDef& row : all()) {
    listing += fmt::format("0x{:02X} {}\n", static_cast<unsigned>(row.code), row.name);
  }
  CHECK(listing == tests::read_text(source_dir() / "tests/isa/opcodes.txt"));
}

TEST_CASE("isa: ISA.md is what the table says", "[unit][isa]") {
  const std::string page = describe_markdown();
  INFO("to renew: plena docs isa > core/isa/ISA.md");
  CHECK(page == tests::read_text(source_dir() / "core/isa/ISA.md"));
}

TEST_CASE("isa: the JSON description has every row and field", "[unit][isa]") {
  const auto json = nlohmann::json::parse(describe_json());
  REQUIRE(json.size() == all().size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const InsnDef& row = all()[i];
    CHECK(json[i]["name"] == std::string(row.name));
    CHECK(json[i]["code"] == static_cast<unsigned>(row.code));
    CHECK(json[i]["operands"].size() == row.operands.size());
    CHECK(json[i]["reads"].size() == row.reads.size());
  }
  const auto& exp = json[static_cast<std::size_t>(find("V_EXP_V") - all().data())];
  CHECK(
    exp["reads"][2] ==
    nlohmann::json::parse(R"({"field":"rs3","kind":"mask","optional":false,"lowBit":18,"width":4})")
  );
}

TEST_CASE("isa: effects name the decoded operands", "[unit][isa]") {
  CHECK(effect_text(0x0000C861) == "gp1 = gp2 + gp3");
  CHECK(effect_text(0x00200062) == "gp1 = gp0 + 128");
  CHECK(effect_text(0x0004C84E) == "V[gp1] = V[gp2] + f3, only lanes selected by v_mask");
  CHECK(effect_text(0x00000046) == "V[gp1 + 0 ..], rows 1 apart = m_acc, then m_acc = 0");
  CHECK(effect_text(0x00101846) == "V[gp1 + 64 ..], rows gp6 apart = m_acc, then m_acc = 0");
  CHECK(effect_text(0x00010145) == "V[gp5 + 4 ..] = hm_acc, then hm_acc = 0");
  CHECK(effect_text(0x00044CA8) == "T[gp2 ..] = HBM[a1 + gp3], rows stride apart");
  CHECK(effect_text(0x00404CA8) == "T[gp2 ..] = HBM[a1 + gp3], KV type");
  CHECK(effect_text(0x0000003F) == "faults when executed");
  CHECK(effect_text(0x0000C843) == "refused when the program is loaded: rd of M_BMM must be 0");
  for (const InsnDef& row : all()) {
    INFO(row.name);
    const std::string text = effect_text(static_cast<std::uint32_t>(row.code));
    CHECK_FALSE(text.empty());
    CHECK(text.find('{') == std::string::npos);
  }
}
