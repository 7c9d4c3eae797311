// Bit fields and operand kinds that a row of instructions.def may use, and the reader of its
// operand strings, which runs at compile time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plena::isa {

enum class Field : std::uint8_t { rd, rs1, rs2, rs3, funct, imm18, imm22 };

struct FieldBits {
  std::string_view name;
  unsigned low;   ///< lowest bit in the word
  unsigned width; ///< in bits
};

/// Indexed by Field.
inline constexpr std::array<FieldBits, 7> field_table{
  {{"rd", 6, 4},
   {"rs1", 10, 4},
   {"rs2", 14, 4},
   {"rs3", 18, 4},
   {"funct", 22, 4},
   {"imm18", 14, 18},
   {"imm22", 10, 22}}};

inline constexpr unsigned opcode_bits = 6;
inline constexpr unsigned word_bits = 32;

constexpr const FieldBits& bits_of(Field field) {
  return field_table[static_cast<std::size_t>(field)];
}
constexpr std::uint32_t max_of(Field field) {
  return static_cast<std::uint32_t>((std::uint64_t{1} << bits_of(field).width) - 1);
}
constexpr std::uint32_t mask_of(Field field) { return max_of(field) << bits_of(field).low; }
constexpr std::uint32_t extract(std::uint32_t word, Field field) {
  return (word >> bits_of(field).low) & max_of(field);
}

/// How an operand is written and what it means.
enum class Kind : std::uint8_t {
  gp,        ///< integer register
  fp,        ///< floating-point scalar register
  addr,      ///< HBM address register
  integer,   ///< unsigned immediate, spelled `int` in the table
  mask,      ///< 0: all lanes, else the lanes that v_mask selects
  policy,    ///< selection rule of V_TOPK
  order,     ///< not 0: operands of the subtraction exchanged
  precision, ///< 0: weight or activation type, else KV type
  stride,    ///< 1: rows are stride register apart, else dense
  zero,      ///< written as 0
  step,      ///< register with the row step of M_MM_WO; register 0 means step 1
};

/// Indexed by Kind. `prefix` is what a register of the kind is written with, empty for numbers;
/// `count` the registers the machine has.
struct KindInfo {
  std::string_view name;
  std::string_view prefix;
  unsigned count;
};
inline constexpr std::array<KindInfo, 11> kind_table{
  {{"gp", "gp", 16},
   {"fp", "f", 8},
   {"addr", "a", 16},
   {"int", "", 0},
   {"mask", "", 0},
   {"policy", "", 0},
   {"order", "", 0},
   {"precision", "", 0},
   {"stride", "", 0},
   {"zero", "", 0},
   {"step", "gp", 16}}};
constexpr const KindInfo& info_of(Kind kind) { return kind_table[static_cast<std::size_t>(kind)]; }

struct Operand {
  Field field = Field::rd;
  Kind kind = Kind::gp;
  bool optional = false; ///< may be left out at the end of the line and is then 0

  bool operator==(const Operand&) const = default;
};

class OperandList {
 public:
  static constexpr std::size_t capacity = 5;

  constexpr void push_back(Operand operand) { items_[count_++] = operand; }
  constexpr const Operand* begin() const { return items_.data(); }
  constexpr const Operand* end() const { return items_.data() + count_; }
  constexpr std::size_t size() const { return count_; }
  constexpr bool empty() const { return count_ == 0; }
  constexpr const Operand& operator[](std::size_t i) const { return items_[i]; }
  /// The operand in `field`, or null.
  constexpr const Operand* find(Field field) const {
    for (const Operand& operand : *this) {
      if (operand.field == field) {
        return &operand;
      }
    }
    return nullptr;
  }

 private:
  std::array<Operand, capacity> items_{};
  std::size_t count_ = 0;
};

/// Reads "rd:gp rs1:gp rs3?:mask". Only for constant evaluation: a misspelt field or kind, or too
/// many operands, is no constant expression and does not compile.
consteval OperandList parse_operands(std::string_view text) {
  OperandList list;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    std::string_view item = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
    const std::size_t colon = item.find(':');
    std::string_view field = item.substr(0, colon);
    const std::string_view kind = item.substr(colon + 1);
    Operand operand;
    if (field.back() == '?') {
      operand.optional = true;
      field.remove_suffix(1);
    }
    std::size_t f = 0;
    while (field_table[f].name != field) { // past the end: does not compile
      ++f;
    }
    std::size_t k = 0;
    while (kind_table[k].name != kind) {
      ++k;
    }
    operand.field = static_cast<Field>(f);
    operand.kind = static_cast<Kind>(k);
    list.push_back(operand);
  }
  return list;
}

} // namespace plena::isa
