// Cycles, instructions and bytes by the stages that the comments of an assembly text name, in
// upstream's form (timing.md 3.3).
#pragma once

#include "emu/machine.h"
#include "emu/timing.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace plena::emu {

/// Upstream's stages, in its order.
inline constexpr std::array<std::string_view, 11> stage_names{
  "router_topk",
  "accumulator_init",
  "gather",
  "expert_weight_address",
  "expert_weight_prefetch",
  "expert_projection",
  "expert_activation",
  "expert_bias",
  "expert_route_weight",
  "scatter_combine",
  "other",
};

/// The note at the end of the JSON.
inline constexpr std::string_view stage_caveat =
  "Stages come from the comments of the assembly text; seconds are simulated.";

struct StageLabel {
  std::uint8_t stage = 10; ///< index into stage_names
  std::optional<std::uint64_t> pair{};

  bool operator==(const StageLabel&) const = default;
};

/// The label of each instruction of an assembly text, in order.
std::vector<StageLabel> stage_labels(std::string_view asm_text);

struct StageSums {
  std::uint64_t instructions = 0;
  double seconds = 0;
  std::uint64_t hbm_read_bytes = 0;
  std::uint64_t hbm_written_bytes = 0;
};

using Stages = std::array<StageSums, stage_names.size()>;

class StageProfile final : public TimingListener {
 public:
  /// `counters` are those of the machine that runs.
  StageProfile(std::vector<StageLabel> labels, const Counters& counters);
  void stepped(const Step& step) override;

  std::size_t label_count() const { return labels_.size(); }
  const StageSums& totals() const { return totals_; }
  const Stages& stages() const { return stages_; }
  struct Pair {
    StageSums totals;
    Stages stages{};
  };
  const std::map<std::uint64_t, Pair>& pairs() const { return pairs_; }

 private:
  std::vector<StageLabel> labels_;
  const Counters& counters_;
  StageSums totals_;
  Stages stages_{};
  std::map<std::uint64_t, Pair> pairs_;
  std::uint64_t read_before_ = 0;
  std::uint64_t written_before_ = 0;
};

} // namespace plena::emu
