#include "driver/fault_text.h"

#include "base/text.h"

#include <fmt/format.h>

namespace plena::driver {

Diagnostic diagnostic_of(const emu::Fault& fault) {
  return {
    .code = "E_FAULT_" + upper_case(emu::to_string(fault.kind)),
    .message = fmt::format("{}: {}", fault.instruction, fault.message),
    .hint = fault.hint,
    .span = {fault.line, fault.line == 0 ? 0u : 1u, 0, 0},
    .where = fmt::format("pc {}", fault.pc)};
}

} // namespace plena::driver
