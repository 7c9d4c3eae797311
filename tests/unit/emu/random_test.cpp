// Random programs: whatever the words, the machine stops or goes on, and gives the same result
// twice.
#include "assemble.h"

#include <algorithm>

using namespace plena;

namespace {

struct Random {
  std::uint64_t state;
  std::uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state >> 32);
  }
};

/// Words that mostly are instructions, with small registers and immediates now and then.
isa::Program random_program(std::uint64_t seed, std::size_t words) {
  Random random{seed};
  isa::Program program;
  while (program.words.size() < words) {
    std::uint32_t word = random.next();
    switch (random.next() % 4) {
    case 0:
      word &= 0x3FFFF; // no immediates, masks or selectors
      break;
    case 1: // set a register to a multiple of the tile size
      word = 0x22u | (1 + random.next() % 15) << 6 | (random.next() % 4) << 22;
      break;
    default:
      break;
    }
    if (isa::decode_word(word).status == isa::DecodeStatus::Ok) {
      program.words.push_back(word);
    }
  }
  return program;
}

/// Digests of all memories after running, going on behind each faulting word.
std::string final_state(const config::Machine& settings, const isa::Program& program) {
  std::vector<std::uint8_t> image(4096);
  Random random{99};
  for (std::uint8_t& byte : image) {
    byte = static_cast<std::uint8_t>(random.next());
  }
  auto machine = emu::Machine::create(
    settings, {image, image, {}, image}, {.hbm_bytes = {}, .memory_limit_bytes = 64 << 20}
  );
  if (!machine.ok()) {
    image.resize(1024);
    machine = emu::Machine::create(settings, {image, image, {}, image});
  }
  REQUIRE(machine.ok());
  // In short pieces, so that the words behind a fault or an endless loop are executed too.
  constexpr std::size_t piece = 64;
  for (std::size_t first = 0; first < program.words.size();) {
    const std::size_t end = std::min(first + piece, program.words.size());
    const auto begin = program.words.begin();
    const isa::Program part{
      {begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end)}};
    REQUIRE_FALSE(machine->load(part).has_value());
    const auto result = machine->run(1000);
    first = result.reason == emu::RunResult::Reason::Fault ? first + machine->fault()->pc + 1 : end;
  }
  std::string state;
  for (const auto memory :
       {emu::Memory::vram,
        emu::Memory::mram,
        emu::Memory::fpsram,
        emu::Memory::intsram,
        emu::Memory::hbm}) {
    state += machine->dump_sha256(memory);
  }
  return state;
}

} // namespace

TEST_CASE("random programs neither crash nor hang", "[unit][emu]") {
  config::Machine odd = tests::small_machine();
  odd.vlen = 12;
  odd.hlen = 5;
  odd.blen = 3;
  odd.vector_sram_type.element = numerics::ScalarFormat::fp(true, 3, 2);
  odd.hbm_v_kv_type = {numerics::bf16, false, 1, numerics::e8m0};
  odd.hbm_m_kv_type = {numerics::e5m2, true, 4, numerics::bf16};
  config::Machine plain = tests::small_machine();
  plain.hbm_m_weight_type = {numerics::bf16, false, 1, numerics::e8m0};
  plain.hbm_v_kv_type = {numerics::ScalarFormat::integer(8), true, 8, numerics::e8m0};
  plain.blen = 16;
  for (const config::Machine& settings : {tests::small_machine(), odd, plain}) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      INFO("seed " << seed);
      const isa::Program program = random_program(seed, 100'000);
      CHECK(final_state(settings, program) == final_state(settings, program));
    }
  }
}
