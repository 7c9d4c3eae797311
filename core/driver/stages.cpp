#include "driver/stages.h"

#include "emu/accesses.h"
#include "emu/observer.h"
#include "ops/registry.h"

#include <algorithm>

namespace plena::driver {

std::vector<std::uint32_t>
stage_ends(const ir::Graph& graph, std::span<const std::uint32_t> node_of_word) {
  std::vector<std::uint32_t> ends(graph.nodes.size(), 0);
  for (std::size_t pc = 0; pc < node_of_word.size(); ++pc) {
    if (node_of_word[pc] < ends.size()) {
      ends[node_of_word[pc]] = static_cast<std::uint32_t>(pc + 1);
    }
  }
  for (std::size_t i = 1; i < ends.size(); ++i) {
    ends[i] = ends[i] == 0 ? ends[i - 1] : ends[i];
  }
  return ends;
}

codegen::MemoryReader reader_of(const emu::Machine& machine) {
  return {
    machine.vlen(),
    [&](std::uint64_t row) { return machine.vector_row(row); },
    [&](std::uint64_t address, std::span<std::uint8_t> bytes) { machine.read_hbm(address, bytes); },
    machine.fp_sram(),
    machine.int_sram()};
}

StageResults::StageResults(
  const ir::Graph& graph,
  const codegen::Compiled& compiled,
  std::span<const std::uint32_t> node_of_word
)
    : ends_(stage_ends(graph, node_of_word)) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      const codegen::Placement* place = codegen::result_place(
        compiled.placements, node.outputs[k], ops::op_of(node).outputs[k].memory
      );
      if (place != nullptr) {
        due_.push_back({ends_[i], *place, 0});
      }
    }
  }
  std::stable_sort(due_.begin(), due_.end(), [](const Due& a, const Due& b) {
    return a.end < b.end;
  });
}

std::uint32_t StageResults::next_stop() const {
  return next_ < due_.size() ? due_[next_].end : no_stop;
}

void StageResults::take(const emu::Machine& machine) {
  for (; next_ < due_.size() && due_[next_].end <= machine.pc(); ++next_) {
    const codegen::Placement& place = due_[next_].place;
    due_[next_].taken_at = machine.counters().executed;
    values_[place.tensor] = codegen::read_back(place, reader_of(machine));
  }
}

void StageResults::forget_after(std::uint64_t executed) {
  while (next_ > 0 && due_[next_ - 1].taken_at > executed) {
    --next_;
    values_.erase(due_[next_].place.tensor);
  }
}

std::vector<ir::TensorId> StageResults::taken_at(std::uint64_t executed) const {
  std::vector<ir::TensorId> found;
  for (std::size_t i = 0; i < next_; ++i) {
    if (due_[i].taken_at == executed) {
      found.push_back(due_[i].place.tensor);
    }
  }
  return found;
}

std::uint32_t StageResults::start_of(ir::NodeId node) const {
  std::uint32_t start = 0;
  for (const std::uint32_t end : ends_) {
    start = end < end_of(node) ? std::max(start, end) : start;
  }
  return start;
}

const codegen::Placement* StageResults::place_of(ir::TensorId tensor) const {
  const auto found = std::find_if(due_.begin(), due_.end(), [&](const Due& due) {
    return due.place.tensor == tensor;
  });
  return found == due_.end() ? nullptr : &found->place;
}

namespace {

/// Remembers who wrote a cell.
class Finder final : public emu::Observer {
 public:
  Finder(const config::Machine& settings, const Cell& cell) : settings_(settings), cell_(cell) {
    switch (cell.memory) {
    case lower::Memory::VectorSram:
      space_ = emu::Space::vector_row;
      entry_ = cell.address / settings.vlen;
      return;
    case lower::Memory::Hbm:
      space_ = emu::Space::hbm_byte;
      break;
    case lower::Memory::FpSram:
      space_ = emu::Space::fp_sram;
      break;
    case lower::Memory::IntSram:
      space_ = emu::Space::int_sram;
      break;
    }
    entry_ = cell.address;
  }

  bool needs_operands() const override { return true; }

  void executing(std::uint32_t, const isa::Instr& instr, const emu::Operands& operands) override {
    emu::accesses_of(instr, operands, settings_, accesses_);
    writes_ = std::any_of(accesses_.begin(), accesses_.end(), [&](const emu::Access& access) {
      return access.write && access.space == space_ && entry_ - access.first < access.count;
    });
    // These write BLEN lanes of a row.
    if (instr.op == isa::Opcode::M_MM_WO || instr.op == isa::Opcode::M_MV_WO) {
      const std::uint32_t lane = (operands.gp[instr.rd & 15] + instr.imm) % settings_.mlen;
      writes_ = writes_ && cell_.address % settings_.vlen - lane < settings_.blen;
    }
  }

  void executed(std::uint32_t pc, const isa::Instr&, emu::CostClass) override {
    writer_ = writes_ ? pc : writer_;
  }

  std::optional<std::uint32_t> writer() const { return writer_; }

 private:
  const config::Machine& settings_;
  const Cell cell_;
  emu::Space space_{};
  std::uint64_t entry_ = 0;
  std::vector<emu::Access> accesses_;
  bool writes_ = false;
  std::optional<std::uint32_t> writer_;
};

} // namespace

std::optional<std::uint32_t> last_writer(
  const Restart& restart, const config::Machine& settings, const Cell& cell, std::uint32_t stop
) {
  Result<emu::Machine> machine = restart();
  if (!machine) {
    return std::nullopt;
  }
  Finder finder(settings, cell);
  machine->run(std::numeric_limits<std::uint64_t>::max(), &finder, stop);
  return finder.writer();
}

} // namespace plena::driver
