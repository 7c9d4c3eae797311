// How long transfers take: the interface of the memory models. A model knows addresses and times
// only, never data. Times are cycles since the start of the run.
#pragma once

#include "config/config.h"
#include "emu/costs.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace plena::emu::hbm {

inline constexpr std::uint64_t block_bytes = 64;

/// The blocks that one instruction accesses (timing.md 2.1): addresses are multiples of 64, in the
/// order of access, repetitions kept. A load asks for all of them at once; a store reads, then
/// writes each of them, one after the other.
struct Transfer {
  bool store = false;
  std::span<const std::uint64_t> blocks{};
};

class MemoryModel {
 public:
  virtual ~MemoryModel() = default;
  /// The cycle at which a transfer that is asked for at `now` is over; `now` never goes back from
  /// call to call. Adds to `waits` why the time between passed; what it adds is exactly that time.
  virtual std::uint64_t serve(std::uint64_t now, const Transfer& transfer, CauseCycles& waits) = 0;
  /// Another one in the same state.
  virtual std::unique_ptr<MemoryModel> copy() const = 0;
};

/// One offer of a 16-byte transfer to a channel, for tests of the HBM2 model.
struct Offer {
  std::uint64_t tick = 0; ///< memory ticks executed so far
  bool write = false;
  std::uint64_t address = 0;
  bool accepted = false;
};
using OfferSink = std::function<void(const Offer&)>;

std::unique_ptr<MemoryModel> make(const config::Timing& timing);

/// No memory time.
std::unique_ptr<MemoryModel> make_ideal(const config::Timing& timing);
/// A latency, then a bandwidth: an instruction takes FIXED_LATENCY and its bytes divided by
/// FIXED_BANDWIDTH, rounded up. A store counts the bytes that it writes.
std::unique_ptr<MemoryModel> make_fixed(const config::Timing& timing);
/// The HBM2 stack of upstream's emulator (timing.md 2). `offers` sees every offer, also rejected
/// ones.
std::unique_ptr<MemoryModel> make_hbm2(const config::Timing& timing, OfferSink offers = {});

} // namespace plena::emu::hbm
