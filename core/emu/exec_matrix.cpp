// Matrix products and write-outs (emulator.md 5.6). Transposed forms use a transposed copy of the
// tile, made once per loaded tile, so that every product is rows times columns in ascending k.
#include "emu/exec.h"
#include "numerics/kernels.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::emu {

using numerics::Product;

namespace {

/// The scale of broadcast products; no instruction changes it.
constexpr float head_scale = 0.25f;

/// Biased exponents of x for which every product with a non-zero element of the tile is exact: not
/// below the last place of a subnormal, not above the largest number. Empty (lowest > highest) when
/// no x is safe.
numerics::ExponentRange safe_exponents(const Tile& tile, unsigned x_bits) {
  const numerics::ExponentRange w = tile.exponents;
  if (w.highest == 255 || x_bits + tile.significant_bits > 24) {
    return {255, 0};
  }
  if (w.lowest == 255) {
    return {0, 254}; // all zeros
  }
  if (w.lowest == 0) {
    return {255, 0};
  }
  // With true exponents e = biased - 127: e_x + e_w - (bits_x - 1) - (bits_w - 1) >= -149, and
  // e_x + e_w + 2 <= 128.
  const int below = -149 + static_cast<int>(x_bits + tile.significant_bits) - 2 + 254;
  const int lowest = std::max(1, below - int{w.lowest});
  const int highest = std::min(254, 126 + 254 - int{w.highest});
  if (lowest > highest) {
    return {255, 0};
  }
  return {static_cast<std::uint8_t>(lowest), static_cast<std::uint8_t>(highest)};
}

} // namespace

Exec::TileAddress Exec::tile_at(std::uint32_t address) {
  TileAddress found;
  found.index = tile_divisor_.quotient(address);
  found.offset = static_cast<std::uint32_t>(tile_divisor_.remainder(address));
  if (found.index >= matrix_.tiles()) {
    fail(
      FaultKind::matrix_sram_bounds,
      fmt::format(
        "Matrix SRAM address {} is in tile {} of {}", address, found.index, matrix_.tiles()
      ),
      address,
      matrix_.tiles() * matrix_.tile_elems()
    );
    return found;
  }
  found.tile = matrix_.tile(found.index);
  found.ok = true;
  return found;
}

bool Exec::tile_rows_match() {
  if (settings_.vlen == settings_.mlen) {
    return true;
  }
  fail(
    FaultKind::matrix_offset_range,
    fmt::format("rows of VLEN = {} do not fit tiles of MLEN = {}", settings_.vlen, settings_.mlen),
    settings_.vlen,
    settings_.mlen
  );
  return false;
}

bool Exec::ready(std::vector<float>& accumulator, std::uint64_t elems) {
  if (accumulator.empty()) {
    if (!budget_.take(elems * sizeof(float))) {
      out_of_memory();
      return false;
    }
    accumulator.resize(static_cast<std::size_t>(elems));
  }
  return true;
}

bool Exec::gather_rows(std::uint32_t vector, std::uint32_t count) {
  if (x_rows_.size() < count) {
    x_rows_.resize(count);
    x_shifted_.resize(count);
    x_indices_.resize(count);
  }
  const std::optional<std::uint64_t> first = row_index(vector);
  if (!first) {
    return false;
  }
  // Rows follow each other, since MLEN = VLEN here, unless the address wraps.
  const bool wraps = vector + (count - 1) * settings_.mlen < vector;
  if (!wraps && *first + count <= vector_.rows()) {
    for (std::uint32_t i = 0; i < count; ++i) {
      x_indices_[i] = *first + i;
      x_rows_[i] = vector_.row(*first + i);
    }
    return true;
  }
  if (wraps) {
    warn(WarningKind::address_wrap);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::optional<std::uint64_t> index = row_index(vector + i * settings_.mlen);
    if (!index) {
      return false;
    }
    x_indices_[i] = *index;
    x_rows_[i] = vector_.row(*index);
  }
  return true;
}

void Exec::accumulate(const Selection& selection, Product product, std::uint32_t x_offset) {
  const Tile* tile = selection.tile.tile;
  numerics::ExponentRange safe{0, 254};
  if (tile == nullptr) {
    // Every product is a zero: one row of zeros stands for the whole tile.
    product.w = zero_.data();
    product.w_step = 0;
  } else {
    if (selection.transposed && !matrix_.transpose(selection.tile.index)) {
      out_of_memory();
      return;
    }
    tile = matrix_.tile(selection.tile.index); // transposing may have copied it
    const std::vector<float>& values = selection.transposed ? tile->transposed : tile->values;
    product.w_step = settings_.mlen;
    product.w =
      values.data() + std::size_t{selection.first_row} * settings_.mlen + selection.first_column;
    safe = safe_exponents(*tile, vector_.significant_bits());
  }
  // Runs of rows whose products are all exact go to the fast kernel.
  const auto is_safe = [&](std::size_t i) {
    const numerics::ExponentRange x = vector_.exponents(x_indices_[i]);
    return safe.highest != 0 && x.lowest >= safe.lowest && x.highest <= safe.highest;
  };
  for (std::size_t i = 0; i < product.m; ++i) {
    x_shifted_[i] = x_rows_[i] + x_offset;
  }
  const std::size_t rows = product.m;
  float* acc = product.acc;
  for (std::size_t i = 0; i < rows;) {
    const bool fast = is_safe(i);
    std::size_t end = i + 1;
    while (end < rows && is_safe(end) == fast) {
      ++end;
    }
    product.x = x_shifted_.data() + i;
    product.m = end - i;
    product.acc = acc + i * product.acc_step;
    if (fast) {
      numerics::accumulate_exact_products(product);
    } else {
      numerics::accumulate_any_products(product, safe.lowest, safe.highest);
    }
    i = end;
  }
}

void Exec::tile_product(std::uint32_t matrix, std::uint32_t vector, bool transposed) {
  const std::uint32_t mlen = settings_.mlen;
  const std::uint32_t blen = settings_.blen;
  Selection selection{tile_at(matrix), transposed, 0, 0};
  const std::uint32_t offset = selection.tile.offset;
  if (offset % mlen != 0 || offset / mlen % blen != 0) {
    fail(
      FaultKind::matrix_offset_alignment,
      fmt::format(
        "offset {} in the tile is not a multiple of BLEN * MLEN = {}",
        offset,
        std::uint64_t{blen} * mlen
      ),
      matrix,
      std::uint64_t{blen} * mlen
    );
    return;
  }
  selection.first_column = offset / mlen;
  if (selection.first_column + blen > mlen) {
    fail(
      FaultKind::matrix_offset_range,
      fmt::format(
        "columns {} to {} are not inside of the tile",
        selection.first_column,
        selection.first_column + blen - 1
      ),
      matrix,
      mlen
    );
    return;
  }
  if (fault_ || !tile_rows_match() || !gather_rows(vector, blen) || !ready(m_acc_, std::uint64_t{blen} * blen)) {
    return;
  }
  Product product;
  product.acc = m_acc_.data();
  product.acc_step = blen;
  product.m = blen;
  product.n = blen;
  product.k = mlen;
  accumulate(selection, product, 0);
}

EXEC(M_MM) { tile_product(gp(rs1), gp(rs2), false); }
EXEC(M_TMM) { tile_product(gp(rs2), gp(rs1), true); }

void Exec::row_product(Selection selection) {
  if (fault_ || !tile_rows_match() || !gather_rows(gp(rs2), 1) || !ready(v_acc_, settings_.blen)) {
    return;
  }
  if (selection.first_column + settings_.blen > settings_.mlen) {
    fail(
      FaultKind::matrix_offset_range,
      fmt::format(
        "columns {} to {} are not inside of the tile",
        selection.first_column,
        selection.first_column + settings_.blen - 1
      ),
      gp(rs1),
      settings_.mlen
    );
    return;
  }
  Product product;
  product.acc = v_acc_.data();
  product.acc_step = settings_.blen;
  product.m = 1;
  product.n = settings_.blen;
  product.k = settings_.mlen;
  accumulate(selection, product, 0);
}

EXEC(M_MV) {
  Selection selection{tile_at(gp(rs1)), false, 0, 0};
  selection.first_column = selection.tile.offset;
  if (selection.tile.offset >= settings_.mlen) {
    fail(
      FaultKind::matrix_offset_range,
      fmt::format("column {} is not inside of the tile", selection.tile.offset),
      gp(rs1),
      settings_.mlen
    );
  } else if (selection.tile.offset % settings_.blen != 0) {
    fail(
      FaultKind::matrix_offset_alignment,
      fmt::format(
        "column {} is not a multiple of BLEN = {}", selection.tile.offset, settings_.blen
      ),
      gp(rs1),
      settings_.blen
    );
  }
  row_product(selection);
}

EXEC(M_TMV) {
  const Selection selection{tile_at(gp(rs1)), true, 0, 0};
  if (selection.tile.offset != 0) {
    fail(
      FaultKind::matrix_sram_alignment,
      fmt::format("Matrix SRAM address {} is not the start of a tile", gp(rs1)),
      gp(rs1),
      matrix_.tile_elems()
    );
  }
  row_product(selection);
}

void Exec::head_products(
  std::uint32_t matrix,
  std::uint32_t vector,
  bool transposed,
  std::uint32_t rows,
  std::vector<float>& accumulator
) {
  const std::uint32_t mlen = settings_.mlen;
  const std::uint32_t hlen = settings_.hlen;
  const std::uint32_t heads = settings_.broadcast_amount;
  if (!settings_.broadcast_fits()) {
    fail(
      FaultKind::broadcast_config,
      fmt::format(
        "BROADCAST_AMOUNT * HLEN = {} is not MLEN = {}", std::uint64_t{heads} * hlen, mlen
      ),
      std::uint64_t{heads} * hlen,
      mlen
    );
    return;
  }
  Selection selection{tile_at(matrix), transposed, 0, 0};
  const std::uint32_t offset = selection.tile.offset;
  if (offset >= mlen) {
    fail(
      FaultKind::matrix_offset_range,
      fmt::format("head offset {} is not below MLEN = {}", offset, mlen),
      matrix,
      mlen
    );
  } else if (offset % hlen != 0) {
    fail(
      FaultKind::matrix_offset_alignment,
      fmt::format("head offset {} is not a multiple of HLEN = {}", offset, hlen),
      matrix,
      hlen
    );
  }
  const std::uint64_t head_elems = std::uint64_t{rows} * mlen;
  if (fault_ || !tile_rows_match() || !gather_rows(vector, rows) || !ready(accumulator, heads * head_elems)) {
    return;
  }
  selection.first_row = offset;
  Product product;
  product.x_step = transposed ? 1 : heads; // contiguous or interleaved heads
  product.acc_step = mlen;
  product.n = mlen;
  product.k = hlen;
  product.scale = head_scale;
  for (std::uint32_t head = 0; head < heads; ++head) {
    product.m = rows;
    product.acc = accumulator.data() + head * head_elems;
    accumulate(selection, product, transposed ? head * hlen : head);
  }
}

EXEC(M_BMM) { head_products(gp(rs1), gp(rs2), false, settings_.mlen, hm_acc_); }
EXEC(M_BTMM) { head_products(gp(rs1), gp(rs2), true, settings_.mlen, hm_acc_); }
EXEC(M_BTMV) { head_products(gp(rs1) + gp(rd), gp(rs2), true, 1, hv_acc_); }

EXEC(M_BMV) {
  if (!settings_.broadcast_fits()) {
    head_products(gp(rs1), gp(rs2), false, 1, hv_acc_);
    return;
  }
  fail(
    FaultKind::unsupported_instruction,
    "M_BMV never works on this machine: its result does not have the shape of the accumulator"
  );
}

std::optional<std::uint32_t> Exec::lane_offset(std::uint32_t address) {
  const std::uint32_t offset = address % settings_.mlen;
  if (offset % settings_.blen == 0 && offset + settings_.blen <= settings_.vlen) {
    return offset;
  }
  fail(
    FaultKind::writeout_alignment,
    fmt::format(
      "lanes {} to {} of a row are not a block of BLEN = {}",
      offset,
      offset + settings_.blen - 1,
      settings_.blen
    ),
    address,
    settings_.blen
  );
  return std::nullopt;
}

EXEC(M_MM_WO) {
  const std::uint32_t blen = settings_.blen;
  const std::uint32_t first = address(rd);
  const std::optional<std::uint32_t> offset = lane_offset(first);
  if (!offset || !ready(m_acc_, std::uint64_t{blen} * blen)) {
    return;
  }
  const std::uint32_t step = field(rs1) == 0 ? 1 : gp(rs1);
  for (std::uint32_t i = 0; i < blen && !fault_; ++i) {
    write_row_lanes(
      first - *offset + i * settings_.mlen * step,
      *offset,
      {m_acc_.data() + std::size_t{i} * blen, blen}
    );
  }
  if (!fault_) {
    std::fill(m_acc_.begin(), m_acc_.end(), 0.0f);
  }
}

EXEC(M_MV_WO) {
  const std::uint32_t first = address(rd);
  const std::optional<std::uint32_t> offset = lane_offset(first);
  if (!offset || !ready(v_acc_, settings_.blen)) {
    return;
  }
  write_row_lanes(first - *offset, *offset, v_acc_);
  if (!fault_) {
    std::fill(v_acc_.begin(), v_acc_.end(), 0.0f);
  }
}

void Exec::write_broadcast(std::vector<float>& accumulator, std::uint32_t rows) {
  const std::uint32_t mlen = settings_.mlen;
  const std::uint32_t first = address(rd);
  if (first % mlen != 0) {
    fail(
      FaultKind::writeout_alignment,
      fmt::format("address {} is not a multiple of MLEN = {}", first, mlen),
      first,
      mlen
    );
    return;
  }
  const std::uint64_t all_rows = std::uint64_t{settings_.broadcast_amount} * rows;
  if (!tile_rows_match() || !ready(accumulator, all_rows * mlen)) {
    return;
  }
  for (std::uint64_t i = 0; i < all_rows && !fault_; ++i) {
    write_row(
      first + static_cast<std::uint32_t>(i) * mlen,
      accumulator.data() + static_cast<std::size_t>(i) * mlen
    );
  }
  if (!fault_) {
    std::fill(accumulator.begin(), accumulator.end(), 0.0f);
  }
}

EXEC(M_BMM_WO) { write_broadcast(hm_acc_, settings_.mlen); }
EXEC(M_BMV_WO) { write_broadcast(hv_acc_, 1); }

} // namespace plena::emu
