#include "isa/describe.h"

#include "isa/isa.h"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace plena::isa {

namespace {

using Json = nlohmann::ordered_json;

Json operands_json(const OperandList& list) {
  Json array = Json::array();
  for (const Operand& operand : list) {
    const FieldBits& bits = bits_of(operand.field);
    array.push_back(
      {{"field", bits.name},
       {"kind", info_of(operand.kind).name},
       {"optional", operand.optional},
       {"lowBit", bits.low},
       {"width", bits.width}}
    );
  }
  return array;
}

/// "rd:gp, rs1:gp, [rs3:mask]"
std::string operands_text(const OperandList& list) {
  std::string text;
  for (const Operand& operand : list) {
    text += fmt::format(
      "{}{}{}:{}{}",
      text.empty() ? "" : ", ",
      operand.optional ? "[" : "",
      bits_of(operand.field).name,
      info_of(operand.kind).name,
      operand.optional ? "]" : ""
    );
  }
  return text;
}

/// Whether the machine reads the fields that the assembler writes, and nothing else.
bool reads_what_is_written(const InsnDef& row) {
  for (const Operand& operand : row.operands) {
    const Operand* read = row.reads.find(operand.field);
    if (operand.kind != Kind::zero && (read == nullptr || read->kind != operand.kind)) {
      return false;
    }
  }
  for (const Operand& operand : row.reads) {
    if (row.operands.find(operand.field) == nullptr) {
      return false;
    }
  }
  return true;
}

/// A Markdown table cell: a bar would end it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

constexpr Unit unit_order[] = {
  Unit::Matrix, Unit::Vector, Unit::Float, Unit::Integer, Unit::Memory, Unit::Control, Unit::None};

constexpr std::string_view preface =
  R"(<!-- Generated from core/isa/instructions.def: plena docs isa > core/isa/ISA.md -->
# Instruction set

One instruction is one 32-bit word; the opcode is bits 5:0. Operands are written in the order shown, as
`field:kind`; brackets mark one that may be left out and is then 0. Immediates are unsigned.

)";

} // namespace

std::string describe_json() {
  Json array = Json::array();
  for (const InsnDef& row : all()) {
    array.push_back(
      {{"name", row.name},
       {"code", static_cast<unsigned>(row.code)},
       {"unit", to_string(row.unit)},
       {"cost", row.cost},
       {"operands", operands_json(row.operands)},
       {"reads", operands_json(row.reads)},
       {"effect", row.effect},
       {"summary", row.summary}}
    );
  }
  return array.dump();
}

std::string describe_markdown() {
  std::string page(preface);
  const auto out = std::back_inserter(page);
  page += "| field | bits | highest value |\n|---|---|---|\n";
  for (const FieldBits& bits : field_table) {
    fmt::format_to(
      out,
      "| {} | {}:{} | {} |\n",
      bits.name,
      bits.low + bits.width - 1,
      bits.low,
      (std::uint64_t{1} << bits.width) - 1
    );
  }
  page += R"(
| kind | written as | meaning |
|---|---|---|
| gp, fp, addr | `gp0`..`gp15`, `f0`..`f7`, `a0`..`a15` | register |
| int | decimal number | immediate |
| mask | 0 or 1 | 0: all lanes, else the lanes that v_mask selects |
| policy | 0 or 1 | 0: 4 of 32 logits, 1: 8 of 128 |
| order | 0 or 1 | 1: operands of the subtraction exchanged |
| precision | 0 or 1 | 0: weight or activation type, 1: KV type |
| stride | 0 or 1 | 1: rows are the stride register apart, 0: dense |
| zero | 0 | nothing |
| step | `gp0`..`gp15` | distance of rows, `gp0`: 1 |

`V[a]` is the Vector SRAM row at element address a, `T[a]` the Matrix SRAM tile, `FP` and `INT` the scalar
memories. "Machine reads" is filled in where the machine takes other fields from the word than the
assembler writes: the assembler warns about values that do not arrive.
)";
  for (const Unit unit : unit_order) {
    fmt::format_to(
      out,
      "\n## {}\n\n| op | name | operands | machine reads | effect | summary "
      "|\n|---|---|---|---|---|---|\n",
      unit == Unit::None ? "Reserved" : to_string(unit)
    );
    for (const InsnDef& row : all()) {
      if (row.unit != unit) {
        continue;
      }
      fmt::format_to(
        out,
        "| 0x{:02X} | `{}` | {} | {} | {} | {} |\n",
        static_cast<unsigned>(row.code),
        row.name,
        operands_text(row.operands),
        reads_what_is_written(row) || unit == Unit::None ? "" : operands_text(row.reads),
        cell(row.effect),
        cell(row.summary)
      );
    }
  }
  return page;
}

} // namespace plena::isa
