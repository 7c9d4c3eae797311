#include "driver/program_facts.h"

#include "isa/codec.h"
#include "isa/isa.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace plena::driver {

namespace {

using isa::Opcode;

/// Integer instructions write gp[rd], except the store.
bool writes_gp(const isa::Instr& instr, std::uint32_t reg) {
  return isa::def(instr.op).unit == isa::Unit::Integer && instr.op != Opcode::S_ST_INT &&
         instr.rd == reg;
}

} // namespace

std::vector<std::uint32_t> loop_depths(std::span<const std::uint32_t> words) {
  std::vector<std::uint32_t> depths;
  depths.reserve(words.size());
  std::uint32_t depth = 0;
  for (const std::uint32_t word : words) {
    const Opcode op = isa::decode_word(word).instr.op;
    if ((op == Opcode::C_LOOP_END || op == Opcode::C_BREAK) && depth > 0) {
      --depth;
    }
    depths.push_back(depth);
    if (op == Opcode::C_LOOP_START) {
      ++depth;
    }
  }
  return depths;
}

std::uint64_t count_loops(std::span<const std::uint32_t> words) {
  return static_cast<std::uint64_t>(std::count_if(
    words.begin(),
    words.end(),
    [](std::uint32_t word) { return isa::decode_word(word).instr.op == Opcode::C_LOOP_START; }
  ));
}

std::optional<std::uint64_t> expected_executions(std::span<const std::uint32_t> words) {
  struct Loop {
    std::uint32_t reg;
    std::uint64_t trips;
    std::uint64_t body; ///< instructions of one iteration so far, the end included
  };
  std::vector<Loop> open;
  std::uint64_t outside = 0;
  for (const std::uint32_t word : words) {
    const isa::Instr instr = isa::decode_word(word).instr;
    if (instr.op == Opcode::C_BREAK) {
      return std::nullopt;
    }
    const bool overwritten = std::any_of(open.begin(), open.end(), [&](const Loop& loop) {
      return writes_gp(instr, loop.reg) ||
             (instr.op == Opcode::C_LOOP_START && instr.rd == loop.reg);
    });
    if (overwritten) {
      return std::nullopt;
    }
    ++(open.empty() ? outside : open.back().body);
    if (instr.op == Opcode::C_LOOP_START) {
      open.push_back({instr.rd, instr.imm, 0});
    } else if (instr.op == Opcode::C_LOOP_END) {
      if (open.empty() || open.back().reg != instr.rd) {
        return std::nullopt;
      }
      std::uint64_t total = 0;
      if (__builtin_mul_overflow(open.back().trips, open.back().body, &total)) {
        return std::nullopt;
      }
      open.pop_back();
      std::uint64_t& count = open.empty() ? outside : open.back().body;
      if (__builtin_add_overflow(count, total, &count)) {
        return std::nullopt;
      }
    }
  }
  for (const Loop& loop : open) { // never closed: the body runs once
    outside += loop.body;
  }
  return outside;
}

std::vector<report::NodeRange> node_ranges(std::span<const std::uint32_t> node_of_word) {
  std::vector<report::NodeRange> ranges;
  for (std::size_t pc = 0; pc < node_of_word.size(); ++pc) {
    const std::uint32_t node = node_of_word[pc];
    if (node == no_node) {
      continue;
    }
    const bool continues = !ranges.empty() && ranges.back().node == node &&
                           ranges.back().first + ranges.back().count == pc;
    if (continues) {
      ++ranges.back().count;
    } else {
      ranges.push_back({static_cast<std::uint32_t>(pc), 1, node});
    }
  }
  return ranges;
}

std::vector<std::uint32_t> carry_nodes(
  std::span<const std::uint32_t> old_words,
  std::span<const std::uint32_t> old_nodes,
  std::span<const std::uint32_t> new_words
) {
  if (old_words.size() == new_words.size()) {
    return {old_nodes.begin(), old_nodes.end()};
  }
  const std::size_t common = std::min(old_words.size(), new_words.size());
  std::size_t head = 0;
  while (head < common && old_words[head] == new_words[head]) {
    ++head;
  }
  std::size_t tail = 0;
  while (tail < common - head &&
         old_words[old_words.size() - 1 - tail] == new_words[new_words.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<std::uint32_t> nodes;
  nodes.reserve(new_words.size());
  nodes.insert(
    nodes.end(), old_nodes.begin(), old_nodes.begin() + static_cast<std::ptrdiff_t>(head)
  );
  nodes.resize(new_words.size() - tail, head > 0 ? old_nodes[head - 1] : no_node);
  nodes.insert(nodes.end(), old_nodes.end() - static_cast<std::ptrdiff_t>(tail), old_nodes.end());
  return nodes;
}

namespace {

/// Neighbours before and after that an anchor holds.
constexpr std::uint32_t anchor_reach = 3;
constexpr std::size_t anchor_numbers = 2 + 2 * anchor_reach;

} // namespace

std::string anchor_of(std::span<const std::uint32_t> words, std::uint32_t pc) {
  if (pc >= words.size()) {
    return {};
  }
  std::string anchor = fmt::format("{}", pc);
  for (std::uint32_t i = 0; i <= 2 * anchor_reach; ++i) {
    const std::uint64_t at = std::uint64_t{pc} + i; // shifted by the reach
    const bool inside = at >= anchor_reach && at - anchor_reach < words.size();
    anchor += fmt::format(" {}", inside ? words[static_cast<std::size_t>(at - anchor_reach)] : 0);
  }
  return anchor;
}

std::optional<std::uint32_t>
find_anchor(std::span<const std::uint32_t> words, std::string_view anchor) {
  std::array<std::uint32_t, anchor_numbers> numbers{};
  const char* at = anchor.data();
  const char* end = at + anchor.size();
  for (std::uint32_t& number : numbers) {
    at += at != end && *at == ' ' ? 1 : 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) {
      return std::nullopt;
    }
    at = rest;
  }
  const std::uint32_t* around = numbers.data() + 1;
  std::optional<std::uint32_t> best;
  unsigned best_alike = 0;
  const auto distance = [&](std::uint32_t pc) {
    return pc > numbers[0] ? pc - numbers[0] : numbers[0] - pc;
  };
  for (std::uint32_t pc = 0; pc < words.size(); ++pc) {
    if (words[pc] != around[anchor_reach]) {
      continue;
    }
    unsigned alike = 0;
    for (std::uint32_t i = 0; i <= 2 * anchor_reach; ++i) {
      const std::uint64_t place = std::uint64_t{pc} + i;
      alike += place >= anchor_reach && place - anchor_reach < words.size() &&
                   words[static_cast<std::size_t>(place - anchor_reach)] == around[i]
                 ? 1u
                 : 0u;
    }
    if (!best || alike > best_alike || (alike == best_alike && distance(pc) < distance(*best))) {
      best = pc;
      best_alike = alike;
    }
  }
  return best;
}

TextCounts count_text(std::string_view text) {
  TextCounts counts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    ++counts.lines;
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && (line[first] == ';' || line.substr(first, 2) == "//")) {
      ++counts.comments;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return counts;
}

} // namespace plena::driver
