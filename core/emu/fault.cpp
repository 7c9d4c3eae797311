#include "emu/fault.h"

#include <array>
#include <cstddef>

namespace plena::emu {

namespace {

struct Texts {
  std::string_view name;
  std::string_view text;
};

constexpr std::array fault_rows{
#define FAULT(kind, hint) Texts{#kind, hint},
#include "emu/faults.def"
};

constexpr std::array warning_rows{
#define WARNING(kind, message) Texts{#kind, message},
#include "emu/warnings.def"
};

} // namespace

std::string_view to_string(FaultKind kind) {
  return fault_rows[static_cast<std::size_t>(kind)].name;
}
std::string_view hint_of(FaultKind kind) { return fault_rows[static_cast<std::size_t>(kind)].text; }

std::string_view to_string(WarningKind kind) {
  return warning_rows[static_cast<std::size_t>(kind)].name;
}
std::string_view message_of(WarningKind kind) {
  return warning_rows[static_cast<std::size_t>(kind)].text;
}

} // namespace plena::emu
