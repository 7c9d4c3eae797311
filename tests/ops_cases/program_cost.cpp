#include "ops_cases/program_cost.h"

#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/printer.h"
#include "base/size.h"
#include "driver/program_facts.h"
#include "emu/timing.h"
#include "isa/codec.h"
#include "table_head.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace plena::tests {

namespace {

/// As upstream counts.
config::Timing timing_of(config::CostProfile profile) {
  config::Timing timing;
  timing.cost_profile = profile;
  return timing;
}

/// The clocks of both profiles at once.
class BothClocks final : public emu::Observer {
 public:
  BothClocks(const config::Machine& machine, const isa::Program& program)
      : emulator_(machine, timing_of(config::CostProfile::emulator), program),
        analytic_(machine, timing_of(config::CostProfile::analytic), program) {}

  void transferred(const emu::TransferRow& row) override {
    emulator_.transferred(row);
    analytic_.transferred(row);
  }
  void executed(std::uint32_t pc, const isa::Instr& instr, emu::CostClass cost) override {
    emulator_.executed(pc, instr, cost);
    analytic_.executed(pc, instr, cost);
  }

  void tell(Cost& cost) const {
    cost.cycles = emulator_.cycles();
    cost.analytic = analytic_.cycles();
  }

 private:
  emu::Timing emulator_;
  emu::Timing analytic_;
};

} // namespace

std::string cost_table_head(std::string_view first_title) {
  TableHead head;
  head.text(first_title).text("program");
  for (const char* title :
       {"lines", "comments", "static", "dynamic", "loops", "depth", "HBM read", "HBM written"}) {
    head.number(title);
  }
  return head.lines();
}

std::string cost_table_line(std::string_view first, std::string_view program, const Cost& cost) {
  return fmt::format(
    "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
    first,
    program,
    cost.lines,
    cost.comments,
    cost.words,
    cost.executed,
    cost.loops,
    cost.depth,
    cost.hbm_read_bytes,
    cost.hbm_written_bytes
  );
}

void count_program(Cost& cost, const isa::Program& program, std::string_view text) {
  const driver::TextCounts counts = driver::count_text(text);
  cost.lines = counts.lines;
  cost.comments = counts.comments;
  cost.words = program.words.size();
  cost.loops = driver::count_loops(program.words);
  const std::vector<std::uint32_t> depths = driver::loop_depths(program.words);
  cost.depth = depths.empty() ? 0 : *std::max_element(depths.begin(), depths.end());
}

std::string run_program(
  emu::Machine& machine, const config::Config& config, const isa::Program& program, Cost& cost
) {
  if (const auto fault = machine.load(program)) {
    return fmt::format("word {} is refused: {}", fault->pc, fault->message);
  }
  BothClocks clocks(config, program);
  const emu::RunResult result = machine.run(std::uint64_t{1} << 40, &clocks);
  clocks.tell(cost);
  cost.executed = machine.counters().executed;
  cost.hbm_read_bytes = machine.counters().hbm_read_bytes;
  cost.hbm_written_bytes = machine.counters().hbm_written_bytes;
  if (const auto& fault = machine.fault()) {
    return fmt::format("fault at {}: {}", fault->pc, fault->message);
  }
  return result.reason == emu::RunResult::Reason::Done ? "" : "the program does not end";
}

std::string check_program(const isa::Program& program) {
  for (std::size_t pc = 0; pc < program.words.size(); ++pc) {
    if (isa::decode_word(program.words[pc]).status != isa::DecodeStatus::Ok) {
      return fmt::format("word {} is no instruction", pc);
    }
    if (!isa::expressible(program.words[pc])) {
      return fmt::format("word {} has no line of assembly", pc);
    }
  }
  const Result<isa::Program> read = assembly::parse_mem(assembly::write_mem(program));
  if (!read.ok() || read->words != program.words) {
    return "its .mem file reads as another program";
  }
  const assembly::Assembled assembled =
    assembly::assemble(assembly::print(*read), assembly::Mode::Strict);
  return assembled.loadable() && assembled.program.words == program.words
           ? ""
           : "its text assembles to another program";
}

std::vector<std::string> differing_memories(const emu::Machine& a, const emu::Machine& b) {
  std::vector<std::string> names;
  const auto note = [&](const char* name, bool same) {
    if (!same) {
      names.emplace_back(name);
    }
  };
  const auto equal = [](auto left, auto right) {
    // Bits, so that signs of zeros and payloads count.
    return left.size() == right.size() &&
           std::equal(
             std::as_bytes(left).begin(), std::as_bytes(left).end(), std::as_bytes(right).begin()
           );
  };
  bool vectors = a.vector_rows() == b.vector_rows();
  for (std::uint64_t row = 0; vectors && row < a.vector_rows(); ++row) {
    vectors = equal(a.vector_row(row), b.vector_row(row));
  }
  note("Vector SRAM", vectors);
  note("FP SRAM", equal(a.fp_sram(), b.fp_sram()));
  note("INT SRAM", equal(a.int_sram(), b.int_sram()));
  bool hbm = a.hbm_bytes() == b.hbm_bytes();
  std::vector<std::uint8_t> left(1 << 20);
  std::vector<std::uint8_t> right(left.size());
  for (std::uint64_t at = 0; hbm && at < a.hbm_bytes(); at += left.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(left.size(), a.hbm_bytes() - at);
    const std::span<std::uint8_t> of_a = std::span(left).first(to_size(count));
    const std::span<std::uint8_t> of_b = std::span(right).first(to_size(count));
    a.read_hbm(at, of_a);
    b.read_hbm(at, of_b);
    hbm = std::equal(of_a.begin(), of_a.end(), of_b.begin());
  }
  note("HBM", hbm);
  return names;
}

} // namespace plena::tests
