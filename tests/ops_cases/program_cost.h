// What a program costs, counted while it runs, and whether it is the same program as words and as
// text.
#pragma once

#include "config/config.h"
#include "emu/machine.h"
#include "isa/program.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plena::tests {

/// What a program costs.
struct Cost {
  std::uint64_t lines = 0;
  std::uint64_t comments = 0;
  std::uint64_t words = 0;
  std::uint64_t executed = 0;
  std::uint64_t loops = 0;
  std::uint64_t depth = 0;
  std::uint64_t cycles = 0;   ///< emulator's profile, serial, HBM2, as upstream counts
  std::uint64_t analytic = 0; ///< cycles under the analytic profile
  std::uint64_t hbm_read_bytes = 0;
  std::uint64_t hbm_written_bytes = 0;
};

/// A table of what programs cost: its head, and the line of a program.
std::string cost_table_head(std::string_view first_title);
std::string cost_table_line(std::string_view first, std::string_view program, const Cost& cost);

/// Fills in what words and text tell.
void count_program(Cost& cost, const isa::Program& program, std::string_view text);

/// Runs to the end and fills in what a run tells; empty, or the fault, which leaves the machine as
/// it is.
std::string run_program(
  emu::Machine& machine, const config::Config& config, const isa::Program& program, Cost& cost
);

/// What is wrong with a program as words and as text, or empty: every word is an instruction of the
/// machine, and the text of the disassembler and the `.mem` file mean the same words.
std::string check_program(const isa::Program& program);

/// Names of the memories that differ.
std::vector<std::string> differing_memories(const emu::Machine& a, const emu::Machine& b);

} // namespace plena::tests
