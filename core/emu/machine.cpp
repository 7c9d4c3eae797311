#include "emu/machine.h"

#include "base/sha256.h"
#include "base/text.h"
#include "emu/exec.h"
#include "numerics/minifloat.h"
#include "numerics/pack.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>

namespace plena::emu {

struct Machine::Impl {
  Impl(const config::Machine& settings, const Options& options) : exec(settings, options) {}
  Exec exec;
};

namespace {

Diagnostic load_error(FaultKind kind, std::string message) {
  return {
    Severity::Error,
    "E_EMU_" + upper_case(to_string(kind)),
    std::move(message),
    std::string(hint_of(kind))};
}

Diagnostic format_error(std::string_view key) {
  return {
    Severity::Error,
    "E_EMU_SRAM_FORMAT",
    fmt::format("{} is a format that this machine cannot hold", key),
    "use bf16, or at most 31 bits with at most 8 exponent bits",
    {},
    {},
    fmt::format("TRANSACTIONAL.PRECISION.{}", key)};
}

Diagnostic image_error(FaultKind kind, std::string_view what, std::size_t got, std::uint64_t room) {
  return load_error(
    kind, fmt::format("the {} image has {} bytes, more than the {} there are", what, got, room)
  );
}

/// Little-endian number at `bytes[at]`.
template <class T> T little_endian(std::span<const std::uint8_t> bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(bytes[at + i]) << (8 * i));
  }
  return value;
}

/// Fills Vector SRAM rows from packed elements; false when host memory is used up.
bool preload_rows(
  VectorSram& vector, const numerics::ScalarFormat& element, std::span<const std::uint8_t> image
) {
  const std::size_t row_bytes = vector.row_bytes();
  std::vector<float> values(vector.vlen());
  for (std::uint64_t r = 0; r < vector.rows() && r * row_bytes < image.size(); ++r) {
    auto bytes = image.subspan(static_cast<std::size_t>(r) * row_bytes);
    bytes = bytes.first(std::min(bytes.size(), row_bytes));
    if (std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; })) {
      continue;
    }
    const std::size_t whole = bytes.size() * 8 / element.width;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint32_t bits = i < whole ? numerics::read_packed(bytes, i, element.width) : 0;
      values[i] = numerics::decode(element, bits);
    }
    if (!vector.write(r, values.data())) {
      return false;
    }
  }
  return true;
}

class Sha256Sink : public DumpSink {
 public:
  void bytes(std::span<const std::uint8_t> bytes) override { hash_.update(bytes); }
  void zeros(std::uint64_t count) override { hash_.update_zeros(count); }
  std::string finish() { return hash_.finish_hex(); }

 private:
  Sha256 hash_;
};

/// Entries as little-endian bytes.
template <class T> void dump_entries(std::span<const T> entries, DumpSink& sink) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(entries.size() * sizeof(T));
  for (const T entry : entries) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes.push_back(static_cast<std::uint8_t>(entry >> (8 * i)));
    }
  }
  sink.bytes(bytes);
}

} // namespace

Machine::Machine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

Result<Machine>
Machine::create(const config::Machine& settings, const Images& images, const Options& options) {
  const std::uint64_t hbm_bytes = options.hbm_bytes.value_or(settings.hbm_size);
  constexpr std::size_t entries = Exec::scalar_entries;
  if (hbm_bytes % 64 != 0) {
    return load_error(
      FaultKind::hbm_size, fmt::format("{} bytes of HBM are not a multiple of 64", hbm_bytes)
    );
  }
  if (images.hbm.size() > hbm_bytes) {
    return image_error(FaultKind::hbm_image_size, "HBM", images.hbm.size(), hbm_bytes);
  }
  if (images.fp_sram.size() / 2 > entries) {
    return image_error(
      FaultKind::fp_sram_image_size, "FP SRAM", images.fp_sram.size(), 2 * entries
    );
  }
  if (images.int_sram.size() / 4 > entries) {
    return image_error(
      FaultKind::int_sram_image_size, "INT SRAM", images.int_sram.size(), 4 * entries
    );
  }
  if (!numerics::is_supported(settings.vector_sram_type.element)) {
    return format_error("VECTOR_SRAM_TYPE");
  }
  if (!numerics::is_supported(settings.matrix_sram_type.element)) {
    return format_error("MATRIX_SRAM_TYPE");
  }
  auto impl = std::make_unique<Impl>(settings, options);
  Exec& exec = impl->exec;
  bool fits = true;
  for (std::size_t at = 0; fits && at < images.hbm.size(); at += Hbm::page_bytes) {
    const std::size_t count = std::min<std::size_t>(Hbm::page_bytes, images.hbm.size() - at);
    fits = exec.hbm_.write(at, images.hbm.subspan(at, count));
  }
  for (std::size_t i = 0; i < images.fp_sram.size() / 2; ++i) {
    const auto half = little_endian<std::uint16_t>(images.fp_sram, 2 * i);
    exec.fp_sram_[i] = numerics::narrow_bf16(numerics::half_to_f32(half));
  }
  for (std::size_t i = 0; i < images.int_sram.size() / 4; ++i) {
    exec.int_sram_[i] = little_endian<std::uint32_t>(images.int_sram, 4 * i);
  }
  fits = fits && preload_rows(exec.vector_, settings.vector_sram_type.element, images.vram);
  if (!fits) {
    return load_error(FaultKind::host_memory, "the images need more memory than this run may use");
  }
  return Machine(std::move(impl));
}

std::optional<Fault> Machine::load(const isa::Program& program) {
  return impl_->exec.load(program);
}

RunResult Machine::run(std::uint64_t budget, Observer* observer, std::uint32_t stop_pc) {
  return impl_->exec.run(budget, observer, stop_pc);
}

const std::optional<Fault>& Machine::fault() const { return impl_->exec.fault_; }

std::vector<Warning> Machine::warnings() const {
  std::vector<Warning> found;
  for (const Warning& warning : impl_->exec.warnings_) {
    if (warning.count > 0) {
      found.push_back(warning);
    }
  }
  return found;
}

const Counters& Machine::counters() const { return impl_->exec.counters_; }
std::uint32_t Machine::pc() const { return impl_->exec.pc_; }

RegisterView Machine::registers() const {
  const Exec& exec = impl_->exec;
  return {
    exec.pc_,
    exec.gp_,
    exec.f_,
    exec.a_,
    exec.scale_,
    exec.stride_,
    exec.v_mask_,
    exec.loops_.view()};
}

void Machine::dump(Memory memory, DumpSink& sink) const {
  const Exec& exec = impl_->exec;
  switch (memory) {
  case Memory::vram:
    exec.vector_.dump(sink);
    return;
  case Memory::mram:
    exec.matrix_.dump(exec.settings_.matrix_sram_type.element, sink);
    return;
  case Memory::fpsram:
    dump_entries(fp_sram(), sink);
    return;
  case Memory::intsram:
    dump_entries(int_sram(), sink);
    return;
  case Memory::hbm:
    exec.hbm_.dump(sink);
    return;
  }
}

std::uint64_t Machine::dump_bytes(Memory memory) const {
  const Exec& exec = impl_->exec;
  switch (memory) {
  case Memory::vram:
    return exec.vector_.rows() * exec.vector_.row_bytes();
  case Memory::mram:
    return exec.matrix_.tiles() * numerics::packed_bytes(
                                    static_cast<std::size_t>(exec.matrix_.tile_elems()),
                                    exec.settings_.matrix_sram_type.element.width
                                  );
  case Memory::fpsram:
    return Exec::scalar_entries * 2;
  case Memory::intsram:
    return Exec::scalar_entries * 4;
  case Memory::hbm:
    return exec.hbm_.size();
  }
  return 0;
}

std::string Machine::dump_sha256(Memory memory) const {
  Sha256Sink sink;
  dump(memory, sink);
  return sink.finish();
}

std::uint64_t Machine::vector_rows() const { return impl_->exec.vector_.rows(); }
std::uint32_t Machine::vlen() const { return impl_->exec.vector_.vlen(); }

std::span<const float> Machine::vector_row(std::uint64_t row) const {
  PLENA_CHECK(row < vector_rows());
  return {impl_->exec.vector_.row(row), vlen()};
}

std::uint64_t Machine::matrix_tiles() const { return impl_->exec.matrix_.tiles(); }

std::span<const float> Machine::matrix_tile(std::uint64_t index) const {
  PLENA_CHECK(index < matrix_tiles());
  const Tile* tile = impl_->exec.matrix_.tile(index);
  return tile == nullptr ? std::span<const float>() : std::span<const float>(tile->values);
}

std::span<const std::uint16_t> Machine::fp_sram() const { return impl_->exec.fp_sram_; }
std::span<const std::uint32_t> Machine::int_sram() const { return impl_->exec.int_sram_; }
std::uint64_t Machine::hbm_bytes() const { return impl_->exec.hbm_.size(); }

void Machine::read_hbm(std::uint64_t address, std::span<std::uint8_t> bytes) const {
  impl_->exec.hbm_.read(address, bytes);
}

Status Machine::write_hbm(std::uint64_t address, std::span<const std::uint8_t> bytes) {
  Hbm& hbm = impl_->exec.hbm_;
  if (address > hbm.size() || bytes.size() > hbm.size() - address) {
    return Diagnostic{
      Severity::Error,
      "E_EMU_HBM_RANGE",
      fmt::format(
        "{} bytes at HBM address {} pass its {} bytes", bytes.size(), address, hbm.size()
      ),
      std::string(hint_of(FaultKind::hbm_write_bounds))};
  }
  if (!hbm.write(address, bytes)) {
    return load_error(FaultKind::host_memory, "the bytes need more memory than this run may use");
  }
  return Done{};
}

void Machine::set_registers(const RegisterView& values) {
  Exec& exec = impl_->exec;
  exec.gp_ = values.gp;
  exec.f_ = values.f;
  exec.a_ = values.a;
  exec.scale_ = values.scale;
  exec.stride_ = values.stride;
  exec.v_mask_ = values.v_mask;
}

void Machine::write_fp_sram(std::size_t first, std::span<const std::uint16_t> bits) {
  PLENA_CHECK(first <= Exec::scalar_entries && bits.size() <= Exec::scalar_entries - first);
  std::copy(
    bits.begin(), bits.end(), impl_->exec.fp_sram_.begin() + static_cast<std::ptrdiff_t>(first)
  );
}

void Machine::write_int_sram(std::size_t first, std::span<const std::uint32_t> entries) {
  PLENA_CHECK(first <= Exec::scalar_entries && entries.size() <= Exec::scalar_entries - first);
  std::copy(
    entries.begin(), entries.end(), impl_->exec.int_sram_.begin() + static_cast<std::ptrdiff_t>(first)
  );
}

} // namespace plena::emu
