#include "analytic/static_profile.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace plena::analytic {

namespace {

struct PatternText {
  std::string_view pattern;
  std::string_view cycles;
};
constexpr PatternText current_texts[] = {
#define CURRENT(pattern, cycles) {pattern, cycles},
#include "analytic/static_prices.def"
};
constexpr PatternText former_texts[] = {
#define FORMER(pattern, cycles) {pattern, cycles},
#include "analytic/static_prices.def"
};

enum class Section : std::uint8_t {
#define SECTION(name) name,
#include "analytic/sections.def"
};
constexpr std::string_view section_names[] = {
#define SECTION(name) #name,
#include "analytic/sections.def"
};
struct Keyword {
  Section section;
  std::string_view text;
};
constexpr Keyword keywords[] = {
#define KEYWORD(section, text) {Section::section, text},
#include "analytic/sections.def"
};

constexpr std::string_view selected[] = {
  "C_LOOP_START",
  "C_LOOP_END",
  "H_PREFETCH_M",
  "H_PREFETCH_V",
  "M_TMM",
  "M_BTMM",
  "M_MM",
  "M_MM_WO",
  "M_BMM_WO",
  "V_ADD_VV",
  "V_MUL_VF",
  "V_EXP_V",
  "V_RED_MAX",
  "V_RED_SUM",
  "S_LD_FP",
  "S_ST_FP"};
constexpr std::string_view units = "SCHVM";
constexpr std::string_view blanks = " \t\r";

/// Cycles by pattern, on one machine.
class Costs {
 public:
  static Result<Costs> make(std::span<const PatternText> texts, const Settings& settings) {
    Costs costs;
    for (const PatternText& text : texts) {
      const Result<Expression> expression =
        Expression::parse(text.cycles, setting_names(), text.pattern);
      if (!expression) {
        return expression.diagnostics();
      }
      const Result<std::int64_t> cycles = expression->evaluate(settings);
      if (!cycles) {
        return cycles.diagnostics();
      }
      costs.rows_.push_back({text.pattern, static_cast<std::uint64_t>(*cycles)});
    }
    return costs;
  }
  std::uint64_t of(std::string_view opcode) const {
    for (const Row& row : rows_) {
      const bool open = row.pattern.ends_with('*');
      if (open ? opcode.starts_with(row.pattern.substr(0, row.pattern.size() - 1)) : opcode == row.pattern) {
        return row.cycles;
      }
    }
    return 0;
  }

 private:
  struct Row {
    std::string_view pattern;
    std::uint64_t cycles;
  };
  std::vector<Row> rows_;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  return first == std::string_view::npos
           ? std::string_view()
           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The number of turns behind the last of `separators`; 1 when it cannot be read.
std::uint64_t turns(std::string_view line, std::string_view separators) {
  line = trimmed(line.substr(0, line.find(';')));
  const std::size_t at = line.find_last_of(separators);
  const std::string_view last = trimmed(at == std::string_view::npos ? line : line.substr(at + 1));
  std::uint64_t count = 1;
  const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), count);
  return error == std::errc() && end == last.data() + last.size() ? count : 1;
}

/// Calls `instruction(opcode, times, line)` for every line with an instruction and `other(line)` for the
/// others.
template <class Instruction, class Other>
Status visit(
  std::string_view text, std::string_view separators, Instruction&& instruction, Other&& other
) {
  std::vector<Count> times{1};
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const std::string_view opcode = line.substr(0, line.find_first_of(" \t,;"));
    if (opcode.size() < 2 || opcode[1] != '_' || units.find(opcode[0]) == std::string_view::npos) {
      other(line);
      continue;
    }
    instruction(opcode, times.back(), number);
    if (opcode == "C_LOOP_START") {
      times.push_back(times.back() * turns(line, separators));
    } else if (opcode == "C_LOOP_END") {
      if (times.size() == 1) {
        return Diagnostic{
          .code = "E_ANALYTIC_LOOPS",
          .message = "a loop ends here that has not begun",
          .hint = "every C_LOOP_END belongs to a C_LOOP_START before it",
          .span = {number, 1, number, 2}};
      }
      times.pop_back();
    }
  }
  return Done{};
}

} // namespace

std::span<const std::string_view> selected_opcodes() { return selected; }

Result<StaticProfile>
static_profile(std::string_view assembly, const Settings& settings, LineRange told) {
  const Result<Costs> costs = Costs::make(current_texts, settings);
  if (!costs) {
    return costs.diagnostics();
  }
  StaticProfile found;
  std::map<std::string, Count, std::less<>> opcodes;
  const Status done = visit(
    assembly,
    ",",
    [&](std::string_view opcode, Count times, std::uint32_t line) {
      if (told.has(found.static_instructions)) {
        found.lines.push_back({line, times, times * costs->of(opcode)});
      }
      ++found.source_lines;
      ++found.static_instructions;
      found.loop_starts += opcode == "C_LOOP_START" ? 1u : 0u;
      found.dynamic_instructions += times;
      const auto known = opcodes.find(opcode);
      (known != opcodes.end() ? known->second : opcodes[std::string(opcode)]) += times;
    },
    [&](std::string_view line) {
      ++found.source_lines;
      found.comments += line.empty() ? 0u : 1u;
    }
  );
  if (!done) {
    return done.diagnostics();
  }
  for (const auto& [opcode, times] : opcodes) {
    const Count cycles = times * costs->of(opcode);
    found.cycles += cycles;
    found.opcode_cycles[opcode] = cycles;
    found.types[opcode.substr(0, 1)] += times;
    found.opcodes[opcode] = times;
  }
  return found;
}

Result<FormerProfile> former_profile(std::string_view assembly, LineRange told) {
  const Result<Costs> costs = Costs::make(former_texts, Settings(setting_names().size()));
  if (!costs) {
    return costs.diagnostics();
  }
  std::array<SectionProfile, std::size(section_names)> sections;
  Section now = Section::other;
  std::uint64_t norms = 0;
  std::uint64_t index = 0;
  FormerProfile found;
  for (const char unit : units) {
    found.types[std::string(1, unit)] = 0;
  }
  found.types["other"] = 0;
  const Status done = visit(
    assembly,
    " \t",
    [&](std::string_view opcode, Count times, std::uint32_t line) {
      SectionProfile& section = sections[static_cast<std::size_t>(now)];
      const Count cycles = times * costs->of(opcode);
      if (told.has(index++)) {
        found.lines.push_back({line, times, cycles, section_names[static_cast<std::size_t>(now)]});
      }
      section.instructions += times;
      section.cycles += cycles;
      found.instructions += times;
      found.cycles += cycles;
      found.types[std::string(1, opcode[0])] += times;
    },
    [&](std::string_view line) {
      if (!line.starts_with(';')) {
        return;
      }
      const auto named =
        std::find_if(std::begin(keywords), std::end(keywords), [&](const Keyword& keyword) {
          return line.find(keyword.text) != std::string_view::npos;
        });
      if (named == std::end(keywords)) {
        return;
      }
      if (named->section != Section::rms_norm_1) {
        now = named->section;
      } else if (now != Section::rms_norm_1 && now != Section::rms_norm_2) {
        now = ++norms % 2 == 1 ? Section::rms_norm_1 : Section::rms_norm_2;
      }
    }
  );
  if (!done) {
    return done.diagnostics();
  }
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].instructions.value != 0) {
      sections[i].name = section_names[i];
      found.sections.push_back(sections[i]);
    }
  }
  return found;
}

} // namespace plena::analytic
