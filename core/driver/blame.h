// Who is to blame for a verdict that does not hold: the stage, the first wrong element and the
// instruction that wrote it.
#pragma once

#include "config/config.h"
#include "driver/stages.h"
#include "golden/verdict.h"

#include <cstdint>
#include <optional>
#include <span>

namespace plena::driver {

struct Blame {
  ir::NodeId node{};     ///< the stage at fault
  ir::TensorId tensor{}; ///< that has the wrong element
  /// `tensor` was right when its stage ended; code of `node` has written over it.
  bool overwritten = false;
  std::uint64_t index = 0; ///< row-major
  float golden = 0;
  float machine = 0;
  Cell cell{};
  std::optional<std::uint32_t> pc{}; ///< of the instruction that wrote the element last
};

struct Inquiry {
  const ir::Graph& graph;
  const codegen::Compiled& compiled;
  const config::Config& config;
  const ops::Arithmetic& hardware;
  std::span<const std::uint32_t> node_of_word;
  const StageResults& results;
  const golden::Values& golden;
  const golden::Verdict& verdict;
  const Restart& restart;
};

/// Runs the program again, at most four times. Nothing when the verdict holds, or when what is wrong is
/// no result of a node.
std::optional<Blame> find_blame(const Inquiry& inquiry);

} // namespace plena::driver
