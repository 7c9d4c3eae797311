#include "codegen/layout.h"

#include "numerics/bits.h"
#include "numerics/mx.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace plena::codegen {

namespace {

using lower::Memory;
using lower::SymbolId;

/// Entries of the FP SRAM and of the INT SRAM, which no setting changes.
constexpr std::uint64_t scalar_entries = 1024;
/// HBM is read in blocks of this many bytes; the scales of a row lie in one of them.
constexpr std::uint64_t hbm_block_bytes = 64;

Diagnostic out_of(
  std::string_view memory,
  std::uint64_t needed,
  std::uint64_t available,
  std::string_view unit,
  std::string hint
) {
  return {
    Severity::Error,
    "E_RESOURCE",
    fmt::format("the {} needs {} {}, {} are available", memory, needed, unit, available),
    std::move(hint),
    {},
    {},
    std::string(memory)};
}

/// First and last segment of the program that a symbol is used in. A segment is the code of one
/// node.
struct Range {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t last = 0;
};

class Placer {
 public:
  Placer(
    const ops::LoweredGraph& lowered,
    const ir::Graph& graph,
    const config::Config& config,
    bool keep
  )
      : lowered_(lowered),
        graph_(graph),
        config_(config),
        keep_stages_(keep) {
    layout_.addresses.assign(lowered.program.symbols.size(), 0);
  }

  Result<Layout> run() {
    place_hbm();
    place_vectors();
    place_constants();
    place_entries();
    count_tiles();
    if (!errors_.empty()) {
      return errors_;
    }
    return std::move(layout_);
  }

 private:
  std::uint64_t& address(SymbolId symbol) { return layout_.addresses[lower::index(symbol)]; }

  // ---- HBM: one after the other, in the order of use

  void place_hbm() {
    const std::uint64_t alignment = std::max<std::uint64_t>(hbm_block_bytes, config_.mlen);
    std::uint64_t next = 0;
    for (const ops::HbmTensor& tensor : lowered_.hbm) {
      address(tensor.symbol) = next;
      Placement placement;
      placement.name = lowered_.program.symbol(tensor.symbol).name;
      placement.tensor = tensor.tensor;
      placement.memory = Memory::Hbm;
      placement.address = next;
      placement.rows = tensor.extent.rows;
      placement.cols = tensor.extent.cols;
      placement.shape = tensor.tensor == ir::no_tensor
                          ? ir::Shape{static_cast<std::int64_t>(tensor.extent.cols)}
                          : graph_.tensor(tensor.tensor).shape;
      placement.phys_rows = tensor.stored.rows;
      placement.phys_cols = tensor.stored.cols;
      placement.form = tensor.strip_cols == 0 ? Form::RowMajor : Form::ColumnStrips;
      placement.format = tensor.stored.format;
      placement.scale_offset = tensor.stored.format.mx ? tensor.stored.scale_offset() : 0;
      placement.row_group = tensor.row_group;
      placement.col_group = tensor.col_group;
      placement.computed = tensor.computed;
      placement.result = tensor.result;
      layout_.placements.push_back(std::move(placement));
      const ops::StoredTensor& stored = tensor.stored;
      layout_.image_bytes = next + stored.bytes();
      // Rows behind the end are read as if the tensor went on, scales included.
      const std::uint64_t beyond = std::max(tensor.rows_read, stored.rows) - stored.rows;
      layout_.use.hbm_bytes = std::max(
        {layout_.use.hbm_bytes,
         layout_.image_bytes + beyond * (stored.row_bytes() + stored.scale_row_bytes())}
      );
      next = lower::round_up(layout_.image_bytes, alignment);
    }
    for (const ops::HbmChange& change : lowered_.changes) {
      add_change(change);
    }
    if (layout_.use.hbm_bytes > config_.hbm_size) {
      errors_.push_back(out_of(
        "HBM",
        layout_.use.hbm_bytes,
        config_.hbm_size,
        "bytes",
        "raise HBM_SIZE or use a smaller model"
      ));
    } else if (layout_.use.hbm_bytes > std::numeric_limits<std::uint32_t>::max()) {
      errors_.push_back(out_of(
        "HBM",
        layout_.use.hbm_bytes,
        std::numeric_limits<std::uint32_t>::max(),
        "bytes",
        "programs of this compiler address 4 GiB; use a smaller model"
      ));
    }
  }

  /// The result of an operator that changes an input where it lies.
  void add_change(const ops::HbmChange& change) {
    const auto tensor =
      std::find_if(lowered_.hbm.begin(), lowered_.hbm.end(), [&](const ops::HbmTensor& one) {
        return one.symbol == change.symbol;
      });
    Placement placement =
      layout_.placements[static_cast<std::size_t>(tensor - lowered_.hbm.begin())];
    placement.name = graph_.tensor(change.result).name;
    placement.tensor = change.result;
    placement.computed = placement.result = true;
    layout_.placements.push_back(std::move(placement));
  }

  // ---- Vector SRAM: the smallest gap that fits while the tensor is in use

  std::vector<Range> ranges() const {
    std::vector<Range> ranges(lowered_.program.symbols.size());
    std::uint64_t segment = 0;
    std::uint32_t node = lower::no_node;
    for (const lower::Item& item : lowered_.program.items) {
      if (item.node != node) {
        node = item.node;
        ++segment;
      }
      for (const lower::Operand& operand : item.operands) {
        if (operand.kind == lower::Operand::Kind::Address) {
          Range& range = ranges[lower::index(operand.symbol)];
          range.first = std::min(range.first, segment);
          range.last = std::max(range.last, segment);
        }
      }
    }
    for (const ops::VectorPlace& place : lowered_.prestaged) {
      ranges[lower::index(place.where.symbol)].first = 0;
    }
    for (const ops::VectorPlace& place : lowered_.vectors) {
      const bool output = std::find(graph_.outputs.begin(), graph_.outputs.end(), place.tensor) !=
                          graph_.outputs.end();
      if (output || keep_stages_) {
        ranges[lower::index(place.where.symbol)].last = end_of_program;
      }
    }
    return ranges;
  }

  void place_vectors() {
    const std::vector<Range> ranges = this->ranges();
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (lowered_.program.symbols[i].memory == Memory::VectorSram) {
        order.push_back(i);
      }
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return ranges[a].first < ranges[b].first;
    });
    struct Block {
      std::uint64_t begin;
      std::uint64_t end;
      std::size_t symbol;
    };
    std::vector<Block> busy; // by address
    std::vector<Block> all;
    std::uint64_t peak = 0;
    for (const std::size_t symbol : order) {
      std::erase_if(busy, [&](const Block& block) {
        return ranges[block.symbol].last < ranges[symbol].first;
      });
      const std::uint64_t size = lowered_.program.symbols[symbol].size;
      std::uint64_t best = 0;
      constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
      std::uint64_t best_gap = none;
      std::size_t best_index = 0;
      std::uint64_t begin = 0;
      for (std::size_t i = 0; i <= busy.size(); ++i) {
        const bool last = i == busy.size();
        // The space after everything is taken only when no gap fits.
        const bool fits = last ? best_gap == none : busy[i].begin - begin >= size;
        const std::uint64_t gap = last ? none - 1 : busy[i].begin - begin;
        if (fits && gap < best_gap) {
          best = begin;
          best_gap = gap;
          best_index = i;
        }
        begin = last ? begin : busy[i].end;
      }
      const Block block{best, best + size, symbol};
      busy.insert(busy.begin() + static_cast<std::ptrdiff_t>(best_index), block);
      all.push_back(block);
      layout_.addresses[symbol] = best;
      peak = std::max(peak, block.end);
    }
    layout_.use.vector_rows = lower::ceil_div(peak, config_.vlen);
    if (layout_.use.vector_rows > config_.vector_sram_size) {
      errors_.push_back(out_of(
        "Vector SRAM",
        layout_.use.vector_rows,
        config_.vector_sram_size,
        "rows",
        keep_stages_ ? "do not keep the results of every stage, or raise VECTOR_SRAM_SIZE"
                     : "raise VECTOR_SRAM_SIZE or use fewer rows at a time"
      ));
    } else if (peak > std::numeric_limits<std::uint32_t>::max()) {
      errors_.push_back(out_of(
        "Vector SRAM",
        peak,
        std::numeric_limits<std::uint32_t>::max(),
        "elements",
        "addresses are 32 bits wide"
      ));
    }
    for (const ops::VectorPlace& place : lowered_.vectors) {
      const std::size_t symbol = lower::index(place.where.symbol);
      const auto own = std::find_if(all.begin(), all.end(), [&](const Block& block) {
        return block.symbol == symbol;
      });
      // Blocks were placed in order of time: later ones that overlap have overwritten this one.
      const bool overwritten = std::any_of(own + 1, all.end(), [&](const Block& later) {
        return later.begin < own->end && own->begin < later.end;
      });
      add_vector(place, !overwritten);
    }
  }

  void add_vector(const ops::VectorPlace& place, bool live_at_end) {
    Placement placement;
    placement.name = graph_.tensor(place.tensor).name;
    placement.tensor = place.tensor;
    placement.memory = Memory::VectorSram;
    placement.address = address(place.where.symbol) + place.where.offset;
    placement.col_group = place.where.group_cols;
    placement.shape = graph_.tensor(place.tensor).shape;
    placement.rows = place.where.rows;
    placement.cols = place.where.cols;
    placement.phys_rows = place.where.phys_rows;
    placement.phys_cols = place.where.blocks * config_.mlen;
    placement.form = Form::ColumnBlocks;
    placement.format = config_.vector_sram_type;
    placement.live_at_end = live_at_end;
    layout_.placements.push_back(std::move(placement));
  }

  // ---- FP SRAM: entry 0 is zero, then the constants and what they are made of

  std::uint64_t fp_entry(float value) {
    const auto [found, added] =
      fp_slots_.emplace(numerics::bits_of(value), layout_.fp_entries.size());
    if (added) {
      layout_.fp_entries.push_back(value);
    }
    return found->second;
  }

  void place_constants() {
    fp_entry(0.0f);
    for (std::size_t i = 0; i < lowered_.program.symbols.size(); ++i) {
      const lower::Symbol& symbol = lowered_.program.symbols[i];
      if (!symbol.table.empty()) {
        layout_.addresses[i] = layout_.fp_entries.size();
        layout_.fp_entries.insert(
          layout_.fp_entries.end(), symbol.table.begin(), symbol.table.end()
        );
      } else if (symbol.memory == Memory::FpSram && symbol.constant && symbol.size == 1) {
        layout_.addresses[i] = place_constant(*symbol.constant);
      }
    }
  }

  // ---- entries of both scalar memories that programs write: one after the other

  void place_entries() {
    layout_.use.fp_entries = layout_.fp_entries.size();
    for (std::size_t i = 0; i < lowered_.program.symbols.size(); ++i) {
      const lower::Symbol& symbol = lowered_.program.symbols[i];
      if (symbol.memory == Memory::IntSram) {
        layout_.addresses[i] = layout_.use.int_entries;
        layout_.use.int_entries += symbol.size;
      } else if (
        symbol.memory == Memory::FpSram && symbol.table.empty() &&
        !(symbol.constant && symbol.size == 1)
      ) {
        layout_.addresses[i] = layout_.use.fp_entries;
        layout_.use.fp_entries += symbol.size;
        if (layout_.use.fp_entries <= scalar_entries) { // more are refused below
          layout_.fp_entries.resize(
            to_size(layout_.use.fp_entries), symbol.constant.value_or(0.0f)
          );
        }
      }
    }
    for (const auto& [memory, needed] :
         {std::pair{"FP SRAM", layout_.use.fp_entries},
          std::pair{"INT SRAM", layout_.use.int_entries}}) {
      if (needed > scalar_entries) {
        errors_.push_back(out_of(
          memory, needed, scalar_entries, "entries", "use fewer rows, or fewer different constants"
        ));
      }
    }
    for (const ops::EntryPlace& place : lowered_.entries) {
      add_entries(place, true);
    }
    for (const ops::EntryPlace& place : lowered_.entry_inputs) {
      add_entries(place, false);
    }
  }

  void add_entries(const ops::EntryPlace& place, bool result) {
    const lower::Symbol& symbol = lowered_.program.symbol(place.symbol);
    const ir::Tensor& tensor = graph_.tensor(place.tensor);
    const ops::Extent extent = ops::extent_of(tensor.shape);
    Placement placement;
    placement.name = tensor.name;
    placement.tensor = place.tensor;
    placement.memory = symbol.memory;
    placement.address = address(place.symbol);
    placement.shape = tensor.shape;
    placement.rows = placement.phys_rows = extent.rows;
    placement.cols = placement.phys_cols = extent.cols;
    placement.result = result;
    if (symbol.memory == Memory::IntSram) {
      placement.format.element = numerics::ScalarFormat::integer(32);
    }
    layout_.placements.push_back(std::move(placement));
  }

  std::uint64_t place_constant(float value) {
    if (numerics::half_to_f32(numerics::f32_to_half(value)) == value) {
      return fp_entry(value);
    }
    // Powers of two at the ends of the normal range of binary16 bring the value into it.
    constexpr int highest = 15;
    constexpr int lowest = -14;
    MadeConstant made;
    int exponent = std::ilogb(value);
    float mantissa = value;
    while (exponent > highest || exponent < lowest) {
      const int power = exponent > highest ? highest : lowest;
      made.factors.push_back(fp_entry(std::ldexp(1.0f, power)));
      mantissa = std::ldexp(mantissa, -power);
      exponent -= power;
    }
    made.factors.insert(made.factors.begin(), fp_entry(mantissa));
    made.slot = layout_.fp_entries.size();
    layout_.fp_entries.push_back(0.0f);
    layout_.made_constants.push_back(made);
    return made.slot;
  }

  // ---- Matrix SRAM: operators number the tiles themselves

  void count_tiles() {
    std::uint64_t most = 0;
    for (const ops::HbmTensor& tensor : lowered_.hbm) {
      if (tensor.weight) {
        const std::uint64_t tiles =
          tensor.tiles != 0 ? tensor.tiles : tensor.stored.rows / config_.mlen;
        most = std::max(
          most,
          std::min(
            tiles, config_.matrix_tiles() / config_.m_prefetch_tiles() * config_.m_prefetch_tiles()
          )
        );
      }
    }
    layout_.use.matrix_tiles = most;
  }

  static constexpr std::uint64_t end_of_program = std::numeric_limits<std::uint64_t>::max();

  const ops::LoweredGraph& lowered_;
  const ir::Graph& graph_;
  const config::Config& config_;
  bool keep_stages_;
  Layout layout_;
  Diagnostics errors_;
  std::map<std::uint32_t, std::uint64_t> fp_slots_; ///< by f32 bits
};

} // namespace

std::string_view to_string(Form form) {
  switch (form) {
  case Form::RowMajor:
    return "row-major";
  case Form::ColumnStrips:
    return "column-strips";
  case Form::ColumnBlocks:
    return "column-blocks";
  }
  return {};
}

std::string_view to_string(lower::Memory memory) {
  switch (memory) {
  case Memory::Hbm:
    return "hbm";
  case Memory::VectorSram:
    return "vector_sram";
  case Memory::FpSram:
    return "fp_sram";
  case Memory::IntSram:
    return "int_sram";
  }
  return {};
}

namespace {

Memory to_lower(ops::ResultMemory memory) {
  switch (memory) {
  case ops::ResultMemory::VectorSram:
    return Memory::VectorSram;
  case ops::ResultMemory::Hbm:
    return Memory::Hbm;
  case ops::ResultMemory::FpSram:
    return Memory::FpSram;
  case ops::ResultMemory::IntSram:
    return Memory::IntSram;
  }
  return Memory::VectorSram;
}

std::vector<float> read_entries(const Placement& place, const MemoryReader& memory) {
  std::vector<float> values;
  for (std::uint64_t i = 0; i < place.rows * place.cols; ++i) {
    const std::size_t at = to_size(place.address + i);
    values.push_back(
      place.memory == Memory::FpSram ? numerics::widen_bf16(memory.fp_sram[at])
                                     : static_cast<float>(memory.int_sram[at])
    );
  }
  return values;
}

} // namespace

std::vector<float> read_back(const Placement& place, const MemoryReader& memory) {
  if (place.memory == Memory::FpSram || place.memory == Memory::IntSram) {
    return read_entries(place, memory);
  }
  std::vector<float> values(to_size(place.rows * place.cols));
  const numerics::RowCodec codec(place.format);
  std::vector<std::uint8_t> elements(codec.element_bytes(to_size(place.phys_cols)));
  std::vector<std::uint8_t> scales(codec.scale_bytes(to_size(place.phys_cols)));
  std::vector<float> row(to_size(place.phys_cols));
  for (std::uint64_t r = 0; r < place.rows; ++r) {
    const std::uint64_t stored_row = ops::grouped_index(r, place.row_group, memory.lanes);
    if (place.memory == Memory::Hbm) {
      memory.hbm(place.address + stored_row * elements.size(), elements);
      if (!scales.empty()) {
        memory.hbm(place.address + place.scale_offset + stored_row * scales.size(), scales);
      }
      codec.decode(elements, scales, row);
    } else {
      for (std::uint64_t block = 0; block < place.phys_cols / memory.lanes; ++block) {
        const std::span<const float> lanes =
          memory.vector_row(place.address / memory.lanes + block * place.phys_rows + r);
        std::copy_n(
          lanes.begin(), memory.lanes, row.begin() + static_cast<std::ptrdiff_t>(block * memory.lanes)
        );
      }
    }
    for (std::uint64_t c = 0; c < place.cols; ++c) {
      values[to_size(r * place.cols + c)] =
        row[to_size(ops::grouped_index(c, place.col_group, memory.lanes))];
    }
  }
  return values;
}

std::uint64_t place_of(const Placement& place, std::uint64_t index, std::uint64_t lanes) {
  if (place.memory == Memory::FpSram || place.memory == Memory::IntSram) {
    return place.address + index;
  }
  const std::uint64_t row = index / place.cols;
  const std::uint64_t col = ops::grouped_index(index % place.cols, place.col_group, lanes);
  if (place.memory == Memory::Hbm) {
    const std::uint64_t stored_row = ops::grouped_index(row, place.row_group, lanes);
    return place.address + (stored_row * place.phys_cols + col) * place.format.element.width / 8;
  }
  return place.address + (col / lanes * place.phys_rows + row) * lanes + col % lanes;
}

const Placement* result_place(
  std::span<const Placement> placements, ir::TensorId tensor, ops::ResultMemory memory
) {
  // The first is the one that the node itself has made; later ones are copies for others.
  const auto found =
    std::find_if(placements.begin(), placements.end(), [&](const Placement& place) {
      return place.tensor == tensor && place.memory == to_lower(memory) &&
             (place.memory == Memory::VectorSram || place.result);
    });
  return found == placements.end() ? nullptr : &*found;
}

bool is_result(const Placement& place) {
  if (place.tensor == ir::no_tensor) {
    return false;
  }
  return place.memory == Memory::VectorSram ? place.live_at_end : place.result;
}

Result<Layout> place(
  const ops::LoweredGraph& lowered,
  const ir::Graph& graph,
  const config::Config& config,
  bool keep_stages
) {
  return Placer(lowered, graph, config, keep_stages).run();
}

} // namespace plena::codegen
