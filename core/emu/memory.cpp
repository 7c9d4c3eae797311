#include "emu/memory.h"

#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "numerics/pack.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace plena::emu {

namespace {

/// Grows `table` so that `index` exists. False when host memory is used up.
template <class T> bool grow(std::vector<T>& table, std::uint64_t index, MemoryBudget& budget) {
  if (index < table.size()) {
    return true;
  }
  const std::uint64_t wanted = std::max<std::uint64_t>(index + 1, 2 * table.size());
  if (!budget.take((wanted - table.size()) * sizeof(T))) {
    return false;
  }
  table.resize(static_cast<std::size_t>(wanted));
  return true;
}

/// Makes a page its memory's own before it is written. Host memory is not counted: what was shared
/// now belongs to the saved states, which have a budget of their own.
template <class T> void own(std::shared_ptr<T>& page) {
  if (page.use_count() > 1) {
    page = std::make_shared<T>(*page);
  }
}

} // namespace

const Hbm::Page* Hbm::find(std::uint64_t index) const {
  if (index != last_index_) {
    const auto found = pages_.find(index);
    last_page_ = found == pages_.end() ? nullptr : found->second.get();
    last_index_ = index;
  }
  return last_page_;
}

void Hbm::read(std::uint64_t address, std::span<std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const std::uint64_t offset = address % page_bytes;
    const auto taken =
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), page_bytes - offset));
    const Page* page = address < size_ ? find(address / page_bytes) : nullptr;
    if (page == nullptr) {
      std::memset(bytes.data(), 0, taken);
    } else {
      std::memcpy(bytes.data(), page->data() + offset, taken);
    }
    address += taken;
    bytes = bytes.subspan(taken);
  }
}

bool Hbm::write(std::uint64_t address, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::uint64_t index = address / page_bytes;
    const std::uint64_t offset = address % page_bytes;
    const auto taken =
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), page_bytes - offset));
    auto found = pages_.find(index);
    const bool zero = std::all_of(
      bytes.begin(),
      bytes.begin() + static_cast<std::ptrdiff_t>(taken),
      [](std::uint8_t byte) { return byte == 0; }
    );
    if (found == pages_.end() && !zero) {
      if (!budget_->take(page_bytes)) {
        return false;
      }
      found = pages_.emplace(index, std::make_shared<Page>(page_bytes)).first;
      last_index_ = UINT64_MAX;
    }
    if (found != pages_.end()) {
      if (found->second.use_count() > 1) {
        own(found->second);
        last_index_ = UINT64_MAX;
      }
      std::memcpy(found->second->data() + offset, bytes.data(), taken);
    }
    address += taken;
    bytes = bytes.subspan(taken);
  }
  return true;
}

void Hbm::set_pages(Pages pages) {
  pages_ = std::move(pages);
  last_index_ = UINT64_MAX;
}

void Hbm::dump(DumpSink& sink) const {
  std::uint64_t at = 0;
  for (const auto& [index, page] : pages_) {
    const std::uint64_t first = index * page_bytes;
    sink.zeros(first - at);
    const std::uint64_t count = std::min(page_bytes, size_ - first);
    sink.bytes(std::span(*page).first(static_cast<std::size_t>(count)));
    at = first + count;
  }
  sink.zeros(size_ - at);
}

VectorSram::VectorSram(
  std::uint64_t rows,
  std::uint32_t vlen,
  const numerics::ScalarFormat& element,
  MemoryBudget& budget
)
    : rows_(rows),
      vlen_(vlen),
      element_(element),
      significant_bits_(numerics::significant_bits(element)),
      budget_(&budget),
      zero_row_(vlen) {
  // A page holds about 64 KiB of values.
  constexpr std::uint32_t page_elems = 1 << 14;
  row_shift_ =
    vlen >= page_elems ? 0 : static_cast<unsigned>(std::bit_width(page_elems / vlen)) - 1;
  row_mask_ = (std::uint64_t{1} << row_shift_) - 1;
  if (!(element == numerics::bf16)) {
    codes_per_page_ = (std::size_t{1} << row_shift_) * vlen;
  }
}

VectorSram::Page* VectorSram::find_or_add(std::uint64_t row) {
  const std::uint64_t index = row >> row_shift_;
  if (!grow(pages_, index, *budget_)) {
    return nullptr;
  }
  std::shared_ptr<Page>& page = pages_[static_cast<std::size_t>(index)];
  if (page == nullptr) {
    const std::size_t page_rows = std::size_t{1} << row_shift_;
    const std::size_t elems = page_rows * vlen_;
    if (!budget_->take((elems + codes_per_page_) * sizeof(float) + page_rows * sizeof(RowInfo))) {
      return nullptr;
    }
    page = std::make_shared<Page>();
    page->values.resize(elems);
    page->codes.resize(codes_per_page_);
    page->infos.resize(page_rows);
  }
  own(page);
  return page.get();
}

numerics::ExponentRange VectorSram::scan_exponents(const Page& page, std::uint64_t row) const {
  RowInfo& info = page.infos[static_cast<std::size_t>(row & row_mask_)];
  info = {numerics::exponent_range(page.values.data() + (row & row_mask_) * vlen_, vlen_), true};
  return info.exponents;
}

bool VectorSram::write(std::uint64_t row, const float* values) {
  return write_lanes(row, 0, {values, vlen_});
}

bool VectorSram::write_lanes(
  std::uint64_t row, std::uint32_t first, std::span<const float> values
) {
  Page* page = find_or_add(row);
  if (page == nullptr) {
    return false;
  }
  const std::size_t at = static_cast<std::size_t>(row & row_mask_) * vlen_;
  page->infos[static_cast<std::size_t>(row & row_mask_)].known = false;
  float* lanes = page->values.data() + at;
  if (is_bf16()) {
    // Encoding the untouched lanes again would not change them.
    if (numerics::round_row_bf16(values.data(), lanes + first, values.size())) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        lanes[first + i] = numerics::round_to_bf16(values[i]);
      }
    }
    return true;
  }
  std::copy(values.begin(), values.end(), lanes + first);
  for (std::size_t i = 0; i < vlen_; ++i) {
    page->codes[at + i] = numerics::encode(element_, lanes[i]);
    lanes[i] = numerics::decode(element_, page->codes[at + i]);
  }
  return true;
}

std::size_t VectorSram::row_bytes() const { return numerics::packed_bytes(vlen_, element_.width); }

void VectorSram::dump(DumpSink& sink) const {
  const std::uint64_t page_rows = row_mask_ + 1;
  std::vector<std::uint8_t> packed(row_bytes());
  std::uint64_t row = 0;
  for (std::size_t index = 0; index < pages_.size() && row < rows_; ++index) {
    const std::uint64_t end = std::min(rows_, row + page_rows);
    if (pages_[index] == nullptr) {
      sink.zeros((end - row) * packed.size());
      row = end;
      continue;
    }
    for (; row < end; ++row) {
      const std::size_t at = static_cast<std::size_t>(row & row_mask_) * vlen_;
      for (std::size_t i = 0; i < vlen_; ++i) {
        const std::uint32_t code = is_bf16()
                                     ? numerics::bits_of(pages_[index]->values[at + i]) >> 16
                                     : pages_[index]->codes[at + i];
        numerics::write_packed(packed, i, element_.width, code);
      }
      sink.bytes(packed);
    }
  }
  sink.zeros((rows_ - row) * packed.size());
}

std::uint32_t VectorSram::code(std::uint64_t row, std::uint32_t lane) const {
  const Page* page = find(row);
  if (page == nullptr) {
    return 0;
  }
  const std::size_t at = static_cast<std::size_t>(row & row_mask_) * vlen_ + lane;
  return is_bf16() ? numerics::bits_of(page->values[at]) >> 16 : page->codes[at];
}

MatrixSram::MatrixSram(std::uint64_t tiles, std::uint32_t mlen, MemoryBudget& budget)
    : tiles_(tiles),
      mlen_(mlen),
      budget_(&budget) {}

Tile* MatrixSram::writable(std::uint64_t index) {
  if (!grow(tiles_at_, index, *budget_)) {
    return nullptr;
  }
  std::shared_ptr<Tile>& tile = tiles_at_[static_cast<std::size_t>(index)];
  if (tile == nullptr) {
    if (!budget_->take(tile_elems() * sizeof(float))) {
      return nullptr;
    }
    tile = std::make_shared<Tile>();
    tile->values.resize(static_cast<std::size_t>(tile_elems()));
  }
  own(tile);
  return tile.get();
}

void MatrixSram::loaded(Tile& tile, unsigned significant_bits) const {
  tile.significant_bits = significant_bits;
  tile.exponents = numerics::exponent_range(tile.values.data(), tile.values.size());
  tile.transposed_valid = false;
}

bool MatrixSram::transpose(std::uint64_t index) {
  std::shared_ptr<Tile>& held = tiles_at_[static_cast<std::size_t>(index)];
  if (held->transposed_valid) {
    return true;
  }
  // A saved state takes host memory for it when it comes to this instruction again.
  own(held);
  Tile& tile = *held;
  if (tile.transposed.empty()) {
    if (!budget_->take(tile_elems() * sizeof(float))) {
      return false;
    }
    tile.transposed.resize(tile.values.size());
  }
  for (std::size_t r = 0; r < mlen_; ++r) {
    for (std::size_t c = 0; c < mlen_; ++c) {
      tile.transposed[c * mlen_ + r] = tile.values[r * mlen_ + c];
    }
  }
  tile.transposed_valid = true;
  return true;
}

void MatrixSram::dump(const numerics::ScalarFormat& element, DumpSink& sink) const {
  const auto elems = static_cast<std::size_t>(tile_elems());
  const std::uint64_t tile_bytes = numerics::packed_bytes(elems, element.width);
  std::vector<std::uint8_t> packed;
  for (std::uint64_t index = 0; index < std::min<std::uint64_t>(tiles_, tiles_at_.size());
       ++index) {
    const Tile* tile = this->tile(index);
    if (tile == nullptr) {
      sink.zeros(tile_bytes);
      continue;
    }
    packed.resize(static_cast<std::size_t>(tile_bytes));
    for (std::size_t i = 0; i < elems; ++i) {
      const std::uint32_t code = numerics::encode(element, tile->values[i]);
      numerics::write_packed(packed, i, element.width, code);
    }
    sink.bytes(packed);
  }
  if (tiles_ > tiles_at_.size()) {
    sink.zeros((tiles_ - tiles_at_.size()) * tile_bytes);
  }
}

} // namespace plena::emu
