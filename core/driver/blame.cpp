#include "driver/blame.h"

#include "numerics/bits.h"
#include "ops/load.h"

#include <algorithm>

namespace plena::driver {

namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// A tensor in the Vector SRAM that a stage reads, and what it has to be.
struct Watched {
  const codegen::Placement* place = nullptr;
  std::vector<float> values;
  /// Of tensors that come from HBM: the end of the first stage that uses them. They are watched only if
  /// they are there by then. 0: of results.
  std::uint32_t there = 0;
};

class Search {
 public:
  explicit Search(const Inquiry& inquiry) : q_(inquiry) {}

  std::optional<Blame> run() {
    const std::vector<golden::StageVerdict>& stages = q_.verdict.stages;
    const auto stage = std::find_if(stages.begin(), stages.end(), [](const auto& one) {
      return !one.pass;
    });
    if (stage != stages.end()) {
      if (std::optional<Blame> blame = overwritten_input(stage->node)) {
        return blame;
      }
      const std::uint32_t end = q_.results.end_of(stage->node);
      return at(stage->node, stage->tensor, *stage->first_bad, end);
    }
    for (const golden::OutputVerdict& output : q_.verdict.outputs) {
      if (output.first_bad && q_.results.place_of(output.tensor) != nullptr) {
        return overwritten(at({}, output.tensor, *output.first_bad, no_stop));
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<Blame>
  at(ir::NodeId node, ir::TensorId tensor, const golden::Offence& wrong, std::uint32_t stop) const {
    return at(node, *q_.results.place_of(tensor), wrong, stop);
  }

  Blame at(
    ir::NodeId node,
    const codegen::Placement& place,
    const golden::Offence& wrong,
    std::uint32_t stop
  ) const {
    const Cell cell{place.memory, codegen::place_of(place, wrong.index, q_.config.vlen)};
    return {
      node,
      place.tensor,
      false,
      wrong.index,
      wrong.golden,
      wrong.machine,
      cell,
      last_writer(q_.restart, q_.config, cell, stop)};
  }

  /// The stage is that of the writer; nothing without one.
  std::optional<Blame> overwritten(std::optional<Blame> blame) const {
    if (!blame || !blame->pc || q_.node_of_word[*blame->pc] >= q_.graph.nodes.size()) {
      return std::nullopt;
    }
    blame->node = ir::NodeId{q_.node_of_word[*blame->pc]};
    blame->overwritten = true;
    return blame;
  }

  std::vector<Watched> inputs_of(ir::NodeId id) const {
    std::vector<Watched> watched;
    for (const ir::TensorId tensor : q_.graph.node(id).inputs) {
      if (tensor == ir::no_tensor) {
        continue;
      }
      if (const codegen::Placement* place = q_.results.place_of(tensor)) {
        if (place->memory != lower::Memory::Hbm) {
          watched.push_back({place, q_.results.values().at(tensor), 0});
        }
        continue;
      }
      if (std::optional<Watched> loaded = loaded_before(tensor, id)) {
        watched.push_back(std::move(*loaded));
      }
    }
    std::stable_sort(watched.begin(), watched.end(), [](const Watched& a, const Watched& b) {
      return a.there < b.there;
    });
    return watched;
  }

  /// A constant or input of the graph that an earlier stage may have brought to the Vector SRAM.
  std::optional<Watched> loaded_before(ir::TensorId tensor, ir::NodeId id) const {
    const codegen::Placement* place = codegen::find_vector(q_.compiled, tensor);
    for (std::uint32_t i = 0; place != nullptr && i < ir::index(id); ++i) {
      const std::vector<ir::TensorId>& inputs = q_.graph.nodes[i].inputs;
      if (std::find(inputs.begin(), inputs.end(), tensor) == inputs.end()) {
        continue;
      }
      const auto& constant = q_.graph.tensor(tensor).constant;
      return Watched{
        place,
        ops::loaded(
          constant ? constant->floats : q_.golden.at(tensor),
          place->col_group == 0 ? place->cols : place->col_group,
          ops::Role::Activation,
          ops::origin_of(q_.graph, tensor),
          q_.hardware
        ),
        q_.results.end_of(ir::NodeId{i})};
    }
    return std::nullopt;
  }

  static std::optional<golden::Offence>
  difference(const std::vector<float>& wanted, const std::vector<float>& found) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (numerics::bits_of(wanted[i]) != numerics::bits_of(found[i])) {
        return golden::Offence{i, wanted[i], found[i]};
      }
    }
    return std::nullopt;
  }

  /// Whether something that the stage reads has changed since it was made.
  std::optional<Blame> overwritten_input(ir::NodeId id) const {
    Result<emu::Machine> machine = q_.restart();
    if (!machine) {
      return std::nullopt;
    }
    std::vector<Watched> watched = inputs_of(id);
    for (Watched& one : watched) {
      if (one.there != 0) {
        machine->run(no_limit, nullptr, one.there);
        const bool there =
          !difference(one.values, codegen::read_back(*one.place, reader_of(*machine)));
        one.place = there ? one.place : nullptr;
      }
    }
    const std::uint32_t start = q_.results.start_of(id);
    machine->run(no_limit, nullptr, start);
    for (const Watched& one : watched) {
      if (one.place == nullptr) {
        continue;
      }
      const auto wrong =
        difference(one.values, codegen::read_back(*one.place, reader_of(*machine)));
      if (wrong) {
        return overwritten(at(id, *one.place, *wrong, start));
      }
    }
    return std::nullopt;
  }

  const Inquiry& q_;
};

} // namespace

std::optional<Blame> find_blame(const Inquiry& inquiry) { return Search(inquiry).run(); }

} // namespace plena::driver
