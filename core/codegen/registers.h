// What passes ask of items: the registers that they read and write, which are those that operands
// name and the settings of the machine, which instructions go by without naming them.
#pragma once

#include "codegen/instructions.h"
#include "lower/access.h"

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace plena::codegen {

inline constexpr std::size_t gp_class = static_cast<std::size_t>(lower::RegClass::Gp);
inline constexpr std::size_t fp_class = static_cast<std::size_t>(lower::RegClass::Fp);
inline constexpr std::size_t addr_class = static_cast<std::size_t>(lower::RegClass::Addr);
/// The settings, after the classes of registers that operands name.
inline constexpr std::size_t setting_class = lower::reg_classes;

/// A register that an operand names, or a setting, whose number is its place in `settings`.
struct Register {
  std::size_t reg_class = 0;
  std::uint32_t number = 0;

  bool operator==(const Register&) const = default;
};

/// Instructions with an operand of the kind go by the setting: all of them, or those whose operand
/// is not 0.
struct Setting {
  isa::Opcode set_by;
  isa::Kind operand;
  bool always;
  std::uint32_t at_start;
};
inline constexpr std::array settings{
  Setting{isa::Opcode::C_SET_SCALE_REG, isa::Kind::precision, true, 0},
  Setting{isa::Opcode::C_SET_STRIDE_REG, isa::Kind::stride, false, 1},
  Setting{isa::Opcode::C_SET_V_MASK_REG, isa::Kind::mask, false, 0}};

/// By setting, a bit for each operand of the kind.
using SettingOperands = std::array<std::uint8_t, settings.size()>;
extern const std::array<SettingOperands, isa::opcode_space> setting_operands;

/// By register, settings included.
template <class T> class ByRegister {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no references to its values");

 public:
  explicit ByRegister(const Listing& listing, T value = {}) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      values_[c].assign(listing.registers[c], value);
    }
    values_[setting_class].assign(settings.size(), value);
  }
  T& operator[](Register reg) { return values_[reg.reg_class][reg.number]; }
  const T& operator[](Register reg) const { return values_[reg.reg_class][reg.number]; }

 private:
  std::array<std::vector<T>, lower::reg_classes + 1> values_;
};

/// By class and register, without settings, with a cheap way to forget everything.
template <class T> class RegisterTable {
 public:
  explicit RegisterTable(const Listing& listing) {
    for (std::size_t c = 0; c < lower::reg_classes; ++c) {
      entries_[c].resize(listing.registers[c]);
    }
  }
  void clear() { ++now_; }
  T* find(std::size_t c, std::uint32_t reg) {
    return entries_[c][reg].when == now_ ? &entries_[c][reg].value : nullptr;
  }
  /// The entry, made if it is not there.
  T& at(std::size_t c, std::uint32_t reg) {
    Entry& entry = entries_[c][reg];
    if (entry.when != now_) {
      entry = {now_, T{}};
    }
    return entry.value;
  }

 private:
  struct Entry {
    std::uint32_t when = 0;
    T value{};
  };
  std::array<std::vector<Entry>, lower::reg_classes> entries_;
  std::uint32_t now_ = 1;
};

inline bool is(const lower::Item& item, isa::Opcode op) {
  return item.kind == lower::Item::Kind::Insn && item.op == op;
}
/// register = register + number
inline bool is_addition(const lower::Item& item) { return is(item, isa::Opcode::S_ADDI_INT); }
/// register += number
inline bool is_step(const lower::Item& item) {
  return is_addition(item) && item.operands[0].reg == item.operands[1].reg;
}
/// Whether it may store to the FP SRAM.
inline bool stores_fp(const lower::Item& item) {
  return is(item, isa::Opcode::S_ST_FP) || is(item, isa::Opcode::V_TOPK);
}
inline constexpr std::uint32_t most_offset = isa::max_of(isa::Field::imm18); ///< that these can add

/// Of an operand that is a register.
inline Register register_of(const lower::Operand& operand) {
  return {static_cast<std::size_t>(*lower::class_of(operand)), operand.reg};
}

/// The setting that the item changes.
inline std::optional<Register> setting_of(const lower::Item& item) {
  if (item.kind == lower::Item::Kind::Insn) {
    for (std::uint32_t s = 0; s < settings.size(); ++s) {
      if (settings[s].set_by == item.op) {
        return Register{setting_class, s};
      }
    }
  }
  return std::nullopt;
}

/// Calls `visit` with the place of every operand whose bit is set, from the first on.
template <class F> void each_operand(std::uint8_t operands, F&& visit) {
  for (unsigned left = operands; left != 0; left &= left - 1) {
    visit(static_cast<std::size_t>(std::countr_zero(left)));
  }
}

/// Calls `visit` with every register that an instruction reads, settings included.
template <class F> void each_read(const lower::Item& item, F&& visit) {
  if (item.kind != lower::Item::Kind::Insn) {
    return;
  }
  each_operand(lower::accesses_of(item).read, [&](std::size_t i) {
    visit(register_of(item.operands[i]));
  });
  const SettingOperands& of_settings = setting_operands[static_cast<std::size_t>(item.op)];
  for (std::uint32_t s = 0; s < settings.size(); ++s) {
    each_operand(of_settings[s], [&](std::size_t i) {
      if (settings[s].always || item.operands[i].value != 0) {
        visit(Register{setting_class, s});
      }
    });
  }
}

/// The register that an item writes, always its first operand, or the setting. Counters of loops
/// are none: nothing but the loop uses them.
inline std::optional<Register> written_by(const lower::Item& item) {
  if (const auto setting = setting_of(item)) {
    return setting;
  }
  if (item.kind == lower::Item::Kind::LoopBegin || lower::accesses_of(item).written == 0) {
    return std::nullopt;
  }
  return register_of(item.operands[0]);
}

/// By register, the positions of the items that write it.
class Writes {
 public:
  Writes() = default;
  explicit Writes(const Listing& listing);
  /// From registers and the positions that write them, which ascend.
  Writes(const Listing& listing, const std::vector<std::pair<Register, std::size_t>>& writes);

  std::span<const std::size_t> of(Register reg) const {
    const std::uint32_t* first = &first_[reg.reg_class][reg.number];
    return {positions_.data() + first[0], positions_.data() + first[1]};
  }
  bool is_made_once(Register reg) const { return of(reg).size() == 1; }
  /// Whether one lies after `begin` and before `end`.
  bool any_between(Register reg, std::size_t begin, std::size_t end) const;

 private:
  /// By register, its first place in `positions_`; then the end of the last one's.
  std::array<std::vector<std::uint32_t>, lower::reg_classes + 1> first_;
  std::vector<std::size_t> positions_;
};

/// Leaves out the items that are marked, by position.
void drop(Listing& listing, const std::vector<std::uint8_t>& marked);

} // namespace plena::codegen
