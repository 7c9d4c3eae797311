// Speed of the assembler on a long program of ordinary lines.
#pragma once

#include <cstddef>
#include <string>

namespace plena::bench {

/// Assembly of `lines` lines such as unrolled products have, without comments, always the same.
std::string asm_program(std::size_t lines);

/// Assembles 2.4 million lines several times and prints one JSON object: lines/s (best and median)
/// and the ratio to a plain loop that counts the line ends of the same text, byte by byte, in this
/// process. Returns false when the text does not assemble.
bool run_asm_bench();

} // namespace plena::bench
