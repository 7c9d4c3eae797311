// Conditions on the moments of a run (conditions.def): read from text, and watched while a run goes
// on instruction by instruction. A run without them does not pay for them.
#pragma once

#include "base/result.h"
#include "driver/touches.h"
#include "emu/machine.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

enum class ConditionKind : std::uint8_t {
#define CONDITION(name, arguments, meaning) is_##name,
#include "driver/conditions.def"
};

struct ConditionRow {
  std::string_view name;
  std::string_view arguments;
  std::string_view meaning;
};
std::span<const ConditionRow> condition_rows();

/// A register that programs compute with: of `gp`, `f`, `a`, or one of `special` by number.
struct RegisterName {
  emu::Space space{};
  std::size_t index = 0;
};
std::optional<RegisterName> register_named(std::string_view name);
/// Bits of a bf16 register.
std::uint64_t value_of(const emu::Machine& machine, const RegisterName& name);

/// Words between blanks.
std::vector<std::string_view> words_of(std::string_view text);
/// Decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> number_of(std::string_view text);

struct Condition {
  ConditionKind kind{};
  std::string text;        ///< as it was written
  std::uint64_t first = 0; ///< the arguments, as far as they are numbers
  std::uint64_t second = 0;
  RegisterName reg{};
  emu::Space space{};
};

/// E_CONDITION with what is wrong.
Result<Condition> parse_condition(std::string_view text);

/// What a condition is judged by besides the machine.
struct Program {
  std::span<const std::uint32_t> words;
  std::span<const std::uint32_t> node_of_word;
};

class Watch {
 public:
  /// Loops that conditions speak of are those that are open now.
  Watch(
    std::vector<Condition> conditions,
    const config::Machine& settings,
    const Program& program,
    const emu::Machine& now
  );

  bool asks_stages() const { return asks_stages_; }
  bool in_loop() const { return depth_ > 0; }
  /// To be called before and after each instruction; `stage_is_off`: it has completed the result of
  /// a node that is out of its bound. The first condition that holds at the moment behind it.
  void before(const emu::Machine& machine);
  const Condition* after(const emu::Machine& machine, bool stage_is_off);

 private:
  bool
  holds(const Condition& condition, std::size_t i, const emu::Machine& machine, bool stage_is_off);
  bool touches(const Condition& condition, const emu::Machine& machine, bool write);
  bool wrote_nonfinite(const emu::Machine& machine) const;
  std::uint32_t node_at(std::uint32_t pc) const;

  std::vector<Condition> conditions_;
  const config::Machine& settings_;
  Program program_;
  Toucher toucher_;
  std::size_t depth_ = 0;
  std::uint32_t loop_start_ = 0;
  bool asks_stages_ = false;
  bool asks_writes_ = false;
  // of the instruction in hand
  std::uint32_t last_pc_ = 0;
  std::vector<Touch> writes_;
  std::vector<std::uint64_t> values_; ///< of the registers, by condition
};

} // namespace plena::driver
