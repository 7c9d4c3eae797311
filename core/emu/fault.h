// Why a program stopped, and what it did that was hardly meant. Values only, nothing is thrown.
#pragma once

#include "isa/instr.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::emu {

enum class FaultKind : std::uint8_t {
#define FAULT(kind, hint) kind,
#include "emu/faults.def"
};
std::string_view to_string(FaultKind kind);
std::string_view hint_of(FaultKind kind);

enum class WarningKind : std::uint8_t {
#define WARNING(kind, message) kind,
#include "emu/warnings.def"
};
std::string_view to_string(WarningKind kind);
std::string_view message_of(WarningKind kind);

/// A register that the faulting instruction reads, with its value at that moment.
struct OperandValue {
  std::string name;        ///< `gp3`, `f2`, `a1`
  std::uint64_t value = 0; ///< bits for f registers

  bool operator==(const OperandValue&) const = default;
};

struct Fault {
  FaultKind kind = FaultKind::decode;
  std::uint32_t pc = 0;
  std::uint32_t line = 0; ///< source line of the word, from 1; 0 when unknown
  std::uint32_t word = 0;
  isa::Instr instr{};        ///< as the machine decodes the word
  std::string instruction{}; ///< canonical text of the word
  std::vector<OperandValue> operands{};
  std::optional<std::uint64_t> address{}; ///< in the unit of the memory concerned
  std::optional<std::uint64_t> limit{};   ///< first address that is not allowed, or the divisor
  std::string message{};
  std::string hint{};
};

struct Warning {
  WarningKind kind = WarningKind::gp0_written;
  std::uint32_t first_pc = 0;
  std::uint64_t count = 0;
};

} // namespace plena::emu
