// The instruction set for readers: JSON for the page, Markdown for ISA.md.
#pragma once

#include <string>

namespace plena::isa {

/// JSON array of InstructionInfo (wasm/plena.d.ts), in the order of the table.
std::string describe_json();
/// The reference page, core/isa/ISA.md.
std::string describe_markdown();

} // namespace plena::isa
