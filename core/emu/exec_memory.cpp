// Transfers between HBM and the SRAMs (emulator.md 6).
#include "emu/exec.h"
#include "emu/transfer.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::emu {

namespace {

constexpr std::uint64_t block_bytes = 64;

/// Bytes of the 64-byte blocks that a range touches.
std::uint64_t touched_bytes(std::uint64_t address, std::uint64_t count) {
  return count == 0 ? 0
                    : (address % block_bytes + count + block_bytes - 1) / block_bytes * block_bytes;
}

} // namespace

struct Exec::Transfer : RowAddresses {
  const TransferFormat* format = nullptr;
  std::size_t element_bytes = 0; ///< per row
  std::size_t scale_bytes = 0;   ///< per row
};

std::optional<Exec::Transfer> Exec::start_transfer(
  const TransferFormat& format, std::uint32_t lanes, std::uint64_t rows, bool store
) {
  const std::string& problem = store ? format.store_problem : format.load_problem;
  if (!problem.empty()) {
    fail(FaultKind::dma_format, problem);
    return std::nullopt;
  }
  if (rows == 0 && !store) {
    fail(FaultKind::dma_format, "the prefetch amount is 0 rows");
    return std::nullopt;
  }
  const std::uint64_t element_bits = std::uint64_t{format.format.element.width} * lanes;
  const std::uint64_t scale_bits =
    format.format.mx ? std::uint64_t{format.format.scale.width} * (lanes / format.format.block) : 0;
  if (element_bits % 8 != 0 || scale_bits % 8 != 0) {
    fail(
      FaultKind::dma_format,
      fmt::format("a row of {} elements is not a whole number of bytes", lanes)
    );
    return std::nullopt;
  }
  Transfer transfer;
  transfer.format = &format;
  transfer.base = a_[field(rs2)];
  transfer.offset = gp(rs1);
  transfer.step = field(rs3) == 1 ? stride_ : lanes;
  const std::uint64_t ratio = format.elements_per_scale_byte;
  transfer.elements_per_scale_byte = ratio;
  transfer.scale_base = transfer.base + scale_ + (format.format.mx ? transfer.offset / ratio : 0);
  transfer.element_bytes = static_cast<std::size_t>(element_bits / 8);
  transfer.scale_bytes = static_cast<std::size_t>(scale_bits / 8);
  element_bytes_.resize(transfer.element_bytes);
  scale_bytes_.resize(transfer.scale_bytes);

  if (format.format.mx && (transfer.step % ratio != 0 || transfer.offset % ratio != 0)) {
    warn(WarningKind::scale_step);
  }
  if (format.format.element.width > 8 && transfer.step == lanes && rows > 1) {
    warn(WarningKind::wide_dense_rows);
  }
  if (rows > 1 && (rows - 1) * transfer.step > UINT32_MAX) {
    warn(WarningKind::address_wrap);
  }
  if (store && format.encoder_broken) {
    warn(WarningKind::encoder_broken);
  }
  return transfer;
}

void Exec::load_row(const Transfer& transfer, std::uint64_t i, std::span<float> values) {
  const std::uint64_t elements = transfer.element_address(i);
  hbm_.read(elements, element_bytes_);
  counters_.hbm_read_bytes += touched_bytes(elements, transfer.element_bytes);
  bool beyond = elements > hbm_.size() || transfer.element_bytes > hbm_.size() - elements;
  TransferRow seen{false, elements, transfer.element_bytes, 0, 0};
  if (transfer.scale_bytes > 0) {
    // Scales come from one block; those past its end stay zero.
    const std::uint64_t scales = transfer.scale_address(i);
    const auto arriving = static_cast<std::size_t>(
      std::min<std::uint64_t>(transfer.scale_bytes, block_bytes - scales % block_bytes)
    );
    hbm_.read(scales, std::span(scale_bytes_).first(arriving));
    std::fill(scale_bytes_.begin() + static_cast<std::ptrdiff_t>(arriving), scale_bytes_.end(), 0);
    counters_.hbm_read_bytes += block_bytes;
    beyond = beyond || scales > hbm_.size() || arriving > hbm_.size() - scales;
    if (arriving < transfer.scale_bytes) {
      warn(WarningKind::scales_cut);
    }
    seen.scale_address = scales;
    seen.scale_bytes = arriving;
  }
  if (beyond) {
    warn(WarningKind::hbm_read_beyond);
  }
  if (observer_ != nullptr) {
    observer_->transferred(seen);
  }
  transfer.format->codec->decode(element_bytes_, scale_bytes_, values);
}

bool Exec::store_bytes(std::uint64_t address, std::span<const std::uint8_t> bytes) {
  if (address > hbm_.size() || bytes.size() > hbm_.size() - address) {
    fail(
      FaultKind::hbm_write_bounds,
      fmt::format(
        "HBM bytes {} to {} are not inside of its {} bytes",
        address,
        address + bytes.size() - 1,
        hbm_.size()
      ),
      address,
      hbm_.size()
    );
    return false;
  }
  const std::uint64_t touched = touched_bytes(address, bytes.size());
  counters_.hbm_read_bytes += touched;
  counters_.hbm_written_bytes += touched;
  if (!hbm_.write(address, bytes)) {
    out_of_memory();
    return false;
  }
  return true;
}

void Exec::store_row(const Transfer& transfer, std::uint64_t i, const float* values) {
  std::fill(element_bytes_.begin(), element_bytes_.end(), std::uint8_t{0});
  const auto encoded =
    transfer.format->codec->encode({values, vlen()}, element_bytes_, scale_bytes_);
  if (encoded.nan_became_one) {
    warn(WarningKind::nan_stored_as_one);
  }
  TransferRow seen{true, transfer.element_address(i), transfer.element_bytes, 0, 0};
  if (!store_bytes(seen.element_address, element_bytes_)) {
    return;
  }
  if (transfer.scale_bytes > 0) {
    seen.scale_address = transfer.scale_address(i);
    seen.scale_bytes = transfer.scale_bytes;
    if (!store_bytes(seen.scale_address, scale_bytes_)) {
      return;
    }
  }
  if (observer_ != nullptr) {
    observer_->transferred(seen);
  }
}

EXEC(H_PREFETCH_M) {
  const TransferFormat& format = field(funct) == 0 ? formats_.weight : formats_.matrix_kv;
  const std::uint32_t mlen = settings_.mlen;
  const auto transfer = start_transfer(format, mlen, settings_.m_prefetch_rows(), false);
  const TileAddress first = tile_at(gp(rd));
  if (first.offset != 0) {
    fail(
      FaultKind::matrix_sram_alignment,
      fmt::format("Matrix SRAM address {} is not the start of a tile", gp(rd)),
      gp(rd),
      matrix_.tile_elems()
    );
  }
  if (fault_) {
    return;
  }
  for (std::uint64_t t = 0; t < settings_.m_prefetch_tiles(); ++t) {
    const std::uint64_t index = first.index + t;
    if (index >= matrix_.tiles()) {
      fail(
        FaultKind::matrix_sram_bounds,
        fmt::format("the transfer reaches tile {} of {}", index, matrix_.tiles()),
        index * matrix_.tile_elems(),
        matrix_.tiles() * matrix_.tile_elems()
      );
      return;
    }
    Tile* tile = matrix_.writable(index);
    if (tile == nullptr) {
      out_of_memory();
      return;
    }
    for (std::size_t r = 0; r < mlen; ++r) {
      load_row(*transfer, t * mlen + r, std::span(tile->values).subspan(r * mlen, mlen));
    }
    matrix_.loaded(*tile, format.significant_bits);
  }
}

EXEC(H_PREFETCH_V) {
  const TransferFormat& format = field(funct) == 0 ? formats_.activation : formats_.vector_kv;
  const std::uint64_t rows = settings_.hbm_v_prefetch_amount;
  const auto transfer = start_transfer(format, settings_.vlen, rows, false);
  const std::optional<std::uint64_t> first = row_index(gp(rd));
  if (fault_) {
    return;
  }
  for (std::uint64_t i = 0; i < rows && !fault_; ++i) {
    load_row(*transfer, i, result_);
    if (*first + i >= vector_.rows()) {
      warn(WarningKind::rows_dropped);
    } else if (!vector_.write(*first + i, result())) {
      out_of_memory();
    }
  }
}

EXEC(H_STORE_V) {
  const TransferFormat& format = field(funct) == 0 ? formats_.activation : formats_.vector_kv;
  const std::uint64_t rows = settings_.hbm_v_writeback_amount;
  const auto transfer = start_transfer(format, settings_.vlen, rows, true);
  for (std::uint64_t i = 0; i < rows && !fault_; ++i) {
    const float* values = row(gp(rd) + static_cast<std::uint32_t>(i) * settings_.vlen);
    if (!fault_) {
      store_row(*transfer, i, values);
    }
  }
}

} // namespace plena::emu
