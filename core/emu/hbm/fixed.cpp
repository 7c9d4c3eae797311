#include "emu/hbm/hbm.h"

#include <algorithm>

namespace plena::emu::hbm {

namespace {

class Fixed final : public MemoryModel {
 public:
  explicit Fixed(const config::Timing& timing)
      : latency_(timing.fixed_latency),
        bandwidth_(std::max<std::uint32_t>(1, timing.fixed_bandwidth)) {}

  std::unique_ptr<MemoryModel> copy() const override { return std::make_unique<Fixed>(*this); }
  std::uint64_t serve(std::uint64_t now, const Transfer& transfer, CauseCycles& waits) override {
    if (transfer.blocks.empty()) {
      return now;
    }
    const std::uint64_t bytes = transfer.blocks.size() * block_bytes;
    const std::uint64_t cycles = latency_ + (bytes + bandwidth_ - 1) / bandwidth_;
    at(waits, transfer.store ? Cause::hbm_write : Cause::hbm_read) += cycles;
    return now + cycles;
  }

 private:
  std::uint64_t latency_;
  std::uint64_t bandwidth_;
};

} // namespace

std::unique_ptr<MemoryModel> make_fixed(const config::Timing& timing) {
  return std::make_unique<Fixed>(timing);
}

} // namespace plena::emu::hbm
