// The plain meaning of tile programs of scalar instructions, and what codegen makes of it.
#pragma once

#include "codegen/instructions.h"
#include "codegen/passes.h"
#include "harness.h"
#include "items.h"

#include <array>
#include <optional>

namespace plena::tests {

constexpr std::size_t slots = 256;

struct Memories {
  std::array<std::uint32_t, slots> ints{};
  std::array<float, slots> floats{};

  bool operator==(const Memories&) const = default;
  std::uint32_t& integer(std::size_t at) { return ints.at(at); }
  float number(std::size_t at) const { return floats.at(at); }
  void set_number(std::size_t at, float value) { floats.at(at) = value; }
};

inline Memories initial() {
  Memories memories;
  for (std::size_t i = 0; i < slots; ++i) {
    memories.floats[i] = 0.25f * static_cast<float>(i) - 1.5f;
  }
  return memories;
}

inline Memories meaning(const lower::Program& program) {
  Memories memories = initial();
  Registers registers(program);
  run_items(program, registers, [&](const lower::Item& item) {
    run_scalar(item, registers, memories);
  });
  return memories;
}

/// Memories after a run of the words that codegen makes; nothing when it refuses.
inline std::optional<Memories> by_codegen(
  const lower::Program& program, std::uint64_t loop_limit, codegen::Unroll unroll
) {
  const Result<codegen::Listing> listing =
    codegen::run_passes(codegen::resolve(program, {}), {loop_limit, 1'000'000, unroll});
  REQUIRE(listing.ok());
  const Result<codegen::Emitted> emitted = codegen::emit(*listing);
  if (!emitted.ok()) {
    CHECK(emitted.diagnostics().front().code == "E_RESOURCE");
    return std::nullopt;
  }
  config::Config config = machine(16, 4);
  config.max_loop_instructions = static_cast<std::uint32_t>(loop_limit);
  const Memories start = initial();
  std::vector<std::uint8_t> fp_image;
  for (const float value : start.floats) {
    const std::uint16_t half = numerics::f32_to_half(value);
    fp_image.push_back(static_cast<std::uint8_t>(half & 0xFF));
    fp_image.push_back(static_cast<std::uint8_t>(half >> 8));
  }
  emu::Images images;
  images.fp_sram = fp_image;
  Result<emu::Machine> machine = emu::Machine::create(config, images);
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(emitted->program).has_value());
  REQUIRE(machine->run(1u << 24).reason == emu::RunResult::Reason::Done);
  Memories end;
  for (std::size_t i = 0; i < slots; ++i) {
    end.ints[i] = machine->int_sram()[i];
    end.floats[i] = numerics::widen_bf16(machine->fp_sram()[i]);
  }
  return end;
}

} // namespace plena::tests
