// Recorded readings of upstream's decoder, and the canonical text of each word.
#include "isa/codec.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

using namespace plena;
using namespace plena::isa;

namespace {

/// A recorded field value; selectors are recorded by name.
std::uint32_t recorded(const nlohmann::json& value) {
  if (value.is_number()) {
    return value.get<std::uint32_t>();
  }
  static const std::map<std::string, std::uint32_t> names{
    {"Normal", 0}, {"Reverse", 1}, {"KeyValue", 1}, {"Weights", 0}, {"Activation", 0}};
  const auto name = names.find(value.get<std::string>());
  INFO(value);
  REQUIRE(name != names.end());
  return name->second;
}

/// Upstream's name of a field of the table.
std::string recorded_name(const Operand& operand) {
  switch (operand.kind) {
  case Kind::mask:
  case Kind::policy:
    return "rmask";
  case Kind::order:
    return "rorder";
  case Kind::precision:
    return "precision";
  case Kind::stride:
  case Kind::step:
    return "rstride";
  case Kind::integer:
    return "imm";
  case Kind::gp:
  case Kind::fp:
  case Kind::addr:
  case Kind::zero:
    return std::string(bits_of(operand.field).name);
  }
  return {};
}

} // namespace

TEST_CASE("isa: recorded decode vectors", "[unit][isa]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto data =
    nlohmann::json::parse(tests::read_text(tests::shared_dir() / "isa_decode_vectors.json"));
  std::size_t agreed = 0;
  for (const auto& vector : data["words"]) {
    INFO(vector.dump());
    const auto word =
      static_cast<std::uint32_t>(std::stoul(vector["word"].get<std::string>(), nullptr, 16));
    const std::string status = vector["decode"];
    const Decoded decoded = decode_word(word);
    const DecodeStatus expected = status == "ok"        ? DecodeStatus::Ok
                                  : status == "invalid" ? DecodeStatus::Invalid
                                                        : DecodeStatus::Refused;
    REQUIRE(decoded.status == expected);
    REQUIRE(decode(word).has_value() == (status == "ok"));
    REQUIRE(disassemble(word) == vector["text"].get<std::string>());
    REQUIRE(expressible(word) == vector["upstream_assembles"].get<bool>());
    if (status == "ok") {
      REQUIRE(to_string(decoded.instr.op) == vector["op"].get<std::string>());
      const InsnDef& row = def(decoded.instr.op);
      std::size_t fields = 0;
      for (const Operand& operand : row.reads) {
        if (operand.kind == Kind::zero) {
          continue; // upstream checks it and drops it
        }
        ++fields;
        const auto& field = vector["fields"][recorded_name(operand)];
        std::uint32_t value = decoded.instr.get(operand.field);
        if (field.is_string()) {
          value = value != 0 ? 1 : 0;
        }
        REQUIRE(value == recorded(field));
      }
      REQUIRE(fields == vector["fields"].size());
    }
    ++agreed;
  }
  CHECK(agreed == 515);
}
