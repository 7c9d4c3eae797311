#include "driver/state_digest.h"

#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plena::driver {

namespace {

constexpr std::size_t block_bytes = 4096;

class BlockHash final : public emu::DumpSink {
 public:
  explicit BlockHash(Sha256& hash) : hash_(hash) {}

  void bytes(std::span<const std::uint8_t> bytes) override {
    while (!bytes.empty()) {
      const std::size_t taken = std::min(bytes.size(), block_bytes - filled_);
      std::memcpy(block_.data() + filled_, bytes.data(), taken);
      bytes = bytes.subspan(taken);
      advance(taken);
    }
  }

  void zeros(std::uint64_t count) override {
    while (count > 0) {
      if (filled_ == 0 && count >= block_bytes) {
        index_ += count / block_bytes;
        count %= block_bytes;
        continue;
      }
      const auto taken =
        static_cast<std::size_t>(std::min<std::uint64_t>(count, block_bytes - filled_));
      std::memset(block_.data() + filled_, 0, taken);
      count -= taken;
      advance(taken);
    }
  }

  void finish() {
    if (filled_ > 0) {
      zeros(block_bytes - filled_);
    }
  }

  void integer(std::uint64_t value) {
    std::array<std::uint8_t, 8> little{};
    for (std::size_t i = 0; i < little.size(); ++i) {
      little[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    hash_.update(little);
  }

 private:
  void advance(std::size_t count) {
    filled_ += count;
    if (filled_ < block_bytes) {
      return;
    }
    if (std::any_of(block_.begin(), block_.end(), [](std::uint8_t byte) { return byte != 0; })) {
      integer(index_);
      hash_.update(block_);
    }
    ++index_;
    filled_ = 0;
  }

  Sha256& hash_;
  std::array<std::uint8_t, block_bytes> block_{};
  std::size_t filled_ = 0;
  std::uint64_t index_ = 0;
};

} // namespace

std::string state_digest(const emu::Machine& machine) {
  Sha256 hash;
  for (const emu::Memory memory :
       {emu::Memory::vram,
        emu::Memory::mram,
        emu::Memory::fpsram,
        emu::Memory::intsram,
        emu::Memory::hbm}) {
    BlockHash blocks(hash);
    blocks.integer(machine.dump_bytes(memory));
    machine.dump(memory, blocks);
    blocks.finish();
  }
  return hash.finish_hex();
}

} // namespace plena::driver
