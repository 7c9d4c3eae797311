// What the memories of a run hold, whose it is, and where it came from.
#include "driver/program_facts.h"
#include "driver/provenance.h"
#include "driver/session_state.h"
#include "isa/codec.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "numerics/mx.h"
#include "numerics/pack.h"
#include "ops/load.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace plena::driver {

namespace {

constexpr std::uint64_t most_elements = 1 << 16;

Diagnostic no_run() {
  return missing("E_NO_RUN", "there is no run to look at", "start one with reset");
}

Diagnostic no_range(std::string what) {
  return missing(
    "E_RANGE", std::move(what), "ask for what is inside, at most 65536 elements at a time"
  );
}

emu::Space space_of(lower::Memory memory) {
  switch (memory) {
  case lower::Memory::VectorSram:
    return emu::Space::vector_row;
  case lower::Memory::Hbm:
    return emu::Space::hbm_byte;
  case lower::Memory::FpSram:
    return emu::Space::fp_sram;
  case lower::Memory::IntSram:
    return emu::Space::int_sram;
  }
  return emu::Space::hbm_byte;
}

std::uint64_t extent_of(const codegen::Placement& place) {
  const std::uint64_t physical = place.phys_rows * place.phys_cols;
  switch (place.memory) {
  case lower::Memory::VectorSram:
    return physical;
  case lower::Memory::Hbm: {
    const numerics::StorageFormat& format = place.format;
    const std::uint64_t elements = physical * format.element.width / 8;
    return format.mx
             ? std::max(
                 elements, place.scale_offset + physical / format.block * format.scale.width / 8
               )
             : elements;
  }
  default:
    return place.rows * place.cols;
  }
}

/// What a compiled model's memories are for, in the order of its placements.
std::vector<report::Region> regions_of(const Session::State& state) {
  std::vector<report::Region> regions;
  if (!state.compiled || !state.graph) {
    return regions;
  }
  for (const codegen::Placement& place : state.compiled->placements) {
    report::Region region;
    region.name = place.name;
    region.memory = name_of(space_of(place.memory));
    region.kind = "made";
    region.first = place.address;
    region.count = extent_of(place);
    region.rows = place.rows;
    region.cols = place.cols;
    region.tile_cols = place.form == codegen::Form::ColumnBlocks ? state.config->vlen : 0;
    region.format = place.format;
    if (place.memory == lower::Memory::VectorSram) {
      region.format = {state.config->vector_sram_type.element, false, 1, {}};
    } else if (place.memory == lower::Memory::FpSram) {
      region.format = {};
    } else if (place.memory == lower::Memory::IntSram) {
      region.format = {numerics::ScalarFormat::integer(32), false, 1, {}};
    }
    if (place.tensor != ir::no_tensor) {
      const std::vector<ir::TensorId>& inputs = state.graph->inputs;
      const bool is_input = std::find(inputs.begin(), inputs.end(), place.tensor) != inputs.end();
      region.kind = state.graph->tensor(place.tensor).constant ? "weight"
                    : is_input                                 ? "input"
                                                               : "result";
      for (std::size_t i = 0; i < state.graph->nodes.size(); ++i) {
        const std::vector<ir::TensorId>& outputs = state.graph->nodes[i].outputs;
        if (std::find(outputs.begin(), outputs.end(), place.tensor) != outputs.end()) {
          region.node = static_cast<std::int64_t>(i);
        }
      }
    }
    regions.push_back(std::move(region));
  }
  return regions;
}

std::vector<report::MemoryFacts> memories_of(const Session::State& state) {
  const emu::Machine& machine = *state.machine;
  const config::Machine& config = *state.config;
  return {
    {"vector_sram", machine.vector_rows() * machine.vlen(), config.vector_sram_type.element},
    {"matrix_sram", machine.matrix_tiles() * config.tile_elems(), config.matrix_sram_type.element},
    {"fp_sram", machine.fp_sram().size(), numerics::bf16},
    {"int_sram", machine.int_sram().size(), numerics::ScalarFormat::integer(32)},
    {"hbm", machine.hbm_bytes(), numerics::ScalarFormat::integer(8)}};
}

/// An entry of a memory, HBM by bytes.
void read_entry(
  const Session::State& state, emu::Space space, std::uint64_t at, report::Elements& found
) {
  const emu::Machine& machine = *state.machine;
  float value = 0;
  std::uint32_t bits = 0;
  switch (space) {
  case emu::Space::vector_row: {
    const auto lane = static_cast<std::uint32_t>(at % machine.vlen());
    value = machine.vector_row(at / machine.vlen())[lane];
    bits = machine.vector_code(at / machine.vlen(), lane);
    break;
  }
  case emu::Space::matrix_tile: {
    const std::uint64_t elems = state.config->tile_elems();
    const std::span<const float> tile = machine.matrix_tile(at / elems);
    value = tile.empty() ? 0 : tile[static_cast<std::size_t>(at % elems)];
    bits = numerics::encode(state.config->matrix_sram_type.element, value);
    break;
  }
  case emu::Space::fp_sram:
    bits = machine.fp_sram()[static_cast<std::size_t>(at)];
    value = numerics::widen_bf16(static_cast<std::uint16_t>(bits));
    break;
  case emu::Space::int_sram:
    bits = machine.int_sram()[static_cast<std::size_t>(at)];
    value = static_cast<float>(bits);
    break;
  default: {
    std::uint8_t byte = 0;
    machine.read_hbm(at, {&byte, 1});
    bits = byte;
    value = byte;
    break;
  }
  }
  found.values.push_back(value);
  found.bits.push_back(bits);
  found.addresses.push_back(at);
}

/// Columns from one strip to the next, of which each holds twice as many.
std::uint64_t strip_step(const codegen::Placement& place) {
  return std::max<std::uint64_t>(place.phys_cols / 2, 1);
}

/// Where an element of a tensor in HBM lies: the stored row, and the column in it.
struct Stored {
  std::uint64_t row = 0;
  std::uint64_t col = 0;
};

Stored stored_at(
  const codegen::Placement& place, std::uint64_t row, std::uint64_t col, std::uint64_t lanes
) {
  if (place.form == codegen::Form::ColumnStrips) {
    const std::uint64_t step = strip_step(place);
    return {col / step * place.rows + row, col % step};
  }
  return {
    ops::grouped_index(row, place.row_group, lanes),
    ops::grouped_index(col, place.col_group, lanes)};
}

/// A stored row of a tensor in HBM, decoded.
struct HbmRow {
  HbmRow(
    const codegen::Placement& place,
    const numerics::RowCodec& codec,
    const emu::Machine& machine,
    std::uint64_t stored
  )
      : row(stored),
        elements(codec.element_bytes(static_cast<std::size_t>(place.phys_cols))),
        scales(codec.scale_bytes(static_cast<std::size_t>(place.phys_cols))),
        values(static_cast<std::size_t>(place.phys_cols)) {
    machine.read_hbm(place.address + stored * elements.size(), elements);
    if (!scales.empty()) {
      machine.read_hbm(place.address + place.scale_offset + stored * scales.size(), scales);
    }
    codec.decode(elements, scales, values);
  }
  std::uint64_t row;
  std::vector<std::uint8_t> elements;
  std::vector<std::uint8_t> scales;
  std::vector<float> values;
};

std::uint64_t ungrouped(std::uint64_t at, std::uint64_t group, std::uint64_t multiple) {
  if (group == 0) {
    return at;
  }
  const std::uint64_t padded = (group + multiple - 1) / multiple * multiple;
  return at / padded * group + std::min(at % padded, group - 1);
}

/// The smallest box around what two stored rows and all between them hold.
report::Box
box_in_strips(const codegen::Placement& place, Stored from, Stored to, report::Box box) {
  const std::uint64_t step = strip_step(place);
  const bool one_row = from.row == to.row;
  const std::uint64_t first_strip = from.row / place.rows;
  const std::uint64_t last_strip = to.row / place.rows;
  const std::uint64_t first_col =
    std::min(first_strip * step + (one_row ? std::min(from.col, to.col) : 0), place.cols - 1);
  const std::uint64_t last_col = std::min(
    last_strip * step + (one_row ? std::max(from.col, to.col) : 2 * step - 1), place.cols - 1
  );
  const bool one_strip = first_strip == last_strip;
  box.row = one_strip ? from.row % place.rows : 0;
  box.rows = (one_strip ? to.row % place.rows : place.rows - 1) - box.row + 1;
  box.col = first_col;
  box.cols = last_col - first_col + 1;
  return box;
}

/// The rows and columns of a tensor that a stretch of its memory holds: the smallest box around
/// them.
report::Box box_in(const codegen::Placement& place, std::uint64_t lanes, report::Box box) {
  const std::uint64_t first = std::max(box.first, place.address) - place.address;
  const std::uint64_t last =
    std::min(box.first + box.count, place.address + extent_of(place)) - place.address - 1;
  const std::uint64_t columns = std::max<std::uint64_t>(place.phys_cols, 1);
  const auto spot_of = [&](std::uint64_t at) -> Stored {
    switch (place.memory) {
    case lower::Memory::VectorSram:
      return {at / lanes % place.phys_rows, at / lanes / place.phys_rows * lanes + at % lanes};
    case lower::Memory::Hbm: {
      const numerics::StorageFormat& format = place.format;
      const std::uint64_t element =
        format.mx && at >= place.scale_offset
          ? (at - place.scale_offset) * 8 / format.scale.width * format.block
          : at * 8 / format.element.width;
      return {element / columns, element % columns};
    }
    default:
      return {
        at / std::max<std::uint64_t>(place.cols, 1), at % std::max<std::uint64_t>(place.cols, 1)};
    }
  };
  const Stored from = spot_of(first);
  const Stored to = spot_of(last);
  if (place.form == codegen::Form::ColumnStrips) {
    return box_in_strips(
      place, {std::min(from.row, to.row), from.col}, {std::max(from.row, to.row), to.col}, box
    );
  }
  std::uint64_t first_col = std::min(from.col, to.col);
  std::uint64_t last_col = std::max(from.col, to.col);
  std::uint64_t first_row = std::min(from.row, to.row);
  std::uint64_t last_row = std::max(from.row, to.row);
  if (place.memory == lower::Memory::VectorSram && from.col / lanes != to.col / lanes) {
    first_row = 0; // it goes on in the next block of columns
    last_row = place.phys_rows - 1;
  }
  if (from.row != to.row) { // whole rows lie between them
    const bool blocks = place.memory == lower::Memory::VectorSram;
    first_col = blocks ? first_col / lanes * lanes : 0;
    last_col = blocks ? last_col / lanes * lanes + lanes - 1 : columns - 1;
  }
  const auto row = [&](std::uint64_t at) {
    return std::min(
      ungrouped(at, place.memory == lower::Memory::Hbm ? place.row_group : 0, lanes), place.rows - 1
    );
  };
  const auto col = [&](std::uint64_t at) {
    return std::min(ungrouped(at, place.col_group, lanes), place.cols - 1);
  };
  box.row = row(first_row);
  box.rows = row(last_row) - box.row + 1;
  box.col = col(first_col);
  box.cols = col(last_col) - box.col + 1;
  return box;
}

/// Whether a tensor's values may lie at an address; several may, one after the other.
bool owns(
  const codegen::Placement& place, emu::Space space, std::uint64_t first, std::uint64_t count
) {
  const std::uint64_t extent = extent_of(place);
  return place.rows > 0 && place.cols > 0 && extent > 0 && space_of(place.memory) == space &&
         first < place.address + extent && place.address < first + count;
}

} // namespace

Result<std::string> Session::memory_map() const {
  return state_->machine
           ? Result<std::string>(report::memory_map(memories_of(*state_), regions_of(*state_)))
           : Result<std::string>(no_run());
}

Result<std::string>
Session::cells(std::string_view memory, std::uint64_t first, std::uint64_t count) const {
  if (!state_->machine) {
    return no_run();
  }
  const std::optional<emu::Space> space = memory_named(memory);
  for (const report::MemoryFacts& one : memories_of(*state_)) {
    if (space && one.name == memory) {
      if (count > most_elements || first > one.size || count > one.size - first) {
        return no_range(fmt::format("{} has {} places", memory, one.size));
      }
      report::Elements found;
      found.rows = {0, 1, 1};
      found.cols = {first, count, 1};
      for (std::uint64_t at = first; at < first + count; ++at) {
        read_entry(*state_, *space, at, found);
      }
      return report::elements(found);
    }
  }
  return no_range(fmt::format("there is no memory '{}'", memory));
}

Result<std::string>
Session::tensor(std::size_t region, const TensorWindow& rows, const TensorWindow& cols) const {
  const State& state = *state_;
  if (!state.machine) {
    return no_run();
  }
  if (!state.compiled || region >= state.compiled->placements.size()) {
    return no_range("there is no such region");
  }
  const codegen::Placement& place = state.compiled->placements[region];
  const auto inside = [](const TensorWindow& window, std::uint64_t size) {
    return window.step > 0 && window.count > 0 && window.count <= most_elements &&
           window.first < size && window.step <= size &&
           (window.count - 1) * window.step < size - window.first;
  };
  if (!inside(rows, place.rows) || !inside(cols, place.cols) || rows.count * cols.count > most_elements) {
    return no_range(fmt::format("{} has {} rows and {} columns", place.name, place.rows, place.cols)
    );
  }
  report::Elements found;
  found.rows = {rows.first, rows.count, rows.step};
  found.cols = {cols.first, cols.count, cols.step};
  const std::uint64_t lanes = state.machine->vlen();
  const std::uint64_t memory_size = [&] {
    for (const report::MemoryFacts& one : memories_of(state)) {
      if (one.name == name_of(space_of(place.memory))) {
        return one.size;
      }
    }
    return std::uint64_t{0};
  }();
  // Only what HBM holds is stored by the placement's format.
  std::optional<numerics::RowCodec> codec;
  if (place.memory == lower::Memory::Hbm) {
    codec.emplace(place.format);
  }
  for (std::uint64_t i = 0; i < rows.count; ++i) {
    const std::uint64_t row = rows.first + i * rows.step;
    std::optional<HbmRow> stored;
    for (std::uint64_t j = 0; j < cols.count; ++j) {
      const std::uint64_t col = cols.first + j * cols.step;
      if (!codec) {
        const std::uint64_t address = codegen::place_of(place, row * place.cols + col, lanes);
        if (address >= memory_size) {
          return no_range(fmt::format("{} does not lie inside of its memory", place.name));
        }
        read_entry(state, space_of(place.memory), address, found);
        continue;
      }
      const Stored lies = stored_at(place, row, col, lanes);
      if (!stored || stored->row != lies.row) {
        stored.emplace(place, *codec, *state.machine, lies.row);
      }
      const auto at = static_cast<std::size_t>(lies.col);
      found.values.push_back(stored->values[at]);
      found.bits.push_back(numerics::read_packed(stored->elements, at, place.format.element.width));
      found.addresses.push_back(
        place.address + (lies.row * place.phys_cols + lies.col) * place.format.element.width / 8
      );
      if (place.format.mx) {
        found.scales.push_back(
          numerics::read_packed(stored->scales, at / place.format.block, place.format.scale.width)
        );
      }
    }
  }
  return report::elements(found);
}

Result<std::string> Session::touches() const {
  const State& state = *state_;
  if (!state.machine) {
    return no_run();
  }
  const std::uint32_t pc = state.machine->pc();
  if (state.machine->next() == nullptr) {
    return report::touches(pc, "", {});
  }
  std::vector<report::Box> boxes;
  Toucher toucher(*state.config);
  for (const Touch& touch : toucher.of(*state.machine->next(), state.machine->operands())) {
    report::Box box;
    box.memory = name_of(touch.space);
    box.write = touch.write;
    box.first = touch.first;
    box.count = touch.count;
    const std::size_t owners = state.compiled ? state.compiled->placements.size() : 0;
    for (std::size_t i = 0; i < owners; ++i) {
      const codegen::Placement& place = state.compiled->placements[i];
      if (owns(place, touch.space, touch.first, touch.count)) {
        box.region = static_cast<std::int64_t>(i);
        boxes.push_back(box_in(place, state.machine->vlen(), box));
      }
    }
    if (box.region < 0) {
      boxes.push_back(box);
    }
  }
  return report::touches(pc, isa::disassemble(state.program.words[pc]), boxes);
}

Result<std::string>
Session::origin(std::string_view memory, std::uint64_t first, std::uint64_t count) {
  State& state = *state_;
  if (!state.history) {
    return seek(0, 0);
  }
  if (!state.changes.empty()) {
    return missing(
      "E_CHANGED",
      "the run was changed by hand, which is where its values may come from",
      "run it again from its start"
    );
  }
  if (!memory.empty()) {
    const std::optional<emu::Space> space = memory_named(memory);
    if (!space || count == 0 || count > most_elements || first > UINT64_MAX - count) {
      return no_range(fmt::format("there is nothing to ask of '{}'", memory));
    }
    emu::Options options;
    options.hbm_bytes = state.hbm_bytes;
    Result<emu::Machine> scout = emu::Machine::create(*state.config, {}, options);
    if (!scout) {
      return std::move(scout).diagnostics();
    }
    scout->load(state.program);
    state.provenance = std::make_unique<Provenance>(
      std::move(scout).value(),
      *state.config,
      *space,
      first,
      count,
      state.machine->counters().executed
    );
  }
  if (state.provenance == nullptr) {
    return no_range("nothing has been asked for");
  }
  const Provenance& found = *state.provenance;
  report::Origin told;
  told.done = state.provenance->go_back(*state.history);
  told.reached = found.reached();
  told.instructions = found.instructions();
  const auto node_of = [&](std::uint32_t pc) {
    return state.node_of_word[pc] == no_node ? -1
                                             : static_cast<std::int64_t>(state.node_of_word[pc]);
  };
  for (const Provenance::Step& step : found.steps()) {
    told.steps.push_back(
      {step.executed, step.pc, isa::disassemble(state.program.words[step.pc]), node_of(step.pc)}
    );
  }
  for (const std::uint32_t pc : found.pcs()) {
    const std::uint32_t node = state.node_of_word[pc];
    if (node != no_node && std::find(told.nodes.begin(), told.nodes.end(), node) == told.nodes.end()) {
      told.nodes.push_back(node);
    }
  }
  if (told.done) {
    const std::vector<report::Region> regions = regions_of(state);
    for (const report::MemoryFacts& one : memories_of(state)) {
      const emu::Space space = *memory_named(one.name);
      for (const auto& [from, to] : found.wanted(space).ends()) {
        bool owned = false;
        for (std::size_t i = 0; i < regions.size(); ++i) {
          const report::Region& region = regions[i];
          // Before the program there are only its images: no results.
          if (region.kind == "result" || !owns(state.compiled->placements[i], space, from, to - from)) {
            continue;
          }
          const std::uint64_t shared =
            std::min(to, region.first + region.count) - std::max(from, region.first);
          owned = true;
          const auto same =
            std::find_if(told.sources.begin(), told.sources.end(), [&](const auto& source) {
              return source.name == region.name && source.memory == region.memory;
            });
          if (same != told.sources.end()) {
            same->count += shared;
          } else {
            told.sources.push_back({region.name, region.kind, region.memory, shared});
          }
        }
        if (!owned) {
          told.sources.push_back(
            {fmt::format("{} {}", one.name, from), "image", one.name, to - from}
          );
        }
      }
    }
    state.provenance.reset();
  }
  return report::origin(told);
}

} // namespace plena::driver
