// The memories of the machine. HBM, Vector SRAM and Matrix SRAM are sparse: what was never written
// reads as zero and occupies nothing. Alignment and faults are the instructions' business.
#pragma once

#include "numerics/kernels.h"
#include "numerics/mx.h"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

// Pages are shared with the states that were saved of a run (machine.h), and copied when one that
// is shared is written.

namespace plena::emu {

/// Receives the content of a memory in address order; runs of zeros come as a count.
class DumpSink {
 public:
  virtual ~DumpSink() = default;
  virtual void bytes(std::span<const std::uint8_t> bytes) = 0;
  virtual void zeros(std::uint64_t count) = 0;
};

/// Host memory that the sparse memories of one machine may take together.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit_bytes) : left_(limit_bytes) {}
  /// False, and nothing changes, when the limit would be passed.
  bool take(std::uint64_t bytes) {
    if (bytes > left_) {
      return false;
    }
    left_ -= bytes;
    return true;
  }

 private:
  std::uint64_t left_;
};

/// Bytes by 64-bit address.
class Hbm {
 public:
  static constexpr std::uint64_t page_bytes = 1 << 16;

  Hbm(std::uint64_t size_bytes, MemoryBudget& budget) : size_(size_bytes), budget_(&budget) {}

  std::uint64_t size() const { return size_; }
  /// Bytes past the end read as zero.
  void read(std::uint64_t address, std::span<std::uint8_t> bytes) const;
  /// The range lies inside. False when host memory is used up.
  bool write(std::uint64_t address, std::span<const std::uint8_t> bytes);
  void dump(DumpSink& sink) const;

  using Page = std::vector<std::uint8_t>;
  using Pages = std::map<std::uint64_t, std::shared_ptr<Page>>;
  const Pages& pages() const { return pages_; }
  void set_pages(Pages pages);

 private:
  const Page* find(std::uint64_t index) const;

  std::uint64_t size_;
  MemoryBudget* budget_;
  Pages pages_;
  // The page that was looked up last; consecutive rows mostly lie in one page.
  mutable std::uint64_t last_index_ = UINT64_MAX;
  mutable const Page* last_page_ = nullptr;
};

/// Rows of `vlen` elements, kept as the f32 values that their stored bits decode to; for formats
/// other than bf16 the bits are kept too, since decoding and encoding them is not an identity.
class VectorSram {
 public:
  VectorSram(
    std::uint64_t rows,
    std::uint32_t vlen,
    const numerics::ScalarFormat& element,
    MemoryBudget& budget
  );

  std::uint64_t rows() const { return rows_; }
  std::uint32_t vlen() const { return vlen_; }
  bool is_bf16() const { return codes_per_page_ == 0; }
  /// Significant bits of a lane.
  unsigned significant_bits() const { return significant_bits_; }

  /// Valid until the row is written; `row` is inside.
  const float* row(std::uint64_t row) const {
    const Page* page = find(row);
    return page == nullptr ? zero_row_.data() : page->values.data() + (row & row_mask_) * vlen_;
  }
  numerics::ExponentRange exponents(std::uint64_t row) const {
    const Page* page = find(row);
    if (page == nullptr) {
      return {};
    }
    const RowInfo& info = page->infos[static_cast<std::size_t>(row & row_mask_)];
    return info.known ? info.exponents : scan_exponents(*page, row);
  }
  /// Encodes `values`, replacing the row. False when host memory is used up.
  bool write(std::uint64_t row, const float* values);
  /// The same for the lanes from `first` on; the others are encoded again.
  bool write_lanes(std::uint64_t row, std::uint32_t first, std::span<const float> values);
  /// Packed bytes of a row.
  std::size_t row_bytes() const;
  void dump(DumpSink& sink) const;

  struct RowInfo {
    numerics::ExponentRange exponents;
    bool known = false;
  };
  struct Page {
    std::vector<float> values;          // (rows of a page, vlen)
    std::vector<std::uint32_t> codes;   // the same shape; empty for bf16
    mutable std::vector<RowInfo> infos; // per row
  };
  using Pages = std::vector<std::shared_ptr<Page>>;
  const Pages& pages() const { return pages_; }
  void set_pages(Pages pages) { pages_ = std::move(pages); }
  /// The stored bits of an element; `row` and `lane` are inside.
  std::uint32_t code(std::uint64_t row, std::uint32_t lane) const;

 private:
  const Page* find(std::uint64_t row) const {
    const std::uint64_t index = row >> row_shift_;
    return index < pages_.size() ? pages_[static_cast<std::size_t>(index)].get() : nullptr;
  }
  Page* find_or_add(std::uint64_t row);
  numerics::ExponentRange scan_exponents(const Page& page, std::uint64_t row) const;

  std::uint64_t rows_;
  std::uint32_t vlen_;
  numerics::ScalarFormat element_;
  unsigned significant_bits_;
  unsigned row_shift_ = 0; // log2 of the rows of a page
  std::uint64_t row_mask_ = 0;
  std::size_t codes_per_page_ = 0;
  MemoryBudget* budget_;
  Pages pages_;
  std::vector<float> zero_row_;
};

/// A tile of the Matrix SRAM with what the products need to know about it.
struct Tile {
  std::vector<float> values;     // (mlen, mlen)
  std::vector<float> transposed; // the same, transposed, made when it is needed
  bool transposed_valid = false;
  unsigned significant_bits = 1;
  numerics::ExponentRange exponents{};
};

/// Tiles of mlen x mlen f32 values.
class MatrixSram {
 public:
  MatrixSram(std::uint64_t tiles, std::uint32_t mlen, MemoryBudget& budget);

  std::uint64_t tiles() const { return tiles_; }
  std::uint64_t tile_elems() const { return std::uint64_t{mlen_} * mlen_; }
  /// Null when the tile was never written: all zeros.
  const Tile* tile(std::uint64_t index) const {
    return index < tiles_at_.size() ? tiles_at_[static_cast<std::size_t>(index)].get() : nullptr;
  }
  /// Makes `transposed` of a tile that exists. False when host memory is used up.
  bool transpose(std::uint64_t index);
  /// The tile to fill, null when host memory is used up; call `loaded` afterwards.
  Tile* writable(std::uint64_t index);
  void loaded(Tile& tile, unsigned significant_bits) const;
  void dump(const numerics::ScalarFormat& element, DumpSink& sink) const;

  using Tiles = std::vector<std::shared_ptr<Tile>>;
  const Tiles& all() const { return tiles_at_; }
  void set_all(Tiles tiles) { tiles_at_ = std::move(tiles); }

 private:
  std::uint64_t tiles_;
  std::uint32_t mlen_;
  MemoryBudget* budget_;
  Tiles tiles_at_;
};

} // namespace plena::emu
