#include "emu/hbm/hbm.h"

namespace plena::emu::hbm {

namespace {

class Ideal final : public MemoryModel {
 public:
  std::unique_ptr<MemoryModel> copy() const override { return std::make_unique<Ideal>(*this); }
  std::uint64_t serve(std::uint64_t now, const Transfer&, CauseCycles&) override { return now; }
};

} // namespace

std::unique_ptr<MemoryModel> make_ideal(const config::Timing&) { return std::make_unique<Ideal>(); }

std::unique_ptr<MemoryModel> make(const config::Timing& timing) {
  switch (timing.memory_model) {
  case config::MemoryModel::hbm2:
    return make_hbm2(timing);
  case config::MemoryModel::ideal:
    return make_ideal(timing);
  case config::MemoryModel::fixed:
    return make_fixed(timing);
  }
  return make_hbm2(timing);
}

} // namespace plena::emu::hbm
