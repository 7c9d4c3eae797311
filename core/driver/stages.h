// What the machine has after each stage of a compiled model, and which instruction put it there. A
// stage is a node of the graph; it ends when the run leaves the code of its node, loops included.
// Memory that a stage has left may be used again by later ones, so results are taken while the
// program runs; of a run that goes wrong, the writer of an element is found by running it once
// more.
#pragma once

#include "codegen/compile.h"
#include "emu/machine.h"
#include "golden/reference.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace plena::driver {

inline constexpr std::uint32_t no_stop = std::numeric_limits<std::uint32_t>::max();

/// By node, the pc that a run reaches when it leaves the node's code. A node without code ends with
/// the one before it.
std::vector<std::uint32_t>
stage_ends(const ir::Graph& graph, std::span<const std::uint32_t> node_of_word);

codegen::MemoryReader reader_of(const emu::Machine& machine);

/// Takes results as a run goes on: it stops at `next_stop`, and `take` reads what is due there.
class StageResults {
 public:
  StageResults(
    const ir::Graph& graph,
    const codegen::Compiled& compiled,
    std::span<const std::uint32_t> node_of_word
  );

  /// no_stop when all results have been taken.
  std::uint32_t next_stop() const;
  void take(const emu::Machine& machine);
  /// Results that were taken after so many executed instructions are taken again when the run,
  /// which has been changed there, comes by.
  void forget_after(std::uint64_t executed);
  /// Those that were taken at this moment of the run.
  std::vector<ir::TensorId> taken_at(std::uint64_t executed) const;
  const golden::Values& values() const { return values_; }
  /// Pc at which a node ends, and at which the code before it does.
  std::uint32_t end_of(ir::NodeId node) const { return ends_[ir::index(node)]; }
  std::uint32_t start_of(ir::NodeId node) const;
  /// Where a node leaves a result; null when nothing places it.
  const codegen::Placement* place_of(ir::TensorId tensor) const;

 private:
  struct Due {
    std::uint32_t end = 0;
    codegen::Placement place;
    std::uint64_t taken_at = 0; ///< executed instructions
  };
  std::vector<std::uint32_t> ends_;
  std::vector<Due> due_; ///< in the order of their ends
  std::size_t next_ = 0;
  golden::Values values_;
};

/// One element in a memory of the machine: an element of the Vector SRAM, a byte of the HBM, an
/// entry.
struct Cell {
  lower::Memory memory{};
  std::uint64_t address = 0;
};

/// A machine with the program at its start, the same each time.
using Restart = std::function<Result<emu::Machine>()>;

/// The instruction that wrote a cell last before the run reaches `stop`; nothing when none did.
std::optional<std::uint32_t> last_writer(
  const Restart& restart, const config::Machine& settings, const Cell& cell, std::uint32_t stop
);

} // namespace plena::driver
