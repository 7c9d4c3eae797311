// Programs as `.mem` text: one hexadecimal word per line (isa.md 5).
#pragma once

#include "asm/assembler.h"
#include "base/result.h"
#include "isa/program.h"

#include <string>
#include <string_view>

namespace plena::assembly {

/// `0x` and eight upper-case digits per word, LF after each.
std::string write_mem(const isa::Program& program);
/// The same; negative words as upstream writes them.
std::string write_mem(const Assembled& assembled);

/// Words separated by white space, as upstream's emulator reads them; `lines` of the result are
/// those of the text. E_MEM_UTF8, E_MEM_TOKEN with the place.
Result<isa::Program> parse_mem(std::string_view text);

} // namespace plena::assembly
