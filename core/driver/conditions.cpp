#include "driver/conditions.h"

#include "driver/program_facts.h"
#include "isa/codec.h"
#include "numerics/bits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plena::driver {

namespace {

constexpr std::array rows{
#define CONDITION(name, arguments, meaning) ConditionRow{#name, arguments, meaning},
#include "driver/conditions.def"
};

constexpr std::array<std::string_view, 3> special_names{"scale", "stride", "v_mask"};

Diagnostic no_condition(std::string_view text, std::string message) {
  std::vector<std::string> forms;
  for (const ConditionRow& row : rows) {
    forms.push_back(
      row.arguments.empty() ? std::string(row.name) : fmt::format("{} {}", row.name, row.arguments)
    );
  }
  return {
    .code = "E_CONDITION",
    .message = fmt::format("'{}': {}", text, message),
    .hint = fmt::format("write one of: {}", fmt::join(forms, "; ")),
    .where = std::string(text)};
}

} // namespace

std::span<const ConditionRow> condition_rows() { return rows; }

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  const bool hex = text.starts_with("0x");
  text.remove_prefix(hex ? 2 : 0);
  std::uint64_t value = 0;
  const auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::optional<RegisterName> register_named(std::string_view name) {
  for (std::size_t i = 0; i < special_names.size(); ++i) {
    if (name == special_names[i]) {
      return RegisterName{emu::Space::special, i};
    }
  }
  const emu::RegisterView view;
  const auto indexed =
    [&](std::string_view prefix, std::size_t count) -> std::optional<std::size_t> {
    const auto index =
      name.starts_with(prefix) ? number_of(name.substr(prefix.size())) : std::nullopt;
    return index && *index < count ? std::optional<std::size_t>(*index) : std::nullopt;
  };
  if (const auto index = indexed("gp", view.gp.size())) {
    return RegisterName{emu::Space::gp, *index};
  }
  if (const auto index = indexed("f", view.f.size())) {
    return RegisterName{emu::Space::f, *index};
  }
  if (const auto index = indexed("a", view.a.size())) {
    return RegisterName{emu::Space::a, *index};
  }
  return std::nullopt;
}

std::uint64_t value_of(const emu::Machine& machine, const RegisterName& name) {
  const emu::Operands now = machine.operands();
  switch (name.space) {
  case emu::Space::gp:
    return now.gp[name.index];
  case emu::Space::a:
    return now.a[name.index];
  case emu::Space::f:
    return machine.registers().f[name.index];
  default:
    return std::array{now.scale, now.stride, now.v_mask}[name.index];
  }
}

Result<Condition> parse_condition(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const ConditionRow& one) {
    return !words.empty() && one.name == words[0];
  });
  if (row == rows.end()) {
    return no_condition(text, "this is no condition");
  }
  if (words.size() != 1 + words_of(row->arguments).size()) {
    return no_condition(text, fmt::format("{} takes other arguments", row->name));
  }
  Condition condition;
  condition.kind = static_cast<ConditionKind>(row - rows.begin());
  condition.text = text;
  const auto numbers = [&](std::size_t from) {
    for (std::size_t i = from; i < words.size(); ++i) {
      const auto value = number_of(words[i]);
      if (!value) {
        return false;
      }
      (i == from ? condition.first : condition.second) = *value;
    }
    return true;
  };
  bool good = true;
  switch (condition.kind) {
  case ConditionKind::is_opcode: {
    const isa::InsnDef* def = isa::find(words[1]);
    good = def != nullptr;
    condition.first = good ? static_cast<std::uint64_t>(def->code) : 0;
    break;
  }
  case ConditionKind::is_register: {
    const auto name = register_named(words[1]);
    good = name && numbers(2);
    condition.reg = name.value_or(RegisterName{});
    break;
  }
  case ConditionKind::is_read:
  case ConditionKind::is_write: {
    const auto space = memory_named(words[1]);
    good = space && numbers(2);
    condition.space = space.value_or(emu::Space{});
    break;
  }
  default:
    good = numbers(1);
    break;
  }
  if (!good) {
    return no_condition(text, "these arguments mean nothing");
  }
  return condition;
}

Watch::Watch(
  std::vector<Condition> conditions,
  const config::Machine& settings,
  const Program& program,
  const emu::Machine& now
)
    : conditions_(std::move(conditions)),
      settings_(settings),
      program_(program),
      toucher_(settings),
      values_(conditions_.size()) {
  const std::vector<emu::LoopView> loops = now.registers().loops;
  depth_ = loops.size();
  loop_start_ = loops.empty() ? 0 : loops.back().start_pc;
  for (const Condition& condition : conditions_) {
    asks_stages_ = asks_stages_ || condition.kind == ConditionKind::is_tolerance;
    asks_writes_ = asks_writes_ || condition.kind == ConditionKind::is_nonfinite;
  }
}

void Watch::before(const emu::Machine& machine) {
  last_pc_ = machine.pc();
  writes_.clear();
  if (asks_writes_ && machine.next() != nullptr) {
    for (const Touch& touch : toucher_.of(*machine.next(), machine.operands())) {
      if (touch.write) {
        writes_.push_back(touch);
      }
    }
  }
  for (std::size_t i = 0; i < conditions_.size(); ++i) {
    if (conditions_[i].kind == ConditionKind::is_register) {
      values_[i] = value_of(machine, conditions_[i].reg);
    }
  }
}

const Condition* Watch::after(const emu::Machine& machine, bool stage_is_off) {
  for (std::size_t i = 0; i < conditions_.size(); ++i) {
    if (holds(conditions_[i], i, machine, stage_is_off)) {
      return &conditions_[i];
    }
  }
  return nullptr;
}

std::uint32_t Watch::node_at(std::uint32_t pc) const {
  return pc < program_.node_of_word.size() ? program_.node_of_word[pc] : no_node;
}

bool Watch::holds(
  const Condition& condition, std::size_t i, const emu::Machine& machine, bool stage_is_off
) {
  const std::uint32_t pc = machine.pc();
  switch (condition.kind) {
  case ConditionKind::is_pc:
    return pc == condition.first;
  case ConditionKind::is_opcode:
    return machine.next() != nullptr &&
           machine.next()->op == static_cast<isa::Opcode>(condition.first);
  case ConditionKind::is_node:
    return node_at(pc) == condition.first && node_at(last_pc_) != condition.first;
  case ConditionKind::is_nodes:
    return node_at(pc) != no_node && node_at(pc) != node_at(last_pc_);
  case ConditionKind::is_loop: {
    if (pc != condition.first + 1 || condition.first >= program_.words.size()) {
      return false;
    }
    const isa::Instr start =
      isa::decode_word(program_.words[static_cast<std::size_t>(condition.first)]).instr;
    const std::vector<emu::LoopView> loops = machine.registers().loops;
    return start.op == isa::Opcode::C_LOOP_START && !loops.empty() &&
           loops.back().start_pc == condition.first &&
           start.imm - machine.operands().gp[start.rd & 15] + 1 == condition.second;
  }
  case ConditionKind::is_iteration:
  case ConditionKind::is_out: {
    if (depth_ == 0) {
      return false;
    }
    const std::size_t depth = machine.loop_depth();
    return depth < depth_ || (condition.kind == ConditionKind::is_iteration && depth == depth_ &&
                              pc == loop_start_ + 1);
  }
  case ConditionKind::is_register:
    return values_[i] != condition.first && value_of(machine, condition.reg) == condition.first;
  case ConditionKind::is_read:
    return touches(condition, machine, false);
  case ConditionKind::is_write:
    return touches(condition, machine, true);
  case ConditionKind::is_nonfinite:
    return wrote_nonfinite(machine);
  case ConditionKind::is_tolerance:
    return stage_is_off;
  }
  return false;
}

bool Watch::touches(const Condition& condition, const emu::Machine& machine, bool write) {
  if (machine.next() == nullptr) {
    return false;
  }
  const std::vector<Touch>& all = toucher_.of(*machine.next(), machine.operands());
  return std::any_of(all.begin(), all.end(), [&](const Touch& touch) {
    return touch.space == condition.space && touch.write == write &&
           touch.meets(condition.first, condition.second);
  });
}

bool Watch::wrote_nonfinite(const emu::Machine& machine) const {
  const auto bad = [](float value) { return !numerics::is_finite(value); };
  for (const Touch& touch : writes_) {
    switch (touch.space) {
    case emu::Space::f:
      if (bad(numerics::widen_bf16(machine.registers().f[static_cast<std::size_t>(touch.first)]))) {
        return true;
      }
      break;
    case emu::Space::fp_sram:
      for (std::uint64_t at = touch.first; at < touch.first + touch.count; ++at) {
        if (bad(numerics::widen_bf16(machine.fp_sram()[static_cast<std::size_t>(at)]))) {
          return true;
        }
      }
      break;
    case emu::Space::vector_row:
      for (std::uint64_t at = touch.first; at < touch.first + touch.count; ++at) {
        if (bad(
              machine.vector_row(at / settings_.vlen)[static_cast<std::size_t>(at % settings_.vlen)]
            )) {
          return true;
        }
      }
      break;
    case emu::Space::matrix_tile: {
      const std::uint64_t elems = settings_.tile_elems();
      for (std::uint64_t tile = touch.first / elems; tile < (touch.first + touch.count) / elems;
           ++tile) {
        const std::span<const float> values = machine.matrix_tile(tile);
        if (std::any_of(values.begin(), values.end(), bad)) {
          return true;
        }
      }
      break;
    }
    default:
      break;
    }
  }
  return false;
}

} // namespace plena::driver
