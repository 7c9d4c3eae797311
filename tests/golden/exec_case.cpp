#include "golden/exec_case.h"

#include "asm/assembler.h"
#include "emu/machine.h"
#include "golden/values.h"
#include "numerics/bits.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace plena::tests {

namespace {

constexpr std::uint64_t budget = 100'000;
constexpr std::size_t hbm_line = 8;

/// Everything that a program can change, as values that compare by bits.
struct State {
  emu::RegisterView registers;
  std::vector<std::uint32_t> vector;
  std::vector<std::uint32_t> matrix;
  std::vector<std::uint16_t> fp;
  std::vector<std::uint32_t> ints;
  std::vector<std::uint8_t> hbm;
  emu::Counters counters;
};

State state_of(const emu::Machine& machine, const config::Machine& settings) {
  State state;
  state.registers = machine.registers();
  for (std::uint64_t row = 0; row < machine.vector_rows(); ++row) {
    for (const float value : machine.vector_row(row)) {
      state.vector.push_back(numerics::bits_of(value));
    }
  }
  for (std::uint64_t tile = 0; tile < machine.matrix_tiles(); ++tile) {
    const auto values = machine.matrix_tile(tile);
    for (std::size_t i = 0; i < settings.tile_elems(); ++i) {
      state.matrix.push_back(values.empty() ? 0 : numerics::bits_of(values[i]));
    }
  }
  state.fp.assign(machine.fp_sram().begin(), machine.fp_sram().end());
  state.ints.assign(machine.int_sram().begin(), machine.int_sram().end());
  state.hbm.resize(static_cast<std::size_t>(machine.hbm_bytes()));
  machine.read_hbm(0, state.hbm);
  state.counters = machine.counters();
  return state;
}

/// An index or a size; inputs of tests fit the host.
std::size_t parse_size(const std::string& text) {
  return static_cast<std::size_t>(parse_integer(text));
}

/// `name[3]`, `name[3..7]` or `name`.
struct Place {
  std::string name;
  bool indexed = false;
  std::size_t first = 0;
  std::size_t last = 0; ///< inclusive
};

Place parse_place(const std::string& text) {
  Place place;
  const std::size_t open = text.find('[');
  place.name = text.substr(0, open);
  if (open == std::string::npos) {
    return place;
  }
  if (!text.ends_with(']')) {
    FAIL("'" << text << "' lacks its bracket");
  }
  const std::string inside = text.substr(open + 1, text.size() - open - 2);
  const std::size_t dots = inside.find("..");
  place.indexed = true;
  place.first = parse_size(inside.substr(0, dots));
  place.last = dots == std::string::npos ? place.first : parse_size(inside.substr(dots + 2));
  if (place.last < place.first) {
    FAIL("'" << text << "' is no range");
  }
  return place;
}

/// Register number of `gp3` and the like, when the text has that form.
std::optional<std::size_t> register_index(const std::string& text, std::string_view prefix) {
  if (text.size() <= prefix.size() || !text.starts_with(prefix) ||
      text.find_first_not_of("0123456789", prefix.size()) != std::string::npos) {
    return std::nullopt;
  }
  return parse_size(text.substr(prefix.size()));
}

template <class Value, std::size_t count>
Value& at(std::array<Value, count>& values, std::size_t index) {
  REQUIRE(index < count);
  return values[index];
}

// ---- SET

/// What a case starts from.
struct Start {
  emu::RegisterView registers;
  std::vector<std::uint8_t> vram;
  std::vector<std::uint8_t> ints;
  std::vector<std::uint8_t> hbm;
  std::vector<std::uint16_t> fp;
};

void put(
  std::vector<std::uint8_t>& bytes, std::size_t where, std::uint64_t value, std::size_t count
) {
  REQUIRE(where + count <= bytes.size());
  for (std::size_t i = 0; i < count; ++i) {
    bytes[where + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

void set_one(Start& start, const Place& place, std::size_t index, const std::string& value) {
  emu::RegisterView& registers = start.registers;
  const std::size_t where = place.first + index;
  if (place.name == "vector") {
    put(start.vram, 2 * where, parse_bf16(value), 2);
  } else if (place.name == "fp") {
    REQUIRE(where < start.fp.size());
    start.fp[where] = parse_bf16(value);
  } else if (place.name == "int") {
    put(start.ints, 4 * where, parse_integer(value), 4);
  } else if (place.name == "hbm") {
    put(start.hbm, where, parse_integer("0x" + value), 1);
  } else if (place.name == "e4m3") {
    put(start.hbm, where, parse_e4m3(value), 1);
  } else if (place.name == "bf16") {
    put(start.hbm, place.first + 2 * index, parse_bf16(value), 2);
  } else if (place.name == "scale") {
    registers.scale = static_cast<std::uint32_t>(parse_integer(value));
  } else if (place.name == "stride") {
    registers.stride = static_cast<std::uint32_t>(parse_integer(value));
  } else if (place.name == "v_mask") {
    registers.v_mask = static_cast<std::uint32_t>(parse_integer(value));
  } else if (const auto gp = register_index(place.name, "gp")) {
    at(registers.gp, *gp) = static_cast<std::uint32_t>(parse_integer(value));
  } else if (const auto f = register_index(place.name, "f")) {
    at(registers.f, *f) = parse_bf16(value);
  } else if (const auto a = register_index(place.name, "a")) {
    at(registers.a, *a) = parse_integer(value);
  } else {
    FAIL("SET knows no " << place.name);
  }
}

/// `place = value ..`, several on a line; `value*3` stands for three of it.
void set_line(Start& start, const std::string& line) {
  const std::vector<std::string> words = words_of(line);
  Place place;
  std::size_t index = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i + 1 < words.size() && words[i + 1] == "=") {
      place = parse_place(words[i]);
      index = 0;
      ++i;
      continue;
    }
    const std::size_t star = words[i].find('*');
    const std::uint64_t times =
      star == std::string::npos ? 1 : parse_integer(words[i].substr(star + 1));
    for (std::uint64_t n = 0; n < times; ++n) {
      if (index > 0 && !place.indexed) {
        FAIL(place.name << " takes one value");
      }
      set_one(start, place, index++, words[i].substr(0, star));
    }
  }
}

// ---- SHOW

template <class Values, class Text>
std::string list(const Values& values, std::size_t first, std::size_t count, Text text) {
  REQUIRE(first + count <= values.size());
  std::string line;
  for (std::size_t i = first; i < first + count; ++i) {
    line += (i == first ? "" : " ") + text(values[i]);
  }
  return line;
}

std::string bits_text(std::uint32_t bits) { return number_text(numerics::float_of(bits)); }
std::string bf16_text(std::uint16_t bits) { return number_text(numerics::bf16_bits_to_f32(bits)); }
std::string integer_text(std::uint32_t value) { return fmt::format("{}", value); }
std::string byte_text(std::uint8_t byte) { return fmt::format("{:02X}", byte); }

std::string loops_text(const emu::RegisterView& registers) {
  std::string text;
  for (const emu::LoopView& loop : registers.loops) {
    text += fmt::format("{}gp{}@{}", text.empty() ? "" : " ", loop.reg, loop.start_pc);
  }
  return text.empty() ? "none" : text;
}

/// Lines of `width` values from `first` to `last`.
template <class Values, class Text>
std::string rows(const Place& place, const Values& values, std::size_t width, Text text) {
  std::string shown;
  for (std::size_t at = place.first; at <= place.last; at += width) {
    shown += fmt::format("{}[{}] = {}\n", place.name, at, list(values, at, width, text));
  }
  return shown;
}

std::string show(const std::string& what, const State& before, State& state, std::size_t lanes) {
  const Place place = parse_place(what);
  emu::RegisterView& registers = state.registers;
  const auto line = [&](const std::string& value) { return fmt::format("{} = {}\n", what, value); };
  if (place.name == "vector") {
    return rows(place, state.vector, lanes, bits_text);
  }
  if (place.name == "matrix") {
    return rows(place, state.matrix, lanes, bits_text);
  }
  if (place.name == "fp") {
    return line(list(state.fp, place.first, place.last - place.first + 1, bf16_text));
  }
  if (place.name == "int") {
    return line(list(state.ints, place.first, place.last - place.first + 1, integer_text));
  }
  if (place.name == "hbm") {
    return line(list(state.hbm, place.first, place.last - place.first + 1, byte_text));
  }
  if (what == "scale") {
    return line(integer_text(registers.scale));
  }
  if (what == "stride") {
    return line(integer_text(registers.stride));
  }
  if (what == "v_mask") {
    return line(integer_text(registers.v_mask));
  }
  if (what == "loops") {
    return line(loops_text(registers));
  }
  if (what == "executed") {
    return line(fmt::format("{}", state.counters.executed - before.counters.executed));
  }
  if (what == "hbm_traffic") {
    return line(fmt::format(
      "{} read, {} written",
      state.counters.hbm_read_bytes - before.counters.hbm_read_bytes,
      state.counters.hbm_written_bytes - before.counters.hbm_written_bytes
    ));
  }
  if (const auto gp = register_index(what, "gp")) {
    return line(integer_text(at(registers.gp, *gp)));
  }
  if (const auto f = register_index(what, "f")) {
    return line(bf16_text(at(registers.f, *f)));
  }
  if (const auto a = register_index(what, "a")) {
    return line(fmt::format("0x{:016X}", at(registers.a, *a)));
  }
  FAIL("SHOW knows no " << what);
  return {};
}

/// The chunks of `width` values that differ, as SHOW items.
template <class Values>
void collect(
  std::vector<std::string>& items,
  std::string_view name,
  const Values& before,
  const Values& after,
  std::size_t width,
  bool as_range
) {
  for (std::size_t at = 0; at < after.size(); at += width) {
    const auto offset = static_cast<std::ptrdiff_t>(at);
    const auto end = static_cast<std::ptrdiff_t>(std::min(at + width, after.size()));
    if (!std::equal(after.begin() + offset, after.begin() + end, before.begin() + offset)) {
      items.push_back(
        as_range ? fmt::format("{}[{}..{}]", name, at, end - 1) : fmt::format("{}[{}]", name, at)
      );
    }
  }
}

/// Everything that differs, as SHOW items.
std::vector<std::string> changes(const State& before, const State& after, std::size_t lanes) {
  std::vector<std::string> items;
  const auto registers = [&](std::string_view prefix, const auto& old, const auto& now) {
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (old[i] != now[i]) {
        items.push_back(fmt::format("{}{}", prefix, i));
      }
    }
  };
  registers("gp", before.registers.gp, after.registers.gp);
  registers("f", before.registers.f, after.registers.f);
  registers("a", before.registers.a, after.registers.a);
  if (before.registers.scale != after.registers.scale) {
    items.emplace_back("scale");
  }
  if (before.registers.stride != after.registers.stride) {
    items.emplace_back("stride");
  }
  if (before.registers.v_mask != after.registers.v_mask) {
    items.emplace_back("v_mask");
  }
  if (!after.registers.loops.empty()) {
    items.emplace_back("loops");
  }
  collect(items, "fp", before.fp, after.fp, 1, false);
  collect(items, "int", before.ints, after.ints, 1, false);
  collect(items, "vector", before.vector, after.vector, lanes, false);
  collect(items, "matrix", before.matrix, after.matrix, lanes, false);
  collect(items, "hbm", before.hbm, after.hbm, hbm_line, true);
  return items;
}

// ---- running

config::Machine settings_of(const std::string& run) {
  const std::vector<std::string> words = words_of(run);
  if (words.size() < 3 || words[0] != "exec" || words[1] != "--config") {
    FAIL("RUN is '" << run << "', expected 'exec --config NAME [KEY=VALUE ..]'");
  }
  config::Machine settings = named_machine(words[2]);
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    REQUIRE(equals != std::string::npos);
    override_key(settings, words[i].substr(0, equals), words[i].substr(equals + 1));
  }
  return settings;
}

std::string fault_text(const emu::Fault& fault) {
  return fmt::format(
    "fault: {} at {}, {}: {}\n",
    emu::to_string(fault.kind),
    fault.pc,
    fault.instruction,
    fault.message
  );
}

emu::Machine
start_machine(const config::Machine& settings, const std::string& head, const TextCase& text) {
  Start start;
  start.vram.resize(static_cast<std::size_t>(settings.vector_sram_elems()) * 2);
  start.ints.resize(1024 * 4);
  start.hbm.resize(static_cast<std::size_t>(settings.hbm_size));
  start.fp.resize(1024);
  for (const std::string& line : directives(head, text.source, "SET")) {
    set_line(start, line);
  }
  auto created = emu::Machine::create(
    settings, {.hbm = start.hbm, .fp_sram = {}, .int_sram = start.ints, .vram = start.vram}
  );
  REQUIRE(created.ok());
  created->write_fp_sram(0, start.fp);
  created->set_registers(start.registers);
  // Programs that prepare what cannot be set, e.g. tiles.
  for (const std::string& line : directives(head, text.source, "BEFORE")) {
    const assembly::Assembled assembled = assembly::assemble(line);
    REQUIRE(assembled.loadable());
    REQUIRE_FALSE(created->load(assembled.program).has_value());
    REQUIRE(created->run(budget).reason == emu::RunResult::Reason::Done);
    REQUIRE(created->warnings().empty());
  }
  return std::move(created).value();
}

} // namespace

std::string run_exec(const std::string& head, const TextCase& text) {
  const std::vector<std::string> runs = directives(head, text.source, "RUN");
  REQUIRE_FALSE(runs.empty());
  const config::Machine settings = settings_of(runs.back());
  emu::Machine machine = start_machine(settings, head, text);
  const State before = state_of(machine, settings);

  std::string out;
  const assembly::Assembled assembled = assembly::assemble(text.source, {.allow_word = true});
  for (const Diagnostic& diagnostic : assembled.diagnostics) {
    out +=
      fmt::format("assembler: {}\n", render(diagnostic).substr(0, render(diagnostic).find('\n')));
  }
  if (!assembled.loadable()) {
    return out + "no program\n";
  }
  if (!machine.load(assembled.program)) {
    REQUIRE(machine.run(budget).reason != emu::RunResult::Reason::Slice);
  }
  if (machine.fault()) {
    out += fault_text(*machine.fault());
  }
  for (const emu::Warning& warning : machine.warnings()) {
    out += fmt::format("warning: {} at {}", emu::to_string(warning.kind), warning.first_pc);
    out += warning.count == 1 ? "\n" : fmt::format(", {} times\n", warning.count);
  }

  State after = state_of(machine, settings);
  std::vector<std::string> items;
  const std::vector<std::string> asked = directives(head, text.source, "SHOW");
  for (const std::string& line : asked) {
    for (const std::string& item : words_of(line)) {
      items.push_back(item);
    }
  }
  if (asked.empty()) {
    items = changes(before, after, settings.vlen);
    out += items.empty() ? "nothing changes\n" : "";
  }
  for (const std::string& item : items) {
    out += show(item, before, after, settings.vlen);
  }
  return out;
}

} // namespace plena::tests
